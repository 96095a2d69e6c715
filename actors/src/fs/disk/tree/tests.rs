//! Names after a crash, and what the tree remembers.

use std::cell::RefCell;

use super::*;

fn place(tree: &Tree, path: &str) -> Place {
    tree.find(Path::new(path), Follow::NoLink).expect("a directory to be in")
}

fn make(tree: &mut Tree, path: &str, body: Body) {
    let place = place(tree, path);
    tree.create(&place, body);
}

fn directory() -> Body {
    Body::Directory(Directory::default())
}

fn file() -> Body {
    Body::File(Content::default())
}

fn rename(tree: &mut Tree, from: &str, to: &str) {
    let (from, to) = (place(tree, from), place(tree, to));
    let node = from.node.expect("it is there");
    let moves = from.directory != to.directory && tree.is_directory(node);
    tree.change(vec![to.leads_to(Some(node)), from.leads_to(None)], moves);
}

fn sync(tree: &mut Tree, path: &str) {
    let node = place(tree, path).node.expect("it is there");
    tree.sync(node);
}

fn is_there(tree: &Tree, path: &str) -> bool {
    tree.find(Path::new(path), Follow::NoLink).is_ok_and(|place| place.node.is_some())
}

/// Some survive: those for which 0 is drawn.
fn some(draws: &[usize]) -> impl Fn(usize) -> usize {
    let draws = RefCell::new([3].into_iter().chain(draws.to_vec()));
    move |_| draws.borrow_mut().next().unwrap_or(0)
}

#[test]
fn in_one_directory_the_first_changes_survive_and_in_another_others() {
    let mut tree = Tree::new();
    make(&mut tree, "a", directory());
    make(&mut tree, "b", directory());
    sync(&mut tree, "/");
    for path in ["a/1", "b/1", "a/2", "b/2"] {
        make(&mut tree, path, file());
    }
    tree.crash(&some(&[1, 0, 0]));
    let left = ["a/1", "b/1", "a/2", "b/2"].map(|path| is_there(&tree, path));
    assert_eq!(left, [false, true, false, true]);
}

#[test]
fn a_directory_that_has_moved_survives_only_with_everything_before_it() {
    let mut tree = Tree::new();
    for path in ["p", "q", "p/x", "q/y"] {
        make(&mut tree, path, directory());
    }
    for path in ["/", "p", "q"] {
        sync(&mut tree, path);
    }
    // Were only the first and the last kept, each of the two would be in the other, and both out of reach.
    rename(&mut tree, "p/x", "q/y/x");
    rename(&mut tree, "q/y/x", "p/x");
    rename(&mut tree, "q/y", "p/x/y");
    tree.crash(&some(&[0, 1, 0]));
    assert!(is_there(&tree, "q/y/x") && !is_there(&tree, "p/x"));
}

#[test]
fn a_sync_keeps_what_must_have_happened_before_elsewhere() {
    let mut tree = Tree::new();
    make(&mut tree, "a", directory());
    make(&mut tree, "b", directory());
    sync(&mut tree, "/");
    make(&mut tree, "a/file", file());
    make(&mut tree, "b/other", file());
    rename(&mut tree, "a/file", "b/file");
    make(&mut tree, "a/late", file());
    sync(&mut tree, "b");
    tree.crash(&|_| 1);
    let left = ["a/file", "b/other", "b/file", "a/late"].map(|path| is_there(&tree, path));
    assert_eq!(left, [false, true, true, false]);
}

#[test]
fn nothing_is_remembered_of_what_is_gone_for_good() {
    let mut tree = Tree::new();
    for count in 0..20_000 {
        let name = format!("file {count}");
        make(&mut tree, &name, file());
        let gone = place(&tree, &name).leads_to(None);
        tree.change(vec![gone], false);
    }
    assert!(tree.log.len() <= LOG_MAX);
    assert!(tree.nodes.len() <= LOG_MAX * 3 + SWEEP_EVERY, "{}", tree.nodes.len());
}
