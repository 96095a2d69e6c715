//! Lives: how actors start, fail, stop and are mourned, and when a runtime ends.

#[path = "life/end_of_run.rs"]
mod end_of_run;
#[path = "life/failures.rs"]
mod failures;
#[path = "life/payloads.rs"]
mod payloads;
#[path = "life/placement.rs"]
mod placement;
#[path = "life/provided.rs"]
mod provided;
#[path = "life/stopping.rs"]
mod stopping;
#[path = "life/watching.rs"]
mod watching;
