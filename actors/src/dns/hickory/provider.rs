//! Our loop in the place of an async runtime: what hickory wants of one, all of it through the
//! [desk](crate::futures) of the executor that polls.

use std::future::ready;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use hickory_net::runtime::{RuntimeProvider, Spawn, Time};

use super::sockets::{Connecting, Tcp, Troubles, Udp};
use crate::futures::{self, Sleep, sleep};

/// How long connecting may take, unless said otherwise.
const CONNECT: Duration = Duration::from_secs(5);

/// Our loop in the place of an async runtime.
#[derive(Clone, Default)]
pub(super) struct Provider {
    pub(super) troubles: Troubles,
}

type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

impl RuntimeProvider for Provider {
    type Handle = Beside;
    type Timer = LoopTime;
    type Udp = Udp;
    type Tcp = Tcp;

    fn create_handle(&self) -> Beside {
        Beside
    }

    fn connect_tcp(
        &self,
        server: SocketAddr,
        from: Option<SocketAddr>,
        timeout: Option<Duration>,
    ) -> Boxed<'static, io::Result<Tcp>> {
        Box::pin(Connecting::new(server, from, timeout.unwrap_or(CONNECT), &self.troubles))
    }

    fn bind_udp(&self, local: SocketAddr, server: SocketAddr) -> Boxed<'static, io::Result<Udp>> {
        Box::pin(ready(Udp::new(local, server, &self.troubles)))
    }
}

/// Runs a task beside the one that is polled: what serves a connection.
#[derive(Clone, Copy)]
pub(super) struct Beside;

impl Spawn for Beside {
    fn spawn_bg(&mut self, future: impl Future<Output = ()> + Send + 'static) {
        if let Err(error) = futures::spawn(future) {
            tracing::error!(%error, "a connection to a name server has nobody who serves it");
        }
    }
}

/// The time of the loop.
#[derive(Clone, Copy)]
pub(super) struct LoopTime;

// As the macro of the crate async-trait writes it.
impl Time for LoopTime {
    fn delay_for<'async_trait>(duration: Duration) -> Boxed<'async_trait, ()> {
        Box::pin(sleep(duration))
    }

    fn timeout<'async_trait, F>(
        duration: Duration,
        future: F,
    ) -> Boxed<'async_trait, io::Result<F::Output>>
    where
        F: 'static + Future + Send + 'async_trait,
    {
        Box::pin(Timeout { future: Box::pin(future), sleep: sleep(duration) })
    }
}

/// A future that ends in time.
struct Timeout<F> {
    future: Pin<Box<F>>,
    sleep: Sleep,
}

impl<F: Future> Future for Timeout<F> {
    type Output = io::Result<F::Output>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if let Poll::Ready(value) = self.future.as_mut().poll(cx) {
            return Poll::Ready(Ok(value));
        }
        let slept = Pin::new(&mut self.sleep).poll(cx);
        slept.map(|()| Err(io::ErrorKind::TimedOut.into()))
    }
}
