//! The files that the rules look at, and their code without comments and literals.
//!
//! Used by the rules in `tidy.rs`. It judges nothing.

use std::fs;
use std::path::{Path, PathBuf};

/// Folders that hold what tools have made.
const MADE: [&str; 4] = ["target", ".git", "book", "corpus"];

/// A file of the repository.
pub struct Source {
    /// Where it is.
    pub path: PathBuf,
    /// Its path from the root of the repository, with `/`.
    pub name: String,
    /// All of it.
    pub text: String,
    /// The same for Rust, every comment and literal replaced by spaces.
    code: String,
}

impl Source {
    fn read(path: PathBuf) -> Self {
        let text = fs::read_to_string(&path)
            .unwrap_or_else(|error| panic!("{} cannot be read: {error}", path.display()));
        let name = path.strip_prefix(repository()).expect("it is in the repository");
        let name = name.components().map(|part| part.as_os_str().to_string_lossy());
        let name = name.collect::<Vec<_>>().join("/");
        let code = if name.ends_with(".rs") { code_of(&text) } else { String::new() };
        Self { path, name, text, code }
    }

    /// Lines of code, numbered from 1, without comments and literals.
    pub fn code_lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.code.lines().enumerate().map(|(index, line)| (index + 1, line))
    }

    /// The module below `src` that it belongs to, unit tests included.
    pub fn module(&self) -> &str {
        let below = self.name.split_once("src/").map_or(&*self.name, |(_, below)| below);
        below.split(['/', '.']).next().unwrap_or(below)
    }

    /// Whether it holds the unit tests of the file beside it.
    pub fn is_unit_test(&self) -> bool {
        self.name.ends_with("/tests.rs") || self.name.ends_with("/loom_tests.rs")
    }
}

/// The root of the repository.
pub fn repository() -> PathBuf {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests.parent().expect("the package `tests` stands in the repository").to_owned()
}

/// Every Rust file in these folders.
pub fn rust(folders: &[&str]) -> Vec<Source> {
    with_extension(folders, "rs")
}

/// Every page in these folders.
pub fn markdown(folders: &[&str]) -> Vec<Source> {
    with_extension(folders, "md")
}

/// The scripts of CI.
pub fn scripts() -> Vec<Source> {
    let mut paths = Vec::new();
    collect(&repository().join(".ci"), &mut paths);
    paths.into_iter().map(Source::read).collect()
}

/// Every file in these folders whose name ends with `.extension`. There must be one.
pub fn with_extension(folders: &[&str], extension: &str) -> Vec<Source> {
    let mut paths = Vec::new();
    for folder in folders {
        collect(&repository().join(folder), &mut paths);
    }
    paths.retain(|path| path.extension().is_some_and(|found| found == extension));
    paths.sort();
    assert!(!paths.is_empty(), "no .{extension} file in {folders:?}: a rule looks at nothing");
    paths.into_iter().map(Source::read).collect()
}

fn collect(folder: &Path, paths: &mut Vec<PathBuf>) {
    let entries = fs::read_dir(folder)
        .unwrap_or_else(|error| panic!("{} cannot be read: {error}", folder.display()));
    for entry in entries {
        let entry = entry.expect("a folder's entry can be read");
        let made = entry.file_name().to_str().is_some_and(|name| MADE.contains(&name));
        let kind = entry.file_type().expect("a file has a type");
        match (kind.is_dir(), made) {
            (true, true) => {}
            (true, false) => collect(&entry.path(), paths),
            (false, _) if kind.is_file() => paths.push(entry.path()),
            (false, _) => {}
        }
    }
}

/// Rust without its comments and literals: each of their characters is a space, line ends stay.
fn code_of(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let blank = blank_len(rest, code.chars().next_back());
        if blank == 0 {
            code.push(first);
            rest = &rest[first.len_utf8()..];
        } else {
            let keep = |c: char| if c == '\n' { '\n' } else { ' ' };
            code.extend(rest[..blank].chars().map(keep));
            rest = &rest[blank..];
        }
    }
    code
}

/// How long the comment or literal is that `rest` begins with; 0 if it begins with neither.
fn blank_len(rest: &str, before: Option<char>) -> usize {
    if rest.starts_with("//") {
        return rest.find('\n').unwrap_or(rest.len());
    }
    if rest.starts_with("/*") {
        return rest.find("*/").map_or(rest.len(), |at| at + 2);
    }
    let in_word = before.is_some_and(|c| c.is_alphanumeric() || c == '_');
    let raw = rest.strip_prefix('b').unwrap_or(rest);
    if let (false, Some(raw)) = (in_word, raw.strip_prefix('r')) {
        let quoted = raw.trim_start_matches('#');
        let end = format!("\"{}", "#".repeat(raw.len() - quoted.len()));
        if let Some(inside) = quoted.strip_prefix('"') {
            let begun = rest.len() - inside.len();
            return inside.find(&end).map_or(rest.len(), |at| begun + at + end.len());
        }
    }
    if rest.starts_with('"') {
        return escaped_len(rest, '"').unwrap_or(rest.len());
    }
    if let Some(inside) = rest.strip_prefix('\'') {
        // 'a' or '\n'; anything else after a quote is a lifetime.
        let mut inside = inside.chars();
        return match (inside.next(), inside.next()) {
            (Some('\\'), _) => escaped_len(rest, '\'').unwrap_or(0),
            (Some(letter), Some('\'')) => letter.len_utf8() + 2,
            _ => 0,
        };
    }
    0
}

/// How long a literal between two `quote`s is, both included.
fn escaped_len(rest: &str, quote: char) -> Option<usize> {
    let mut escaped = false;
    for (at, letter) in rest.char_indices().skip(1) {
        match letter {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            letter if letter == quote => return Some(at + letter.len_utf8()),
            _ => {}
        }
    }
    None
}

#[test]
fn code_is_what_is_left_without_comments_and_literals() {
    let cases = [
        ("let a = 1; // unsafe", "let a = 1;"),
        ("/* todo! */ b", "b"),
        (r#"c("todo! \" unsafe") + d"#, "c(                 ) + d"),
        ("e(r#\"a \" unsafe\"#)", "e(               )"),
        ("f::<'a>('\"', '\\'', \"x\")", "f::<'a>(   ,     ,    )"),
        ("b\"unsafe\"", "b"),
    ];
    for (text, left) in cases {
        assert_eq!(code_of(text).trim(), left, "{text}");
        assert_eq!(code_of(text).len(), text.len(), "{text}");
    }
}
