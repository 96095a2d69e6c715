//! The names under which actors of one runtime can be found.
//!
//! Filled with [`Context::register_name`](crate::Context::register_name); emptied when the actor ends. It hands
//! addresses out as copies and never holds a map guard across another call.

use std::any::Any;

use dashmap::DashMap;
use dashmap::mapref::entry::Entry;

use crate::actor::ActorId;
use crate::address::Address;
use crate::cell::CellRef;

/// The names of one runtime.
#[derive(Default)]
pub(crate) struct Registry {
    names: DashMap<String, Named>,
}

struct Named {
    cell: CellRef,
    /// The same as an address of its type.
    address: Box<dyn Any + Send + Sync>,
}

impl Named {
    fn id(&self) -> ActorId {
        self.cell.header().id
    }
}

/// A name could not be registered: another living actor has it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the name {name:?} belongs to actor {holder}: choose another name, or wait until that actor has ended"
)]
pub struct NameTaken {
    /// The name.
    pub name: String,
    /// Who has it.
    pub holder: ActorId,
}

impl Registry {
    pub(crate) fn register<M: Send + 'static>(
        &self,
        name: &str,
        address: Address<M>,
    ) -> Result<(), NameTaken> {
        let named = Named { cell: address.cell().clone(), address: Box::new(address) };
        // Dropped after the guard of the map.
        let before = match self.names.entry(name.to_owned()) {
            // Registered again, by the same actor after a restart.
            Entry::Occupied(taken) if taken.get().id() == named.id() => return Ok(()),
            // One that was cut off is dead, though it may not know yet.
            Entry::Occupied(mut taken) if taken.get().cell.is_dead() => Some(taken.insert(named)),
            Entry::Occupied(taken) => {
                return Err(NameTaken { name: name.to_owned(), holder: taken.get().id() });
            }
            Entry::Vacant(vacant) => {
                vacant.insert(named);
                None
            }
        };
        drop(before);
        Ok(())
    }

    /// The address under a name, if its actor takes `M`.
    pub(crate) fn find<M: Send + 'static>(&self, name: &str) -> Option<Address<M>> {
        let named = self.names.get(name).filter(|named| !named.cell.is_dead())?;
        named.address.downcast_ref::<Address<M>>().cloned()
    }

    pub(crate) fn forget(&self, name: &str, id: ActorId) {
        // Taken out first: the guard must be gone when the address inside is dropped.
        let gone = self.names.remove_if(name, |_, named| named.id() == id);
        drop(gone);
    }
}
