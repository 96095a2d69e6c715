//! A table of names, in the place of the system's look-up.

use std::collections::HashMap;
use std::net::IpAddr;

use super::{Addresses, Family, LookupError};

/// A table of names: what a test, or a simulated world, looks names up in. Given to a runtime as
/// [`Lookups::from`](super::Lookups).
///
/// Upper and lower case are the same, and a dot at the end does not count. A name that is not in it is not found.
///
/// # Examples
/// ```
/// use std::time::Duration;
///
/// use roundsman::dns::{self, Addresses, Hosts, LookupError, Lookups};
/// use roundsman::prelude::*;
///
/// struct Client;
///
/// impl Actor for Client {
///     type Message = Result<Addresses, LookupError>;
///
///     fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
///         dns::lookup("db.test").start(ctx, |found| found);
///         Ok(())
///     }
///
///     fn receive(&mut self, found: Self::Message, ctx: &mut Context<Self>) -> Outcome {
///         assert_eq!(found?.with_port(5432)[0].to_string(), "10.0.0.7:5432");
///         ctx.stop();
///         Ok(())
///     }
/// }
///
/// let hosts = Hosts::new().with("db.test", ["10.0.0.7".parse()?]);
/// let builder = Runtime::builder().simulated(1).provide(Lookups::from(hosts));
/// builder.build()?.run(|| Client)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Hosts {
    names: HashMap<String, Vec<IpAddr>>,
}

impl Hosts {
    /// An empty table.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The same table with one more name, which has these addresses, in this order. The last of a name counts.
    #[must_use]
    pub fn with(mut self, name: &str, addresses: impl IntoIterator<Item = IpAddr>) -> Self {
        self.names.insert(entry(name), addresses.into_iter().collect());
        self
    }

    pub(super) fn find(&self, host: &str, family: Family) -> Result<Addresses, LookupError> {
        let found = self.names.get(&entry(host));
        let found = found.ok_or_else(|| LookupError::NotFound { host: host.into() })?;
        Ok(found.iter().copied().filter(|ip| family.has(*ip)).collect())
    }
}

/// How a name stands in the table.
fn entry(name: &str) -> String {
    name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase()
}
