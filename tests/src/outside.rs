//! Plain threads beside a runtime.

use std::thread;

use roundsman::{Builder, RuntimeHandle};

use crate::ledger::assert_balanced;
use crate::patience::must_end;
use crate::role::Role;

/// Runs `outside` on a thread beside a runtime that is alive for as long as it has its handle.
///
/// # Panics
/// If `outside` does, if the runtime cannot be built or fails, if it all does not end, or if the books about messages do
/// not balance.
#[track_caller]
pub fn beside(builder: Builder, outside: impl FnOnce(RuntimeHandle) + Send + 'static) {
    must_end(move || {
        let runtime = builder.build().expect("a runtime can be built");
        let (handle, watched) = (runtime.handle(), runtime.handle().unref());
        #[expect(clippy::disallowed_methods, reason = "what a plain thread sees")]
        let thread = thread::spawn(move || outside(handle));
        runtime.run(Role::<()>::idle).expect("an idle root does not fail");
        if let Err(panic) = thread.join() {
            std::panic::resume_unwind(panic);
        }
        assert_balanced(&watched);
    });
}
