//! What keeps the time of a simulation from passing.
//!
//! Made by [`Simulation::hold_time`], counted by it, and looked at where time would jump.

use std::cell::Cell;
use std::fmt;
use std::rc::Rc;

use crate::simulation::Simulation;

/// Keeps the time of a simulation from passing, until it is dropped: all that can be done at this moment is done, no timer
/// is due, nothing arrives that travels. Several may be held at once.
#[must_use = "time passes again as soon as it is dropped"]
pub struct TimeHold(Rc<Cell<usize>>);

impl TimeHold {
    pub(crate) fn new(holds: &Rc<Cell<usize>>) -> Self {
        holds.set(holds.get() + 1);
        Self(Rc::clone(holds))
    }
}

impl Drop for TimeHold {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

impl fmt::Debug for TimeHold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TimeHold({} in all)", self.0.get())
    }
}

impl Simulation {
    /// Keeps time from passing until what it returns is dropped. For what must happen at once: it can be waited for while the
    /// time is held. An actor finds the simulation with [`current`](Self::current).
    ///
    /// Once nothing can be done without time, [`step`](Self::step) says [`Stepped::Held`](crate::Stepped::Held).
    ///
    /// # Examples
    /// ```
    /// use std::time::Duration;
    ///
    /// use roundsman_runtime::{Actor, Context, Outcome, Runtime, Simulation, Spawn, Stepped};
    ///
    /// struct Sleeper;
    ///
    /// impl Actor for Sleeper {
    ///     type Message = ();
    ///     fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
    ///         ctx.send_after(Duration::from_secs(1), ());
    ///         Ok(())
    ///     }
    ///     fn receive(&mut self, (): (), ctx: &mut Context<Self>) -> Outcome {
    ///         ctx.stop();
    ///         Ok(())
    ///     }
    /// }
    ///
    /// let simulation = Simulation::new(1);
    /// let runtime = Runtime::builder().build_in(&simulation)?;
    /// let host = simulation.launch(runtime, Spawn::new(), || Sleeper);
    /// let hold = simulation.hold_time();
    /// while simulation.step(None) != Stepped::Held {}
    /// assert!(simulation.is_alive(host), "it sleeps for a second, which does not pass");
    /// drop(hold);
    /// simulation.run()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn hold_time(&self) -> TimeHold {
        TimeHold::new(&self.course().holds)
    }
}
