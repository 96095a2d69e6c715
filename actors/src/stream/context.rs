//! An actor at the end of a pipeline: its context makes a sink of it, or a source.

use roundsman_runtime::{Actor, Context};

use super::inlet::{self, Item};
use super::outlet::{Outlet, outlet};
use super::sink::Sink;
use super::source::Source;

/// What streams add to a [`Context`].
pub trait StreamContext<A: Actor> {
    /// A sink whose items arrive as this actor's own messages, made by `map`: mostly an enum variant.
    ///
    /// # Examples
    /// ```
    /// use roundsman::prelude::*;
    /// use roundsman::stream::{Item, PipeError, Source, Summary};
    ///
    /// enum Msg {
    ///     Number(Item<u32>),
    ///     Done(Result<Summary, PipeError>),
    /// }
    ///
    /// struct Adder(u32);
    ///
    /// impl Actor for Adder {
    ///     type Message = Msg;
    ///     fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
    ///         Source::iter(1..=100).pipe(ctx.inlet(Msg::Number)).start(ctx, Msg::Done);
    ///         Ok(())
    ///     }
    ///     fn receive(&mut self, message: Msg, ctx: &mut Context<Self>) -> Outcome {
    ///         match message {
    ///             Msg::Number(number) => self.0 += *number,
    ///             Msg::Done(summary) => {
    ///                 assert_eq!((self.0, summary?.items), (5050, 100));
    ///                 ctx.stop();
    ///             }
    ///         }
    ///         Ok(())
    ///     }
    /// }
    ///
    /// Runtime::builder().loops(1).build()?.run(|| Adder(0))?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    fn inlet<T, F>(&self, map: F) -> Sink<T>
    where
        T: Send + 'static,
        F: Fn(Item<T>) -> A::Message + Send + Sync + 'static;

    /// A source that this actor feeds, and the outlet through which it does: see [`outlet`](super::outlet()).
    fn outlet<T: Send + 'static>(&self, limit: u64) -> (Source<T>, Outlet<T>);
}

impl<A: Actor> StreamContext<A> for Context<'_, A> {
    fn inlet<T, F>(&self, map: F) -> Sink<T>
    where
        T: Send + 'static,
        F: Fn(Item<T>) -> A::Message + Send + Sync + 'static,
    {
        inlet::inlet(self, map)
    }

    fn outlet<T: Send + 'static>(&self, limit: u64) -> (Source<T>, Outlet<T>) {
        outlet(limit)
    }
}
