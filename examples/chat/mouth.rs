//! What a session speaks through: an outlet whose last line is `ERROR`, whatever becomes of the session.
//!
//! The pipeline that it feeds belongs to the server, not to the session, so that it outlives one that fails: what had
//! been said is still sent, and after it why nothing more comes.

use std::ops::{Deref, DerefMut};

use bytes::Bytes;
use roundsman::stream::{Full, Outlet};

use super::ending::Ending;
use super::transport::Goodbye;
use super::wire;

/// The outlet of a session. Dropped before it was [closed](Self::close), it says that its session has failed.
pub struct Mouth {
    outlet: Outlet<Bytes>,
    goodbye: Goodbye,
}

impl Mouth {
    pub fn new(outlet: Outlet<Bytes>, goodbye: Goodbye) -> Self {
        Self { outlet, goodbye }
    }

    /// Says why, as the last line. If there is no room for it, it takes the place of what waits.
    pub fn close(&mut self, ending: &Ending) {
        let error = wire::bare("ERROR", &format!("Closing link ({})", ending.why));
        if let Err(Full::Limit(error)) = self.outlet.push(error) {
            self.outlet.discard();
            // There is room now.
            let _ = self.outlet.push(error);
        }
        self.goodbye.say(ending);
        self.outlet.end();
    }
}

impl Deref for Mouth {
    type Target = Outlet<Bytes>;

    fn deref(&self) -> &Outlet<Bytes> {
        &self.outlet
    }
}

impl DerefMut for Mouth {
    fn deref_mut(&mut self) -> &mut Outlet<Bytes> {
        &mut self.outlet
    }
}

impl Drop for Mouth {
    fn drop(&mut self) {
        if !self.outlet.is_closed() {
            self.close(&Ending::failed());
        }
    }
}
