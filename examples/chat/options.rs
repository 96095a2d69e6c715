//! The command line of the server, read into [`Options`]; `main` prints what comes of it.
//!
//! Every option but `--help`, `--version` and `--config` is a setting: see [`Settings::set`]. It opens no file by
//! itself: whoever calls it says how one is read, so that tests need none.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use super::config;
use super::settings::{SettingError, Settings};

#[cfg(test)]
mod tests;

/// Where browsers find a server that was told of no address at all.
const WEB: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8080);

/// So many characters of what cannot be meant are shown in a complaint: enough to find it.
const SHOWN_MAX: usize = 60;

/// What `--help` prints.
pub const HELP: &str = "\
A chat server for IRC clients, such as irssi, weechat or nc, and for browsers.

Usage: chat [OPTIONS]

Options:
  --listen ADDR:PORT         Where to listen; port 0 takes a free one [default: 127.0.0.1:6667]
  --web ADDR:PORT            Where to listen for browsers [default: 127.0.0.1:8080, if no address is given at all]
  --web-origin URL           Let pages from there connect, apart from our own; may be given again
  --tls-listen ADDR:PORT     Where to listen for clients that use TLS
  --tls-cert FILE            The certificate for it, in PEM
  --tls-key FILE             The key of the certificate, in PEM
  --server-name NAME         The name the server gives itself, with a dot in it [default: chat.example]
  --network NAME             The name of the network, one word [default: roundsman]
  --description TEXT         What the server says of itself [default: A chat of actors]
  --password PASSWORD        Let in only those who know it
  --oper NAME:PASSWORD       Somebody who may become an operator; may be given again
  --motd FILE                Greet every client with the lines of this file
  --max-clients COUNT        The most connections at once [default: 50000]
  --max-per-address COUNT    The most from one address; 6 more may fetch the page [default: 50000]
  --sendq BYTES              Cut off whoever leaves more unread [default: 1048576]
  --ping SECONDS             Ask who is silent so long whether it is there [default: 120]
  --flood LINES/SECONDS|off  Read no more than that from one client [default: off]
  --log LEVEL                off, error, warn, info or debug [default: info]
  --config FILE              Read settings from a TOML file first, by the same names without the dashes
  --help                     Say this
  --version                  Say which version this is

SIGINT and SIGTERM end it in good order. SIGHUP has it read the message of the day and the operators again.
";

/// What `--version` prints.
pub const VERSION: &str = concat!("chat ", env!("CARGO_PKG_VERSION"));

/// What the command line asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Options {
    /// Print [`HELP`] and end.
    Help,
    /// Print [`VERSION`] and end.
    Version,
    /// Serve.
    Serve(CommandLine),
}

/// What the command line says of how to serve. Kept, for the file that it names may be read again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandLine {
    config: Option<PathBuf>,
    /// All other options with their values, in order.
    given: Vec<(String, OsString)>,
}

impl Options {
    /// Reads the arguments, without the program's name. `--help` and `--version` win over what stands after them.
    ///
    /// # Errors
    ///
    /// The first argument that is no option, or has no value, as one line for standard error; the exit status is 2.
    pub fn parse<I>(arguments: I) -> Result<Self, OptionsError>
    where
        I: IntoIterator<Item: Into<OsString>>,
    {
        let mut arguments = arguments.into_iter().map(Into::into);
        let mut given = Vec::new();
        let mut config = None;
        while let Some(argument) = arguments.next() {
            let (option, attached) = split_option(argument);
            match option.as_str() {
                "--help" | "-h" if attached.is_none() => return Ok(Self::Help),
                "--version" | "-V" if attached.is_none() => return Ok(Self::Version),
                _ => {}
            }
            let wants = wants(&option).ok_or_else(|| OptionsError::Unknown(option.clone()))?;
            let Some(value) = attached.or_else(|| arguments.next()) else {
                return Err(OptionsError::NoValue { option, wants });
            };
            match option.as_str() {
                "--config" => config = Some(PathBuf::from(value)),
                _ => given.push((option, value)),
            }
        }
        Ok(Self::Serve(CommandLine { config, given }))
    }
}

impl CommandLine {
    /// The settings. What an argument says wins over the file that `--config` names, wherever that stands. `read` reads
    /// the file.
    ///
    /// # Errors
    ///
    /// The first entry or value that cannot be meant, as one line for standard error; the exit status is 2.
    pub fn settings(
        &self,
        read: impl FnOnce(&Path) -> io::Result<String>,
    ) -> Result<Settings, OptionsError> {
        let mut settings = Settings::default();
        let says_where = |option: &str| {
            matches!(option.trim_start_matches("--"), "listen" | "tls-listen" | "web")
        };
        let mut is_said_where = self.given.iter().any(|(option, _)| says_where(option));
        if let Some(path) = &self.config {
            let names = config::load(path, read, &mut settings)?;
            is_said_where |= names.iter().any(|name| says_where(name));
            settings.config = Some(path.clone());
        }
        if !is_said_where {
            settings.web = Some(WEB);
        }
        for (option, value) in &self.given {
            set(&mut settings, option, value)?;
        }
        settings.check().map_err(|why| OptionsError::Apart(why.to_owned()))?;
        Ok(settings)
    }
}

/// Why a command line, or the file it names, was not understood; `Display` is one line.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum OptionsError {
    /// There is no such option.
    Unknown(String),
    /// The option stands last and has no value.
    NoValue {
        /// Which.
        option: String,
        /// What it wants.
        wants: &'static str,
    },
    /// The value is not of the kind the option wants.
    BadValue {
        /// Which, or which entry of the file.
        option: String,
        /// What it wants.
        wants: &'static str,
        /// What it has got.
        value: String,
    },
    /// The file cannot be read, or is no TOML, or has an entry that is none.
    Config(String),
    /// Each of them is good, and they do not go together.
    Apart(String),
}

impl fmt::Display for OptionsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown(option) => {
                write!(f, "unknown option {}; --help lists them", shown(option))
            }
            Self::NoValue { option, wants } => write!(f, "{option} wants {wants} after it"),
            Self::BadValue { option, wants, value } => {
                write!(f, "{option} wants {wants}, not {}", shown(value))
            }
            Self::Config(why) | Self::Apart(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for OptionsError {}

/// What somebody has written, in quotes; of what is long the beginning.
pub fn shown(text: &str) -> String {
    match text.char_indices().nth(SHOWN_MAX) {
        Some((end, _)) => format!("{:?}", format!("{}…", &text[..end])),
        None => format!("{text:?}"),
    }
}

/// What an option wants; `None` if there is no such option.
fn wants(option: &str) -> Option<&'static str> {
    match option.strip_prefix("--")? {
        "config" => Some("FILE"),
        name => Settings::wants(name),
    }
}

fn set(settings: &mut Settings, option: &str, value: &OsStr) -> Result<(), OptionsError> {
    let name = option.trim_start_matches('-');
    if name == "motd" {
        // A path may be any bytes.
        settings.motd = Some(value.into());
        return Ok(());
    }
    let value = value.to_string_lossy().into_owned();
    settings.set(name, &value).map_err(|error| match error {
        SettingError::Unknown => OptionsError::Unknown(option.to_owned()),
        SettingError::Wants(wants) => {
            OptionsError::BadValue { option: option.to_owned(), wants, value: value.clone() }
        }
    })
}

/// `--option=value` as option and value; what is no text is shown as well as it can be, since no option is like it.
fn split_option(argument: OsString) -> (String, Option<OsString>) {
    match argument.to_str().and_then(|text| text.split_once('=')) {
        Some((option, value)) if option.starts_with("--") => {
            (option.to_owned(), Some(value.into()))
        }
        _ => (argument.to_string_lossy().into_owned(), None),
    }
}
