//! Unix sockets: whose file it is, and who is at the other end.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::FileTypeExt;
use std::os::unix::net::UnixListener;
use std::sync::mpsc;

use bytes::Bytes;
use roundsman::net::{Connection, Endpoint, unix};
use roundsman::stream::{Source, StreamContext};
use roundsman_tests::folder::Folder;
use roundsman_tests::patience::must_end;
use roundsman_tests::peer::Peer;
use roundsman_tests::server::{Event, Server};

#[test]
fn a_listener_makes_its_file_and_removes_it() {
    let folder = Folder::new();
    let path = folder.file("socket");
    let listener = unix::listen(&path).expect("a socket");
    assert_eq!(listener.local(), &Endpoint::Path(path.clone()));
    assert!(fs::metadata(&path).expect("it is there").file_type().is_socket());
    drop(listener);
    assert!(!path.exists());
}

#[test]
fn a_listener_that_has_served_removes_its_file() {
    let folder = Folder::new();
    let path = folder.file("socket");
    let server = Server::with(unix::listen(&path).expect("a socket"), 1, crate::echo);
    let mut peer = Peer::connect(&server.address);
    peer.send(b"hello");
    peer.expect(b"hello");
    drop(server);
    assert!(!path.exists());
}

#[test]
fn the_file_of_a_dead_process_is_replaced() {
    let folder = Folder::new();
    let path = folder.file("socket");
    // Dropped, it is closed, and its file stays.
    drop(UnixListener::bind(&path).expect("a socket"));
    assert!(path.exists());
    let server = Server::with(unix::listen(&path).expect("it is stale"), 1, crate::echo);
    let mut peer = Peer::connect(&server.address);
    peer.send(b"hello");
    peer.expect(b"hello");
}

#[test]
fn the_file_of_a_live_process_is_never_taken() {
    let folder = Folder::new();
    let path = folder.file("socket");
    let live = UnixListener::bind(&path).expect("a socket");
    let error = unix::listen(&path).expect_err("somebody listens");
    assert_eq!(error.kind(), ErrorKind::AddrInUse);
    let text = error.to_string();
    assert!(text.contains("socket") && text.contains("choose another path"), "{text}");
    // It is reached as before.
    let _client = std::os::unix::net::UnixStream::connect(&path).expect("it listens");
    live.accept().expect("a client");
}

#[test]
fn of_many_that_start_at_once_on_a_stale_file_one_listens() {
    let folder = Folder::new();
    let path = folder.file("socket");
    for _ in 0..50 {
        drop(UnixListener::bind(&path).expect("a socket"));
        let starting: Vec<_> = (0..4)
            .map(|_| {
                let path = path.clone();
                roundsman_tests::peer::aside(move || unix::listen(path))
            })
            .collect();
        let started = starting.into_iter().map(|one| one.join().expect("no panic"));
        let listening: Vec<_> = started.filter_map(Result::ok).collect();
        assert_eq!(listening.len(), 1);
        // And is reached at the path.
        let _client = std::os::unix::net::UnixStream::connect(&path).expect("it listens");
        drop(listening);
        assert!(!path.exists());
    }
}

#[test]
fn of_many_that_start_at_once_in_one_folder_all_listen() {
    let folder = Folder::new();
    let starting: Vec<_> = (0..8)
        .map(|which| {
            let path = folder.file(&format!("socket-{which}"));
            roundsman_tests::peer::aside(move || {
                for _ in 0..200 {
                    drop(unix::listen(&path).expect("nobody else wants this path"));
                }
            })
        })
        .collect();
    starting.into_iter().for_each(|one| one.join().expect("each listens"));
}

#[test]
fn a_file_that_is_no_socket_is_never_touched() {
    let folder = Folder::new();
    let path = folder.with("file", "precious");
    let error = unix::listen(&path).expect_err("it is no socket");
    assert_eq!(error.kind(), ErrorKind::AddrInUse);
    assert_eq!(fs::read(&path).expect("it is there"), b"precious");
}

#[test]
fn a_file_that_took_the_place_of_ours_is_left_alone() {
    let folder = Folder::new();
    let path = folder.file("socket");
    let listener = unix::listen(&path).expect("a socket");
    fs::remove_file(&path).expect("it is there");
    fs::write(&path, "another's").expect("it can be written");
    drop(listener);
    assert_eq!(fs::read(&path).expect("it is there"), b"another's");
}

#[test]
fn a_folder_that_is_not_there_is_an_error_that_says_so() {
    let folder = Folder::new();
    let error = unix::listen(folder.file("nowhere/socket")).expect_err("no such folder");
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(error.to_string().contains("directory must be there"), "{error}");
}

/// Both ends of a connection through `connect`, and what its first question is answered.
fn round_trip(connect: roundsman::net::Connect) -> Vec<u8> {
    let (tell, answers) = mpsc::channel();
    let client = Server::start(1, move |event, ctx| {
        match event {
            Event::Connected(connection) => {
                let connection: Connection = connection?;
                let question = Source::iter([Bytes::from_static(b"question")]);
                question.pipe(connection.writer()).start(ctx, Event::Ended);
                connection.reader().pipe(ctx.inlet(Event::Bytes)).start(ctx, Event::Ended);
            }
            Event::Bytes(bytes) => tell.send(bytes.to_vec())?,
            _ => {}
        }
        Ok(())
    });
    client.tell(move |ctx| {
        connect.start(ctx, Event::Connected);
        Ok(())
    });
    let answer = must_end(move || answers.recv().expect("an answer"));
    drop(client);
    answer
}

#[test]
fn connecting_to_a_path_carries_bytes_both_ways() {
    let folder = Folder::new();
    let path = folder.file("socket");
    let _server = Server::with(unix::listen(&path).expect("a socket"), 1, crate::echo);
    assert_eq!(round_trip(unix::connect(path)), b"question");
}

#[cfg(target_os = "linux")]
#[test]
fn a_name_that_is_no_file_works_the_same_and_leaves_nothing() {
    let name = format!("roundsman-test-{}", std::process::id());
    let listener = unix::abstract_listener(name.clone()).bind().expect("a free name");
    assert_eq!(listener.local().to_string(), format!("@{name}"));
    let again = unix::abstract_listener(name.clone()).bind().expect_err("it is taken");
    assert_eq!(again.kind(), ErrorKind::AddrInUse);
    let server = Server::with(listener, 1, crate::echo);
    assert_eq!(round_trip(unix::connect_abstract(name.clone())), b"question");
    drop(server);
    drop(unix::abstract_listener(name).bind().expect("it is free again"));
}

#[test]
fn connecting_where_nobody_listens_is_an_error_that_names_the_path() {
    let folder = Folder::new();
    let path = folder.file("socket");
    let (tell, outcomes) = mpsc::channel();
    let client = Server::start(1, move |event, _| {
        if let Event::Connected(outcome) = event {
            tell.send(outcome)?;
        }
        Ok(())
    });
    let to = path.clone();
    client.tell(move |ctx| {
        unix::connect(to).start(ctx, Event::Connected);
        Ok(())
    });
    let error = outcomes.recv().expect("an outcome").expect_err("nobody listens");
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(error.to_string().contains(&*path.to_string_lossy()), "{error}");
}

#[test]
fn a_backlog_that_is_full_is_waited_for() {
    let folder = Folder::new();
    let path = folder.file("socket");
    let socket = socket2::Socket::new(socket2::Domain::UNIX, socket2::Type::STREAM, None);
    let socket = socket.expect("a socket");
    socket.bind(&socket2::SockAddr::unix(&path).expect("a short path")).expect("a free path");
    socket.listen(1).expect("a listener");
    let (tell, outcomes) = mpsc::channel();
    let client = Server::start(1, move |event, _| {
        if let Event::Connected(outcome) = event {
            tell.send(outcome.is_ok())?;
        }
        Ok(())
    });
    client.tell(move |ctx| {
        for _ in 0..8 {
            unix::connect(&path).start(ctx, Event::Connected);
        }
        Ok(())
    });
    // Those for which there is room have come about before anybody accepts.
    assert_eq!(outcomes.recv(), Ok(true));
    let accepted: Vec<_> = (0..8).map(|_| socket.accept().expect("a client")).collect();
    assert_eq!(outcomes.iter().take(7).filter(|came| *came).count(), 7);
    drop(accepted);
}

#[cfg(target_os = "linux")]
#[test]
fn the_os_says_who_the_peer_is() {
    let folder = Folder::new();
    let path = folder.file("socket");
    let (tell, connections) = mpsc::channel::<Connection>();
    let listener = unix::listen(&path).expect("a socket");
    let server = Server::with(listener, 1, move |event, _| {
        if let Event::Accepted(connection) = event {
            tell.send(connection.take())?;
        }
        Ok(())
    });
    let _peer = Peer::connect(&server.address);
    let connection = connections.recv().expect("it is accepted");
    let who = connection.peer_credentials().expect("Linux says so");
    assert_eq!(who.pid, Some(std::process::id()));
    let owner = std::os::unix::fs::MetadataExt::uid(&fs::metadata(&path).expect("it is there"));
    assert_eq!(who.uid, owner);
    assert_eq!(connection.peer(), &Endpoint::Unnamed);
}
