//! The chat server of the examples, on one core, beside the usual tokio chat that speaks as much IRC as the load needs: lines of
//! ten speakers to everybody in one channel, and ten thousand clients that come in and then say nothing.
//!
//! `cargo run --release -p roundsman-benches --bin irc -- [--rounds N] [--seconds S] [--window N] [--clients N] [--part PART] [--only NAME] [--ours CMD]`

use std::{io, time::Duration};

use roundsman_benches::{
    contender::OURS,
    net::{
        chat_load::Load,
        irc_load::{self, Rooms},
        server::{self, Launch, Server},
        tokio_irc,
    },
    options::Options,
    ours, process,
    table::Table,
};

/// Who takes part.
const SERVERS: &[Server] = &[
    Server { name: OURS, serve: ours::irc::serve },
    Server { name: "tokio, as in tutorials", serve: tokio_irc::serve },
];

const TALKING: [usize; 2] = [100, 1_000];

/// How many come to one channel, where they are spread.
const EACH_ROOM: usize = 100;

fn main() -> io::Result<()> {
    let mut options = Options::from_env();
    process::raise_descriptor_limit()?;
    if let Some(name) = options.optional::<String>("--serve") {
        return server::serve(SERVERS, &name);
    }
    let mut table = Table::new("The chat server: IRC, 10 speakers", options.rounds());
    let duration = Duration::from_secs_f64(options.value("--seconds", 2.0));
    let window: usize = options.value("--window", 1);
    let clients: usize = options.value("--clients", 10_000);
    let part: Option<String> = options.optional("--part");
    let only: Option<String> = options.optional("--only");
    let launches = server::launches(SERVERS, options.optional("--ours"), only.as_deref());
    options.finish();

    let wants = |name: &str| part.as_deref().is_none_or(|part| part == name);
    for _ in table.rounds() {
        for talking in TALKING.into_iter().filter(|_| wants("talking")) {
            for launch in &launches {
                talk(&mut table, launch, Load { clients: talking, window }, duration)?;
            }
        }
        let parts = [
            ("registered", "registered", Rooms::None),
            ("rooms", "in channels of 100", Rooms::Spread(clients.div_ceil(EACH_ROOM))),
            ("room", "in one channel", Rooms::Spread(1)),
        ];
        for (_, title, rooms) in parts.into_iter().filter(|(name, ..)| wants(name)) {
            for launch in &launches {
                come_in(&mut table, launch, clients, (title, rooms))?;
            }
        }
    }
    table.print();
    Ok(())
}

fn talk(table: &mut Table, launch: &Launch, load: Load, duration: Duration) -> io::Result<()> {
    let figures = irc_load::talk(&launch.start()?, load, duration)?;
    let mut record = |figure: &str, value: f64| {
        table.record(&format!("{} clients, {figure}", load.clients), &launch.name, value);
    };
    record("delivered lines/s", figures.rate);
    record("p50 ms", figures.p50.as_secs_f64() * 1e3);
    record("p99 ms", figures.p99.as_secs_f64() * 1e3);
    record("lost lines", figures.lost as f64);
    record("server CPU µs per delivery", figures.cpu_micros);
    Ok(())
}

fn come_in(
    table: &mut Table,
    launch: &Launch,
    clients: usize,
    (title, rooms): (&str, Rooms),
) -> io::Result<()> {
    let came = irc_load::come_in(&launch.start()?, clients, rooms)?;
    let mut record = |figure: &str, value: f64| {
        table.record(&format!("{clients} {title}, {figure}"), &launch.name, value);
    };
    record("s until all are in", came.elapsed.as_secs_f64());
    record("server CPU µs each", came.cpu_micros);
    record("resident bytes each", came.bytes);
    Ok(())
}
