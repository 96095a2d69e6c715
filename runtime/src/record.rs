//! The bridge to the crate `metrics`, with the feature `metrics`: hands a snapshot to whatever recorder a program has.
//!
//! Called by users, mostly once a second. It measures nothing itself.

use std::time::Duration;

use ::metrics::{counter, gauge};

use crate::lane::LaneMetrics;
use crate::metrics::{LoopMetrics, Metrics};

impl Metrics {
    /// Sets counters and gauges of the crate `metrics` to what this snapshot says. Needs the feature `metrics`.
    ///
    /// Of each loop, with the label `loop`. Loops of one actor each are added up as `own`, those that have ended among
    /// them, with the worst of their delays: so there are as many labels as loops that were asked for, and one. Counters:
    /// `roundsman_rounds_total`, `roundsman_turns_total`, `roundsman_messages_sent_total`,
    /// `roundsman_messages_handled_total`, `roundsman_messages_handed_back_total`, `roundsman_dead_letters_total`,
    /// `roundsman_dead_letters_untold_total`, `roundsman_failures_total`, `roundsman_late_replies_total`,
    /// `roundsman_jobs_in_place_total`, `roundsman_pauses_total`, `roundsman_paused_nanoseconds_total`, `roundsman_waits_withdrawn_total`,
    /// `roundsman_parcels_total`, `roundsman_idle_nanoseconds_total`, `roundsman_busy_nanoseconds_total`. Gauges: `roundsman_utilisation` (0 to 1, since the start), `roundsman_loop_delay_p50_seconds`,
    /// `roundsman_loop_delay_p99_seconds`, `roundsman_loop_delay_max_seconds`, `roundsman_actors`, `roundsman_runnable`,
    /// `roundsman_inbox`.
    ///
    /// Of each lane of the pool, with the label `lane`. Counters: `roundsman_jobs_done_total`,
    /// `roundsman_jobs_unstarted_total`, `roundsman_jobs_waited_nanoseconds_total`, `roundsman_jobs_ran_nanoseconds_total`.
    /// Gauges: `roundsman_jobs_queued`, `roundsman_jobs_running`, `roundsman_jobs_waited_max_seconds`,
    /// `roundsman_jobs_ran_max_seconds`.
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
        let (own, others): (Vec<_>, Vec<_>) = self.loops.iter().partition(|one| one.own_thread);
        for one in others {
            record(one, one.loop_index.to_string());
        }
        if !own.is_empty() {
            let mut sum = LoopMetrics::of_ended();
            own.into_iter().for_each(|one| sum.absorb(one));
            record(&sum, "own".to_owned());
        }
        self.lanes.iter().for_each(record_lane);
    }
}

fn record_lane(one: &LaneMetrics) {
    let name = one.lane.to_string();
    let seconds = |nanos| Duration::from_nanos(nanos).as_secs_f64();
    let counters = [
        (counter!("roundsman_jobs_done_total", "lane" => name.clone()), one.done),
        (counter!("roundsman_jobs_unstarted_total", "lane" => name.clone()), one.unstarted),
        (
            counter!("roundsman_jobs_waited_nanoseconds_total", "lane" => name.clone()),
            one.waited_nanos,
        ),
        (counter!("roundsman_jobs_ran_nanoseconds_total", "lane" => name.clone()), one.ran_nanos),
    ];
    for (counter, value) in counters {
        counter.absolute(value);
    }
    let gauges = [
        (gauge!("roundsman_jobs_queued", "lane" => name.clone()), one.queued as f64),
        (gauge!("roundsman_jobs_running", "lane" => name.clone()), one.running as f64),
        (
            gauge!("roundsman_jobs_waited_max_seconds", "lane" => name.clone()),
            seconds(one.waited_nanos_max),
        ),
        (
            gauge!("roundsman_jobs_ran_max_seconds", "lane" => name.clone()),
            seconds(one.ran_nanos_max),
        ),
    ];
    for (gauge, value) in gauges {
        gauge.set(value);
    }
}

fn record(one: &LoopMetrics, name: String) {
    let counters = [
        (counter!("roundsman_rounds_total", "loop" => name.clone()), one.rounds),
        (counter!("roundsman_turns_total", "loop" => name.clone()), one.turns),
        (counter!("roundsman_messages_handled_total", "loop" => name.clone()), one.handled),
        (counter!("roundsman_messages_handed_back_total", "loop" => name.clone()), one.handed_back),
        (counter!("roundsman_dead_letters_total", "loop" => name.clone()), one.dead_letters),
        (counter!("roundsman_messages_sent_total", "loop" => name.clone()), one.ledger.sent),
        (counter!("roundsman_dead_letters_untold_total", "loop" => name.clone()), one.untold),
        (counter!("roundsman_waits_withdrawn_total", "loop" => name.clone()), one.waits_withdrawn),
        (counter!("roundsman_parcels_total", "loop" => name.clone()), one.parcels),
        (counter!("roundsman_failures_total", "loop" => name.clone()), one.failures),
        (counter!("roundsman_jobs_in_place_total", "loop" => name.clone()), one.jobs_in_place),
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
