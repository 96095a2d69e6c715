//! The standard streams of this process, as a source and as sinks.

use bytes::Bytes;

use super::os;
use crate::stream::{Sink, Source};

/// What this process is given on its standard input. (Node: `process.stdin`.)
///
/// - Demand: no more is read than is asked for, so that what follows this process, or is asked next, finds the rest. A
///   file is read on the pool, up to two chunks of 64 KiB ahead.
/// - End: at the end of the input; at a terminal that is Ctrl-D. A planned stop of the runtime ends it.
/// - Cancel: nothing is closed; a later `stdin()` goes on where this one has stopped.
///
/// A pipe, a terminal and a socket are read by the loop as they turn readable. They stay blocking, because other
/// processes share them; one that reads the same at the same moment can make the loop wait. On systems that are not
/// Unix, and for files, the pool reads. `std::io::stdin` has a buffer of its own: use one or the other.
///
/// # Examples
/// ```no_run
/// use roundsman::prelude::*;
/// use roundsman::process;
/// use roundsman::stream::{PipeError, Summary};
///
/// /// `cat`.
/// struct Cat;
///
/// impl Actor for Cat {
///     type Message = Result<Summary, PipeError>;
///
///     fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
///         process::stdin().pipe(process::stdout()).start(ctx, |result| result);
///         Ok(())
///     }
///
///     fn receive(&mut self, result: Self::Message, ctx: &mut Context<Self>) -> Outcome {
///         result?;
///         ctx.stop();
///         Ok(())
///     }
/// }
///
/// Runtime::builder().loops(1).build()?.run(|| Cat)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn stdin() -> Source<Bytes> {
    os::stdin()
}

/// The standard output of this process. (Node: `process.stdout`.)
///
/// - Demand: at most 64 KiB wait here, or 256 KiB before a file. A pipe is given 4 KiB at a time as it turns
///   writable, a terminal is opened once more, not to block, a file is written on the pool: a slow reader never
///   blocks the loop.
/// - End: everything is written. Nothing is closed: several pipelines, one after another or at once, can have it.
/// - Failure: whoever reads has gone (`BrokenPipe`). It is this pipeline's, never the process's.
///
/// `println!` goes around it.
///
/// # Examples
/// ```
/// use bytes::Bytes;
/// use roundsman::process;
/// use roundsman::stream::Source;
///
/// let greeting = Source::iter(["hello\n"].map(Bytes::from)).pipe(process::stdout());
/// # drop(greeting);
/// ```
pub fn stdout() -> Sink<Bytes> {
    os::stdout()
}

/// The standard error of this process; as [`stdout`]. (Node: `process.stderr`.)
pub fn stderr() -> Sink<Bytes> {
    os::stderr()
}
