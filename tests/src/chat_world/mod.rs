//! An evening at the chat, in a simulation: the server on a host of its own, eight clients on theirs, and bad weather.
//!
//! Run by the test of the chat under simulation, and by the bench that measures how long a thousand evenings take. The server
//! is the example's. In reading order: `script` what clients do, `guest` who does it, `view` what one of them believes,
//! `book` what they know together.

mod book;
mod guest;
mod script;
mod view;

use std::collections::BTreeSet;
use std::error::Error;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use roundsman::sim::{Client, Host, NetworkFaults, Sim};
use roundsman::{Outcome, Spawn};
use roundsman_examples::chat::{About, Server, Settings};

use crate::irc_client::Line;
use book::Book;
use guest::{Guest, Order};
use script::GUESTS;

const PORT: u16 = 6667;
/// The most bytes that wait for a client ahead of its connection.
pub const SENDQ: u64 = 16 * 1024;
/// How long a client may be silent before it is asked whether it is there.
const PING: Duration = Duration::from_secs(5);
/// By then whoever has gone without a word has been missed: silent twice as long, and given time to say goodbye.
const MISSED: Duration = Duration::from_secs(40);
/// Until then every script is done, whatever has happened.
const EVENING: Duration = Duration::from_secs(900);
/// Until then everybody has done as he was told.
const ORDER: Duration = Duration::from_secs(200);

/// Runs one evening.
///
/// # Errors
/// What was wrong.
///
/// # Panics
/// If an answer of the server cannot be understood.
pub fn evening(sim: &Sim) -> Outcome {
    let book = Arc::new(Book::default());
    let well = Arc::clone(&book);
    sim.invariant("the clients see what they may", move || well.is_well());
    serve(sim, 1 + sim.below(2));
    let guests = invite(sim, &book);
    make_weather(sim, &guests, &book);

    let everybody = |is: fn(&book::Guest) -> bool| {
        let book = Arc::clone(&book);
        move || book.open().guests.iter().all(is)
    };
    sim.run_until(everybody(|guest| guest.is_done), EVENING)?;
    sim.network().heal_all();
    sim.network().faults(NetworkFaults::default());
    for time in [Duration::ZERO, MISSED] {
        sim.advance(time);
        order(sim, &book, Order::Ping)?;
    }
    order(sim, &book, Order::Look)?;
    audit(sim, &book).map_err(|error| error.to_string())?;
    if let Some(lost) = book.open().lost() {
        return Err(format!("what was said to a nick has got lost\n  {}", lost.to).into());
    }
    let recipients = book.open().addresses();
    for recipient in recipients {
        // One whose host has ended has left already.
        let _ = recipient.send(Order::Leave);
    }
    sim.run()?;
    sim.advance(MISSED);
    match sim.network().open_ends() {
        0 => Ok(()),
        ends => Err(format!("everybody has gone, and there are {ends} ends of connections").into()),
    }
}

/// The server, on a host of this name.
pub fn serve(sim: &Sim, loops: usize) -> Host {
    let settings = Settings {
        listen: SocketAddr::from((Ipv4Addr::UNSPECIFIED, PORT)),
        ping: PING,
        sendq: SENDQ,
        ..Settings::default()
    };
    let host = sim.host("server").serves().loops(loops);
    host.start_with(Spawn::named("chat"), move || {
        Server::new(About::new(settings.clone(), Duration::ZERO), |_| {})
    })
}

/// The clients, each with its script.
fn invite(sim: &Sim, book: &Arc<Book>) -> Vec<Host> {
    let [server, _] = sim.network().addresses("server");
    let server = SocketAddr::from((server, PORT));
    let verbose = sim.below(4) == 3;
    let guest = |number| {
        let script = Arc::new(script::draw(sim, number, verbose));
        let book = Arc::clone(book);
        let make = move || Guest::new(number, server, Arc::clone(&script), Arc::clone(&book));
        sim.host(format!("n{number}")).start_with(Spawn::named("guest"), make)
    };
    (0..GUESTS).map(guest).collect()
}

/// What goes wrong.
fn make_weather(sim: &Sim, guests: &[Host], book: &Arc<Book>) {
    let network = sim.network();
    network.window(sim.pick(&[128, 16, 2]) * 1024);
    network.give_up(Duration::from_secs(20));
    let resets = sim.pick(&[0, 0, 0, 300]);
    network.faults(NetworkFaults { resets, ..NetworkFaults::default() });
    for _ in 0..4 {
        strike(sim, guests, book);
    }
}

/// One thing that goes wrong, or none.
fn strike(sim: &Sim, guests: &[Host], book: &Arc<Book>) {
    let number = sim.below(guests.len());
    let (host, name) = (guests[number], sim.name(guests[number]));
    // The session of its first connection: its host has used no other port.
    let session = format!("server/chat/session:{}:49152", sim.network().addresses(&name)[0]);
    let at = sim.time_below(Duration::from_secs(6));
    match sim.below(10) {
        0 => {}
        1 => sim.at(at, move |sim| _ = sim.network().reset("server", &name)),
        2 | 3 => {
            let lasts = Duration::from_millis(sim.pick(&[100, 3_000, 15_000]));
            sim.at(at, move |sim| {
                sim.network().partition("server", &name);
                let heal = move |sim: &Sim| sim.network().heal("server", &name);
                sim.after(lasts, heal);
            });
        }
        4 | 5 => {
            let (book, comes_back) = (Arc::clone(book), sim.below(2) == 1);
            sim.at(at, move |sim| {
                // Killed before, it may come back, once; what it has with the server then is in the book.
                if !sim.is_alive(host) {
                    return;
                }
                book.open().bury(number);
                sim.kill(host);
                if comes_back {
                    book.open().guests[number].is_done = false;
                    sim.after(Duration::from_secs(1), move |sim| sim.restart(host));
                }
            });
        }
        6 => {
            let among = sim.pick(&[20, 60, 300]);
            sim.panic_at("server/chat/hall", 1 + sim.below(among) as u64);
        }
        7 => sim.panic_at(session, 1 + sim.below(40) as u64),
        8 => {
            let who = sim.pick(&["server/chat", "server/chat/hall", &session]);
            sim.stall(who, 1 + sim.below(200) as u64, Duration::from_millis(sim.pick(&[3, 400])));
        }
        _ => sim.stall_randomly("server/chat/*", 2_000, Duration::from_millis(20)),
    }
}

/// Tells all clients to do something, and waits until they have.
fn order(sim: &Sim, book: &Arc<Book>, order: Order) -> Outcome {
    let before: Vec<usize> = book.open().guests.iter().map(|guest| guest.obeyed).collect();
    let recipients = book.open().addresses();
    for recipient in recipients {
        // One whose host has ended is not there to obey.
        let _ = recipient.send(order);
    }
    let pages = Arc::clone(book);
    let done = move || {
        let pages = pages.open();
        let mut guests = pages.guests.iter().zip(&before);
        guests.all(|(guest, before)| guest.obeyed > *before || !guest.is_there())
    };
    Ok(sim.run_until(done, ORDER)?)
}

/// A client that was not there looks at who is, and compares it with what the others know of themselves.
fn audit(sim: &Sim, book: &Arc<Book>) -> Result<(), Box<dyn Error>> {
    let mut client = register(sim, "auditor")?;
    let lines = ask(&mut client, "WHO *\r\nLUSERS")?;
    let present = book.open().present();
    let found: BTreeSet<usize> = lines
        .iter()
        .filter(|line| line.command == "352")
        .filter_map(|line| guest::number_of(line.param(2), 'u'))
        .collect();
    if found != present {
        return Err(
            format!("others are with the server than know it\n  {found:?}\n  {present:?}").into()
        );
    }
    let users =
        lines.iter().find(|line| line.command == "265").map(|line| line.param(1).to_owned());
    let strangers =
        lines.iter().find(|line| line.command == "253").map(|line| line.param(1).to_owned());
    if users != Some((present.len() + 1).to_string()) || strangers.as_deref() != Some("0") {
        return Err(format!("the server counts others than there are\n  {lines:#?}").into());
    }
    client.send("QUIT\r\n")?;
    client.line_with("ERROR")?;
    Ok(client.expect_end()?)
}

/// A client that is told what to do, on a host that is called as it is; it has registered.
///
/// # Errors
/// It cannot connect, or is not greeted.
pub fn register(sim: &Sim, nick: &str) -> io::Result<Client> {
    let mut client = sim.client(nick, &format!("server:{PORT}"))?;
    client.send(format!("NICK {nick}\r\nUSER {nick} 0 * :{nick}\r\n"))?;
    client.line_with(" 422 ")?;
    Ok(client)
}

/// Says something, and returns all that comes up to the PONG of a PING behind it.
///
/// # Errors
/// The connection has failed or ended, or there is no PONG.
pub fn ask(client: &mut Client, what: &str) -> io::Result<Vec<Line>> {
    client.send(format!("{what}\r\nPING end\r\n"))?;
    let mut lines = Vec::new();
    loop {
        let line = Line::parse(client.line()?);
        if line.command == "PONG" {
            return Ok(lines);
        }
        lines.push(line);
    }
}
