//! Every operation about a path or an open file, on the disk of a host and nowhere else.

use std::fs::FileTimes;
use std::io::{ErrorKind, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use roundsman::fs::{self, FsError};
use roundsman::{Job, JobError, Lane, Runtime, Simulation, Spawn, try_job};
use roundsman_tests::folder::Folder;
use roundsman_tests::role::Role;

use crate::Bench;

#[test]
fn what_is_written_is_read_and_the_real_files_know_nothing_of_it() {
    let bench = Bench::new(1);
    let path = "/roundsman of a simulated host";
    bench.get(fs::write(path, "be kind"));
    assert_eq!(bench.get(fs::read(path)), "be kind");
    assert_eq!(bench.get(fs::read_to_string(&path[1..])), "be kind", "relative to the root");
    assert!(!Path::new(path).exists());
    assert!(!Path::new(&path[1..]).exists());
}

#[test]
fn what_is_real_is_not_there() {
    let (bench, folder) = (Bench::new(1), Folder::new());
    let real = folder.with("real", "!");
    assert_eq!(bench.failure(fs::read(&real)).kind(), ErrorKind::NotFound);
    assert!(!bench.get(fs::exists(&real)));
    // Nor by a way out of the root.
    let out = Path::new("/../../../../../..").join(real.strip_prefix("/").unwrap_or(&real));
    assert!(!bench.get(fs::exists(out)));
}

#[test]
fn a_host_without_a_disk_has_the_real_files() {
    let folder = Folder::new();
    let path = folder.file("real");
    let simulation = Simulation::new(1);
    let runtime = Runtime::builder().build_in(&simulation).expect("a runtime");
    let write = fs::write(&path, "be kind");
    let root = Role::new(|done: Result<(), JobError<FsError>>, ctx| {
        done?;
        ctx.stop();
        Ok(())
    });
    let root = root.started(|ctx| {
        ctx.start(write, |done| done);
        Ok(())
    });
    simulation.launch(runtime, Spawn::new(), || root);
    simulation.run().expect("it is written");
    assert_eq!(std::fs::read(&path).expect("it is there"), b"be kind");
}

#[test]
fn every_way_to_a_file_leads_to_it_and_none_out_of_the_root() {
    let bench = Bench::new(1);
    bench.disk.write("/srv/www/index", "hello").expect("it can be written");
    for (target, link) in [
        ("/srv", "absolute"),
        ("srv/www", "relative"),
        ("../../../srv", "out"),
        ("relative/../www/index", "through"),
        ("/../absolute/www", "twice"),
    ] {
        bench.get(fs::symlink(target, link));
        assert_eq!(bench.get(fs::read_link(link)), PathBuf::from(target), "as it was said");
    }
    for path in [
        "/srv/www/index",
        "srv/./www//index",
        "../../srv/www/../www/index",
        "/absolute/www/index",
        "relative/index",
        "out/www/index",
        "through",
        "twice/index",
    ] {
        assert_eq!(bench.get(fs::read(path)), "hello", "{path}");
        assert_eq!(bench.get(fs::canonicalize(path)), PathBuf::from("/srv/www/index"), "{path}");
    }
    assert_eq!(bench.get(fs::canonicalize("../..")), PathBuf::from("/"));
}

#[test]
fn links_that_lead_in_a_circle_or_nowhere_are_errors_that_name_the_path() {
    let bench = Bench::new(1);
    bench.get(fs::symlink("there", "here"));
    assert_eq!(bench.failure(fs::read("here")).kind(), ErrorKind::NotFound);
    assert!(bench.get(fs::symlink_metadata("here")).is_symlink());
    bench.get(fs::symlink("here", "there"));
    let error = bench.failure(fs::read("here/and/on"));
    assert_eq!((error.operation, &*error.path), ("reading", Path::new("here/and/on")));
    assert_ne!(error.kind(), ErrorKind::NotFound, "{error}");
    // What is written to a link that leads nowhere comes to be there.
    bench.get(fs::remove_file("there"));
    bench.get(fs::write("here", "now"));
    assert_eq!(bench.text("/there").as_deref(), Some("now"));
}

#[test]
fn the_errors_are_those_of_the_os() {
    let bench = Bench::new(1);
    bench.disk.write("/dir/file", "!").expect("it can be written");
    let open_new = || fs::OpenOptions::new().write(true).create_new(true).open("/dir/file");
    let failures: [(FsError, ErrorKind); 9] = [
        (bench.failure(fs::read("nothing")), ErrorKind::NotFound),
        (bench.failure(fs::read("nothing/at/all")), ErrorKind::NotFound),
        (bench.failure(fs::read("dir/file/below")), ErrorKind::NotADirectory),
        (bench.failure(fs::create_dir("dir")), ErrorKind::AlreadyExists),
        (bench.failure(fs::remove_dir("dir")), ErrorKind::DirectoryNotEmpty),
        (bench.failure(fs::remove_dir_all("dir/file")), ErrorKind::NotADirectory),
        (bench.failure(fs::write("dir", "")), ErrorKind::IsADirectory),
        (bench.failure(open_new()), ErrorKind::AlreadyExists),
        (bench.failure(fs::rename("dir", "dir/below")), ErrorKind::InvalidInput),
    ];
    for (error, kind) in &failures {
        assert_eq!(error.kind(), *kind, "{error}");
        assert!(error.source.raw_os_error().is_some(), "{error}");
        assert!(!error.to_string().contains(".tmp"), "no real path: {error}");
    }
    let root: [Job<(), FsError>; 3] =
        [fs::remove_dir("/"), fs::remove_dir_all("dir/.."), fs::rename("/", "dir/below")];
    for job in root {
        bench.failure(job);
    }
    assert_eq!(bench.names("/"), ["dir", "tmp"]);
}

#[test]
fn directories_are_made_and_removed() {
    let bench = Bench::new(1);
    bench.get(fs::create_dir_all("/a/b/../b/c"));
    bench.get(fs::create_dir_all("/a/b"));
    bench.get(fs::create_dir("a/d"));
    bench.get(fs::write("a/b/c/file", "!"));
    bench.get(fs::symlink("/a/b", "a/link"));
    assert!(bench.get(fs::metadata("a/link")).is_dir());
    // A link is removed itself.
    bench.get(fs::remove_dir_all("a/link"));
    assert_eq!(bench.names("/a"), ["b", "d"]);
    bench.get(fs::remove_dir("a/d"));
    bench.get(fs::remove_dir_all("a"));
    assert_eq!(bench.names("/"), ["tmp"]);
    assert_eq!(bench.disk.used(), 0);
}

#[test]
fn a_file_is_renamed_linked_copied_truncated_and_removed() {
    let bench = Bench::new(1);
    bench.get(fs::write("one", "some text"));
    bench.get(fs::hard_link("one", "two"));
    bench.get(fs::append("two", ", and more"));
    assert_eq!(bench.text("one").as_deref(), Some("some text, and more"));
    assert_eq!(bench.disk.used(), 19, "it is one file");
    bench.get(fs::rename("one", "two"));
    assert_eq!(bench.names("/"), ["one", "tmp", "two"], "two names of one file both stay");
    bench.get(fs::remove_file("one"));
    bench.get(fs::rename("two", "/tmp/three"));
    assert_eq!(bench.get(fs::copy("tmp/three", "four")), 19);
    assert_eq!(bench.get(fs::copy("four", "four")), 19, "onto itself it stays");
    bench.get(fs::truncate("four", 4));
    assert_eq!(bench.get(fs::read("four")), "some");
    assert_eq!(bench.get(fs::metadata("four")).len(), 4);
    assert_eq!(bench.disk.used(), 19 + 4);
    bench.get(fs::rename("four", "tmp/three"));
    assert_eq!((bench.names("/tmp"), bench.disk.used()), (vec!["three".to_owned()], 4));
}

#[test]
fn files_are_dated_by_the_time_of_the_simulation() {
    let bench = Bench::new(3);
    bench.get(fs::write("one", "!"));
    let modified =
        || bench.get(fs::metadata("one")).modified().expect("a file system has times of files");
    let first = modified();
    let begun = SystemTime::UNIX_EPOCH + Duration::from_secs(1_767_225_600);
    assert!(first > begun && first < begun + Duration::from_secs(1), "{first:?}");
    bench.get(fs::append("one", "!"));
    assert!(modified() > first);
    bench.get(fs::set_times("one", FileTimes::new().set_modified(begun)));
    assert_eq!(modified(), begun);
}

#[cfg(unix)]
#[test]
fn permissions_outlive_a_crash() {
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt;

    let bench = Bench::new(1);
    bench.disk.write("dir/key", "secret").expect("it can be written");
    bench.get(fs::set_permissions("dir/key", Permissions::from_mode(0o600)));
    bench.get(fs::set_permissions("dir", Permissions::from_mode(0o711)));
    bench.crash();
    assert_eq!(bench.get(fs::metadata("dir/key")).permissions().mode() & 0o777, 0o600);
    assert_eq!(bench.get(fs::metadata("dir")).permissions().mode() & 0o777, 0o711);
}

#[test]
fn the_jobs_of_an_open_file_work_as_on_a_real_disk() {
    let bench = Bench::new(1);
    let options = fs::OpenOptions::new().read(true).write(true).create(true);
    let file = bench.get(options.open("/book"));
    bench.get(file.write("page one, page two"));
    bench.get(file.write_at(5, "ONE"));
    assert_eq!(bench.get(file.read_at(0, 100)), "page ONE, page two");
    assert_eq!(bench.get(file.seek(SeekFrom::Start(10))), 10);
    assert_eq!(bench.get(file.read(100)), "page two");
    assert_eq!(bench.get(file.read(100)), "", "the end");
    bench.get(file.set_len(4));
    bench.get(file.write_at(6, "!"));
    assert_eq!(bench.get(file.read_at_into(0, Vec::with_capacity(7))), b"page\0\0!");
    assert_eq!((bench.get(file.metadata()).len(), bench.disk.used()), (7, 7));
    bench.get(file.sync_all());
    bench.get(file.sync_data());
    // It is read, and takes room, as long as somebody has it.
    bench.get(fs::remove_file("book"));
    assert_eq!(bench.get(file.read_at(0, 4)), "page");
    assert_eq!(bench.disk.used(), 7);
    bench.get(file.close());
    assert_eq!(bench.disk.used(), 0);
}

#[test]
fn what_is_appended_stands_at_the_end_whatever_the_place() {
    let bench = Bench::new(1);
    let log = bench.get(fs::OpenOptions::new().append(true).create(true).open("log"));
    bench.get(log.write("one\n"));
    bench.get(fs::append("log", "two\n"));
    bench.get(log.write_at(0, "three\n"));
    bench.get(log.sync_all());
    bench.get(bench.get(fs::open("/")).sync_all());
    bench.crash();
    assert_eq!(bench.text("log").as_deref(), Some("one\ntwo\nthree\n"));
}

#[cfg(unix)]
#[test]
fn a_file_that_is_locked_refuses_a_second_lock() {
    let bench = Bench::new(1);
    bench.get(fs::write("lock", ""));
    let (one, other) = (bench.get(fs::open("lock")), bench.get(fs::open("lock")));
    assert!(bench.get(one.try_lock()));
    assert!(!bench.get(other.try_lock()));
    bench.get(one.unlock());
    assert!(bench.get(other.try_lock()));
}

#[test]
fn what_is_temporary_is_in_the_tmp_of_the_disk_and_goes_with_its_handle() {
    let bench = Bench::new(1);
    let file = bench.get(fs::temp_file());
    let dir = bench.get(fs::temp_dir());
    assert!(file.path().starts_with("/tmp") && dir.path().starts_with("/tmp"));
    assert_eq!(bench.names("/tmp").len(), 2);
    bench.get(file.file().write("kept"));
    bench.get(fs::write(dir.path().join("inside"), "!"));
    let kept = bench.get(file.persist("/kept"));
    assert_eq!(kept.path(), Path::new("/kept"));
    drop(dir);
    assert_eq!(bench.names("/tmp"), [""; 0]);
    assert_eq!(bench.text("/kept").as_deref(), Some("kept"));
    let dir = bench.get(fs::temp_dir_in("/"));
    bench.get(fs::write(dir.path().join("inside"), "!"));
    let path = dir.keep();
    assert_eq!(bench.get(fs::read(path.join("inside"))), "!");
    let closed = bench.get(fs::temp_file_in(&path));
    bench.get(closed.close());
    assert_eq!(bench.names(&path.to_string_lossy()), ["inside"]);
}

#[test]
fn names_that_are_made_up_come_from_the_seed() {
    let name = |seed| bench_temp(&Bench::new(seed));
    assert_eq!(name(7), name(7));
    assert_ne!(name(7), name(8));
}

fn bench_temp(bench: &Bench) -> PathBuf {
    bench.get(fs::temp_file()).path().to_owned()
}

#[test]
fn a_job_of_ones_own_that_calls_the_standard_library_has_the_real_files() {
    let bench = Bench::new(1);
    bench.disk.write("/only on the disk", "!").expect("it can be written");
    let look = try_job(Lane::User, || Ok(Path::new("/only on the disk").exists()));
    assert!(!bench.get(look), "which is said in the docs of the simulation");
}
