//! Straight pipes of which one end is a file: the kernel moves the bytes, and the result is that of copying.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::mpsc;

use bytes::Bytes;
use roundsman::JobStatus;
use roundsman::fs::{reader, writer};
use roundsman::stream::{PipeError, Running, Source, Summary};
use roundsman_tests::folder::Folder;
use roundsman_tests::outcome::result;
use roundsman_tests::patience::must_end;
use roundsman_tests::peer::{Peer, aside};
use roundsman_tests::server::{Event, Server};
use roundsman_tests::trial::World;

use crate::pattern;

const REAL: World = World::Real { loops: 2 };

/// Nothing, a byte, a chunk and one more byte, and more than a job moves at once.
const SIZES: [usize; 5] = [0, 1, 65_536, 65_537, 9_000_000];

/// A source that may stand in the way.
type Way = fn(Source<Bytes>) -> Source<Bytes>;

/// With no stage between, and with one, which turns the kernel off.
const WAYS: [Way; 2] = [|source| source, |source| source.map(|bytes| bytes)];

/// Copies what is at `from`, and says how the pipeline ended.
fn copied(from: PathBuf, to: roundsman::fs::Writer, way: Way) -> Result<Summary, PipeError> {
    result(REAL, way(reader(from).source()).pipe(to.sink()))
}

#[test]
fn a_file_into_a_file_gives_the_same_bytes_with_a_stage_between_and_without() {
    let folder = Folder::new();
    for size in SIZES {
        let from = folder.with("from", pattern(size));
        for way in WAYS {
            let to = folder.file("to");
            let summary = copied(from.clone(), writer(&to), way).expect("it can be copied");
            assert_eq!(summary.bytes, size as u64);
            assert!(std::fs::read(to).expect("it is there") == pattern(size), "{size}");
        }
    }
}

#[test]
fn a_file_goes_behind_what_another_has_and_into_the_place_of_a_third() {
    let folder = Folder::new();
    let from = folder.with("from", pattern(300_000));
    for way in WAYS {
        let appended = folder.with("appended", "before ");
        copied(from.clone(), writer(&appended).append(), way).expect("it can be appended");
        let expected = [b"before ".to_vec(), pattern(300_000)].concat();
        assert!(std::fs::read(appended).expect("it is there") == expected);
        let replaced = folder.with("replaced", "old");
        copied(from.clone(), writer(&replaced).atomic(), way).expect("it can be replaced");
        assert!(std::fs::read(replaced).expect("it is there") == pattern(300_000));
    }
}

#[test]
fn a_region_goes_and_nothing_else() {
    let folder = Folder::new();
    let from = folder.with("from", pattern(200_000));
    for way in WAYS {
        let to = folder.file("to");
        let region = reader(&from).range(70_001..150_002).source();
        let summary = result(REAL, way(region).pipe(writer(&to).sink())).expect("it can be copied");
        assert_eq!(summary.bytes, 80_001);
        assert!(std::fs::read(to).expect("it is there") == pattern(200_000)[70_001..150_002]);
    }
}

#[test]
fn what_the_kernel_cannot_move_is_copied() {
    let folder = Folder::new();
    let to = folder.file("to");
    // Its length is said to be 0.
    copied("/proc/self/status".into(), writer(&to), WAYS[0]).expect("it can be read");
    let text = std::fs::read_to_string(to).expect("it is there");
    assert!(text.starts_with("Name:"), "{text}");
    let summary = copied("/dev/null".into(), writer(folder.file("empty")), WAYS[0]);
    assert_eq!(summary.expect("it is empty").bytes, 0);
}

#[test]
fn a_file_that_is_not_there_fails_before_anything_is_moved() {
    let folder = Folder::new();
    for way in WAYS {
        let error = copied(folder.file("nowhere"), writer(folder.file("to")), way);
        let error = error.expect_err("there is no such file");
        assert!(error.to_string().contains("nowhere"), "{error}");
        assert_eq!(error.io_kind(), Some(std::io::ErrorKind::NotFound));
    }
}

#[test]
fn a_disk_that_is_full_is_the_writers_failure() {
    let folder = Folder::new();
    let from = folder.with("from", pattern(300_000));
    for way in WAYS {
        let error = copied(from.clone(), writer("/dev/full"), way).expect_err("it is full");
        assert_eq!(error.io_kind(), Some(std::io::ErrorKind::StorageFull), "{error}");
        assert!(error.stage().contains("/dev/full"), "{error}");
    }
}

/// A server that sends each client the file at `path`, that way.
fn file_server(path: PathBuf, way: Way) -> Server {
    Server::start(2, move |event, ctx| {
        if let Event::Accepted(client) = event {
            way(reader(&path).source()).pipe(client.writer()).start(ctx, Event::Ended);
        }
        Ok(())
    })
}

#[test]
fn a_file_into_a_socket_arrives_complete() {
    let folder = Folder::new();
    for size in SIZES {
        let path = folder.with("served", pattern(size));
        for way in WAYS {
            let server = file_server(path.clone(), way);
            must_end(move || {
                let mut peers: Vec<_> = (0..3).map(|_| Peer::connect(&server.address)).collect();
                for peer in &mut peers {
                    peer.expect(&pattern(size));
                    peer.expect_end();
                }
            });
        }
    }
}

#[test]
fn a_client_that_goes_away_half_way_ends_its_pipeline_alone() {
    let folder = Folder::new();
    let path = folder.with("served", pattern(9_000_000));
    let server = file_server(path, WAYS[0]);
    must_end(move || {
        let mut gone = Peer::connect(&server.address);
        let mut stays = Peer::connect(&server.address);
        gone.expect(&pattern(100_000));
        gone.reset();
        stays.expect(&pattern(9_000_000));
        stays.expect_end();
        drop(stays);
        server.wait_until_idle();
    });
}

#[test]
fn a_socket_into_a_file_gives_every_byte() {
    let kinds: [fn(&Path) -> roundsman::fs::Writer; 3] =
        [|path| writer(path), |path| writer(path).append(), |path| writer(path).atomic()];
    for (size, way) in SIZES.into_iter().flat_map(|size| WAYS.map(|way| (size, way))) {
        for kind in kinds {
            let folder = Folder::new();
            let to = folder.file("received");
            let path = to.clone();
            let server = Server::start(2, move |event, ctx| {
                match event {
                    Event::Accepted(client) => {
                        way(client.reader()).pipe(kind(&path).sink()).start(ctx, Event::Ended);
                    }
                    Event::Ended(result) => assert_eq!(result?.bytes, size as u64),
                    _ => {}
                }
                Ok(())
            });
            must_end(move || {
                let mut peer = Peer::connect(&server.address);
                peer.send(&pattern(size));
                peer.finish();
                peer.expect_end();
                server.wait_until_idle();
            });
            assert!(std::fs::read(to).expect("it is there") == pattern(size), "{size}");
        }
    }
}

/// A FIFO, and the end from which it is read, which opens only when somebody writes.
fn fifo(folder: &Folder) -> (PathBuf, std::thread::JoinHandle<File>) {
    let path = folder.fifo("fifo");
    let reader = path.clone();
    (path, aside(move || File::open(reader).expect("it can be opened")))
}

#[test]
fn a_socket_into_a_fifo_whose_reader_is_slow_gives_every_byte() {
    for way in WAYS {
        let folder = Folder::new();
        let (path, reader) = fifo(&folder);
        let server = Server::start(2, move |event, ctx| {
            match event {
                Event::Accepted(client) => {
                    way(client.reader()).pipe(writer(&path).sink()).start(ctx, Event::Ended);
                }
                Event::Ended(result) => assert_eq!(result?.bytes, 9_000_000),
                _ => {}
            }
            Ok(())
        });
        must_end(move || {
            let mut peer = Peer::connect(&server.address);
            let sending = aside(move || {
                peer.send(&pattern(9_000_000));
                peer.finish();
                peer.expect_end();
            });
            let mut got = Vec::new();
            reader.join().expect("it opens").read_to_end(&mut got).expect("it can be read");
            assert!(got == pattern(9_000_000), "{} bytes", got.len());
            sending.join().expect("the server takes everything");
            server.wait_until_idle();
        });
    }
}

/// How often this process has it open.
fn open_count(path: &Path) -> usize {
    let all = std::fs::read_dir("/proc/self/fd").expect("Linux shows them");
    all.filter(|entry| {
        let link = entry.as_ref().ok().and_then(|entry| std::fs::read_link(entry.path()).ok());
        link.is_some_and(|link| link == path)
    })
    .count()
}

/// A job that waits for the reader of a FIFO has the file when the pipeline is cancelled.
#[test]
fn a_straight_pipe_that_is_cancelled_is_done_once_nobody_writes_its_file() {
    let folder = Folder::new();
    let (path, reader) = fifo(&folder);
    let (to, (told, running), (tell, ended)) = (path.clone(), mpsc::channel(), mpsc::channel());
    let server = Server::start(1, move |event, ctx| {
        match event {
            Event::Accepted(client) => {
                let straight = client.reader().pipe(writer(&to).sink());
                told.send(straight.start(ctx, Event::Ended))?;
            }
            // The listener's comes later.
            Event::Ended(result) => _ = tell.send(result),
            _ => {}
        }
        Ok(())
    });
    must_end(move || {
        let mut peer = Peer::connect(&server.address);
        let running: Running = running.recv().expect("it has begun");
        let mut sent = peer.send_until_blocked(0);
        let mut fifo = reader.join().expect("it opens");
        fifo.read_exact(&mut vec![0; 1_000_000]).expect("much comes");
        let moves = |job: &JobStatus| job.running && job.name.starts_with("moving");
        while sent < 4_000_000 || !server.handle.jobs().iter().any(moves) {
            sent = peer.send_until_blocked(sent);
        }
        running.cancel("enough");
        let mut fifo = Some(fifo);
        let result = (0..).find_map(|round| {
            // It must not come while the reader of the FIFO is there and reads nothing.
            if round == 100 {
                fifo = None;
            }
            let (told, passed) = mpsc::channel();
            server.tell(move |_| Ok(told.send(())?));
            passed.recv().expect("the server runs");
            ended.try_recv().ok()
        });
        assert_eq!(open_count(&path), usize::from(fifo.is_some()), "who has it but its reader?");
        let error = result.expect("it ends").expect_err("it was cancelled");
        assert!(error.is_cancelled(), "{error}");
    });
}

#[test]
fn a_reset_half_way_leaves_no_file_that_looks_complete() {
    let folder = Folder::new();
    let to = folder.with("received", "the old one");
    let path = to.clone();
    let server = Server::start(1, move |event, ctx| {
        match event {
            Event::Accepted(client) => {
                client.reader().pipe(writer(&path).atomic().sink()).start(ctx, Event::Ended);
            }
            Event::Ended(result) => assert!(result.is_err(), "it was reset"),
            _ => {}
        }
        Ok(())
    });
    must_end(move || {
        let mut peer = Peer::connect(&server.address);
        peer.send(&pattern(4_000_000));
        peer.reset();
        server.wait_until_idle();
    });
    assert_eq!(std::fs::read(to).expect("it is there"), b"the old one");
    assert_eq!(folder.names().len(), 1, "no temporary is left");
}
