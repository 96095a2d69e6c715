//! `recover_with`, `recover` and `map_err`: what comes in the place of a failure.

use std::error::Error;
use std::time::Duration;

use crate::stream::feeds::{Next, Plan, Run, Succession};
use crate::stream::{PipeError, Source};

impl<T: Send + 'static> Source<T> {
    /// Another source in the place of a failure: `f` is given the failure, and says which; `None` lets it pass. (Pekko:
    /// `recoverWith`.)
    ///
    /// `f` is called for each failure, also for that of a source that it has given itself, as often as it gives one: it
    /// is for `f` to say when it is enough. [`retry`](Self::retry) counts, and waits.
    ///
    /// - Items that were given before the failure stay given. Those that were not asked for yet are lost with it.
    /// - The source that has failed has closed before `f` is called.
    /// - Demand and end pass through. A cancel is obeyed, and `f` is not called for it. A panic of `f` fails the pipeline.
    ///
    /// # Examples
    /// ```
    /// use roundsman::prelude::*;
    /// use roundsman::stream::{PipeError, Source};
    ///
    /// struct Mirror;
    ///
    /// impl Actor for Mirror {
    ///     type Message = Result<Vec<u32>, PipeError>;
    ///
    ///     fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
    ///         let main = Source::iter([1, 2, 3]).map(|n| if n < 3 { n } else { panic!("broken") });
    ///         let mut mirror = Some(Source::iter([30, 40]));
    ///         main.recover_with(move |_| mirror.take()).collect().start(ctx, |result| result);
    ///         Ok(())
    ///     }
    ///
    ///     fn receive(&mut self, items: Self::Message, ctx: &mut Context<Self>) -> Outcome {
    ///         assert_eq!(items?, [1, 2, 30, 40]);
    ///         ctx.stop();
    ///         Ok(())
    ///     }
    /// }
    ///
    /// Runtime::builder().loops(1).build()?.run(|| Mirror)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn recover_with(self, f: impl FnMut(PipeError) -> Option<Self> + Send + 'static) -> Self {
        Succession::source("recover_with", RecoverWith { source: Some(self), f })
    }

    /// One last item in the place of a failure: `f` makes it, and the stream ends with it. (Pekko: `recover`.)
    ///
    /// Demand, end, cancel and the rest are as for [`recover_with`](Self::recover_with).
    ///
    /// # Examples
    /// ```
    /// use roundsman::prelude::*;
    /// use roundsman::stream::{PipeError, Source};
    ///
    /// struct Lenient;
    ///
    /// impl Actor for Lenient {
    ///     type Message = Result<Vec<String>, PipeError>;
    ///
    ///     fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
    ///         let source = Source::iter([1]).map(|n: u32| -> String { panic!("at {n}") });
    ///         source.recover(|error| format!("<{}>", error.stage())).collect().start(ctx, |result| result);
    ///         Ok(())
    ///     }
    ///
    ///     fn receive(&mut self, items: Self::Message, ctx: &mut Context<Self>) -> Outcome {
    ///         assert_eq!(items?, ["<iter, map>"]);
    ///         ctx.stop();
    ///         Ok(())
    ///     }
    /// }
    ///
    /// Runtime::builder().loops(1).build()?.run(|| Lenient)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn recover(self, f: impl FnOnce(PipeError) -> T + Send + 'static) -> Self {
        let mut f = Some(f);
        let last = move |error| f.take().map(|f| Self::iter([f(error)]));
        Succession::source("recover", RecoverWith { source: Some(self), f: last })
    }

    /// The same source, whose failures have another cause: `f` makes it of the failure. The stage that has failed stays
    /// named. (`Result::map_err`; Pekko: `mapError`.)
    ///
    /// - Demand, end and cancel pass through; a cancel stays one. A panic of `f` fails the pipeline.
    ///
    /// # Examples
    /// ```
    /// use roundsman::prelude::*;
    /// use roundsman::stream::{PipeError, Source, Summary};
    ///
    /// struct Strict;
    ///
    /// impl Actor for Strict {
    ///     type Message = Result<Summary, PipeError>;
    ///
    ///     fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
    ///         let source = Source::iter([1]).map(|n: u32| -> u32 { panic!("at {n}") });
    ///         source.map_err(|_| "no prices today").for_each(drop).start(ctx, |result| result);
    ///         Ok(())
    ///     }
    ///
    ///     fn receive(&mut self, result: Self::Message, ctx: &mut Context<Self>) -> Outcome {
    ///         assert_eq!(result.unwrap_err().to_string(), "iter, map: no prices today");
    ///         ctx.stop();
    ///         Ok(())
    ///     }
    /// }
    ///
    /// Runtime::builder().loops(1).build()?.run(|| Strict)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn map_err<E>(self, f: impl FnOnce(PipeError) -> E + Send + 'static) -> Self
    where
        E: Into<Box<dyn Error + Send + Sync>>,
    {
        Succession::source("map_err", MapErr { source: Some(self), f: Some(f) })
    }
}

struct RecoverWith<T, F> {
    /// What runs next.
    source: Option<Source<T>>,
    f: F,
}

impl<T, F> Plan<T> for RecoverWith<T, F>
where
    T: Send + 'static,
    F: FnMut(PipeError) -> Option<Source<T>> + Send + 'static,
{
    fn source(&mut self) -> Option<Source<T>> {
        self.source.take()
    }

    fn next(&mut self, run: Run) -> Next {
        let Err(error) = run.result else { return Next::End };
        self.source = (self.f)(error.clone());
        if self.source.is_some() { Next::Source(Duration::ZERO) } else { Next::Fail(error) }
    }
}

struct MapErr<T, F> {
    source: Option<Source<T>>,
    f: Option<F>,
}

impl<T, F, E> Plan<T> for MapErr<T, F>
where
    T: Send + 'static,
    F: FnOnce(PipeError) -> E + Send + 'static,
    E: Into<Box<dyn Error + Send + Sync>>,
{
    fn source(&mut self) -> Option<Source<T>> {
        self.source.take()
    }

    fn next(&mut self, run: Run) -> Next {
        let Err(error) = run.result else { return Next::End };
        Next::Fail(match self.f.take() {
            Some(f) => PipeError::new(error.stage(), f(error.clone())),
            None => error,
        })
    }
}
