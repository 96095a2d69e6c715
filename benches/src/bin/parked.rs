//! Ten thousand connections over which nothing goes: resident bytes of the server for each.
//!
//! `cargo run --release -p roundsman-benches --bin parked -- [--rounds N] [--connections N] [--only NAME] [--ours CMD]`

use std::io;

use roundsman_benches::{
    contender::OURS,
    net::{
        mio_echo, parked_load,
        server::{self, Server},
        tokio_echo,
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

fn main() -> io::Result<()> {
    let mut options = Options::from_env();
    process::raise_descriptor_limit()?;
    if let Some(name) = options.optional::<String>("--serve") {
        return server::serve(SERVERS, &name);
    }
    let mut table = Table::new("Parked connections", options.rounds());
    let connections = options.value("--connections", 10_000);
    let only: Option<String> = options.optional("--only");
    let launches = server::launches(SERVERS, options.optional("--ours"), only.as_deref());
    options.finish();

    for _ in table.rounds() {
        for launch in &launches {
            let bytes = parked_load::run(&launch.start()?, connections)?;
            table.record("resident bytes each", &launch.name, bytes);
        }
    }
    table.print();
    Ok(())
}
