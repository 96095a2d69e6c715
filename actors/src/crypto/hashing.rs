//! Streams hashed as they pass by, or as they end.

use std::convert::Infallible;

use bytes::Bytes;
use roundsman_runtime::{Lane, Recipient};

use super::algorithm::Hasher;
use super::{Algorithm, Digest};
use crate::stream::{Goal, Pipeline, Sink, Source, Stage, Transform, last_tail, transform};

/// Bytes that pass as they are, and are hashed meanwhile; the digest of all of them goes to `to` at the end.
/// (Node: `createHash`, beside the pipeline.)
///
/// - A block goes on at once, before it is hashed: copying and hashing overlap. Larger pieces of work are done on the
///   pool, in [`Lane::Crypto`]. What comes meanwhile waits: at most a window of bytes is being hashed and another waits.
/// - Demand: as much as is wanted below, and never more than the hash keeps up with.
/// - End: waits for the hash. The digest is sent before the end goes on. So if `to` is the owner of the pipeline, it hears
///   the digest before the pipeline's own result. It is an answer: it pauses nobody, and no mailbox drops it.
/// - Failure and cancel pass through, and no digest is sent; nor if something below wants no more before the end. The
///   pipeline's result says so. What was sent is the digest of what came through here; whether all of that arrived at the
///   sink is what the pipeline's result tells.
///
/// # Examples
/// ```
/// use bytes::Bytes;
/// use roundsman::crypto::{Algorithm, Digest, hash_through};
/// use roundsman::prelude::*;
/// use roundsman::stream::{PipeError, Source, Summary};
///
/// struct Copying(Option<Digest>);
///
/// enum Msg {
///     Hashed(Digest),
///     Copied(Result<Summary, PipeError>),
/// }
///
/// impl Actor for Copying {
///     type Message = Msg;
///
///     fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
///         let hash = hash_through(Algorithm::Sha3_256, ctx.recipient(Msg::Hashed));
///         let blocks = ["a", "bc"].map(Bytes::from);
///         Source::iter(blocks).through(hash).for_each(drop).start(ctx, Msg::Copied);
///         Ok(())
///     }
///
///     fn receive(&mut self, message: Msg, ctx: &mut Context<Self>) -> Outcome {
///         match message {
///             Msg::Hashed(digest) => self.0 = Some(digest),
///             Msg::Copied(copied) => {
///                 assert_eq!(copied?.bytes, 3);
///                 assert_eq!(self.0, Some(Algorithm::Sha3_256.digest(b"abc")));
///                 ctx.stop();
///             }
///         }
///         Ok(())
///     }
/// }
///
/// Runtime::builder().loops(1).build()?.run(|| Copying(None))?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn hash_through(algorithm: Algorithm, to: Recipient<Digest>) -> Stage<Bytes, Bytes> {
    stage(algorithm.recipe(), move |digest| to.complete(digest))
}

/// Bytes hashed to their end; the digest is the pipeline's result. (Node: `pipeline(source, createHash(..))`.)
///
/// - Demand: as much as the hash keeps up with. Larger pieces of work are done on the pool, as by [`hash_through`].
/// - After a failure or a cancel the result is the error.
///
/// # Examples
/// ```
/// use bytes::Bytes;
/// use roundsman::crypto::{Algorithm, Digest, hasher};
/// use roundsman::prelude::*;
/// use roundsman::stream::{PipeError, Source};
///
/// struct Hashing;
///
/// impl Actor for Hashing {
///     type Message = Result<Digest, PipeError>;
///
///     fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
///         let blocks = ["a", "bc"].map(Bytes::from);
///         Source::iter(blocks).pipe(hasher(Algorithm::Sha3_256)).start(ctx, |digest| digest);
///         Ok(())
///     }
///
///     fn receive(&mut self, digest: Self::Message, ctx: &mut Context<Self>) -> Outcome {
///         assert_eq!(digest?, Algorithm::Sha3_256.digest(b"abc"));
///         ctx.stop();
///         Ok(())
///     }
/// }
///
/// Runtime::builder().loops(1).build()?.run(|| Hashing)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn hasher(algorithm: Algorithm) -> Sink<Bytes, Digest> {
    keep_digest(algorithm.recipe())
}

impl Source<Bytes> {
    /// Bytes that pass as they are; their digest goes to `to` at the end. See [`hash_through`](hash_through()).
    pub fn hash_through(self, algorithm: Algorithm, to: Recipient<Digest>) -> Self {
        self.through(hash_through(algorithm, to))
    }

    /// Bytes hashed to their end. See [`hasher`](hasher()).
    pub fn hash(self, algorithm: Algorithm) -> Pipeline<Digest> {
        self.pipe(hasher(algorithm))
    }
}

/// What a hash of a stream is made by.
pub(super) struct Recipe {
    pub(super) name: &'static str,
    /// The length of its digest in bytes.
    pub(super) len: usize,
    pub(super) make: Box<dyn FnOnce() -> Box<dyn Hasher> + Send>,
}

impl Algorithm {
    fn recipe(self) -> Recipe {
        let make = Box::new(move || self.hasher());
        Recipe { name: self.name(), len: self.digest_len(), make }
    }
}

/// Takes bytes to their end; their digest is the pipeline's result.
pub(super) fn keep_digest(recipe: Recipe) -> Sink<Bytes, Digest> {
    Sink::producing(move |assembly, product| {
        let nowhere = last_tail(assembly, "digest", (), |(), _: Bytes| {}, |()| {});
        stage(recipe, move |digest| product.put(digest)).build(assembly, nowhere)
    })
}

/// Passes bytes on, and tells their digest at the end.
pub(super) fn stage(
    recipe: Recipe,
    tell: impl FnOnce(Digest) + Send + 'static,
) -> Stage<Bytes, Bytes> {
    let Recipe { name, len, make } = recipe;
    transform(name, move || Ok(Hashing { hash: Hash::Open(make()), len, tell: Some(tell) }))
}

/// A hash of everything that passes.
struct Hashing<F> {
    hash: Hash,
    len: usize,
    tell: Option<F>,
}

enum Hash {
    Open(Box<dyn Hasher>),
    Closed(Option<Digest>),
}

impl<F: FnOnce(Digest) + Send + 'static> Transform for Hashing<F> {
    type Error = Infallible;
    const LANE: Lane = Lane::Crypto;
    const INLINE_MAX: usize = 16 * 1024;
    const PASSES: bool = true;

    fn run(&mut self, input: &mut Bytes, goal: Goal, _: &mut Vec<u8>) -> Result<bool, Infallible> {
        if let Hash::Open(hasher) = &mut self.hash {
            hasher.update(input);
            input.clear();
        }
        if goal == Goal::Finished
            && let Hash::Open(hasher) = std::mem::replace(&mut self.hash, Hash::Closed(None))
        {
            self.hash = Hash::Closed(Some(hasher.finish()));
        }
        Ok(true)
    }

    fn effort(&self, input: usize, last: bool) -> usize {
        if last { input.saturating_add(self.len) } else { input }
    }

    fn finished(&mut self) {
        if let (Hash::Closed(Some(digest)), Some(tell)) = (&self.hash, self.tell.take()) {
            tell(digest.clone());
        }
    }
}
