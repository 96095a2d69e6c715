//! How to serve: every setting by name, from the command line and from a file alike.
//!
//! `options` fills a [`Settings`] from arguments, `config` from a TOML file; both go through [`Settings::set`], so a
//! name means the same in both. It opens no file and no socket.

use std::collections::BTreeMap;
use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

/// The longest server name, in bytes: RFC 2812.
const SERVER_NAME_MAX: usize = 63;
/// The longest text about the server, in bytes: it has to fit into a line.
const DESCRIPTION_MAX: usize = 200;

/// How to serve.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Where to listen for browsers.
    pub web: Option<SocketAddr>,
    /// From where pages may connect, apart from our own: `https://example.org`.
    pub web_origins: Vec<String>,
    /// Where to listen for clients that use TLS; it needs a certificate and its key.
    pub tls_listen: Option<SocketAddr>,
    /// The file with the certificate, in PEM.
    pub tls_cert: Option<PathBuf>,
    /// The file with its key, in PEM.
    pub tls_key: Option<PathBuf>,
    /// What the server calls itself: ASCII, with a dot, so that no client takes it for a nick.
    pub server_name: String,
    /// What the network is called: one word.
    pub network: String,
    /// What the server says of itself in LINKS and WHOIS.
    pub description: String,
    /// What every client has to give with PASS.
    pub password: Option<String>,
    /// Who may become an operator of the server, by name, with the password.
    pub operators: BTreeMap<String, String>,
    /// The file whose lines greet every client; without it they get 422.
    pub motd: Option<PathBuf>,
    /// The file that these were read from first.
    pub config: Option<PathBuf>,
    /// The most connections at once.
    pub max_clients: usize,
    /// The most connections from one address.
    pub max_per_address: usize,
    /// The most bytes that wait for a client ahead of its socket; then it is cut off.
    pub sendq: u64,
    /// How long a client may be silent before it is asked whether it is there. After twice that it is cut off.
    pub ping: Duration,
    /// How much a client may say; what is more waits, and is read from its socket no sooner.
    pub flood: Option<Flood>,
    /// What is logged, of `off`, `error`, `warn`, `info`, `debug`.
    pub log: LogLevel,
}

/// How much a client may say: so many lines at once, and after that as many in each period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flood {
    /// How many.
    pub lines: u32,
    /// In what time.
    pub period: Duration,
}

/// What is logged on standard error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogLevel {
    /// Nothing.
    Off,
    /// What must not happen.
    Error,
    /// What somebody should look at.
    Warn,
    /// When the server begins and ends.
    Info,
    /// Every connection.
    Debug,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            listen: (Ipv4Addr::LOCALHOST, 6667).into(),
            web: None,
            web_origins: Vec::new(),
            tls_listen: None,
            tls_cert: None,
            tls_key: None,
            server_name: "chat.example".to_owned(),
            network: "roundsman".to_owned(),
            description: "A chat of actors".to_owned(),
            password: None,
            operators: BTreeMap::new(),
            motd: None,
            config: None,
            max_clients: 50_000,
            max_per_address: 50_000,
            sendq: 1024 * 1024,
            ping: Duration::from_secs(120),
            flood: None,
            log: LogLevel::Info,
        }
    }
}

/// A value that cannot be meant.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SettingError {
    /// There is no setting of this name.
    Unknown,
    /// What it wants instead.
    Wants(&'static str),
}

impl Settings {
    /// Sets one by its name, such as `max-clients`. Operators and origins are added, everything else is
    /// replaced.
    ///
    /// # Errors
    ///
    /// [`SettingError`] if there is none of this name, or it wants something else; then nothing has changed.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), SettingError> {
        match name {
            "listen" => self.listen = address(value)?,
            "web" => self.web = Some(address(value)?),
            "web-origin" => self.web_origins.push(origin(value)?),
            "tls-listen" => self.tls_listen = Some(address(value)?),
            "tls-cert" => self.tls_cert = Some(value.into()),
            "tls-key" => self.tls_key = Some(value.into()),
            "server-name" => self.server_name = server_name(value)?,
            "network" => self.network = word(value)?,
            "description" => self.description = line(value)?,
            "password" => self.password = Some(line(value)?),
            "oper" => {
                let (name, password) = operator(value)?;
                self.operators.insert(name, password);
            }
            "motd" => self.motd = Some(value.into()),
            "max-clients" => self.max_clients = count(value)?,
            "max-per-address" => self.max_per_address = count(value)?,
            "sendq" => self.sendq = sendq(value)?,
            "ping" => self.ping = seconds(value).ok_or(WANTS_SECONDS)?,
            "flood" => self.flood = flood(value)?,
            "log" => self.log = log_level(value)?,
            _ => return Err(SettingError::Unknown),
        }
        Ok(())
    }

    /// What one of them wants, for whoever has given it nothing; `None` if there is none of this name.
    pub fn wants(name: &str) -> Option<&'static str> {
        Some(match name {
            "listen" | "web" | "tls-listen" => "ADDR:PORT",
            "web-origin" => "URL",
            "tls-cert" | "tls-key" | "motd" => "FILE",
            "server-name" | "network" => "NAME",
            "description" => "TEXT",
            "password" => "PASSWORD",
            "oper" => "NAME:PASSWORD",
            "max-clients" | "max-per-address" => "COUNT",
            "sendq" => "BYTES",
            "ping" => "SECONDS",
            "flood" => "LINES/SECONDS|off",
            "log" => "LEVEL",
            _ => return None,
        })
    }

    /// Whether these go together.
    ///
    /// # Errors
    ///
    /// What is missing, as one line.
    pub fn check(&self) -> Result<(), &'static str> {
        match (self.tls_listen, &self.tls_cert, &self.tls_key) {
            (Some(_), Some(_), Some(_)) | (None, None, None) => Ok(()),
            _ => Err("TLS wants all of --tls-listen, --tls-cert and --tls-key"),
        }
    }
}

const WANTS_SECONDS: SettingError = SettingError::Wants("a number of seconds from 1 to 86400");

fn address(value: &str) -> Result<SocketAddr, SettingError> {
    let wants = SettingError::Wants("ADDR:PORT, such as 127.0.0.1:6667 or [::1]:6667");
    value.parse().map_err(|_| wants)
}

/// What browsers say of a page's place: a scheme and a host, and a port that is not the usual one. (RFC 6454, section
/// 6.2.)
fn origin(value: &str) -> Result<String, SettingError> {
    let authority = value.strip_prefix("https://").or_else(|| value.strip_prefix("http://"));
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':' | '[' | ']');
    let whole = |authority: &&str| !authority.is_empty() && authority.chars().all(allowed);
    let wants =
        SettingError::Wants("http://HOST or https://HOST, and :PORT, and no path behind it");
    authority.filter(whole).map(|_| value.to_ascii_lowercase()).ok_or(wants)
}

fn server_name(value: &str) -> Result<String, SettingError> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
    let begins = value.starts_with(|c: char| c.is_ascii_alphanumeric());
    let short = value.len() <= SERVER_NAME_MAX;
    if begins && short && value.contains('.') && value.chars().all(allowed) {
        return Ok(value.to_owned());
    }
    let wants = "at most 63 letters, digits, hyphens and dots, with a dot among them";
    Err(SettingError::Wants(wants))
}

fn word(value: &str) -> Result<String, SettingError> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    if !value.is_empty() && value.len() <= SERVER_NAME_MAX && value.chars().all(allowed) {
        return Ok(value.to_owned());
    }
    Err(SettingError::Wants(
        "one word of at most 63 letters, digits, hyphens, dots and underscores",
    ))
}

fn line(value: &str) -> Result<String, SettingError> {
    if !value.is_empty() && value.len() <= DESCRIPTION_MAX && !value.contains(char::is_control) {
        return Ok(value.to_owned());
    }
    Err(SettingError::Wants("one line of at most 200 bytes"))
}

fn operator(value: &str) -> Result<(String, String), SettingError> {
    let wants =
        SettingError::Wants("NAME:PASSWORD, neither of them empty, and no space in the name");
    let (name, password) = value.split_once(':').ok_or(wants.clone())?;
    let is_word = !name.is_empty() && !name.contains(char::is_whitespace);
    if is_word && !password.is_empty() { Ok((name.into(), password.into())) } else { Err(wants) }
}

fn count(value: &str) -> Result<usize, SettingError> {
    let count = value.parse().ok().filter(|count| (1..=1_000_000).contains(count));
    count.ok_or(SettingError::Wants("a number from 1 to 1000000"))
}

fn sendq(value: &str) -> Result<u64, SettingError> {
    let bytes = value.parse().ok().filter(|bytes| (16 * 1024..=1 << 30).contains(bytes));
    bytes.ok_or(SettingError::Wants(
        "a number of bytes from 16384, the longest greeting, to 1073741824",
    ))
}

fn seconds(value: &str) -> Option<Duration> {
    let seconds = value.parse().ok().filter(|seconds| (1..=86_400).contains(seconds));
    seconds.map(Duration::from_secs)
}

fn flood(value: &str) -> Result<Option<Flood>, SettingError> {
    if value == "off" {
        return Ok(None);
    }
    let parsed = value.split_once('/').and_then(|(lines, period)| {
        let lines = lines.parse().ok().filter(|lines| (1..=1_000_000).contains(lines))?;
        Some(Flood { lines, period: seconds(period)? })
    });
    parsed.map(Some).ok_or(SettingError::Wants("LINES/SECONDS, such as 100/10, or off"))
}

fn log_level(value: &str) -> Result<LogLevel, SettingError> {
    Ok(match value {
        "off" => LogLevel::Off,
        "error" => LogLevel::Error,
        "warn" => LogLevel::Warn,
        "info" => LogLevel::Info,
        "debug" => LogLevel::Debug,
        _ => return Err(SettingError::Wants("one of off, error, warn, info and debug")),
    })
}

impl fmt::Display for LogLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Off => "off",
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
        })
    }
}
