//! The actor of a hub: it deals what comes to its subscribers, each by its policy.
//!
//! Spawned by [`Hub::new`](super::Hub::new), and told what to do by the hub's handles.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use roundsman_runtime::{Actor, Address, Context, DrainPhase, ExitReason, Outcome};

use super::PipeError;
use super::error::Cut;
use super::hub::{Board, Gauge, HubError};
use super::intake::{Intake, NO_LINK};
use super::link::{Demand, Flow, Supplier, weight};
use super::meter::Downstream;
use super::owed::Owed;
use crate::SlowPolicy;

/// What the actor of a hub takes.
pub(super) enum HubMessage<T: Clone + Send + 'static> {
    Published(T),
    /// Down the link of a sink.
    Fed(u64, Flow<T>),
    Subscribed(u64, HubLink<T>, Arc<Gauge>),
    Asked(u64, Demand),
    End,
}

/// Deals what comes.
pub(super) struct HubActor<T: Clone + Send + 'static> {
    intake: Intake<T>,
    subscribers: BTreeMap<u64, Entry<T>>,
    board: Arc<Board>,
    /// Subscribers that are waited for, and have as much as may wait for them. Counted, not looked for: there may be
    /// thousands, and each asks by a message of its own.
    full: usize,
    /// A planned stop: it ends once its sinks have.
    draining: bool,
    ending: bool,
    /// Nothing more is to be dealt, and whoever had taken everything by then was told the end.
    dry: bool,
}

/// A subscriber.
struct Entry<T: Send + 'static> {
    link: HubLink<T>,
    owed: Owed,
    queue: VecDeque<T>,
    gauge: Arc<Gauge>,
}

impl<T: Clone + Send + 'static> HubActor<T> {
    pub(super) fn new(board: Arc<Board>) -> Self {
        let (intake, subscribers) = (Intake::new(), BTreeMap::new());
        let (full, draining, ending, dry) = (0, false, false, false);
        Self { intake, subscribers, board, full, draining, ending, dry }
    }

    /// Deals what stands in line, until somebody must be waited for.
    fn deal(&mut self) {
        while self.fill_queues() {
            self.send_all();
        }
    }

    /// False if nothing could be done.
    fn fill_queues(&mut self) -> bool {
        let mut dealt = false;
        // Of those that are waited for, each has room now.
        while self.full == 0 {
            let Some((from, item)) = self.intake.pop_from() else { break };
            if from == NO_LINK {
                self.board.pending.fetch_sub(1, Ordering::Relaxed);
            }
            self.offer(item);
            dealt = true;
        }
        dealt
    }

    fn offer(&mut self, item: T) {
        let Some((last, _)) = self.subscribers.last_key_value() else {
            self.board.unheard.fetch_add(1, Ordering::Relaxed);
            return;
        };
        let (last, limit) = (*last, self.board.limit);
        let mut item = Some(item);
        for (number, entry) in &mut self.subscribers {
            // The last takes it as it is.
            let own = if *number == last { item.take() } else { item.clone() };
            if let Some(own) = own {
                entry.offer(own, limit);
            }
            self.full += usize::from(entry.holds_up(limit));
        }
    }

    /// Sends each subscriber what it has asked for, and forgets those that are gone.
    fn send_all(&mut self) {
        let board = &self.board;
        self.full = 0;
        self.subscribers.retain(|number, entry| {
            let stays = entry.send();
            if stays {
                self.full += usize::from(entry.holds_up(board.limit));
            } else {
                board.gauges().remove(number);
            }
            stays
        });
    }

    fn asked(&mut self, number: u64, demand: &Demand) {
        let limit = self.board.limit;
        let Some(entry) = self.subscribers.get_mut(&number) else { return };
        let Demand::More(amount) = demand else { return self.forget(number) };
        let held_up = entry.holds_up(limit);
        entry.owed.ask(*amount);
        let stays = entry.send();
        self.full -= usize::from(held_up && !entry.holds_up(limit));
        if stays {
            self.tell_end(number);
        } else {
            self.forget(number);
        }
    }

    fn forget(&mut self, number: u64) {
        if let Some(entry) = self.remove(number) {
            // It wants to hear nothing more.
            entry.link.leave();
        }
    }

    fn remove(&mut self, number: u64) -> Option<Entry<T>> {
        self.board.gauges().remove(&number);
        let entry = self.subscribers.remove(&number)?;
        self.full -= usize::from(entry.holds_up(self.board.limit));
        Some(entry)
    }

    /// Tells a subscriber the end, if it has taken everything and nothing more is to be dealt.
    fn tell_end(&mut self, number: u64) {
        let taken = |entry: &Entry<T>| entry.queue.is_empty();
        if self.dry
            && self.subscribers.get(&number).is_some_and(taken)
            && let Some(mut entry) = self.remove(number)
        {
            entry.link.last(Flow::End);
        }
    }

    fn fed(&mut self, number: u64, flow: Flow<T>) {
        if let Flow::Begin(_) = flow {
            self.intake.admit(number);
        }
        // What a sink's pipeline has failed of is its own: to the hub it is an end.
        let _ = self.intake.take(number, flow);
        if self.ending {
            self.intake.close();
        }
    }

    fn end(&mut self) {
        self.ending = true;
        self.board.ended_well.store(true, Ordering::Relaxed);
        self.board.ended.store(true, Ordering::Relaxed);
        self.intake.close();
    }

    /// Says the end to whoever has taken everything; ends when nobody is left.
    fn finish(&mut self, ctx: &mut Context<Self>) {
        if self.draining && !self.ending && self.intake.is_over() {
            self.end();
        }
        if !self.ending || !self.intake.is_empty() {
            self.dry = false;
            return;
        }
        if !std::mem::replace(&mut self.dry, true) {
            let numbers: Vec<_> = self.subscribers.keys().copied().collect();
            numbers.into_iter().for_each(|number| self.tell_end(number));
        }
        if self.subscribers.is_empty() && self.intake.is_over() {
            ctx.stop();
        }
    }
}

impl<T: Clone + Send + 'static> Actor for HubActor<T> {
    type Message = HubMessage<T>;

    fn show(message: &HubMessage<T>) -> String {
        match message {
            HubMessage::Published(_) => "an item is published".to_owned(),
            HubMessage::Fed(sink, flow) => format!("sink {sink} gives {}", flow.shown()),
            HubMessage::Subscribed(number, ..) => format!("subscriber {number} comes"),
            HubMessage::Asked(number, demand) => {
                format!("subscriber {number} has {}", demand.shown())
            }
            HubMessage::End => "to end".to_owned(),
        }
    }

    fn receive(&mut self, message: HubMessage<T>, ctx: &mut Context<Self>) -> Outcome {
        match message {
            HubMessage::Published(item) => self.intake.stand_alone(item),
            HubMessage::Fed(number, flow) => self.fed(number, flow),
            HubMessage::Subscribed(number, link, gauge) => {
                let (owed, queue) = (Owed::default(), VecDeque::new());
                self.subscribers.insert(number, Entry { link, owed, queue, gauge });
                self.tell_end(number);
            }
            HubMessage::Asked(number, demand) => self.asked(number, &demand),
            HubMessage::End => self.end(),
        }
        self.deal();
        self.finish(ctx);
        Ok(())
    }

    /// A planned stop: nothing new comes, and the links run dry.
    fn draining(&mut self, phase: DrainPhase, ctx: &mut Context<Self>) -> Outcome {
        self.draining |= phase == DrainPhase::Read;
        self.finish(ctx);
        Ok(())
    }

    fn stopping(&mut self, _: &ExitReason, _: &mut Context<Self>) {
        self.board.ended.store(true, Ordering::Relaxed);
        self.board.gauges().clear();
        self.intake.let_go();
        for entry in self.subscribers.values_mut() {
            // Those that are left had not had everything.
            entry.link.last(Flow::Failed(PipeError::new("hub", Cut::OwnerGone)));
        }
    }
}

impl<T: Send + 'static> Entry<T> {
    fn is_full(&self, limit: usize) -> bool {
        self.queue.len() >= limit
    }

    /// Whether it has as much as may wait for it, and nothing may be dropped.
    fn holds_up(&self, limit: usize) -> bool {
        self.gauge.policy == SlowPolicy::Wait && self.is_full(limit)
    }

    /// Puts an item into the queue, or does what the policy says. Items that are asked for leave it first.
    fn offer(&mut self, item: T, limit: usize) {
        if self.link.link.is_none() {
            return;
        }
        if self.is_full(limit) {
            self.send();
        }
        if self.is_full(limit) {
            match self.gauge.policy {
                // It was waited for, so there is room.
                SlowPolicy::Wait => {}
                SlowPolicy::DropOldest => {
                    self.queue.pop_front();
                    self.gauge.dropped.fetch_add(1, Ordering::Relaxed);
                }
                SlowPolicy::DropNewest => {
                    self.gauge.dropped.fetch_add(1, Ordering::Relaxed);
                    return;
                }
                SlowPolicy::Disconnect => {
                    self.queue.clear();
                    let error = PipeError::new("hub", HubError::TooSlow { limit });
                    return self.link.last(Flow::Failed(error));
                }
            }
        }
        self.queue.push_back(item);
    }

    /// Sends what was asked for. False if nobody is there any more.
    fn send(&mut self) -> bool {
        let mut batch = Vec::new();
        while self.owed.is_due() {
            let Some(item) = self.queue.pop_front() else { break };
            self.owed.give(weight(&item));
            batch.push(item);
        }
        self.gauge.waiting.store(self.queue.len() as u64, Ordering::Relaxed);
        let flow = match batch.len() {
            0 => return self.link.link.is_some(),
            1 => batch.pop().map(Flow::Item),
            _ => Some(Flow::Items(batch)),
        };
        flow.is_some_and(|flow| self.link.send(flow))
    }
}

/// The link to a subscriber. Dropped without a last word, because the hub ended before it took it, it says so.
pub(super) struct HubLink<T: Send + 'static> {
    link: Option<Downstream<T>>,
    board: Arc<Board>,
}

impl<T: Send + 'static> HubLink<T> {
    pub(super) fn new(link: Downstream<T>, board: Arc<Board>) -> Self {
        Self { link: Some(link), board }
    }

    fn send(&mut self, flow: Flow<T>) -> bool {
        self.link.as_mut().is_some_and(|link| link.take(flow))
    }

    fn last(&mut self, flow: Flow<T>) {
        if let Some(mut link) = self.link.take() {
            link.take(flow);
        }
    }

    fn leave(mut self) {
        self.link = None;
    }
}

impl<T: Send + 'static> Drop for HubLink<T> {
    fn drop(&mut self) {
        if self.board.ended_well.load(Ordering::Relaxed) {
            self.last(Flow::End);
        } else {
            self.last(Flow::Failed(PipeError::new("hub", Cut::OwnerGone)));
        }
    }
}

/// Where a subscriber asks.
pub(super) struct FromHub<T: Clone + Send + 'static> {
    pub(super) address: Address<HubMessage<T>>,
    pub(super) number: u64,
}

impl<T: Clone + Send + 'static> Supplier for FromHub<T> {
    fn ask(&self, demand: Demand) {
        // One that has ended has said so.
        let _ = self.address.send(HubMessage::Asked(self.number, demand));
    }
}
