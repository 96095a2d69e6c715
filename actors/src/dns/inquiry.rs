//! Something that was asked, in the hands of whoever asked.

use roundsman_runtime::Recipient;

/// A look-up or a question that was started, in the hands of whoever asked. Dropping it changes nothing.
///
/// # Examples
/// ```
/// use roundsman::dns::{self, Addresses, LookupError};
/// use roundsman::prelude::*;
///
/// struct Fickle;
///
/// impl Actor for Fickle {
///     type Message = Result<Addresses, LookupError>;
///
///     fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
///         dns::lookup("localhost").start(ctx, |found| found).cancel();
///         Ok(())
///     }
///
///     fn receive(&mut self, found: Self::Message, _: &mut Context<Self>) -> Outcome {
///         assert!(matches!(found, Err(LookupError::Cancelled { .. })));
///         Ok(())
///     }
/// }
///
/// Runtime::builder().loops(1).build()?.run(|| Fickle)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Inquiry {
    /// `None`: it was answered as it was asked.
    cancel: Option<Recipient<()>>,
}

impl Inquiry {
    pub(super) fn of(cancel: Recipient<()>) -> Self {
        Self { cancel: Some(cancel) }
    }

    pub(super) fn over() -> Self {
        Self { cancel: None }
    }

    /// Cancels it: whoever asked is told so, by the one message that was to come. One that was answered meanwhile stays
    /// answered. Sockets and timers that it holds are let go; what the system has begun to look up goes on without it.
    pub fn cancel(&self) {
        if let Some(cancel) = &self.cancel
            && !cancel.is_closed()
        {
            cancel.complete(());
        }
    }
}
