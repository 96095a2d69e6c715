//! flume between two threads, without loops or actors: what a channel alone costs.

use std::{thread, time::Duration};

use flume::{Receiver, Sender};

use crate::{
    clock,
    system::Packet,
    workload::{Pattern, Workload},
};

/// How long the workload takes over channels that `open` makes; `None` if it needs no second
/// thread.
///
/// # Panics
/// If a thread ends before the workload does.
pub fn run(
    open: fn() -> (Sender<Packet>, Receiver<Packet>),
    workload: Workload,
) -> Option<Duration> {
    match workload.pattern {
        // A thread that only receives is all the loop there is.
        Pattern::OutsideIn | Pattern::LoopToLoop => Some(one_way(open, workload.operations)),
        Pattern::RoundTrip => Some(round_trips(open, workload.operations)),
        _ => None,
    }
}

fn one_way(open: fn() -> (Sender<Packet>, Receiver<Packet>), count: u64) -> Duration {
    let (sender, receiver) = open();
    thread::scope(|scope| {
        let start = clock::now();
        let consumer = scope.spawn(move || {
            let received = receiver.iter().count();
            (received as u64, start.elapsed())
        });
        for value in 0..count {
            sender.send(Packet::new(value)).expect("the consumer receives until the end");
        }
        drop(sender);
        let (received, elapsed) = consumer.join().expect("the consumer does not panic");
        assert_eq!(received, count, "every packet arrives");
        elapsed
    })
}

fn round_trips(open: fn() -> (Sender<Packet>, Receiver<Packet>), count: u64) -> Duration {
    let (ping_out, ping_in) = open();
    let (pong_out, pong_in) = open();
    thread::scope(|scope| {
        scope.spawn(move || {
            for packet in ping_in {
                pong_out.send(packet).expect("ping awaits every answer");
            }
        });
        let start = clock::now();
        for value in 0..count {
            ping_out.send(Packet::new(value)).expect("pong answers until the end");
            let answer = pong_in.recv().expect("pong answers");
            assert_eq!(answer.value, value, "the answer is to this question");
        }
        drop(ping_out);
        start.elapsed()
    })
}
