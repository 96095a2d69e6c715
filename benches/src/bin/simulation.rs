//! Simulation: how many turns of actors, messages, and operations of sockets a simulated world comes to in a second, on one
//! core.
//!
//! See `benches/README.md`.

use roundsman::sim::Schedule;
use roundsman_benches::contender::OURS;
use roundsman_benches::options::Options;
use roundsman_benches::ours::{simulated, simulated_echo};
use roundsman_benches::table::Table;

/// Loops, and pairs of actors that throw a ball to and fro.
const LOADS: [(usize, usize); 4] = [(1, 1), (1, 100), (4, 100), (1, 10_000)];
/// Throws of all of them together.
const THROWS: u64 = 4_000_000;
/// Clients of an echo server, each with pieces of 64 bytes.
const CLIENTS: usize = 8;
const PIECES: u64 = 20_000;

fn main() {
    let mut options = Options::from_env();
    let shrink = options.value("--shrink", 1);
    let mut table = Table::new("Simulation", options.rounds());
    options.finish();

    let schedules =
        [("drawn", Schedule::Random), ("by priority", Schedule::Priorities { depth: 3 })];
    for _ in table.rounds() {
        for ((loops, pairs), (name, schedule)) in
            LOADS.into_iter().flat_map(|load| schedules.map(|schedule| (load, schedule)))
        {
            let throws = (THROWS / shrink / pairs as u64 / 2).max(1);
            let played = simulated::run(schedule, loops, pairs, throws);
            let seconds = played.elapsed.as_secs_f64();
            let row = format!("{pairs} pairs on {loops} loops, {name}");
            table.record(&format!("{row}, turns/s"), OURS, played.turns as f64 / seconds);
            table.record(&format!("{row}, messages/s"), OURS, played.messages as f64 / seconds);
        }
        let echoed = simulated_echo::run(CLIENTS, (PIECES / shrink).max(1));
        let row = format!("echo, {CLIENTS} clients, operations of sockets/s");
        table.record(&row, OURS, echoed.operations as f64 / echoed.elapsed.as_secs_f64());
    }
    table.print();
}
