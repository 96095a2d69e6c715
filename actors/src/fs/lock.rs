//! The lock of a file, waited for: an actor that asks again and again, so that no thread waits.

use std::io;
use std::time::Duration;

use roundsman_runtime::{Actor, Context, JobError, Outcome, Recipient, Spawn, Timestamp};

use super::FsError;
use super::file::File;

/// How long it waits before it asks a second time; twice as long before each further time, up to [`LONGEST`].
const FIRST: Duration = Duration::from_millis(1);
const LONGEST: Duration = Duration::from_millis(100);

/// A wait for the lock of a file, as a blueprint; made by [`File::lock`] and [`File::lock_shared`]. Nothing happens until
/// [`start`](Self::start).
///
/// The OS has no lock that one could wait for without holding a thread, so it is asked again, at first after 1 ms, in the
/// end every 100 ms, by jobs that stand in line with the others of the file. Who waits longest does not get it first, and
/// one who asks more often may get it before.
#[derive(Clone, Debug)]
#[must_use = "nothing is locked until `start`"]
pub struct Lock {
    file: File,
    shared: bool,
    longest: Option<Duration>,
}

impl Lock {
    pub(crate) fn new(file: File, shared: bool) -> Self {
        Self { file, shared, longest: None }
    }

    /// How long it waits, at most: then it fails with `TimedOut`. Default: for ever.
    pub fn within(mut self, longest: Duration) -> Self {
        self.longest = Some(longest);
        self
    }

    /// Waits for the lock; the outcome arrives as the actor's own message. The wait ends with the actor.
    ///
    /// # Errors
    /// The message has an [`FsError`]: as [`File::try_lock`]; `TimedOut`; the pool takes no more jobs.
    ///
    /// # Examples
    /// ```
    /// use std::time::Duration;
    /// use roundsman::prelude::*;
    /// use roundsman::{JobError, fs};
    ///
    /// enum Msg {
    ///     Opened(Result<fs::File, JobError<fs::FsError>>),
    ///     Locked(Result<(), fs::FsError>),
    /// }
    ///
    /// struct Patient(Option<fs::File>);
    ///
    /// impl Actor for Patient {
    ///     type Message = Msg;
    ///
    ///     fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
    ///         ctx.start(fs::open("Cargo.toml"), Msg::Opened);
    ///         Ok(())
    ///     }
    ///
    ///     fn receive(&mut self, message: Msg, ctx: &mut Context<Self>) -> Outcome {
    ///         match message {
    ///             Msg::Opened(file) => {
    ///                 let file = self.0.insert(file?);
    ///                 file.lock_shared().within(Duration::from_secs(5)).start(ctx, Msg::Locked);
    ///             }
    ///             Msg::Locked(done) => {
    ///                 done?;
    ///                 ctx.stop();
    ///             }
    ///         }
    ///         Ok(())
    ///     }
    /// }
    ///
    /// # #[cfg(unix)]
    /// Runtime::builder().loops(1).build()?.run(|| Patient(None))?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn start<A, F>(self, ctx: &mut Context<'_, A>, map: F)
    where
        A: Actor,
        F: Fn(Result<(), FsError>) -> A::Message + Send + Sync + 'static,
    {
        let tell = ctx.recipient(map);
        let spawn = Spawn::named(format!("lock:{}", self.file.path().display())).tireless();
        ctx.spawn_with(spawn, Waiting { lock: self, tell, pause: FIRST, until: None });
    }
}

/// The actor that waits.
struct Waiting {
    lock: Lock,
    tell: Recipient<Result<(), FsError>>,
    /// How long it waits before it asks again.
    pause: Duration,
    /// When it gives up.
    until: Option<Timestamp>,
}

enum Message {
    Ask,
    Answered(Result<bool, JobError<FsError>>),
}

impl Waiting {
    fn ask(&self, ctx: &mut Context<Self>) {
        ctx.start(self.lock.file.try_lock_as(self.lock.shared), Message::Answered);
    }

    fn ask_again(&mut self, ctx: &mut Context<Self>) {
        let left = self.until.map(|until| until - ctx.now());
        if left == Some(Duration::ZERO) {
            let text = "somebody else has the lock (the wait is set by `Lock::within`)";
            return self.fail(io::Error::new(io::ErrorKind::TimedOut, text), ctx);
        }
        ctx.send_after(left.map_or(self.pause, |left| left.min(self.pause)), Message::Ask);
        self.pause = LONGEST.min(self.pause * 2);
    }

    fn fail(&mut self, error: io::Error, ctx: &mut Context<Self>) {
        self.tell(Err(FsError::new("locking", self.lock.file.path(), error)), ctx);
    }

    fn tell(&mut self, outcome: Result<(), FsError>, ctx: &mut Context<Self>) {
        self.tell.complete(outcome);
        ctx.stop();
    }
}

impl Actor for Waiting {
    type Message = Message;

    fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
        self.until = self.lock.longest.map(|longest| ctx.now() + longest);
        self.ask(ctx);
        Ok(())
    }

    fn receive(&mut self, message: Message, ctx: &mut Context<Self>) -> Outcome {
        match message {
            Message::Ask => self.ask(ctx),
            Message::Answered(Ok(true)) => self.tell(Ok(()), ctx),
            Message::Answered(Ok(false)) => self.ask_again(ctx),
            Message::Answered(Err(JobError::Failed(error))) => self.tell(Err(error), ctx),
            Message::Answered(Err(error)) => self.fail(io::Error::other(error), ctx),
        }
        Ok(())
    }
}
