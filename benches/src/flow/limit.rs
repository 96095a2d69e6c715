//! The limit: a loop written by hand, with nothing between the parts.

use super::{Carried, Flow, Form, change, gather, keep};
use crate::clock;

/// Carries a fused flow; a loop has no boundary.
pub fn run(Flow { form, items }: Flow) -> Option<Carried> {
    if form == Form::Boundary {
        return None;
    }
    let begun = clock::now();
    let mut gathered = 0;
    for item in 0..items {
        let changed = change(item);
        if keep(&changed) {
            gathered = gather(gathered, changed);
        }
    }
    Some(Carried { elapsed: begun.elapsed(), gathered })
}
