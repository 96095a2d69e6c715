//! Pausing and resuming: how an actor waits for the targets that it has filled.
//!
//! Called by [`turn`](crate::turn) after a message that sent to something over, by [`parcel`](crate::parcel) for waits
//! that cross loops, and by whatever empties a mailbox or drops a guard. Who may wait on whom is said by the pure
//! [`pressure`](crate::pressure) forest; this file only carries it out.
//!
//! | step | where | what |
//! |---|---|---|
//! | note | sender's turn | `send` to something over notes it ([`Local::note`]) |
//! | settle | sender's loop, after that message | the noted targets become the list that it waits for, one after another |
//! | publish, walk | sender's loop | the forest: publish the wait word, then walk; withdraw if that would close a cycle |
//! | register | target's loop, same FIFO inbox | still over: the waiter joins the queue; else it is resumed at once |
//! | resume | target's loop, at the low mark or its end | every waiter, first come first served |
//! | next | sender's loop | the next target of the list; none left: runnable again, at its old place |

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::backlog::Resume;
use crate::cell::CellRef;
use crate::dying;
use crate::extras::{Wait, Waiter, WaitsOn};
use crate::lane::Lane;
use crate::local::Local;
use crate::mailbox::Overflow;
use crate::metrics::Pause;
use crate::own::flag;
use crate::parcel::Parcel;
use crate::pressure::Verdict;
use crate::recipient::Ready;

/// Waiters that have given up are looked for at every so many.
const WAITERS_PER_LOOK: usize = 64;

/// Somebody has sent to `cell`, whose mailbox is `above` its high mark or not. If it is over, a sender that `waits` is
/// noted: it is over from the high mark until the low one, and while it holds a guard.
pub(crate) fn pushed(local: &Local, cell: &CellRef, above: bool, waits: bool) {
    let own = cell.own(local);
    if above && !own.has(flag::FULL) {
        own.set(flag::FULL);
        cell.set_over(true);
    }
    if waits && own.has(flag::FULL | flag::GUARDED) {
        local.note(cell);
    }
}

/// Looks again whether `cell` is over, after its mailbox fell or a guard was dropped. Resumes its waiters if not.
pub(crate) fn refresh(local: &Local, cell: &CellRef) {
    let own = cell.own(local);
    let guarded = own.extras_if_any().is_some_and(|extras| !extras.borrow().guards.is_empty());
    if guarded {
        own.set(flag::GUARDED);
    } else {
        own.clear(flag::GUARDED);
    }
    let over = own.has(flag::FULL | flag::GUARDED) && !own.has(flag::DEAD);
    cell.set_over(over);
    if !over {
        resume_all(local, cell);
    }
}

/// Resumes everybody who waits on `cell`, first come first served.
pub(crate) fn resume_all(local: &Local, cell: &CellRef) {
    let Some(extras) = cell.own(local).extras_if_any() else { return };
    let waiters = extras.borrow_mut().rare_if_any().map(|rare| std::mem::take(&mut rare.waiters));
    for waiter in waiters.into_iter().flatten() {
        resume(waiter, cell);
    }
}

/// Somebody no longer waits for `on`.
fn resume(waiter: Waiter, on: &CellRef) {
    match waiter {
        Waiter::Thread(parker) => parker.unpark(),
        Waiter::Actor(cell) => Parcel::Resume(cell.clone()).send(&cell),
        // The function that makes the message of it is somebody else's.
        Waiter::News(tell) => {
            dying::carefully(on, "telling that it is no longer over", || tell.complete(Ready));
        }
    }
}

/// After a message: the actor waits for what it noted. True if it is paused now.
pub(crate) fn settle(local: &Local, cell: &CellRef) -> bool {
    let (noted, lanes) = local.take_noted();
    let own = cell.own(local);
    // One that is to stop waits for nobody: it has only its end before it.
    if (noted.is_empty() && lanes == 0) || own.has(flag::TIRELESS | flag::STOPPING | flag::DEAD) {
        return false;
    }
    let mut extras = own.extras().borrow_mut();
    extras.lanes |= lanes;
    for target in noted {
        let known = target.same(cell) || extras.targets.iter().any(|other| other.same(&target));
        if !known {
            extras.targets.push_back(target);
        }
    }
    drop(extras);
    // At the end of a round it may be waiting already: then these come after.
    own.has(flag::PAUSED) || wait_for_next(local, cell)
}

/// Waits for the next target on the list that is still over. True if there was one.
fn wait_for_next(local: &Local, cell: &CellRef) -> bool {
    loop {
        let next = cell.own(local).extras().borrow_mut().targets.pop_front();
        match next {
            None => return wait_for_lanes(local, cell),
            Some(target) if wait_for(local, cell, &target) => return true,
            Some(_) => {}
        }
    }
}

/// Publishes, walks, and registers with the target. False if there is nothing to wait for, or it must not wait.
fn wait_for(local: &Local, cell: &CellRef, target: &CellRef) -> bool {
    let here = target.is_home(local);
    let same_world = std::ptr::eq(&*cell.header().home.world, &*target.header().home.world);
    // Elsewhere it may be the inbox that is full, for which everybody waits: the target's loop decides.
    if !same_world || target.is_dead() || (here && !(target.is_over() && waits(target))) {
        return false;
    }
    let world = &local.home.world;
    let word = world.slot_of(cell);
    match world.forest.try_wait(word, world.slot_of(target)) {
        Verdict::Wait => {}
        Verdict::Cycle | Verdict::TooLong => {
            local.counters().waits_withdrawn.add(1);
            return false;
        }
    }
    let who = Waiter::Actor(cell.clone());
    if here {
        target.own(local).extras().borrow_mut().waiters.push_back(who);
    } else if target.header().home.post(Parcel::Wait { who, on: target.clone() }).is_err() {
        world.forest.clear(word);
        return false;
    }
    sit_down(local, cell, WaitsOn::Actor(target.clone()));
    true
}

/// Waits for the next lane of the pool on the list that is still over. True if there was one.
///
/// A lane waits for nobody, so this closes no cycle and needs no word.
fn wait_for_lanes(local: &Local, cell: &CellRef) -> bool {
    let lanes = std::mem::take(&mut cell.own(local).extras().borrow_mut().lanes);
    for lane in Lane::ALL.into_iter().filter(|lane| lanes & lane.bit() != 0) {
        let call = Arc::new(AtomicBool::new(false));
        let resume = || {
            let cell = cell.clone();
            Resume::new(&call, move || Parcel::Resume(cell.clone()).send(&cell))
        };
        if local.home.world.pool.wait(lane, resume) {
            let later = lanes & !(2 * lane.bit() - 1);
            cell.own(local).extras().borrow_mut().lanes = later;
            sit_down(local, cell, WaitsOn::Lane(lane, call));
            return true;
        }
    }
    false
}

/// The actor is paused from now on.
fn sit_down(local: &Local, cell: &CellRef, on: WaitsOn) {
    let own = cell.own(local);
    own.set(flag::PAUSED);
    let mut paused = local.paused.borrow_mut();
    let place = paused.len();
    paused.push(cell.clone());
    own.extras().borrow_mut().waits_on = Some(Wait { on, since: local.now(), place });
    local.counters().pauses.add(1);
}

/// Whether senders wait for this actor at all: not if its mailbox drops, rejects or is unbounded.
fn waits(target: &CellRef) -> bool {
    target.header().overflow == Overflow::Wait
}

/// A wait record has arrived at the target's loop.
pub(crate) fn wait_requested(local: &Local, who: Waiter, on: &CellRef) {
    // Who wants news would else ask again and again where senders do not wait.
    let news = matches!(who, Waiter::News(_));
    if on.is_over() && (news || waits(on)) && !on.own(local).has(flag::DEAD) {
        let mut extras = on.own(local).extras().borrow_mut();
        if extras.waiters.len() % WAITERS_PER_LOOK == WAITERS_PER_LOOK - 1 {
            // Threads whose time has run out have let go of theirs.
            extras.waiters.retain(|waiter| match waiter {
                Waiter::Thread(parker) => Arc::strong_count(parker) > 1,
                Waiter::Actor(_) => true,
                Waiter::News(tell) => !tell.is_closed(),
            });
        }
        extras.waiters.push_back(who);
    } else {
        resume(who, on);
    }
}

/// A wait of `cell` is over: on to the next target, or runnable again.
pub(crate) fn resumed(local: &Local, cell: &CellRef) {
    let own = cell.own(local);
    if !own.has(flag::PAUSED) || waits_uncalled(local, cell) {
        return;
    }
    stand_up(local, cell);
    if !wait_for_next(local, cell) && has_work(local, cell) {
        local.schedule(cell);
    }
}

/// Whether it waits for a lane that has not called it: what has come was meant for another wait of it, before a restart.
fn waits_uncalled(local: &Local, cell: &CellRef) -> bool {
    let extras = cell.own(local).extras().borrow();
    match &extras.waits_on {
        Some(Wait { on: WaitsOn::Lane(_, call), .. }) => !call.load(Ordering::Relaxed),
        _ => false,
    }
}

/// Whether the actor has anything to take a turn for.
pub(crate) fn has_work(local: &Local, cell: &CellRef) -> bool {
    cell.own(local).has(flag::URGENT | flag::STOPPING) || (cell.ops().queued)(cell, local) > 0
}

/// Takes `cell` out of its wait: the word first, then the loop's list.
pub(crate) fn stand_up(local: &Local, cell: &CellRef) {
    let own = cell.own(local);
    own.clear(flag::PAUSED);
    let Some(wait) = own.extras().borrow_mut().waits_on.take() else { return };
    if let WaitsOn::Actor(_) = wait.on {
        let world = &local.home.world;
        world.forest.clear(world.slot_of(cell));
    }
    let nanos = (local.now() - wait.since).as_nanos() as u64;
    local.counters().paused_nanos.add(nanos);
    own.extras().borrow_mut().paused_nanos += nanos;
    let mut paused = local.paused.borrow_mut();
    paused.swap_remove(wait.place);
    if let Some(moved) = paused.get(wait.place)
        && let Some(wait_of_moved) = &mut moved.own(local).extras().borrow_mut().waits_on
    {
        wait_of_moved.place = wait.place;
    }
}

/// Who is paused on this loop.
pub(crate) fn pauses(local: &Local) -> Vec<Pause> {
    local.paused.borrow().iter().filter_map(|cell| pause(local, cell)).collect()
}

/// On whom an actor of this loop waits.
pub(crate) fn pause(local: &Local, cell: &CellRef) -> Option<Pause> {
    let extras = cell.own(local).extras_if_any()?.borrow();
    let wait = extras.waits_on.as_ref()?;
    Some(Pause { who: dying::path_of(cell), on: wait.on.path(), waited: local.now() - wait.since })
}
