//! The code of a [`Job`](crate::Job): how it is called, and what it is called after.

use std::any::type_name;

use crate::cancel_token::CancelToken;

/// The code of a job. The kinds of it are types, and not closures around the user's, so that its name is the user's.
pub(crate) trait Code<T, E>: Send + 'static {
    fn run(self) -> Result<T, E>;
    /// The path of the code.
    fn path() -> &'static str;
}

pub(crate) struct Sure<F>(pub(crate) F);
pub(crate) struct Fallible<F>(pub(crate) F);
pub(crate) struct Watchful<F> {
    pub(crate) code: F,
    pub(crate) token: CancelToken,
}

fn path_of<F>() -> &'static str {
    type_name::<F>().trim_end_matches("::{{closure}}")
}

impl<T, E, F: FnOnce() -> T + Send + 'static> Code<T, E> for Sure<F> {
    fn run(self) -> Result<T, E> {
        Ok((self.0)())
    }

    fn path() -> &'static str {
        path_of::<F>()
    }
}

impl<T, E, F: FnOnce() -> Result<T, E> + Send + 'static> Code<T, E> for Fallible<F> {
    fn run(self) -> Result<T, E> {
        (self.0)()
    }

    fn path() -> &'static str {
        path_of::<F>()
    }
}

impl<T, E, F: FnOnce(&CancelToken) -> Result<T, E> + Send + 'static> Code<T, E> for Watchful<F> {
    fn run(self) -> Result<T, E> {
        (self.code)(&self.token)
    }

    fn path() -> &'static str {
        path_of::<F>()
    }
}
