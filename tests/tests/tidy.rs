//! The rules of style, as tests: so that nobody has to remember them.
//!
//! Each rule reads the sources and names the lines that break it, with a remedy. `clippy.toml` and `[workspace.lints]` have
//! the rules that clippy can check; here are the others. Nothing of roundsman runs in this file.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

#[path = "tidy/source.rs"]
mod source;

use source::{Source, markdown, repository, rust};

/// Folders with Rust sources that the rules hold for.
const EVERYWHERE: [&str; 6] =
    ["runtime/src", "actors/src", "examples", "tests", "benches", "fuzz/fuzz_targets"];
/// The two crates that users run.
const LIBRARY: [&str; 2] = ["runtime/src", "actors/src"];

/// What breaks a rule, collected so that one run shows all of it.
#[derive(Default)]
struct Findings(String);

impl Findings {
    fn add(&mut self, source: &Source, line: usize, remedy: &str) {
        let _ = writeln!(self.0, "{}:{line}: {remedy}", source.name);
    }

    #[track_caller]
    fn none(self) {
        assert!(self.0.is_empty(), "\n{}", self.0);
    }
}

/// Reports each line of code in `folders` that `breaks` says breaks a rule.
#[track_caller]
fn no_line_of_code(folders: &[&str], remedy: &str, breaks: impl Fn(&Source, &str) -> bool) {
    let mut findings = Findings::default();
    for source in rust(folders) {
        for (number, line) in source.code_lines() {
            if breaks(&source, line) {
                findings.add(&source, number, remedy);
            }
        }
    }
    findings.none();
}

#[test]
fn every_file_opens_with_what_it_is() {
    let mut findings = Findings::default();
    for source in rust(&EVERYWHERE) {
        if !source.text.starts_with("//!") {
            findings.add(
                &source,
                1,
                "open with `//!`: what it is, who calls it, what it does not do",
            );
        }
    }
    findings.none();
}

#[test]
fn no_file_has_a_name_that_says_nothing() {
    const BANNED: [&str; 12] = [
        "util", "utils", "common", "helper", "helpers", "misc", "types", "internal", "shared",
        "manager", "impl", "base",
    ];
    let mut findings = Findings::default();
    for source in rust(&EVERYWHERE) {
        let mut parts = source.name.split(['/', '.']);
        if parts.any(|part| BANNED.contains(&part)) {
            findings.add(&source, 1, "name the file after the concept in it, mostly its main type");
        }
    }
    findings.none();
}

#[test]
fn no_file_is_longer_than_600_lines() {
    let mut findings = Findings::default();
    for source in rust(&EVERYWHERE) {
        let lines = source.text.lines().count();
        if lines > 600 {
            findings.add(&source, lines, "split the file: one concept each, 600 lines at most");
        }
    }
    findings.none();
}

#[test]
fn mio_is_named_in_two_places_only() {
    const ALLOWED: [&str; 2] = ["runtime/src/poller.rs", "actors/src/net/transport"];
    let remedy = "reach the OS through `poller` or `net::transport`, the two places that name mio";
    no_line_of_code(&LIBRARY, remedy, |source, line| {
        !ALLOWED.iter().any(|place| source.name.starts_with(place)) && names(line, "mio")
    });
}

#[test]
fn no_async_runtime_is_named_in_the_library() {
    /// It calls what a crate offers as `async fn` only.
    const CALLS_ASYNC: &str = "actors/src/dns/hickory/engine.rs";
    let remedy = "no async runtime in `runtime` or `actors`: let an actor wait for a message";
    no_line_of_code(&LIBRARY, remedy, |source, line| {
        ["tokio", "async_std", "smol"].iter().any(|name| has_word(line, name))
            || has_word(line, "async") && source.name != CALLS_ASYNC
    });
    for manifest in ["runtime/Cargo.toml", "actors/Cargo.toml"] {
        let text = fs::read_to_string(repository().join(manifest)).expect("a crate has a manifest");
        for name in ["tokio", "async-std", "smol"] {
            assert!(!text.contains(name), "{manifest} names {name}: remove the dependency");
        }
    }
}

#[test]
#[expect(clippy::disallowed_macros, reason = "a test that is skipped says so aloud")]
fn no_async_runtime_is_among_the_dependencies() {
    let Some(cargo) = std::env::var_os("CARGO") else {
        eprintln!("SKIPPED: CARGO is not set, so the tree of dependencies was not looked at");
        return;
    };
    // Everything that this test was built from is there already.
    let tree = Command::new(cargo)
        .args(["tree", "--package", "roundsman", "--edges", "normal", "--prefix", "none"])
        .args(["--locked", "--offline"])
        .current_dir(repository())
        .output();
    let tree = match tree {
        Ok(tree) => tree,
        Err(error) => {
            eprintln!("SKIPPED: cargo cannot be run ({error}), so its tree was not looked at");
            return;
        }
    };
    let printed = String::from_utf8_lossy(&tree.stdout);
    assert!(tree.status.success(), "cargo tree: {}", String::from_utf8_lossy(&tree.stderr));
    for line in printed.lines() {
        let name = line.split(' ').next().unwrap_or_default();
        let found = ["tokio", "async-std", "smol", "futures-executor"].contains(&name);
        assert!(
            !found,
            "`roundsman` depends on {line}: find what pulls it in with `cargo tree -i`"
        );
    }
}

#[test]
fn the_library_knows_no_wall_clock() {
    // So no timer, deadline or tick can jump with it: they count on `Instant`, which never goes back.
    let remedy = "time is the driver's `Timestamp`: the wall clock jumps";
    no_line_of_code(&LIBRARY, remedy, |_, line| {
        ["SystemTime", "UNIX_EPOCH", "CLOCK_REALTIME"].iter().any(|name| has_word(line, name))
    });
}

#[test]
fn hickory_is_named_in_one_folder_only() {
    let remedy =
        "the crate that speaks DNS stays behind `dns::hickory`: its next version has other names";
    no_line_of_code(&LIBRARY, remedy, |source, line| {
        let inside = source.name.starts_with("actors/src/dns/hickory/");
        !inside && ["hickory_resolver", "hickory_net"].iter().any(|name| has_word(line, name))
    });
}

#[test]
fn lookups_and_futures_know_no_sockets() {
    let remedy = "what needs a socket is in `dns::hickory`: see `ARCHITECTURE.md`";
    no_line_of_code(&["actors/src/dns", "actors/src/futures"], remedy, |source, line| {
        !source.name.starts_with("actors/src/dns/hickory/")
            && crate_paths(line).any(|named| named == "net")
    });
}

#[test]
fn the_runtime_knows_no_protocol() {
    let remedy = "`runtime` is below `roundsman` and knows no bytes: move this to `actors`";
    no_line_of_code(&["runtime/src"], remedy, |_, line| {
        names(line, "roundsman") || names(line, "bytes")
    });
}

#[test]
fn jobs_about_files_reach_the_os_through_two_doors() {
    // `copy`, `mover` and `watch_feed` do so only where no simulated disk is.
    const DOORS: [&str; 7] = ["names", "handle", "unix", "not_unix", "copy", "mover", "watch_feed"];
    const CALLS: [&str; 15] = [
        "fs::canonicalize(",
        "fs::copy(",
        "fs::create_dir",
        "fs::exists(",
        "fs::hard_link(",
        "fs::metadata(",
        "fs::read",
        "fs::remove_",
        "fs::rename(",
        "fs::set_permissions(",
        "fs::symlink_metadata(",
        "fs::write(",
        "File::create",
        "File::open",
        "env::temp_dir(",
    ];
    let remedy = "ask `names` about a path and `Handle` about an open file: a simulated host has its own disk";
    no_line_of_code(&["actors/src/fs"], remedy, |source, line| {
        let file = source.name.trim_start_matches("actors/src/fs/").trim_end_matches(".rs");
        let is_door = DOORS.contains(&file) || file.starts_with("disk/");
        !is_door && CALLS.iter().any(|call| line.contains(call))
    });
}

#[test]
fn streams_know_no_sockets() {
    let remedy = "`stream` must not name `net`: what needs a socket belongs to `net`";
    no_line_of_code(&["actors/src/stream"], remedy, |_, line| names(line, "net"));
}

/// What each module of the two lower layers of the runtime may name beyond them: see `ARCHITECTURE.md`.
const UPWARD: [(&str, &[&str]); 3] =
    [("driver", &["cell", "course"]), ("run_queue", &["cell"]), ("envelope", &["cell", "local"])];

#[test]
fn the_lower_layers_of_the_runtime_know_no_actors() {
    let layers = runtime_layers();
    let lower: Vec<_> = layers.iter().take(2).flat_map(|(_, modules)| modules).collect();
    let allowed = |module: &str, named: &str| {
        lower.iter().any(|lower| *lower == named)
            || UPWARD.iter().any(|(from, to)| *from == module && to.contains(&named))
    };
    let remedy = "a file of the layers platform and data names only those: see `ARCHITECTURE.md`";
    no_line_of_code(&["runtime/src"], remedy, |source, line| {
        let module = source.module();
        let is_lower = lower.iter().any(|lower| *lower == module) && !source.is_unit_test();
        is_lower && crate_paths(line).any(|named| !allowed(module, named))
    });
}

#[test]
fn nothing_below_them_names_the_files_that_start_everything() {
    let layers = runtime_layers();
    let top = &layers.last().expect("lib.rs lists the layers").1;
    let remedy = "only the layer of loops and threads names these: see `ARCHITECTURE.md`";
    no_line_of_code(&["runtime/src"], remedy, |source, line| {
        let below = source.module() != "lib" && !top.iter().any(|top| *top == source.module());
        let starters = ["builder", "event_loop", "worker", "simulate", "simulation", "runtime"];
        below && crate_paths(line).any(|named| starters.contains(&named))
    });
}

#[test]
fn unsafe_stands_in_four_files() {
    const ALLOWED: [&str; 4] = [
        "runtime/src/address.rs",
        "runtime/src/cell.rs",
        "runtime/src/envelope.rs",
        "runtime/src/local.rs",
    ];
    let remedy = "no `unsafe` but in the four files that `ARCHITECTURE.md` names: build on them";
    no_line_of_code(&EVERYWHERE, remedy, |source, line| {
        let beside = source.name.starts_with("runtime/src/") && source.is_unit_test();
        has_word(line, "unsafe") && !beside && !ALLOWED.contains(&&*source.name)
    });
}

#[test]
fn every_unsafe_says_why_it_is_sound() {
    let mut findings = Findings::default();
    for source in rust(&EVERYWHERE) {
        let lines: Vec<_> = source.text.lines().collect();
        for (number, line) in source.code_lines() {
            // The type of a function pointer promises nothing.
            let promises = has_word(line, "unsafe") && !line.contains("unsafe fn(");
            let said = || {
                let above = &lines[number.saturating_sub(8)..number];
                let begin = above.iter().rposition(|line| line.trim().is_empty());
                let above = &above[begin.unwrap_or(0)..];
                above.iter().any(|line| line.contains("SAFETY:") || line.contains("# Safety"))
            };
            if promises && !said() {
                findings.add(&source, number, "say in a `SAFETY:` comment what this rests on");
            }
        }
    }
    findings.none();
}

#[test]
fn nothing_is_left_undone() {
    let remedy = "do it now, or open an issue";
    no_line_of_code(&EVERYWHERE, remedy, |_, line| {
        line.contains("todo!") || line.contains("unimplemented!")
    });
}

#[test]
fn no_test_is_ignored() {
    let remedy = "a test that does not run proves nothing: repair it or remove it";
    no_line_of_code(&EVERYWHERE, remedy, |_, line| line.contains("#[ignore"));
}

#[test]
fn no_test_sleeps() {
    let remedy = "wait for what must happen, or use a simulated runtime: its time jumps";
    no_line_of_code(&["tests"], remedy, |_, line| line.contains("thread::sleep"));
}

#[test]
fn no_file_names_a_place_on_somebodys_machine() {
    let mut findings = Findings::default();
    let mut sources = rust(&EVERYWHERE);
    sources.extend(markdown(&["."]));
    sources.extend(source::with_extension(&["."], "toml"));
    sources.extend(source::scripts());
    for source in sources {
        let places = ["root", "work", "home", "Users"].map(|folder| format!("/{folder}/"));
        let is_test = source.name.starts_with("tests/");
        for (index, line) in source.text.lines().enumerate() {
            if places.iter().any(|place| line.contains(place)) {
                findings.add(&source, index + 1, "name a path within the repository");
            }
            if line.contains(&format!("/{}/", "tmp")) && !is_test {
                findings.add(&source, index + 1, "use `std::env::temp_dir`, and in tests only");
            }
        }
    }
    findings.none();
}

#[test]
fn every_error_may_grow() {
    let mut findings = Findings::default();
    for source in rust(&LIBRARY) {
        let mut attributes = String::new();
        for (number, line) in source.code_lines() {
            let line = line.trim();
            if let Some(rest) = line.strip_prefix("pub enum ") {
                let name = rest.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
                let is_error = name.ends_with("Error") || attributes.contains("Error");
                if is_error && !attributes.contains("non_exhaustive") {
                    findings.add(&source, number, "a public error enum is `#[non_exhaustive]`");
                }
            }
            if line.starts_with("#[") {
                attributes.push_str(line);
            } else if !line.is_empty() && line != ")]" {
                attributes.clear();
            }
        }
    }
    findings.none();
}

#[test]
fn every_page_of_the_guide_stands_in_its_summary_and_every_entry_is_there() {
    let docs = repository().join("docs");
    let summary = fs::read_to_string(docs.join("SUMMARY.md")).expect("the guide has a summary");
    for page in markdown(&["docs"]) {
        let page = page.name.trim_start_matches("docs/");
        let listed = page == "SUMMARY.md" || summary.contains(&format!("({page})"));
        assert!(listed, "docs/{page} stands in no entry of docs/SUMMARY.md: add it");
    }
    for entry in summary.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
        assert!(docs.join(entry).is_file(), "docs/SUMMARY.md lists {entry}: write it");
    }
}

#[test]
fn every_page_with_code_is_compiled() {
    let compiled =
        fs::read_to_string(repository().join("tests/src/guide.rs")).expect("it is there");
    for page in markdown(&["docs"]) {
        let has_code = page.text.contains("```rust");
        let name = page.name.trim_start_matches("./");
        assert!(
            !has_code || compiled.contains(&format!("/{name}\"")),
            "{name} has Rust code that nobody compiles: add it to tests/src/guide.rs"
        );
    }
}

#[test]
fn what_the_guide_quotes_stands_there_to_the_letter() {
    let mut findings = Findings::default();
    for page in markdown(&["docs"]) {
        for (index, block) in page.text.split("```rust,ignore\n").enumerate().skip(1) {
            let quote = block.split("```").next().unwrap_or_default();
            let Some((file, code)) = quote.strip_prefix("// ").and_then(|it| it.split_once('\n'))
            else {
                findings.add(
                    &page,
                    index,
                    "name the file of a quote in its first line: `// examples/…`",
                );
                continue;
            };
            let source = fs::read_to_string(repository().join(file)).unwrap_or_default();
            if !source.contains(code) {
                findings.add(&page, index, &format!("{file} has changed: quote it anew"));
            }
        }
    }
    findings.none();
}

#[test]
fn no_link_in_the_documentation_leads_nowhere() {
    let mut findings = Findings::default();
    for page in markdown(&["."]) {
        let folder = page.path.parent().unwrap_or(Path::new(""));
        for (index, line) in page.text.lines().enumerate() {
            let targets = line.split("](").skip(1).filter_map(|rest| rest.split(')').next());
            for target in targets.filter(|target| !target.contains("://")) {
                let file = target.split('#').next().unwrap_or_default();
                if !file.is_empty() && !folder.join(file).exists() {
                    findings.add(&page, index + 1, &format!("{target} is not there"));
                }
            }
        }
    }
    findings.none();
}

#[test]
fn every_example_is_run_by_a_test() {
    let manifest =
        fs::read_to_string(repository().join("examples/Cargo.toml")).expect("it is there");
    let mut examples: Vec<String> = fs::read_dir(repository().join("examples"))
        .expect("it is there")
        .map(|entry| entry.expect("it can be read").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .filter_map(|path| path.file_stem()?.to_str().map(str::to_owned))
        .filter(|name| name != "lib")
        .collect();
    let declared =
        manifest.split("[[example]]").skip(1).filter_map(|entry| entry.split('"').nth(1));
    examples.extend(declared.map(str::to_owned));
    let tests = rust(&["tests/tests"]);
    for name in examples {
        let literal = format!("\"{name}\"");
        let named = tests.iter().any(|test| test.text.contains(&literal));
        assert!(
            named,
            "no test in tests/tests names the example {name}: run it and read its output"
        );
    }
}

#[test]
fn the_architecture_names_every_file_and_stays_short() {
    let page = fs::read_to_string(repository().join("ARCHITECTURE.md")).expect("it is there");
    assert!(page.lines().count() < 200, "ARCHITECTURE.md is for a first reading: under 200 lines");
    for source in rust(&LIBRARY).iter().filter(|source| !source.is_unit_test()) {
        let file = source.name.rsplit('/').next().unwrap_or_default();
        let named = match file {
            "mod.rs" => page.contains(&*source.name.replace("actors/src/", "`")),
            _ => page.contains(&format!("{file}`")),
        };
        assert!(named, "ARCHITECTURE.md does not name {}: give it a line", source.name);
    }
}

#[test]
fn the_guide_has_the_steps_of_a_round_in_the_order_of_the_code() {
    let page = fs::read_to_string(repository().join("docs/loop.md")).expect("it is there");
    let code = fs::read_to_string(repository().join("runtime/src/event_loop.rs")).expect("it is");
    let steps = code.lines().filter_map(|line| line.trim().strip_prefix("/// Step "));
    let mut rest = &*page;
    let mut count = 0;
    for step in steps {
        let (number, what) = step.split_once(": ").expect("a step has a number and a description");
        let found = rest.find(&format!("\n{number}. ")).and_then(|at| {
            let line = rest[at + 1..].lines().next().unwrap_or_default();
            line.contains(what).then_some(at + 1)
        });
        let at = found.unwrap_or_else(|| panic!("docs/loop.md lacks, at its place: {step}"));
        rest = &rest[at..];
        count += 1;
    }
    assert_eq!(count, 5, "a round has five steps");
}

#[test]
fn the_readme_opens_with_two_commands_and_shows_the_counter_as_it_is() {
    let readme = fs::read_to_string(repository().join("README.md")).expect("it is there");
    let commands = readme.split("```sh\n").nth(1).and_then(|rest| rest.split("```").next());
    assert_eq!(commands, Some("cargo run --release --example chat\ncargo test\n"));
    let counter =
        fs::read_to_string(repository().join("examples/counter.rs")).expect("it is there");
    let is_head = |line: &&str| line.starts_with("//!") || line.starts_with("#![");
    let code: Vec<_> = counter.lines().skip_while(is_head).collect();
    let code = code.join("\n");
    assert!(
        readme.contains(code.trim()),
        "README.md shows another counter than examples/counter.rs"
    );
}

/// The modules of the runtime by layer, as `runtime/src/lib.rs` lists them.
fn runtime_layers() -> Vec<(String, Vec<String>)> {
    let text = fs::read_to_string(repository().join("runtime/src/lib.rs")).expect("it is there");
    let mut layers: Vec<(String, Vec<String>)> = Vec::new();
    for line in text.lines() {
        if let Some(comment) = line.strip_prefix("// ") {
            layers.push((comment.to_owned(), Vec::new()));
        } else if let (Some(module), Some((_, modules))) =
            (line.strip_prefix("mod ").and_then(|rest| rest.strip_suffix(';')), layers.last_mut())
        {
            modules.push(module.to_owned());
        }
    }
    assert_eq!(layers.len(), 4, "runtime/src/lib.rs lists four layers");
    layers
}

/// The modules after `crate::` in a line.
fn crate_paths(line: &str) -> impl Iterator<Item = &str> {
    line.split("crate::")
        .skip(1)
        .filter_map(|rest| rest.split(|c: char| !c.is_alphanumeric() && c != '_').next())
        .filter(|name| name.starts_with(|c: char| c.is_ascii_lowercase()))
}

/// Whether a line of code has `word`, not as a part of a longer one.
fn has_word(line: &str, word: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).any(|(at, _)| {
        !line[..at].ends_with(is_part) && !line[at + word.len()..].starts_with(is_part)
    })
}

/// Whether a line of code names the crate or module `name`: as the beginning or a part of a path.
fn names(line: &str, name: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(name).any(|(at, _)| {
        let (before, after) = (&line[..at], &line[at + name.len()..]);
        let whole = !before.ends_with(is_part) && !after.starts_with(is_part);
        let used =
            line.trim_start().starts_with("use ") || line.trim_start().starts_with("pub use ");
        whole && (after.starts_with("::") || before.ends_with("::") || used)
    })
}
