//! Tools that a machine may lack: a test that needs one is skipped with a note, but not where everything is to be checked.

use std::env;
use std::path::Path;

/// Whether the program `tool` can be run here. If not, says loudly what is not checked: `what`.
#[expect(clippy::disallowed_macros, reason = "a test that is skipped says so aloud")]
#[must_use]
pub fn is_there(tool: &str, what: &str) -> bool {
    let paths = env::var_os("PATH").unwrap_or_default();
    let folders = env::split_paths(&paths).chain(["/usr/sbin".into(), "/sbin".into()]);
    let found = folders.into_iter().any(|folder| Path::new(&folder).join(tool).is_file());
    if !found {
        eprintln!("\nSKIPPED: {tool} is missing, so {what}\n");
    }
    found
}

/// The same for a tool that is installed where everything is to be checked.
///
/// # Panics
/// If it is missing though the environment says `CI=true`.
#[must_use]
pub fn is_installed(tool: &str, what: &str) -> bool {
    let found = is_there(tool, what);
    assert!(found || env::var("CI").as_deref() != Ok("true"), "{tool} is missing, and CI has it");
    found
}
