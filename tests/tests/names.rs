//! Names: looked up as the system does it, and asked of name servers.

#[path = "names/lookups.rs"]
mod lookups;
#[path = "names/shared_lookups.rs"]
mod shared_lookups;
