//! Paths that match a pattern, as a source: a walk that goes no further than the pattern says.

use std::io;
use std::path::{Component, Path, PathBuf};

use globset::{GlobBuilder, GlobMatcher};

use super::FsError;
use super::walk::{Entry, walk};
use crate::stream::{FailedFeed, PipeError, Source};

/// What begins something in a pattern that stands for more than itself.
const SPECIAL: [char; 5] = ['*', '?', '[', '{', '\\'];

/// Every file and directory whose path matches `pattern`, sorted within each directory. (Rust: the crate `glob`; Node:
/// `fs.glob`.)
///
/// | in a pattern | stands for |
/// |---|---|
/// | `?`, `*` | one character, any number of them; not `/` |
/// | `**` | alone between `/`: any number of directories, none included |
/// | `[a-z]`, `[!a-z]` | one of these; one that is none of these |
/// | `{jpg,png}` | one of these, each a pattern |
/// | `\*` | the character itself (not on Windows) |
///
/// Names that begin with a dot match like others. Links are not followed, but on the way to the first part that has
/// such a character. The paths come as the pattern says them: relative, if it is.
///
/// - Demand, cancel: as [`Walk::source`](super::Walk::source). What does not match is passed over as it is found: a
///   pattern that begins with `**` looks at everything.
/// - An error is an item: a directory that cannot be read; the rest comes. Nothing that matches, and no directory where the
///   pattern begins, are no errors: it ends.
/// - Failure: a pattern that is none fails the pipeline, with an [`FsError`] of the kind `InvalidInput` that says why.
///
/// # Examples
/// ```
/// use roundsman::fs;
/// use roundsman::prelude::*;
/// use roundsman::stream::{PipeError, collect};
///
/// struct Finder;
///
/// impl Actor for Finder {
///     type Message = Result<Vec<Result<fs::Entry, fs::FsError>>, PipeError>;
///
///     fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
///         fs::glob("src/**/{lib,prelude}.rs").pipe(collect()).start(ctx, |found| found);
///         Ok(())
///     }
///
///     fn receive(&mut self, found: Self::Message, ctx: &mut Context<Self>) -> Outcome {
///         let found: Vec<_> = found?.into_iter().flatten().map(fs::Entry::into_path).collect();
///         assert_eq!(found, ["src/lib.rs", "src/prelude.rs"].map(std::path::PathBuf::from));
///         ctx.stop();
///         Ok(())
///     }
/// }
///
/// Runtime::builder().loops(1).build()?.run(|| Finder)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn glob(pattern: impl Into<String>) -> Source<Result<Entry, FsError>> {
    let pattern = pattern.into();
    match Plan::of(&pattern) {
        Ok(plan) => plan.source(),
        Err(error) => {
            let error = io::Error::new(io::ErrorKind::InvalidInput, error.kind().to_string());
            let error = FsError::new("reading the pattern", pattern, error);
            Source::fed("fs::glob", FailedFeed::new(PipeError::new("fs::glob", error)))
        }
    }
}

/// Where a pattern is looked for.
struct Plan {
    /// The part of it that stands for itself.
    root: PathBuf,
    max_depth: usize,
    matcher: GlobMatcher,
    /// The root is the directory that the program is in, and its paths begin without it.
    here: bool,
}

impl Plan {
    fn of(pattern: &str) -> Result<Self, globset::Error> {
        let parts: Vec<_> = Path::new(pattern).components().collect();
        // Without what does not matter to a path: `a//b/`.
        let pattern: PathBuf = parts.iter().collect();
        let pattern = pattern.to_string_lossy();
        let glob = GlobBuilder::new(&pattern).literal_separator(true).build()?;
        let is_special = |part: &Component<'_>| {
            part.as_os_str().to_str().is_none_or(|part| part.contains(SPECIAL))
        };
        let fixed = parts.iter().take_while(|part| !is_special(part)).count();
        let root: PathBuf = parts[..fixed].iter().collect();
        // A part of a pattern may have several parts in it: {a,b/c}.
        let deep = pattern.contains("**") || pattern.contains('{');
        let max_depth = if deep { usize::MAX } else { parts.len() - fixed };
        let here = root.as_os_str().is_empty();
        let root = if here { PathBuf::from(".") } else { root };
        Ok(Self { root, max_depth, matcher: glob.compile_matcher(), here })
    }

    fn source(self) -> Source<Result<Entry, FsError>> {
        let Self { root, max_depth, matcher, here } = self;
        let found = walk(&root).max_depth(max_depth).sorted().source();
        found.filter_map(move |found| match found {
            Ok(mut entry) => {
                if here && entry.depth() == 0 {
                    return None;
                }
                if here {
                    entry.below(Path::new("."));
                }
                matcher.is_match(entry.path()).then_some(Ok(entry))
            }
            Err(error) if error.path == root && error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => Some(Err(error)),
        })
    }
}
