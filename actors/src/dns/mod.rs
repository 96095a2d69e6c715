//! Names: what the system makes of a host's name, and what name servers say.
//!
//! Two ways, as in Node:
//!
//! - [`lookup`] asks the system (`getaddrinfo`): the hosts file, `nsswitch.conf`, multicast DNS, whatever this machine is set up
//!   to do. It blocks, so it is a job of the pool. This is what connecting to a name uses.
//! - [`Resolver`] asks name servers, over sockets of the actor's own loop, for records of any [kind](RecordType).
//!
//! `lookup` knows no sockets. Only `hickory` names the crate that speaks DNS.

mod addresses;
mod answer;
mod ask;
mod flights;
mod hickory;
mod hosts;
mod inquiry;
mod lookup;
mod lookup_error;
mod lookups;
mod question;
mod record;
mod resolve_error;
mod resolver;
mod seeker;
mod service;
mod settings;

pub use addresses::Addresses;
pub use answer::Answer;
pub use hosts::Hosts;
pub use inquiry::Inquiry;
pub use lookup::{Family, Lookup, lookup};
pub use lookup_error::LookupError;
pub use lookups::Lookups;
pub use question::Question;
pub use record::{Caa, Mx, Record, RecordType, Soa, Srv, Txt, UnknownType};
pub use resolve_error::{Asked, ResolveError};
pub use resolver::{Resolver, ResolverBuilder};
