//! A file with settings: TOML, each entry by the name that the option has without its dashes.
//!
//! ```toml
//! listen = "0.0.0.0:6667"
//! max-clients = 500
//! oper = ["ann:secret", "bob:hidden"]
//! ```
//!
//! Called by `options`. It opens no file by itself.

use std::io;
use std::path::Path;

use toml::de::{DeTable, DeValue};

use super::options::{OptionsError, shown};
use super::settings::{SettingError, Settings};

/// Settings that there may be several of.
const SEVERAL: [&str; 2] = ["oper", "web-origin"];

/// Reads the file with `read`, and sets what it says. The names of what that is.
///
/// # Errors
///
/// Why it cannot be read, is no TOML, or has an entry that is no setting, as one line with the file's name.
pub fn load(
    path: &Path,
    read: impl FnOnce(&Path) -> io::Result<String>,
    settings: &mut Settings,
) -> Result<Vec<String>, OptionsError> {
    let within = |what: String| OptionsError::Config(format!("{path:?}: {what}"));
    let text = read(path).map_err(|error| within(format!("cannot be read: {error}")))?;
    let table = DeTable::parse(&text).map_err(|error| {
        let before = &text[..error.span().map_or(0, |span| span.start.min(text.len()))];
        within(format!("line {}: {}", before.matches('\n').count() + 1, error.message()))
    })?;
    for (name, entry) in table.get_ref() {
        let name: &str = name.get_ref();
        if Settings::wants(name).is_none() {
            return Err(within(unknown(name)));
        }
        let is_list = matches!(entry.get_ref(), DeValue::Array(values) if values.len() > 1);
        if is_list && !SEVERAL.contains(&name) {
            return Err(within(format!("{name} wants one value, not several")));
        }
        let values = texts(entry.get_ref());
        for value in values.map_err(|odd| within(unusable(name, odd)))? {
            settings.set(name, &value).map_err(|error| match error {
                SettingError::Unknown => within(unknown(name)),
                SettingError::Wants(wants) => {
                    within(format!("{name} wants {wants}, not {}", shown(&value)))
                }
            })?;
        }
    }
    Ok(table.get_ref().keys().map(|name| name.get_ref().to_string()).collect())
}

/// What is said of a name that is none; of one that is nearly one, what it is.
fn unknown(name: &str) -> String {
    let dashed = name.replace('_', "-").to_ascii_lowercase();
    match Settings::wants(&dashed) {
        Some(_) => format!("there is no setting {name:?}, but {dashed:?}"),
        None => format!("there is no setting {}; --help lists them", shown(name)),
    }
}

/// What is said of a value that is none of the kinds there are.
fn unusable(name: &str, odd: &str) -> String {
    let wants = Settings::wants(name).unwrap_or_default();
    format!("{name} wants {wants}, as a text in quotes or a whole number, not {odd}")
}

/// The values of an entry as they would stand behind an option: one, or those of a list. Else what it is instead.
fn texts(value: &DeValue<'_>) -> Result<Vec<String>, &'static str> {
    match value {
        DeValue::Array(values) => values.iter().map(|value| text(value.get_ref())).collect(),
        value => text(value).map(|text| vec![text]),
    }
}

fn text(value: &DeValue<'_>) -> Result<String, &'static str> {
    match value {
        DeValue::String(text) => Ok(text.to_string()),
        DeValue::Integer(number) => Ok(number.to_string()),
        DeValue::Float(_) => Err("a number with a fraction"),
        DeValue::Boolean(_) => Err("true or false"),
        DeValue::Datetime(_) => Err("a date"),
        DeValue::Array(_) => Err("a list in a list"),
        DeValue::Table(_) => Err("a table"),
    }
}
