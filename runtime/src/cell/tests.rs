//! The sizes that a million idle actors stand on.

use super::*;
use crate::address::Address;
use crate::context::Context;
use crate::extras::Extras;

struct Stateless;

impl Actor for Stateless {
    type Message = [u64; 2];

    fn receive(&mut self, _: [u64; 2], _: &mut Context<'_, Self>) -> crate::actor::Outcome {
        Ok(())
    }
}

#[test]
fn an_address_is_one_word_and_a_cell_is_small() {
    assert_eq!(size_of::<Address<[u64; 2]>>(), size_of::<usize>());
    assert_eq!(size_of::<Option<Address<[u64; 2]>>>(), size_of::<usize>());
    let cell = size_of::<ActorCell<Stateless>>();
    assert!(cell <= 160, "a cell without state takes {cell} bytes");
    assert!(size_of::<Extras>() <= 96, "extras take {} bytes", size_of::<Extras>());
    assert!(size_of::<Parcel>() <= 56, "a parcel takes {} bytes", size_of::<Parcel>());
}
