//! Our sockets as hickory wants them: polled, and registered with the loop of the executor that polls.
//!
//! A socket is registered after the poll in which it was made, and used only then; it is let go after the poll in which it is
//! dropped. What goes wrong is noted beside, for hickory does not pass it on when no server is left to ask.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use futures_io::{AsyncRead, AsyncWrite};
use hickory_net::runtime::{DnsTcpStream, DnsUdpSocket};
use roundsman_runtime::{Readiness, SourceId};

use super::provider::LoopTime;
use crate::futures::{self, Attached, Executor, Message, Sleep, sleep};
use crate::net::tcp::Options;
use crate::net::transport::{DatagramSocket, StreamSocket, simulated};

type Ctx<'a> = roundsman_runtime::Context<'a, Executor>;

/// What both kinds of sockets can.
trait Socket: Send + 'static {
    fn register(&mut self, ctx: &mut Ctx<'_>, key: usize) -> io::Result<SourceId>;
    fn deregister(&mut self, ctx: &mut Ctx<'_>, source: SourceId) -> io::Result<()>;
}

impl Socket for DatagramSocket {
    fn register(&mut self, ctx: &mut Ctx<'_>, key: usize) -> io::Result<SourceId> {
        Self::register(self, ctx, move |readiness| Message::Ready(key, readiness))
    }

    fn deregister(&mut self, ctx: &mut Ctx<'_>, source: SourceId) -> io::Result<()> {
        Self::deregister(self, ctx, source)
    }
}

impl Socket for StreamSocket {
    fn register(&mut self, ctx: &mut Ctx<'_>, key: usize) -> io::Result<SourceId> {
        Self::register(self, ctx, move |readiness| Message::Ready(key, readiness))
    }

    fn deregister(&mut self, ctx: &mut Ctx<'_>, source: SourceId) -> io::Result<()> {
        Self::deregister(self, ctx, source)
    }
}

/// A socket, reached by its future and by the executor. Both are on one thread, so nobody ever waits for the mutexes.
struct Attachment<S> {
    socket: Mutex<S>,
    waiting: Mutex<Waiting>,
    /// Once it is registered.
    key: OnceLock<usize>,
    troubles: Troubles,
}

#[derive(Default)]
struct Waiting {
    reader: Option<Waker>,
    writer: Option<Waker>,
    /// It could not be registered.
    failed: Option<io::Error>,
}

#[derive(Clone, Copy)]
enum Way {
    Reading,
    Writing,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing that panics runs under it.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<S: Socket> Attachment<S> {
    /// Puts a socket on the desk.
    fn new(socket: S, troubles: Troubles) -> io::Result<Arc<Self>> {
        let (socket, waiting) = (Mutex::new(socket), Mutex::default());
        let attachment = Arc::new(Self { socket, waiting, key: OnceLock::new(), troubles });
        futures::attach(Arc::<Self>::clone(&attachment))?;
        Ok(attachment)
    }

    /// Tries until it is done, or would block: then the waker is kept.
    fn poll<T>(
        &self,
        way: Way,
        cx: &Context<'_>,
        mut attempt: impl FnMut(&mut S) -> io::Result<T>,
    ) -> Poll<io::Result<T>> {
        if let Some(error) = lock(&self.waiting).failed.take() {
            return Poll::Ready(Err(self.troubles.note(error)));
        }
        while self.key.get().is_some() {
            match attempt(&mut lock(&self.socket)) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Poll::Ready(Err(self.troubles.note(error))),
                done => return Poll::Ready(done),
            }
        }
        let waker = cx.waker().clone();
        let mut waiting = lock(&self.waiting);
        let place = match way {
            Way::Reading => &mut waiting.reader,
            Way::Writing => &mut waiting.writer,
        };
        let before = place.replace(waker);
        drop(waiting);
        // A waker does what it likes as it goes.
        drop(before);
        Poll::Pending
    }

    /// Lets go of it.
    fn detach(self: &Arc<Self>) {
        // Away from the desk, the executor lets go of it as it ends.
        let _ = futures::detach(Arc::<Self>::clone(self));
    }
}

impl<S: Socket> Attached for Attachment<S> {
    fn register(&self, ctx: &mut Ctx<'_>, key: usize) -> io::Result<SourceId> {
        lock(&self.socket).register(ctx, key)
    }

    fn deregister(&self, ctx: &mut Ctx<'_>, source: SourceId) {
        if let Err(error) = lock(&self.socket).deregister(ctx, source) {
            tracing::debug!(%error, "a socket of a name server was not taken back; it is closed now");
        }
    }

    fn ready(&self, readiness: Readiness) {
        let mut waiting = lock(&self.waiting);
        let reader = if readiness.is_readable() { waiting.reader.take() } else { None };
        let writer = if readiness.is_writable() { waiting.writer.take() } else { None };
        drop(waiting);
        [reader, writer].into_iter().flatten().for_each(Waker::wake);
    }

    fn failed(&self, error: io::Error) {
        let mut waiting = lock(&self.waiting);
        waiting.failed = Some(error);
        let woken = [waiting.reader.take(), waiting.writer.take()];
        drop(waiting);
        woken.into_iter().flatten().for_each(Waker::wake);
    }

    fn key(&self) -> &OnceLock<usize> {
        &self.key
    }
}

/// What went wrong last with the sockets of one engine.
#[derive(Clone, Debug, Default)]
pub(super) struct Troubles(Arc<Mutex<Option<Trouble>>>);

/// What went wrong, and what the OS said.
pub(super) type Trouble = (io::ErrorKind, Arc<str>);

impl Troubles {
    /// Passes it on.
    fn note(&self, error: io::Error) -> io::Error {
        let text = Arc::from(error.to_string());
        *lock(&self.0) = Some((error.kind(), text));
        error
    }

    pub(super) fn last(&self) -> Option<Trouble> {
        lock(&self.0).clone()
    }
}

/// Refuses under simulation: hickory looks at a clock of its own and draws numbers of its own, for the server that it asks
/// first and for how long it keeps an answer, so the same seed would not do the same.
fn real() -> io::Result<()> {
    if simulated::is_here() { Err(io::ErrorKind::Unsupported.into()) } else { Ok(()) }
}

/// A socket for one question. It is connected: what comes from elsewhere never arrives, and a port where nobody listens
/// is known at once.
pub(super) struct Udp(Arc<Attachment<DatagramSocket>>);

impl Udp {
    pub(super) fn new(
        local: SocketAddr,
        server: SocketAddr,
        troubles: &Troubles,
    ) -> io::Result<Self> {
        let bound = real().and_then(|()| DatagramSocket::bind(local, [false; 2], |_| Ok(())));
        let connected = bound.and_then(|socket| socket.connect(server).map(|()| socket));
        let attached = connected.and_then(|socket| Attachment::new(socket, troubles.clone()));
        attached.map(Self).map_err(|error| troubles.note(error))
    }
}

impl DnsUdpSocket for Udp {
    type Time = LoopTime;

    fn poll_recv_from(
        &self,
        cx: &mut Context<'_>,
        buf: &mut [u8],
    ) -> Poll<io::Result<(usize, SocketAddr)>> {
        self.0.poll(Way::Reading, cx, |socket| socket.receive_from(buf))
    }

    /// It has one peer, which is the target.
    fn poll_send_to(
        &self,
        cx: &mut Context<'_>,
        buf: &[u8],
        _: SocketAddr,
    ) -> Poll<io::Result<usize>> {
        self.0.poll(Way::Writing, cx, |socket| socket.send(buf))
    }
}

impl Drop for Udp {
    fn drop(&mut self) {
        self.0.detach();
    }
}

/// A connection, which several questions share.
pub(super) struct Tcp(Arc<Attachment<StreamSocket>>);

impl DnsTcpStream for Tcp {
    type Time = LoopTime;
}

impl AsyncRead for Tcp {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        self.0.poll(Way::Reading, cx, |socket| socket.read(buf))
    }
}

impl AsyncWrite for Tcp {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.0.poll(Way::Writing, cx, |socket| socket.write(buf))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.poll(Way::Writing, cx, StreamSocket::flush)
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.poll(Way::Writing, cx, |socket| socket.finish())
    }
}

impl Drop for Tcp {
    fn drop(&mut self) {
        self.0.detach();
    }
}

/// A connection on its way.
pub(super) struct Connecting {
    /// `None` once it has come to an end.
    tcp: Option<io::Result<Tcp>>,
    sleep: Sleep,
}

impl Connecting {
    pub(super) fn new(
        to: SocketAddr,
        from: Option<SocketAddr>,
        timeout: Duration,
        troubles: &Troubles,
    ) -> Self {
        let socket = real().and_then(|()| StreamSocket::connect_tcp(to, from, &Options::new()));
        let tcp = socket.and_then(|socket| Attachment::new(socket, troubles.clone())).map(Tcp);
        let tcp = tcp.map_err(|error| troubles.note(error));
        Self { tcp: Some(tcp), sleep: sleep(timeout) }
    }
}

impl Future for Connecting {
    type Output = io::Result<Tcp>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<Tcp>> {
        let tcp = match self.tcp.take() {
            Some(Ok(tcp)) => tcp,
            Some(Err(error)) => return Poll::Ready(Err(error)),
            None => return Poll::Ready(Err(io::ErrorKind::NotConnected.into())),
        };
        let polled = tcp.0.poll(Way::Writing, cx, |socket| match socket.connected()? {
            Some(_) => socket.set_options(&Options::new()),
            None => Err(io::ErrorKind::WouldBlock.into()),
        });
        match polled {
            Poll::Ready(done) => Poll::Ready(done.map(|()| tcp)),
            Poll::Pending => {
                if Pin::new(&mut self.sleep).poll(cx).is_ready() {
                    return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
                }
                self.tcp = Some(Ok(tcp));
                Poll::Pending
            }
        }
    }
}
