//! What people see of the example `chat` in the programs that they use, irssi and weechat: typed in, and read off.
//!
//! Every test starts its own server on a free port, and its own programs. `chat.rs` holds the server to the letter of each
//! line; here is tested that the programs make of these lines what is meant.

use std::net::SocketAddr;

use roundsman_tests::example::Example;
use roundsman_tests::irc_client::Client;
use roundsman_tests::irc_program::{IrcProgram, Kind};

#[path = "chat_clients/channels.rs"]
mod channels;
#[path = "chat_clients/coming_and_going.rs"]
mod coming_and_going;
#[path = "chat_clients/people.rs"]
mod people;
#[path = "chat_clients/talking.rs"]
mod talking;

/// A server, a program, and a client called `ann` that shows every line as it is.
struct Evening {
    server: Example,
    address: SocketAddr,
    program: IrcProgram,
    ann: Client,
}

/// What the program is called in a test with one of them.
const PAT: &str = "pat";

impl Evening {
    /// Both are in `#c`, where `ann` is an operator, and see each other there.
    fn in_channel(kind: Kind) -> Self {
        let (server, address) = Example::serve::<&str>("chat", &[]);
        let mut ann = Client::register(address, "ann");
        ann.join("#c");
        let mut program = IrcProgram::start(kind, address, PAT);
        program.gets(" 001 ");
        program.types("", "/join #c");
        ann.read_to(|line| line.is(PAT, "JOIN"));
        program.lists("#c", "@ann pat");
        Self { server, address, program, ann }
    }

    /// As many evenings as there are programs, one after another, each with this in it.
    fn in_each(test: impl Fn(&mut Self)) {
        with_each(|kind| test(&mut Self::in_channel(kind)));
    }

    /// Another client, in the same channel.
    fn another(&mut self, nick: &str) -> Client {
        let mut client = Client::register(self.address, nick);
        client.join("#c");
        self.ann.read_to(|line| line.is(nick, "JOIN"));
        client
    }
}

/// Runs the test with each program that this machine has, and says with which if it fails.
fn with_each(test: impl Fn(Kind)) {
    for kind in Kind::ALL {
        if kind.is_installed() {
            let named = Named(kind);
            test(kind);
            std::mem::forget(named);
        }
    }
}

/// Says which program it was when a test's panic passes by.
struct Named(Kind);

impl Drop for Named {
    #[expect(clippy::disallowed_macros, reason = "a failing test says what it was run with")]
    fn drop(&mut self) {
        eprintln!("with {:?}", self.0);
    }
}
