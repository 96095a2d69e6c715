//! The web side of the example `chat`: the page over HTTP, IRC over WebSockets, and the page in a browser.
//!
//! Every test starts its own server on free ports, so they run side by side.

use std::net::SocketAddr;

use roundsman_tests::example::Example;
use roundsman_tests::irc_client::Client;
use roundsman_tests::web_client::WebClient;

#[path = "chat_web/access.rs"]
mod access;
#[path = "chat_web/browser.rs"]
mod browser;
#[path = "chat_web/http.rs"]
mod http;
#[path = "chat_web/limits.rs"]
mod limits;
#[path = "chat_web/lines.rs"]
mod lines;
#[path = "chat_web/sessions.rs"]
mod sessions;

/// A chat server with a web side, killed at the end of its test.
struct Chat {
    process: Example,
    irc: SocketAddr,
    web: SocketAddr,
}

impl Chat {
    fn start() -> Self {
        Self::with(&[])
    }

    fn with(options: &[&str]) -> Self {
        Self::at("127.0.0.1:0", options)
    }

    /// A server whose web side is at this address.
    fn at(web: &str, options: &[&str]) -> Self {
        let options = [&["--web", web], options].concat();
        let (mut process, irc) = Example::serve("chat", &options);
        let line = process.line();
        let web = line.strip_prefix("chat listens on http://").and_then(|web| web.parse().ok());
        let web = web.unwrap_or_else(|| panic!("its second line is {line:?}"));
        Self { process, irc, web }
    }

    fn url(&self) -> String {
        format!("http://{}/", self.web)
    }

    /// A client over TCP that has registered.
    fn client(&self, nick: &str) -> Client {
        Client::register(self.irc, nick)
    }

    /// A client over a WebSocket that has registered.
    fn web_client(&self, nick: &str) -> WebClient {
        WebClient::register(self.web, nick)
    }
}
