//! Name servers for tests: dnsmasq, as a process of its own, and one that lies as the test says.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use crate::missing::is_installed;

/// A port of this machine that is free for datagrams and for connections, held until it is dropped.
fn free_port() -> (UdpSocket, TcpListener) {
    for _ in 0..100 {
        let udp = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let address = udp.local_addr().expect("an address");
        // Somebody may have that of TCP.
        if let Ok(tcp) = TcpListener::bind(address) {
            return (udp, tcp);
        }
    }
    panic!("no port is free for both")
}

/// An address where nobody listens.
///
/// # Panics
/// If no port is free.
#[must_use]
pub fn closed_port() -> SocketAddr {
    let (udp, _tcp) = free_port();
    udp.local_addr().expect("an address")
}

/// A process of dnsmasq that serves `test.` and nothing else. It ends with this value.
#[derive(Debug)]
pub struct Dnsmasq {
    child: Child,
    address: SocketAddr,
}

impl Dnsmasq {
    /// Starts one with these records besides. `None`, and a loud note, if it is not installed.
    ///
    /// # Panics
    /// If it does not start, or if it is missing and CI must have it.
    #[must_use]
    pub fn start(records: &[&str]) -> Option<Self> {
        is_installed("dnsmasq", "no real name server was asked: install dnsmasq-base").then(|| {
            // Between being found and being taken again a port may be lost.
            let started = (0..10).find_map(|_| Self::try_start(records));
            started.expect("dnsmasq starts")
        })
    }

    fn try_start(records: &[&str]) -> Option<Self> {
        let address = closed_port();
        let path = std::env::var("PATH").unwrap_or_default();
        let mut child = Command::new("dnsmasq")
            .env("PATH", format!("{path}:/usr/sbin:/sbin"))
            .args(["--no-daemon", "--conf-file=/dev/null", "--pid-file", "--user="])
            .args(["--bind-interfaces", "--listen-address=127.0.0.1"])
            .args(["--no-resolv", "--no-hosts", "--local=/test/", "--local-ttl=600"])
            .arg(format!("--port={}", address.port()))
            .args(records)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it is there");
        let stderr = child.stderr.take().expect("it is a pipe");
        let mut lines = BufReader::new(stderr).lines().map_while(Result::ok);
        let started = lines.any(|line| line.contains("started, version"));
        // It goes on to log, into a pipe that somebody must read.
        spawn(move || lines.for_each(drop));
        if started {
            return Some(Self { child, address });
        }
        // It has ended: somebody has the port.
        let _ = child.wait();
        None
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Dnsmasq {
    fn drop(&mut self) {
        // It may have ended by itself, which is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[expect(clippy::disallowed_methods, reason = "it is outside of every runtime")]
fn spawn(work: impl FnOnce() + Send + 'static) {
    thread::spawn(work);
}

/// A question that a [`Rogue`] has got.
pub struct Asked<'a> {
    /// The whole packet.
    pub packet: &'a [u8],
    /// The socket that it came to; `None` over TCP.
    pub socket: Option<&'a UdpSocket>,
    /// Who asks.
    pub from: SocketAddr,
    /// How many have been asked before this one.
    pub before: usize,
}

impl Asked<'_> {
    /// Whether it came over TCP.
    #[must_use]
    pub fn is_tcp(&self) -> bool {
        self.socket.is_none()
    }

    /// The first label of the name that is asked for.
    #[must_use]
    pub fn label(&self) -> String {
        let len = usize::from(self.packet[12]);
        String::from_utf8_lossy(&self.packet[13..13 + len]).to_lowercase()
    }

    /// The type of the records that are asked for.
    #[must_use]
    pub fn record_type(&self) -> u16 {
        let end = 12 + question_len(&self.packet[12..]);
        u16::from_be_bytes([self.packet[end - 4], self.packet[end - 3]])
    }

    /// An answer: a response code, and records of one type.
    #[must_use]
    pub fn answer(&self, code: u8, records: &[Rdata]) -> Vec<u8> {
        self.answer_for(ttl(60), code, records)
    }

    /// An answer whose records may be kept so long.
    #[must_use]
    pub fn answer_for(&self, ttl: [u8; 4], code: u8, records: &[Rdata]) -> Vec<u8> {
        let end = 12 + question_len(&self.packet[12..]);
        let mut packet = self.packet[..end].to_vec();
        // A response, recursion desired and available.
        packet[2] = 0x81;
        packet[3] = 0x80 | code;
        packet[6..8].copy_from_slice(&(records.len() as u16).to_be_bytes());
        packet[8..12].fill(0);
        for (kind, data) in records {
            // The name is that of the question.
            packet.extend([0xc0, 12]);
            packet.extend(kind.to_be_bytes());
            packet.extend([0, 1]);
            packet.extend(ttl);
            packet.extend((data.len() as u16).to_be_bytes());
            packet.extend(data);
        }
        packet
    }

    /// One IPv4 address.
    #[must_use]
    pub fn a(&self, ip: [u8; 4]) -> Vec<u8> {
        self.answer(0, &[(1, ip.to_vec())])
    }

    /// Says that the whole answer does not fit.
    #[must_use]
    pub fn truncated(&self) -> Vec<u8> {
        let mut packet = self.answer(0, &[]);
        packet[2] |= 2;
        packet
    }
}

/// The type of a record, and its data.
pub type Rdata = (u16, Vec<u8>);

/// A time to live, as it is on the wire.
#[must_use]
pub fn ttl(seconds: u32) -> [u8; 4] {
    seconds.to_be_bytes()
}

/// How long the first question is.
fn question_len(bytes: &[u8]) -> usize {
    let mut at = 0;
    while bytes[at] != 0 {
        at += 1 + usize::from(bytes[at]);
    }
    at + 5
}

/// A name server that answers what the test says, over UDP and TCP. It ends with this value.
pub struct Rogue {
    address: SocketAddr,
    count: Arc<AtomicUsize>,
    over: Arc<AtomicBool>,
}

impl Rogue {
    /// Starts one. `answer` makes the packets that go back, in this order: none at all, if it likes.
    ///
    /// # Panics
    /// If no port is free.
    #[must_use]
    pub fn start(answer: impl Fn(&Asked<'_>) -> Vec<Vec<u8>> + Send + Sync + 'static) -> Self {
        let (udp, tcp) = free_port();
        let address = udp.local_addr().expect("an address");
        let (count, over) = (Arc::<AtomicUsize>::default(), Arc::<AtomicBool>::default());
        let answer = Arc::new(answer);
        let (datagrams, counts, ends) =
            (Arc::clone(&answer), Arc::clone(&count), Arc::clone(&over));
        spawn(move || {
            let mut buffer = [0; 2048];
            while let Ok((len, from)) = udp.recv_from(&mut buffer) {
                if ends.load(Ordering::SeqCst) {
                    break;
                }
                let before = counts.fetch_add(1, Ordering::SeqCst);
                let packet = &buffer[..len];
                let asked = Asked { packet, socket: Some(&udp), from, before };
                for packet in datagrams(&asked) {
                    // Whoever asked may have gone.
                    let _ = udp.send_to(&packet, from);
                }
            }
        });
        let (counts, ends) = (Arc::clone(&count), Arc::clone(&over));
        spawn(move || {
            while let Ok((stream, _)) = tcp.accept() {
                if ends.load(Ordering::SeqCst) {
                    break;
                }
                let (answer, counts) = (Arc::clone(&answer), Arc::clone(&counts));
                spawn(move || serve(stream, &*answer, &counts));
            }
        });
        Self { address, count, over }
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// How many questions have come.
    #[must_use]
    pub fn count(&self) -> usize {
        self.count.load(Ordering::SeqCst)
    }
}

fn serve(
    mut stream: TcpStream,
    answer: &(impl Fn(&Asked<'_>) -> Vec<Vec<u8>> + ?Sized),
    counts: &AtomicUsize,
) {
    let Ok(from) = stream.peer_addr() else { return };
    loop {
        let mut len = [0; 2];
        if stream.read_exact(&mut len).is_err() {
            return;
        }
        let mut packet = vec![0; usize::from(u16::from_be_bytes(len))];
        if stream.read_exact(&mut packet).is_err() {
            return;
        }
        let before = counts.fetch_add(1, Ordering::SeqCst);
        for packet in answer(&Asked { packet: &packet, socket: None, from, before }) {
            let mut framed = (packet.len() as u16).to_be_bytes().to_vec();
            framed.extend(packet);
            if stream.write_all(&framed).is_err() {
                return;
            }
        }
    }
}

impl Drop for Rogue {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
        // Each thread that waits is woken once, and sees it.
        if let Ok(socket) = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)) {
            let _ = socket.send_to(b"over", self.address);
        }
        let _ = TcpStream::connect(self.address);
    }
}
