//! The command line of the server, read into [`Options`]; `main` prints what comes of it.
//!
//! Written by hand because it is four options. It opens no file and no socket.

use std::ffi::OsString;
use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

#[cfg(test)]
mod tests;

/// What `--help` prints.
pub const HELP: &str = "\
A chat server for IRC clients, such as irssi, weechat or nc.

Usage: chat [OPTIONS]

Options:
  --listen ADDR:PORT    Where to listen; port 0 takes a free one [default: 127.0.0.1:6667]
  --server-name NAME    The name the server gives itself, with a dot in it [default: chat.example]
  --motd FILE           Greet every client with the lines of this file
  --help                Say this
";

/// The longest server name, in bytes: RFC 2812.
const SERVER_NAME_MAX: usize = 63;

/// What the command line asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Options {
    /// Print [`HELP`] and end.
    Help,
    /// Serve.
    Serve(Settings),
}

impl Options {
    /// Reads the arguments, without the program's name. `--help` anywhere wins over what stands after it.
    ///
    /// # Errors
    ///
    /// The first argument that cannot be meant, as one line for standard error; the exit status is 2.
    pub fn parse<I>(arguments: I) -> Result<Self, OptionsError>
    where
        I: IntoIterator<Item: Into<OsString>>,
    {
        let mut settings = Settings::default();
        let mut arguments = arguments.into_iter().map(Into::into);
        while let Some(argument) = arguments.next() {
            let (option, attached) = split_option(argument);
            let mut value =
                |wants: &'static str| match attached.clone().or_else(|| arguments.next()) {
                    Some(value) => Ok(value),
                    None => Err(OptionsError::NoValue { option: option.clone(), wants }),
                };
            match option.as_str() {
                "--help" | "-h" if attached.is_none() => return Ok(Self::Help),
                "--listen" => settings.listen = listen(value("ADDR:PORT")?)?,
                "--server-name" => settings.server_name = server_name(value("NAME")?)?,
                "--motd" => settings.motd = Some(value("FILE")?.into()),
                _ => return Err(OptionsError::Unknown(option)),
            }
        }
        Ok(Self::Serve(settings))
    }
}

/// How to serve.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// What the server calls itself: ASCII, with a dot, so that no client takes it for a nick.
    pub server_name: String,
    /// The file whose lines greet every client; without it they get 422.
    pub motd: Option<PathBuf>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            listen: (Ipv4Addr::LOCALHOST, 6667).into(),
            server_name: "chat.example".to_owned(),
            motd: None,
        }
    }
}

/// Why a command line was not understood; `Display` is one line.
#[derive(Debug, Clone, PartialEq, Eq)]
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
        /// Which.
        option: &'static str,
        /// What it wants.
        wants: &'static str,
        /// What it has got.
        value: String,
    },
}

impl fmt::Display for OptionsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown(option) => write!(f, "unknown option {option:?}; --help lists them"),
            Self::NoValue { option, wants } => write!(f, "{option} wants {wants} after it"),
            Self::BadValue { option, wants, value } => {
                write!(f, "{option} wants {wants}, not {value:?}")
            }
        }
    }
}

impl std::error::Error for OptionsError {}

/// `--option=value` as option and value; what is no text is shown as well as it can be, since no option is like it.
fn split_option(argument: OsString) -> (String, Option<OsString>) {
    match argument.to_str().and_then(|text| text.split_once('=')) {
        Some((option, value)) if option.starts_with("--") => {
            (option.to_owned(), Some(value.into()))
        }
        _ => (argument.to_string_lossy().into_owned(), None),
    }
}

fn listen(value: OsString) -> Result<SocketAddr, OptionsError> {
    let text = value.to_string_lossy();
    text.parse().map_err(|_| OptionsError::BadValue {
        option: "--listen",
        wants: "ADDR:PORT, such as 127.0.0.1:6667 or [::1]:6667",
        value: text.into_owned(),
    })
}

fn server_name(value: OsString) -> Result<String, OptionsError> {
    let text = value.to_string_lossy().into_owned();
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
    let begins = text.starts_with(|c: char| c.is_ascii_alphanumeric());
    if begins && text.len() <= SERVER_NAME_MAX && text.contains('.') && text.chars().all(allowed) {
        return Ok(text);
    }
    Err(OptionsError::BadValue {
        option: "--server-name",
        wants: "at most 63 letters, digits, hyphens and dots, with a dot among them",
        value: text,
    })
}
