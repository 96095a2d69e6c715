//! Families of stream sockets: what is promised of one is promised of each.

use roundsman::net::{Listener, tcp};

/// A family of stream sockets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// TCP over the loopback interface.
    Tcp,
    /// A Unix socket, in a folder for temporary files.
    #[cfg(unix)]
    Unix,
}

/// Runs `test` with each family.
pub fn each_family(test: impl Fn(Family)) {
    test(Family::Tcp);
    #[cfg(unix)]
    test(Family::Unix);
}

impl Family {
    /// A listener at a place of its own.
    ///
    /// # Panics
    /// If none is to be had.
    pub fn listen(self) -> Listener {
        match self {
            Self::Tcp => tcp::listen("127.0.0.1:0").expect("a free port"),
            #[cfg(unix)]
            Self::Unix => {
                use std::sync::atomic::{AtomicU64, Ordering};
                static COUNT: AtomicU64 = AtomicU64::new(0);
                let count = COUNT.fetch_add(1, Ordering::Relaxed);
                let name = format!("roundsman-{}-{count}.sock", std::process::id());
                let path = std::env::temp_dir().join(name);
                roundsman::net::unix::listen(path).expect("a folder for temporary files")
            }
        }
    }
}
