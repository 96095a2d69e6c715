//! `Source::retry`: a source that is made anew when it has failed.

use roundsman_runtime::Backoff;

use crate::stream::Source;
use crate::stream::feeds::{Next, Plan, Run, Succession};

impl<T: Send + 'static> Source<T> {
    /// A source that is made anew each time that it has failed, up to `attempts` times in a row, the first included.
    /// (Pekko: `RestartSource.onFailuresWithBackoff`.)
    ///
    /// Before each further attempt it waits as `backoff` says, shortened by chance. An attempt that has run for the quiet
    /// time of `backoff` begins a new row. That it has given items does not: else a source that fails at its first item
    /// would be tried for ever.
    ///
    /// - Items that an attempt has given stay given, so the stream repeats what the next attempt gives again. Items that
    ///   were not asked for yet as it failed are lost with it. So `make` is the place to say where to go on.
    /// - Each attempt is a pipeline of its own: its files and sockets are closed before the next one is made.
    /// - Demand: passes through to the attempt that runs.
    /// - The end of an attempt is the end. The failure of the last one is the failure, and names the stage within that
    ///   failed.
    /// - A cancel is obeyed, and never retried, also one from within an attempt. A panic of `make` is a failure.
    ///
    /// # Panics
    /// If `attempts` is 0.
    ///
    /// # Examples
    /// ```
    /// use std::time::Duration;
    ///
    /// use roundsman::prelude::*;
    /// use roundsman::Backoff;
    /// use roundsman::stream::{PipeError, Source};
    ///
    /// struct Stubborn;
    ///
    /// impl Actor for Stubborn {
    ///     type Message = Result<Vec<u32>, PipeError>;
    ///
    ///     fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
    ///         let backoff = Backoff::exponential(Duration::from_millis(100), Duration::from_secs(5));
    ///         let mut tries = 0;
    ///         let source = Source::retry(5, backoff, move || {
    ///             tries += 1;
    ///             let works = tries == 3;
    ///             Source::iter([tries]).map(move |n| if works { n } else { panic!("not yet") })
    ///         });
    ///         source.collect().start(ctx, |result| result);
    ///         Ok(())
    ///     }
    ///
    ///     fn receive(&mut self, items: Self::Message, ctx: &mut Context<Self>) -> Outcome {
    ///         assert_eq!(items?, [3]);
    ///         ctx.stop();
    ///         Ok(())
    ///     }
    /// }
    ///
    /// Runtime::builder().simulated(1).build()?.run(|| Stubborn)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn retry(
        attempts: u32,
        backoff: Backoff,
        make: impl FnMut() -> Self + Send + 'static,
    ) -> Self {
        assert!(attempts > 0, "with no attempts there would be nothing: allow at least 1");
        Succession::source("retry", RetryPlan { attempts, backoff, failures: 0, make })
    }
}

struct RetryPlan<F> {
    attempts: u32,
    backoff: Backoff,
    /// Attempts in a row that have failed.
    failures: u32,
    make: F,
}

impl<T, F> Plan<T> for RetryPlan<F>
where
    T: Send + 'static,
    F: FnMut() -> Source<T> + Send + 'static,
{
    fn source(&mut self) -> Option<Source<T>> {
        Some((self.make)())
    }

    fn next(&mut self, run: Run) -> Next {
        let Err(error) = run.result else { return Next::End };
        if run.ran >= self.backoff.quiet_time() {
            self.failures = 0;
        }
        self.failures += 1;
        if self.failures >= self.attempts {
            return Next::Fail(error);
        }
        Next::Source(self.backoff.wait(self.failures, run.chance))
    }
}
