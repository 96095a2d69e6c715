//! The actor of one look-up: it shares a job with others that look for the same, and tells its owner.

use std::sync::Arc;
use std::time::Duration;

use roundsman_runtime::{Actor, Context, JobError, Lane, Outcome, Recipient, job};

use super::flights::{Flights, News, Seat};
use super::{Addresses, Family, LookupError, Lookups};

/// The actor of one look-up.
pub(super) struct Seeker {
    host: Arc<str>,
    family: Family,
    timeout: Option<Duration>,
    tell: Recipient<Result<Addresses, LookupError>>,
    flights: Arc<Flights>,
    lookups: Arc<Lookups>,
    seat: Option<Seat>,
}

pub(super) enum Message {
    News(News),
    /// Its own job has ended; if it ran, everybody has been told.
    Ran(Result<(), JobError>),
    TimedOut(Duration),
    Cancel,
}

impl Seeker {
    pub(super) fn new<A: Actor>(
        host: Arc<str>,
        family: Family,
        timeout: Option<Duration>,
        tell: Recipient<Result<Addresses, LookupError>>,
        ctx: &Context<'_, A>,
    ) -> Self {
        let flights = ctx.provided_or(Flights::default);
        let lookups = ctx.provided_or(Lookups::system);
        Self { host, family, timeout, tell, flights, lookups, seat: None }
    }

    /// Starts the job on behalf of all who look for the same.
    fn lead(&self, seat: &Seat, ctx: &mut Context<Self>) {
        let boarded = seat.board();
        let lookups = Arc::clone(&self.lookups);
        let (host, family) = (Arc::clone(&self.host), self.family);
        let look = job(Lane::Dns, move || boarded.land(&lookups.run(&host, family)));
        ctx.start(look.named(format!("dns::lookup {}", self.host)), Message::Ran);
    }

    fn tell(&mut self, outcome: Result<Addresses, LookupError>, ctx: &mut Context<Self>) {
        self.tell.complete(outcome);
        self.seat = None;
        ctx.stop();
    }
}

impl Actor for Seeker {
    type Message = Message;

    fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
        // It may wait for the job of another.
        ctx.set_expecting(true);
        let key = (Arc::clone(&self.host), self.family);
        self.seat = Some(self.flights.join(key, ctx.recipient(Message::News)));
        if let Some(timeout) = self.timeout {
            ctx.send_after(timeout, Message::TimedOut(timeout));
        }
        Ok(())
    }

    fn receive(&mut self, message: Message, ctx: &mut Context<Self>) -> Outcome {
        let host = Arc::clone(&self.host);
        match message {
            Message::News(News::Landed(outcome)) => self.tell(outcome, ctx),
            Message::News(News::Called) => {
                if let Some(seat) = &self.seat {
                    self.lead(seat, ctx);
                }
            }
            // The news is on its way, or here already.
            Message::Ran(Ok(())) => {}
            Message::Ran(Err(error)) => {
                let text = error.to_string().into();
                self.tell(Err(LookupError::Failed { host, code: 0, text }), ctx);
            }
            Message::TimedOut(timeout) => {
                self.tell(Err(LookupError::Timeout { host, timeout }), ctx);
            }
            Message::Cancel => self.tell(Err(LookupError::Cancelled { host }), ctx),
        }
        Ok(())
    }
}
