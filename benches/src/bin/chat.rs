//! A chat room on one core: every line of ten speakers goes to every client.
//!
//! `cargo run --release -p roundsman-benches --bin chat -- [--rounds N] [--seconds S] [--window N] [--only NAME] [--ours CMD]`

use std::{io, time::Duration};

use roundsman_benches::{
    contender::OURS,
    net::{
        chat_load::{self, Load},
        mio_chat,
        server::{self, Server},
        tokio_chat,
    },
    options::Options,
    ours, process,
    table::Table,
};

/// Who takes part.
const SERVERS: &[Server] = &[
    Server { name: OURS, serve: ours::chat::serve },
    Server { name: "mio, joined writes", serve: mio_chat::serve },
    Server { name: "tokio, as in tutorials", serve: tokio_chat::serve },
];

const CLIENTS: [usize; 2] = [100, 1_000];

fn main() -> io::Result<()> {
    let mut options = Options::from_env();
    process::raise_descriptor_limit()?;
    if let Some(name) = options.optional::<String>("--serve") {
        return server::serve(SERVERS, &name);
    }
    let mut table = Table::new("Chat, 10 speakers, 32-byte lines", options.rounds());
    let duration = Duration::from_secs_f64(options.value("--seconds", 2.0));
    let window = options.value("--window", 1);
    let only: Option<String> = options.optional("--only");
    let launches = server::launches(SERVERS, options.optional("--ours"), only.as_deref());
    options.finish();

    for _ in table.rounds() {
        for clients in CLIENTS {
            for launch in &launches {
                let figures = chat_load::run(&launch.start()?, Load { clients, window }, duration)?;
                let mut record = |figure: &str, value: f64| {
                    table.record(&format!("{clients} clients, {figure}"), &launch.name, value);
                };
                record("delivered lines/s", figures.rate);
                record("p50 ms", figures.p50.as_secs_f64() * 1e3);
                record("p99 ms", figures.p99.as_secs_f64() * 1e3);
                record("lost lines", figures.lost as f64);
                record("server CPU µs per delivery", figures.cpu_micros);
            }
        }
    }
    table.print();
    Ok(())
}
