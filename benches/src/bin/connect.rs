//! Connect, one line there and back, close: connections per second, and server CPU time for each.
//!
//! `cargo run --release -p roundsman-benches --bin connect -- [--rounds N] [--seconds S] [--only NAME] [--ours CMD]`

use std::{io, time::Duration};

use roundsman_benches::{
    contender::OURS,
    net::{
        mio_echo,
        server::{self, Server},
        tokio_echo,
        visits::{self, Load},
    },
    options::Options,
    ours, process,
    table::Table,
};

/// Who takes part.
const SERVERS: &[Server] = &[
    Server { name: OURS, serve: ours::echo::serve },
    Server { name: "roundsman, line by line", serve: ours::lines::serve },
    Server { name: "raw mio", serve: mio_echo::serve },
    Server { name: "tokio current_thread", serve: tokio_echo::serve },
];

const LOADS: [Load; 2] =
    [Load { name: "64 at once", visitors: 64 }, Load { name: "one at a time", visitors: 1 }];

fn main() -> io::Result<()> {
    let mut options = Options::from_env();
    process::raise_descriptor_limit()?;
    if let Some(name) = options.optional::<String>("--serve") {
        return server::serve(SERVERS, &name);
    }
    let mut table = Table::new("Connect, one round trip, close", options.rounds());
    let duration = Duration::from_secs_f64(options.value("--seconds", 2.0));
    let only: Option<String> = options.optional("--only");
    let launches = server::launches(SERVERS, options.optional("--ours"), only.as_deref());
    options.finish();

    for _ in table.rounds() {
        for load in LOADS {
            for launch in &launches {
                let figures = visits::run(&launch.start()?, load, duration)?;
                let mut record = |figure: &str, value: f64| {
                    table.record(&format!("{}, {figure}", load.name), &launch.name, value);
                };
                record("connections/s", figures.rate);
                record("server CPU µs each", figures.cpu_micros);
            }
        }
    }
    table.print();
    Ok(())
}
