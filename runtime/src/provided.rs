//! Things that belong to one runtime: at most one of each type, for every actor to find.
//!
//! Filled by [`Builder::provide`](crate::Builder::provide), or by the first actor that needs a thing; read through [`Context::provided`]. It knows
//! nothing of what it holds, and drops it with the runtime.

use std::any::{Any, TypeId};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::actor::Actor;
use crate::context::Context;

type Thing = Arc<dyn Any + Send + Sync>;

/// What one runtime has been given, by type.
#[derive(Default)]
pub(crate) struct Provided {
    /// In an order that is the same in each run: in it they are dropped.
    things: Mutex<BTreeMap<TypeId, Thing>>,
}

impl Provided {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<TypeId, Thing>> {
        // Nothing of the user's runs under it.
        self.things.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The last of a type counts.
    pub(crate) fn set<T: Send + Sync + 'static>(&self, value: T) {
        let thing: Thing = Arc::new(value);
        let before = self.lock().insert(TypeId::of::<T>(), thing);
        // Outside of the lock: it is the user's.
        drop(before);
    }

    pub(crate) fn get<T: Send + Sync + 'static>(&self) -> Option<Arc<T>> {
        let thing = self.lock().get(&TypeId::of::<T>()).cloned();
        thing?.downcast().ok()
    }

    /// Drops all of them: the runtime has ended, and what they hold may hold the runtime.
    pub(crate) fn clear(&self) {
        let things = std::mem::take(&mut *self.lock());
        drop(things);
    }

    fn get_or_set<T: Send + Sync + 'static>(&self, value: T) -> Arc<T> {
        let mine = Arc::new(value);
        let offered: Thing = Arc::<T>::clone(&mine);
        let thing = Arc::clone(self.lock().entry(TypeId::of::<T>()).or_insert(offered));
        thing.downcast().unwrap_or(mine)
    }
}

impl<A: Actor> Context<'_, A> {
    /// The thing of type `T` that this runtime was given: by [`Builder::provide`](crate::Builder::provide), or by
    /// [`provided_or`](Self::provided_or). It takes a mutex for the moment of one look into a table: keep what it returns
    /// where it is needed often.
    #[must_use]
    pub fn provided<T: Send + Sync + 'static>(&self) -> Option<Arc<T>> {
        self.local().home.world.provided.get()
    }

    /// The same; if there is none yet, the runtime is given what `make` makes, and has it from now on. All loops get the
    /// same one, though `make` may be called on several at once: all but one of what they make is dropped again.
    ///
    /// For libraries that keep something for each runtime.
    pub fn provided_or<T: Send + Sync + 'static>(&self, make: impl FnOnce() -> T) -> Arc<T> {
        self.provided().unwrap_or_else(|| self.local().home.world.provided.get_or_set(make()))
    }
}
