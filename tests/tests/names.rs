//! Names: looked up as the system does it, and asked of name servers.

#[path = "names/hostile.rs"]
mod hostile;
#[path = "names/lookups.rs"]
mod lookups;
#[path = "names/questions.rs"]
mod questions;
#[path = "names/records.rs"]
mod records;
#[path = "names/shared_lookups.rs"]
mod shared_lookups;
