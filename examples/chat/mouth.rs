//! What a session speaks through: an outlet whose last line is `ERROR`, whatever becomes of the session.
//!
//! The pipeline that it feeds belongs to the server, not to the session, so that it outlives one that fails: what had been
//! said is still sent, and after it why nothing more comes.

use std::ops::{Deref, DerefMut};

use bytes::Bytes;
use roundsman::stream::{Full, Outlet};

use super::wire;

/// The outlet of a session. Dropped before it was [closed](Self::close), it says that its session has failed.
pub struct Mouth(Outlet<Bytes>);

impl Mouth {
    pub fn new(outlet: Outlet<Bytes>) -> Self {
        Self(outlet)
    }

    /// Says why, as the last line. If there is no room for it, it takes the place of what waits.
    pub fn close(&mut self, why: &str) {
        let error = wire::bare("ERROR", &format!("Closing link ({why})"));
        if let Err(Full::Limit(error)) = self.0.push(error) {
            self.0.discard();
            // There is room now.
            let _ = self.0.push(error);
        }
        self.0.end();
    }
}

impl Deref for Mouth {
    type Target = Outlet<Bytes>;

    fn deref(&self) -> &Outlet<Bytes> {
        &self.0
    }
}

impl DerefMut for Mouth {
    fn deref_mut(&mut self) -> &mut Outlet<Bytes> {
        &mut self.0
    }
}

impl Drop for Mouth {
    fn drop(&mut self) {
        if !self.0.is_closed() {
            self.close("Internal error");
        }
    }
}
