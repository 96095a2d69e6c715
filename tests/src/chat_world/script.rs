//! What a client of the chat is to do: drawn from the seed before the evening begins.
//!
//! Made by the [world](super), followed by a [guest](super::guest). The choice 0 is everywhere "nothing", so that a failing
//! evening shrinks to what matters.

use std::time::Duration;

use roundsman::sim::Sim;

/// How many clients there are.
pub const GUESTS: usize = 8;
/// How many lines each of them says, those that the server asks for aside.
const LINES: usize = 25;
/// Where they meet.
const CHANNELS: [&str; 3] = ["#a", "#b", "#c"];
/// The modes that they set. Those with `n` are for a nick.
const MODES: [&str; 12] =
    ["+m", "-m", "+o n", "+v n", "-v n", "-o n", "+n", "+t", "+l 4", "-l", "+i", "-i"];

/// One thing that a client does.
#[derive(Clone, Debug)]
pub struct Step {
    /// How long after the one before, or after its answer.
    pub pause: Duration,
    /// Whether what was done before has to be answered first.
    pub waits: bool,
    pub deed: Deed,
}

/// What it does.
#[derive(Clone, Debug)]
pub enum Deed {
    Nothing,
    /// A line with answers of its own, or none.
    Line(String),
    /// Says something to a channel or a nick, with so many bytes more than it needs.
    Say {
        to: String,
        padding: usize,
    },
    /// Asks who is in a channel.
    Who(&'static str),
    /// Leaves the server, and comes back if there is more to do.
    Quit,
    /// Reads nothing for so long.
    Deaf(Duration),
}

/// The nick that a client would like to have.
pub fn nick_of(guest: usize) -> String {
    format!("n{guest}")
}

/// What one client is to do.
pub fn draw(sim: &Sim, guest: usize, verbose: bool) -> Vec<Step> {
    let channel = || CHANNELS[sim.below(5).saturating_sub(2)];
    let mut steps = vec![Step {
        pause: Duration::ZERO,
        waits: false,
        deed: Deed::Line(format!("JOIN {}", channel())),
    }];
    while steps.len() < LINES {
        let deed = draw_deed(sim, guest, verbose, channel());
        let pause = Duration::from_millis(sim.pick(&[0, 0, 5, 20, 100, 600]));
        steps.push(Step { pause, waits: sim.below(3) == 2, deed });
    }
    steps
}

fn draw_deed(sim: &Sim, guest: usize, verbose: bool, channel: &'static str) -> Deed {
    let other = || nick_of(sim.below(GUESTS));
    match sim.below(40) {
        0 => Deed::Nothing,
        1..=16 => Deed::Say { to: channel.to_owned(), padding: if verbose { 380 } else { 0 } },
        17..=19 => Deed::Say { to: other(), padding: 0 },
        20..=24 => Deed::Line(format!("JOIN {channel}")),
        25..=26 => Deed::Line(format!("PART {channel} :enough")),
        27 => Deed::Line(format!("NICK {}", other())),
        28 => Deed::Line(format!("NICK {}x", nick_of(guest))),
        29..=31 => {
            let mode = sim.pick(&MODES);
            let nick = if mode.ends_with(" n") { format!(" {}", other()) } else { String::new() };
            Deed::Line(format!("MODE {channel} {}{nick}", mode.trim_end_matches(" n")))
        }
        32 => Deed::Line(format!("KICK {channel} {} :out", other())),
        33..=34 => Deed::Line(format!("NAMES {channel}")),
        35..=36 => Deed::Who(channel),
        37 => Deed::Line(format!("TOPIC {channel} :of {}", nick_of(guest))),
        38 => Deed::Quit,
        _ => Deed::Deaf(Duration::from_millis(sim.pick(&[100, 2_000, 60_000]))),
    }
}
