//! The bridge to the crate `metrics`, with the feature `metrics`: hands a snapshot to whatever recorder a program has.
//!
//! Called by users, mostly once a second. It measures nothing itself.

use std::time::Duration;

use ::metrics::{counter, gauge};

use crate::metrics::{LoopMetrics, Metrics};

impl Metrics {
    /// Sets counters and gauges of the crate `metrics` to what this snapshot says. Needs the feature `metrics`.
    ///
    /// Each has the label `loop`. Counters: `roundsman_rounds_total`, `roundsman_turns_total`,
    /// `roundsman_messages_handled_total`, `roundsman_messages_handed_back_total`, `roundsman_dead_letters_total`,
    /// `roundsman_failures_total`, `roundsman_late_replies_total`, `roundsman_pauses_total`,
    /// `roundsman_paused_nanoseconds_total`, `roundsman_idle_nanoseconds_total`, `roundsman_busy_nanoseconds_total`.
    ///
    /// Gauges: `roundsman_utilisation` (0 to 1, since the start), `roundsman_loop_delay_p50_seconds`,
    /// `roundsman_loop_delay_p99_seconds`, `roundsman_loop_delay_max_seconds`, `roundsman_actors`, `roundsman_runnable`,
    /// `roundsman_inbox`.
    ///
    /// # Examples
    /// ```
    /// # use roundsman_runtime::{Actor, Context, Outcome, RuntimeHandle};
    /// # use std::time::Duration;
    /// use roundsman_runtime::MissedTicks;
    ///
    /// struct Reporter(RuntimeHandle);
    ///
    /// impl Actor for Reporter {
    ///     type Message = ();
    ///     fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
    ///         let every_second = ctx.send_every(Duration::from_secs(1), MissedTicks::Skip, || ());
    ///         ctx.unref_timer(every_second);
    ///         Ok(())
    ///     }
    ///     fn receive(&mut self, (): (), _: &mut Context<Self>) -> Outcome {
    ///         self.0.metrics().record();
    ///         Ok(())
    ///     }
    /// }
    /// ```
    pub fn record(&self) {
        self.loops.iter().for_each(record);
    }
}

fn record(one: &LoopMetrics) {
    let name = one.loop_index.to_string();
    let counters = [
        (counter!("roundsman_rounds_total", "loop" => name.clone()), one.rounds),
        (counter!("roundsman_turns_total", "loop" => name.clone()), one.turns),
        (counter!("roundsman_messages_handled_total", "loop" => name.clone()), one.handled),
        (counter!("roundsman_messages_handed_back_total", "loop" => name.clone()), one.handed_back),
        (counter!("roundsman_dead_letters_total", "loop" => name.clone()), one.dead_letters),
        (counter!("roundsman_failures_total", "loop" => name.clone()), one.failures),
        (counter!("roundsman_late_replies_total", "loop" => name.clone()), one.late_replies),
        (counter!("roundsman_pauses_total", "loop" => name.clone()), one.pauses),
        (counter!("roundsman_paused_nanoseconds_total", "loop" => name.clone()), one.paused_nanos),
        (counter!("roundsman_idle_nanoseconds_total", "loop" => name.clone()), one.idle_nanos),
        (counter!("roundsman_busy_nanoseconds_total", "loop" => name.clone()), one.busy_nanos),
    ];
    for (counter, value) in counters {
        counter.absolute(value);
    }
    let delay =
        [one.delay.p50, one.delay.p99, one.delay.max].map(|delay| Duration::as_secs_f64(&delay));
    let gauges = [
        (gauge!("roundsman_utilisation", "loop" => name.clone()), one.utilisation()),
        (gauge!("roundsman_loop_delay_p50_seconds", "loop" => name.clone()), delay[0]),
        (gauge!("roundsman_loop_delay_p99_seconds", "loop" => name.clone()), delay[1]),
        (gauge!("roundsman_loop_delay_max_seconds", "loop" => name.clone()), delay[2]),
        (gauge!("roundsman_actors", "loop" => name.clone()), one.actors as f64),
        (gauge!("roundsman_runnable", "loop" => name.clone()), one.runnable as f64),
        (gauge!("roundsman_inbox", "loop" => name.clone()), one.inbox as f64),
    ];
    for (gauge, value) in gauges {
        gauge.set(value);
    }
}
