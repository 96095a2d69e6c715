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

use super::options::OptionsError;
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
        for value in texts(entry.get_ref()).ok_or_else(|| within(unusable(name)))? {
            settings.set(name, &value).map_err(|error| match error {
                SettingError::Unknown => within(unknown(name)),
                SettingError::Wants(wants) => {
                    within(format!("{name} wants {wants}, not {value:?}"))
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
        None => format!("there is no setting {name:?}; --help lists them"),
    }
}

fn unusable(name: &str) -> String {
    format!("{name} wants a text, a number, or a list of them")
}

/// The values of an entry as they would stand behind an option: one, or those of a list.
fn texts(value: &DeValue<'_>) -> Option<Vec<String>> {
    match value {
        DeValue::String(text) => Some(vec![text.to_string()]),
        DeValue::Integer(number) => Some(vec![number.to_string()]),
        DeValue::Array(values) => {
            let single = |value: &DeValue<'_>| match value {
                DeValue::Array(_) => None,
                value => texts(value)?.pop(),
            };
            values.iter().map(|value| single(value.get_ref())).collect()
        }
        _ => None,
    }
}
