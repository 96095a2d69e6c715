//! The look-ups under way in one runtime: those of the same name and family share one job.
//!
//! | state of a flight | what moves it on |
//! |---|---|
//! | called: one passenger is to start the job | it starts it; or leaves, and the next is called |
//! | boarded: the job waits for a thread, or runs | it lands: all are told; or is dropped unrun, and the next passenger is called |
//! | gone | nobody waits any more, or it has landed |
//!
//! Used by [`seeker`](super::seeker). Nobody is told anything under the mutex.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use roundsman_runtime::Recipient;

use super::{Addresses, Family, LookupError};

/// What is looked up.
pub(super) type Key = (Arc<str>, Family);

/// What a passenger hears.
pub(super) enum News {
    Landed(Result<Addresses, LookupError>),
    /// It is to start the job.
    Called,
}

/// The look-ups under way in one runtime.
#[derive(Default)]
pub(super) struct Flights {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    flights: HashMap<Key, Flight>,
    next: u64,
}

struct Flight {
    passengers: Vec<Passenger>,
    /// Who is to start the job; `None`: it is under way.
    called: Option<u64>,
}

#[derive(Clone)]
struct Passenger {
    id: u64,
    tell: Recipient<News>,
}

impl Flights {
    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing of the user's runs under it.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a seat. Whoever is the first is called.
    pub(super) fn join(self: &Arc<Self>, key: Key, tell: Recipient<News>) -> Seat {
        let mut state = self.lock();
        let id = state.next;
        state.next += 1;
        let passenger = Passenger { id, tell: tell.clone() };
        let called = match state.flights.entry(key.clone()) {
            Entry::Occupied(mut flight) => {
                flight.get_mut().passengers.push(passenger);
                false
            }
            Entry::Vacant(vacant) => {
                vacant.insert(Flight { passengers: vec![passenger], called: Some(id) });
                true
            }
        };
        drop(state);
        if called {
            tell.complete(News::Called);
        }
        Seat { flights: Arc::clone(self), key, id }
    }

    /// Calls the next, if somebody waits.
    fn call(&self, mut state: MutexGuard<'_, State>, key: &Key) {
        let next = state.flights.get_mut(key).and_then(|flight| {
            let next = flight.passengers.first().cloned();
            flight.called = next.as_ref().map(|next| next.id);
            next
        });
        match next {
            Some(next) => {
                drop(state);
                next.tell.complete(News::Called);
            }
            None => drop(state.flights.remove(key)),
        }
    }
}

/// The place of one who waits. Dropped, it is free, and if that one was called, the next is.
pub(super) struct Seat {
    flights: Arc<Flights>,
    key: Key,
    id: u64,
}

impl Seat {
    /// What the job is to hold while it waits and runs.
    pub(super) fn board(&self) -> Boarded {
        if let Some(flight) = self.flights.lock().flights.get_mut(&self.key) {
            flight.called = None;
        }
        Boarded { flights: Arc::clone(&self.flights), key: self.key.clone(), landed: false }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut state = self.flights.lock();
        // Gone if it has landed.
        let Some(flight) = state.flights.get_mut(&self.key) else { return };
        let Some(place) = flight.passengers.iter().position(|one| one.id == self.id) else {
            return;
        };
        let gone = flight.passengers.remove(place);
        if flight.called == Some(self.id) {
            self.flights.call(state, &self.key);
        } else {
            drop(state);
        }
        drop(gone);
    }
}

/// A job under way. Dropped before it has landed, it never ran, or has panicked: the next passenger is called.
pub(super) struct Boarded {
    flights: Arc<Flights>,
    key: Key,
    landed: bool,
}

impl Boarded {
    /// Tells everybody who waits.
    pub(super) fn land(mut self, outcome: &Result<Addresses, LookupError>) {
        self.landed = true;
        let flight = self.flights.lock().flights.remove(&self.key);
        for passenger in flight.into_iter().flat_map(|flight| flight.passengers) {
            if !passenger.tell.is_closed() {
                passenger.tell.complete(News::Landed(outcome.clone()));
            }
        }
    }
}

impl Drop for Boarded {
    fn drop(&mut self) {
        if !self.landed {
            self.flights.call(self.flights.lock(), &self.key);
        }
    }
}
