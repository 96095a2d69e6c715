//! Plain threads beside a runtime.

use std::thread;

use roundsman::{Builder, RunError, RuntimeHandle};

use crate::ledger::assert_balanced;
use crate::patience::must_end;
use crate::role::Role;

/// Runs `outside` on a thread beside a runtime that is alive for as long as it has its handle.
///
/// # Panics
/// If `outside` does, if the runtime cannot be built or fails, or if it all does not end.
#[track_caller]
pub fn beside(builder: Builder, outside: impl FnOnce(RuntimeHandle) + Send + 'static) {
    beside_any(builder, outside).expect("an idle root does not fail");
}

/// The same, whatever becomes of the run.
///
/// # Errors
/// Those of the run.
///
/// # Panics
/// If `outside` does, if the runtime cannot be built, or if it all does not end.
#[track_caller]
pub fn beside_any(
    builder: Builder,
    outside: impl FnOnce(RuntimeHandle) + Send + 'static,
) -> Result<(), RunError> {
    must_end(move || {
        let runtime = builder.build().expect("a runtime can be built");
        let handle = runtime.handle();
        let books = runtime.handle().unref();
        #[expect(clippy::disallowed_methods, reason = "what a plain thread sees")]
        let thread = thread::spawn(move || outside(handle));
        let result = runtime.run(Role::<()>::idle);
        if let Err(panic) = thread.join() {
            std::panic::resume_unwind(panic);
        }
        assert_balanced(&books);
        result
    })
}
