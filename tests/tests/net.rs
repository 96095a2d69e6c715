//! Sockets: real ones, over the loopback interface, against blocking peers.

#[path = "net/bytes_in_order.rs"]
mod bytes_in_order;
#[path = "net/connecting.rs"]
mod connecting;
#[cfg(target_os = "linux")]
#[path = "net/descriptors.rs"]
mod descriptors;
#[path = "net/endings.rs"]
mod endings;
#[path = "net/failures.rs"]
mod failures;
#[path = "net/lingering.rs"]
mod lingering;
#[path = "net/listening.rs"]
mod listening;
#[cfg(unix)]
#[path = "net/local.rs"]
mod local;
#[path = "net/moving.rs"]
mod moving;
#[path = "net/options.rs"]
mod options;
#[path = "net/owners.rs"]
mod owners;
#[path = "net/pressure.rs"]
mod pressure;
#[cfg(target_os = "linux")]
#[path = "net/straight.rs"]
mod straight;

use roundsman::Outcome;
use roundsman::net::Connection;
use roundsman_tests::server::{Ctx, Event};

/// Sends back what comes.
fn echo(event: Event, ctx: &mut Ctx<'_>) -> Outcome {
    if let Event::Accepted(connection) = event {
        echo_of(&connection, ctx)?;
    }
    Ok(())
}

/// Sends back what comes over this connection.
fn echo_of(connection: &Connection, ctx: &mut Ctx<'_>) -> Outcome {
    connection.reader().pipe(connection.writer()).start(ctx, Event::Ended);
    Ok(())
}
