//! The jobs of an actor: started, cancelled, and home again as its own message.
//!
//! [`Context::start`] enters a job in the actor's hooks and puts it into its loop's [`outbox`](crate::outbox),
//! from which it comes to the [`pool`](crate::pool); one that is to run in place it runs, and sends home. What comes home, through the loop's inbox, takes its entry out and becomes a
//! message. Whoever comes second (result, cancellation, deadline, the actor's end) finds the entry gone: so a job that
//! was started gives exactly one message, unless its actor ends first.
//!
//! The function that makes the message stays here, so it need not be `Send`, and costs nothing if it is an enum variant.

use std::any::Any;
use std::cell::RefCell;
use std::sync::Arc;

use slab::Slab;

use crate::actor::{Actor, ActorId};
use crate::address::Address;
use crate::cell::{CellRef, Handle};
use crate::context::Context;
use crate::dying;
use crate::errand::{Queued, Refusal};
use crate::hooks::Hooks;
use crate::job::{Homing, Job, Way};
use crate::job_error::JobError;
use crate::local::Local;
use crate::timer_wheel::TimerKey;

/// Names a job, for [`Context::cancel_job`]. No other job of the same runtime has the same, not even one of another actor,
/// or of another life of the same actor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct JobId {
    actor: ActorId,
    key: JobKey,
}

/// Names a job among those of its loop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct JobKey {
    index: u32,
    /// Drawn from the [`Outbox`](crate::outbox::Outbox): it lives as long as the loop, longer than the jobs of a life.
    generation: u32,
}

/// The jobs that an actor has started and not heard of.
#[derive(Default)]
pub(crate) struct Jobs {
    /// Boxed, for most actors that have hooks never start one.
    entries: Option<Box<Slab<Entry>>>,
}

struct Entry {
    generation: u32,
    errand: Arc<dyn Homing>,
    /// Makes the message: the function that was given to `start`.
    map: Box<dyn Any>,
    /// When it no longer may start.
    deadline: Option<TimerKey>,
}

impl Jobs {
    fn take(&mut self, id: JobKey) -> Option<Entry> {
        let entries = self.entries.as_mut()?;
        let entry = entries.get(id.index as usize)?;
        (entry.generation == id.generation).then(|| entries.remove(id.index as usize))
    }

    fn errand(&self, id: JobKey) -> Option<Arc<dyn Homing>> {
        let entry = self.entries.as_ref()?.get(id.index as usize)?;
        (entry.generation == id.generation).then(|| Arc::clone(&entry.errand))
    }
}

impl<A: Actor> Context<'_, A> {
    /// Runs a job on the pool. Its result arrives as this actor's own message, made by `map`: mostly an enum variant.
    ///
    /// Exactly one message comes of it, unless this actor ends first: then a job that still waits never runs, and one
    /// that runs sees it by its token. The message never counts towards the mailbox's marks, and an actor that is
    /// paused gets it when it goes on. A job keeps the runtime alive until it has been answered.
    ///
    /// It never blocks and never fails for fullness. If more jobs wait in the lane than it should hold
    /// ([`LaneLimits::queue`](crate::LaneLimits::queue)), this actor is paused after the message that it is handling.
    pub fn start<T, E, F>(&mut self, job: Job<T, E>, map: F) -> JobId
    where
        T: Send + 'static,
        E: Send + 'static,
        F: FnOnce(Result<T, JobError<E>>) -> A::Message + 'static,
    {
        let Handle { cell, local, .. } = self.actor;
        let (lane, in_place) = (job.lane(), job.is_in_place());
        let longest = job.longest_wait().filter(|_| !in_place);
        let expires = longest.map(|longest| local.driver.clock.now() + longest);
        let mut hooks = self.actor.front().hooks(local).borrow_mut();
        let jobs = &mut hooks.jobs;
        let generation = local.outbox.next_generation();
        let vacant = jobs.entries.get_or_insert_default().vacant_entry();
        let key = JobKey { index: vacant.key() as u32, generation };
        let way = Way::new(cell.clone(), key, deliver::<A, T, E, F>);
        let errand = job.prepare(expires, way);
        let deadline = expires.map(|at| local.arm_job(at, cell.clone(), key));
        let outgoing = Arc::<dyn Homing>::clone(&errand);
        vacant.insert(Entry { generation, errand, map: Box::new(map), deadline });
        drop(hooks);
        local.keep();
        if in_place {
            local.counters().jobs_in_place.add(1);
            outgoing.run();
            // Through the inbox, like any other: never inside of this handler.
            outgoing.go_home();
        } else if local.outbox.push(local, lane, Queued::new(outgoing)) {
            local.note_lane(lane);
        }
        JobId { actor: cell.header().id, key }
    }

    /// Cancels a job. One that has not begun never will, and is answered at once:
    /// [`JobError::Cancelled`]. One that runs sees it by its [`CancelToken`](crate::CancelToken), and is answered as
    /// it ends, with whatever it answers.
    ///
    /// False if there is nothing left to cancel: it has ended, or was answered; or it is another actor's.
    pub fn cancel_job(&mut self, job: JobId) -> bool {
        let local = self.actor.local;
        if job.actor != self.actor.cell.header().id {
            return false;
        }
        let hooks = self.actor.front().hooks_if_any(local);
        let Some(errand) = hooks.and_then(|hooks| hooks.borrow().jobs.errand(job.key)) else {
            return false;
        };
        if take_back(local, &errand, Refusal::Cancelled) {
            errand.arrive(local);
            return true;
        }
        errand.cancel();
        !errand.has_ended()
    }
}

impl<T: Send + 'static, E: Send + 'static> Job<T, E> {
    /// Runs it for nobody: for what has to be done when a value is dropped, and may block. (Tokio: a task whose handle is
    /// dropped.)
    ///
    /// On a loop it goes to that loop's pool; anywhere else, on a thread of the pool too, it runs before this returns. It
    /// stands in no [`Line`](crate::Line), does not keep the runtime alive, and never pauses an actor. If the runtime
    /// ends before it has begun, its code is dropped: what it captured should do by its own drop what is left to do.
    /// What it answers is dropped; a panic ends nothing.
    ///
    /// # Examples
    /// ```
    /// use std::fs::File;
    /// use roundsman_runtime::{Lane, job};
    ///
    /// /// A file that no loop waits for when it is closed.
    /// struct Closed(Option<File>);
    ///
    /// impl Drop for Closed {
    ///     fn drop(&mut self) {
    ///         let file = self.0.take();
    ///         job(Lane::Fs, move || drop(file)).detach();
    ///     }
    /// }
    ///
    /// drop(Closed(Some(File::open("Cargo.toml")?)));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn detach(self) {
        let errand = self.for_nobody();
        let taken = Local::with_any(|local| {
            let queued = Queued::new(Arc::<dyn Homing>::clone(&errand));
            local.outbox.push(local, errand.lane(), queued);
        });
        if taken.is_none() {
            errand.run();
        }
    }
}

/// Takes a job back that has not begun, and answers it. False if it is too late.
fn take_back(local: &Local, errand: &Arc<dyn Homing>, why: Refusal) -> bool {
    let now = local.driver.clock.now();
    let Some(job) = local.home.world.pool.withdraw(errand.lane(), || errand.ticket(), now) else {
        return false;
    };
    drop(job);
    errand.refuse(why);
    errand.leave_line();
    true
}

/// The time of a job that waits for a thread has run out.
pub(crate) fn expired<A: Actor>(owner: &Handle<'_, A>, id: JobKey) {
    let hooks = owner.front().hooks(owner.local);
    let mut borrowed = hooks.borrow_mut();
    let entries = borrowed.jobs.entries.as_mut();
    if let Some(entry) = entries.and_then(|entries| entries.get_mut(id.index as usize))
        && entry.generation == id.generation
    {
        entry.deadline = None;
        let errand = Arc::clone(&entry.errand);
        drop(borrowed);
        if take_back(owner.local, &errand, Refusal::Expired) {
            errand.arrive(owner.local);
        }
    }
}

/// Delivers a result to an owner of type `A` on its loop.
fn deliver<A, T, E, F>(cell: &CellRef, local: &Local, id: JobKey, result: Result<T, JobError<E>>)
where
    A: Actor,
    T: Send + 'static,
    E: Send + 'static,
    F: FnOnce(Result<T, JobError<E>>) -> A::Message + 'static,
{
    let owner = Handle::<A>::new(cell, local);
    let hooks = owner.front().hooks_if_any(local);
    let Some(entry) = hooks.and_then(|hooks| hooks.borrow_mut().jobs.take(id)) else {
        // The user's `Drop`, in nobody's turn.
        dying::carefully(cell, "dropping the result of a job", || drop(result));
        return;
    };
    let Entry { errand, map, deadline, .. } = entry;
    drop(errand);
    settled(local, deadline);
    let Ok(map) = map.downcast::<F>() else { return };
    // The owner's own function, on its loop but not in its turn.
    if let Some(message) = dying::on_behalf(&owner, || map(result)) {
        Address::of(&owner).push_exempt(message, local);
    }
}

/// A job no longer keeps the runtime alive.
fn settled(local: &Local, deadline: Option<TimerKey>) {
    if let Some(key) = deadline {
        local.disarm(key);
    }
    local.unkeep();
}

/// The owner ends: what waits never runs, what runs is told.
pub(crate) fn abandon<M>(hooks: &RefCell<Hooks<M>>, cell: &CellRef, local: &Local) {
    let entries = std::mem::take(&mut hooks.borrow_mut().jobs.entries);
    let Some(entries) = entries else { return };
    let mut entries: Vec<_> = entries.into_iter().map(|(_, entry)| entry).collect();
    // The last first: threads go on meanwhile, and what runs of a line must be its beginning, without a gap.
    let next = local.outbox.next_generation();
    entries.sort_unstable_by_key(|entry| next.wrapping_sub(entry.generation));
    for entry in &mut entries {
        settled(local, entry.deadline.take());
        if !take_back(local, &entry.errand, Refusal::Cancelled) {
            entry.errand.cancel();
        }
    }
    for Entry { errand, map, .. } in entries {
        drop(errand);
        dying::carefully(cell, "dropping the answer of a job", || drop(map));
    }
}
