//! The command line of the load.

use std::net::SocketAddr;

/// What `--help` prints.
pub const HELP: &str = "\
A load for an IRC server: how many lines it delivers, and how fast.

Usage: chat_load [OPTIONS]

Options:
  --connect ADDR:PORT  Where the server is [default: 127.0.0.1:6667]
  --clients COUNT      How many clients there are [default: 1000]
  --rooms COUNT        Among how many rooms they are spread [default: 10]
  --speakers COUNT     How many of the clients speak, spread in the same way [default: 10]
  --lines COUNT        How many lines each of those says [default: 1000]
  --help               Say this
";

/// How large the load is.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Where the server is.
    pub connect: SocketAddr,
    /// How many clients there are. Client `n` is in room `n % rooms`, and speaks if `n < speakers`.
    pub clients: u32,
    /// How many rooms.
    pub rooms: u32,
    /// How many of the clients speak.
    pub speakers: u32,
    /// How many lines each of those says.
    pub lines: u32,
}

impl Options {
    /// Reads the arguments, without the program's name; nothing if help is asked for.
    ///
    /// # Errors
    /// What cannot be meant, as one line.
    pub fn parse(arguments: impl Iterator<Item = String>) -> Result<Option<Self>, String> {
        let mut options = Self {
            connect: ([127, 0, 0, 1], 6667).into(),
            clients: 1_000,
            rooms: 10,
            speakers: 10,
            lines: 1_000,
        };
        let mut arguments = arguments;
        while let Some(option) = arguments.next() {
            if option == "--help" {
                return Ok(None);
            }
            let value = arguments.next().unwrap_or_default();
            let wrong = |wants: &str| format!("{option} wants {wants}, not {value:?}");
            let count = || match value.parse() {
                Ok(count @ 1..=1_000_000) => Ok(count),
                _ => Err(wrong("a number from 1 to 1000000")),
            };
            match option.as_str() {
                "--connect" => {
                    options.connect = value.parse().map_err(|_| wrong("ADDR:PORT"))?;
                }
                "--clients" => options.clients = count()?,
                "--rooms" => options.rooms = count()?,
                "--speakers" => options.speakers = count()?,
                "--lines" => options.lines = count()?,
                _ => return Err(format!("unknown option {option:?}; --help lists them")),
            }
        }
        if options.rooms > options.clients || options.speakers > options.clients {
            return Err("there must be as many --clients as --rooms and as --speakers".to_owned());
        }
        Ok(Some(options))
    }

    /// How many lines a client is to hear: all that the other speakers of its room say.
    pub fn expected_by(&self, number: u32) -> u64 {
        let speakers =
            (0..self.speakers).filter(|speaker| speaker % self.rooms == number % self.rooms);
        let others = speakers.filter(|speaker| *speaker != number).count();
        others as u64 * u64::from(self.lines)
    }

    /// How many lines all of them are to hear.
    pub fn expected(&self) -> u64 {
        (0..self.clients).map(|number| self.expected_by(number)).sum()
    }
}
