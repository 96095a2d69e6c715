//! SHA3-256 of pieces of one size, by jobs on the pool and in place: where the way to the pool begins to pay.

use std::{sync::mpsc, time::Duration};

use bytes::Bytes;
use roundsman::{
    Actor, Context, JobError, Lane, Outcome, Runtime,
    crypto::{Algorithm, Digest},
    job,
};

use crate::{clock, workload::POOL_THREADS};

/// Where the digests are made.
#[derive(Clone, Copy, Debug)]
pub enum Place {
    /// On the loop, as the job is started.
    Here,
    /// On a thread of the pool.
    Pool,
}

struct Hashing {
    place: Place,
    piece: Bytes,
    left: u64,
    tell: mpsc::Sender<()>,
}

impl Hashing {
    fn next(&mut self, ctx: &mut Context<'_, Self>) {
        self.left -= 1;
        let piece = self.piece.clone();
        let hash = job(Lane::Crypto, move || Algorithm::Sha3_256.digest(&piece));
        let hash = match self.place {
            Place::Here => hash.in_place(),
            Place::Pool => hash,
        };
        ctx.start(hash, |digest| digest);
    }
}

impl Actor for Hashing {
    type Message = Result<Digest, JobError>;

    fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
        self.next(ctx);
        Ok(())
    }

    fn receive(&mut self, digest: Self::Message, ctx: &mut Context<Self>) -> Outcome {
        digest?;
        if self.left > 0 {
            self.next(ctx);
        } else {
            self.tell.send(())?;
        }
        Ok(())
    }
}

/// How long it takes to hash `count` pieces of `bytes` bytes, one after another.
///
/// # Panics
/// If the runtime cannot be built or fails.
pub fn run(place: Place, bytes: usize, count: u64) -> Duration {
    let (tell, told) = mpsc::channel();
    let runtime = Runtime::builder().loops(1).pool_threads(POOL_THREADS).build();
    let piece = Bytes::from(vec![7; bytes]);
    let begun = clock::now();
    let actor = Hashing { place, piece, left: count, tell };
    runtime.expect("one loop can be had").run(|| actor).expect("nothing fails");
    told.recv().expect("it has come to its end");
    begun.elapsed()
}
