//! The one timer that futures have.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use super::alarm::Alarm;
use super::desk;

/// Waits until `duration` has passed since it was first polled: never early, and at the first millisecond after it. In the
/// runtime's time: under simulation it is virtual.
///
/// It belongs to the actor whose [`run_future`](super::FutureContext::run_future) polled it first, and rings no more once
/// that has ended. Dropped, its timer is gone. Polled where no future of a runtime is being polled, it logs an error and
/// is over at once: nobody would wake it.
///
/// # Examples
/// ```
/// use std::time::Duration;
///
/// use roundsman::futures::{FutureError, sleep};
/// use roundsman::prelude::*;
///
/// struct Sleeper;
///
/// impl Actor for Sleeper {
///     type Message = Result<(), FutureError>;
///
///     fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
///         ctx.run_future(sleep(Duration::from_secs(3600)), |slept| slept);
///         Ok(())
///     }
///
///     fn receive(&mut self, slept: Self::Message, ctx: &mut Context<Self>) -> Outcome {
///         slept?;
///         assert_eq!(ctx.now().since_start(), Duration::from_secs(3600));
///         ctx.stop();
///         Ok(())
///     }
/// }
///
/// Runtime::builder().simulated(1).build()?.run(|| Sleeper)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn sleep(duration: Duration) -> Sleep {
    Sleep { duration, alarm: None }
}

/// A future that waits: see [`sleep`].
#[must_use = "a future does nothing unless it is polled"]
pub struct Sleep {
    duration: Duration,
    alarm: Option<Arc<Alarm>>,
}

impl std::fmt::Debug for Sleep {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Sleep({:?})", self.duration)
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if let Some(alarm) = &self.alarm {
            return alarm.poll(cx.waker());
        }
        let alarm = Arc::<Alarm>::default();
        if desk::arm(self.duration, &alarm).is_err() {
            tracing::error!(
                duration = ?self.duration,
                "a sleep was polled outside of `run_future`: it does not wait"
            );
            return Poll::Ready(());
        }
        let polled = alarm.poll(cx.waker());
        self.alarm = Some(alarm);
        polled
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let Some(alarm) = self.alarm.take()
            && !alarm.has_rung()
        {
            // Elsewhere than at a desk its timer rings for nobody.
            let _ = desk::disarm(alarm);
        }
    }
}
