//! Panics of simulated runs, heard instead of printed: thousands of runs panic as planned, or again and again while a
//! failure is shrunk.
//!
//! Used by [`check`](super::check) around each run. Panics of other threads are printed as ever.

use std::any::Any;
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::Once;

thread_local! {
    /// What was thrown on this thread while it is quiet, and where.
    static HEARD: RefCell<Option<Vec<Heard>>> = const { RefCell::new(None) };
}

struct Heard {
    text: String,
    place: String,
}

/// Most panics that are kept of one run.
const KEPT: usize = 1000;

/// Runs `code`, and prints no panic of this thread meanwhile. Its own becomes an error: what it says, and where.
pub(super) fn quietly<R>(code: impl FnOnce() -> R) -> Result<R, String> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = take_hook();
        set_hook(Box::new(move |info| {
            let text = said(info.payload());
            let place = info.location().map(ToString::to_string).unwrap_or_default();
            if !hear(text, place) {
                before(info);
            }
        }));
    });
    let outer = HEARD.replace(Some(Vec::new()));
    let result = catch_unwind(AssertUnwindSafe(code)).map_err(|panic| text_of(&*panic));
    HEARD.replace(outer);
    result
}

/// What was thrown, as text.
fn said(payload: &(dyn Any + Send)) -> &str {
    let text = payload.downcast_ref::<&str>().copied();
    text.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("(no text)")
}

/// What was thrown, with the place in the source, if it was heard.
pub(super) fn text_of(payload: &(dyn Any + Send)) -> String {
    placed(said(payload))
}

/// True if this thread is quiet.
fn hear(text: &str, place: String) -> bool {
    // A thread that ends may have let go of it.
    let heard = HEARD.try_with(|heard| {
        let mut heard = heard.borrow_mut();
        let Some(heard) = &mut *heard else { return false };
        if heard.len() == KEPT {
            heard.remove(0);
        }
        heard.push(Heard { text: text.to_owned(), place });
        true
    });
    heard.unwrap_or(false)
}

/// What a panic of this run has said, with the place in the source, if it was heard.
pub(super) fn placed(text: &str) -> String {
    HEARD.with_borrow(|heard| {
        let heard = heard.iter().flatten().rev().find(|heard| heard.text == text);
        heard.map_or_else(|| text.to_owned(), Heard::to_string)
    })
}

impl std::fmt::Display for Heard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({})", self.text, self.place)
    }
}
