//! A request that is none for a WebSocket, in the hands of whoever answers it.

use std::fmt;

use roundsman_runtime::Recipient;

use super::{Request, Response};
use crate::net::Endpoint;

/// A request of HTTP that waits for its answer.
///
/// Dropped without one, it is answered by 500. Nothing more is read from its client before it has one.
pub struct Exchange {
    request: Request,
    peer: Endpoint,
    local: Endpoint,
    /// Until it is answered.
    answer: Option<Recipient<Response>>,
}

impl Exchange {
    pub(super) fn new(
        request: Request,
        peer: Endpoint,
        local: Endpoint,
        answer: Recipient<Response>,
    ) -> Self {
        Self { request, peer, local, answer: Some(answer) }
    }

    /// What is asked for.
    #[must_use]
    pub fn request(&self) -> &Request {
        &self.request
    }

    /// Who asks.
    #[must_use]
    pub fn peer(&self) -> &Endpoint {
        &self.peer
    }

    /// Where it was asked.
    #[must_use]
    pub fn local(&self) -> &Endpoint {
        &self.local
    }

    /// Answers it. Then the connection waits for the client's next request, or ends, as both like. If it has ended meanwhile,
    /// the answer goes nowhere, and nobody is told.
    pub fn answer(mut self, response: Response) {
        if let Some(answer) = self.answer.take() {
            answer.complete(response);
        }
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        if let Some(answer) = self.answer.take() {
            answer.complete(Response::plain(500));
        }
    }
}

impl fmt::Debug for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Exchange({} {} of {})", self.request.method(), self.request.target(), self.peer)
    }
}
