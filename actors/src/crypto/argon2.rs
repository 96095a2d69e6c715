//! Argon2id: keys from passwords at a cost in time and memory; and passwords as they are stored.

use ::argon2::password_hash::phc::PasswordHash;
use ::argon2::password_hash::{self, PasswordHasher, PasswordVerifier};
use ::argon2::{Algorithm, Argon2, AssociatedData, Params, ParamsBuilder, Version};
use bytes::Bytes;
use roundsman_runtime::{Job, Lane, try_job};

use super::derived_key::DERIVED_LEN_MAX;
use super::{DeriveError, DerivedKey, random};

/// The most memory that [`Argon2Params`] may ask for, in KiB: 1 GiB. A password hash that asks for more is refused, too, for
/// it may come from elsewhere.
pub const ARGON2_MEMORY_MAX: u32 = 1024 * 1024;
/// The most passes that [`Argon2Params`] may ask for, and a password hash.
pub const ARGON2_PASSES_MAX: u32 = 1000;
const LANES_MAX: u32 = 255;
const SALT_MIN: usize = 8;
const SALT: usize = 16;
/// What a password hash can carry.
const STORED_MIN: usize = 10;
const STORED_MAX: usize = 64;

/// What making a key of a password costs, and what else goes into it. By default 19 MiB, two passes and one lane, a key of
/// 32 bytes: the least that OWASP recommends, some 20 ms.
///
/// Each job has its memory to itself: four threads of the pool take four times as much, or as many as
/// [`LaneLimits::cap`](crate::LaneLimits::cap) lets run at once. Lanes change the result; they are worked on one after
/// another.
///
/// # Examples
/// ```
/// use roundsman::crypto::Argon2Params;
///
/// // RFC 9106's second recommendation: 64 MiB, three passes, four lanes.
/// let params = Argon2Params::default().memory(64 * 1024).passes(3).lanes(4);
/// # drop(params);
/// ```
#[derive(Clone, Debug)]
#[must_use = "parameters do nothing until they are given to `argon2id` or `hash_password`"]
pub struct Argon2Params {
    memory: u32,
    passes: u32,
    lanes: u32,
    len: usize,
    secret: Bytes,
    associated_data: Bytes,
}

impl Default for Argon2Params {
    fn default() -> Self {
        let (secret, associated_data) = (Bytes::new(), Bytes::new());
        Self { memory: 19 * 1024, passes: 2, lanes: 1, len: 32, secret, associated_data }
    }
}

impl Argon2Params {
    /// Memory in KiB: 8 for each lane at least, [`ARGON2_MEMORY_MAX`] at most.
    pub fn memory(mut self, kib: u32) -> Self {
        self.memory = kib;
        self
    }

    /// Passes over that memory: 1 to [`ARGON2_PASSES_MAX`].
    pub fn passes(mut self, passes: u32) -> Self {
        self.passes = passes;
        self
    }

    /// Lanes: 1 to 255.
    pub fn lanes(mut self, lanes: u32) -> Self {
        self.lanes = lanes;
        self
    }

    /// The length of the key in bytes: 4 to 64 KiB; in a password hash 10 to 64.
    pub fn len(mut self, bytes: usize) -> Self {
        self.len = bytes;
        self
    }

    /// A secret that is kept elsewhere than the password hashes, so that these alone are of no use (RFC 9106: K; often
    /// "pepper"). It stands in no password hash: [`verify_password_with`] must be given the same.
    pub fn secret(mut self, secret: impl Into<Bytes>) -> Self {
        self.secret = secret.into();
        self
    }

    /// What the key is bound to (RFC 9106: X): at most 32 bytes.
    pub fn associated_data(mut self, data: impl Into<Bytes>) -> Self {
        self.associated_data = data.into();
        self
    }

    /// The function, if there is one of these parameters.
    fn function(&self) -> Result<Argon2<'_>, DeriveError> {
        let least = self.lanes.saturating_mul(8);
        if !(1..=LANES_MAX).contains(&self.lanes) {
            return Err(DeriveError::Lanes { lanes: self.lanes, max: LANES_MAX });
        }
        if !(least..=ARGON2_MEMORY_MAX).contains(&self.memory) {
            let (kib, max) = (self.memory, ARGON2_MEMORY_MAX);
            return Err(DeriveError::Memory { kib, min: least, max });
        }
        if !(1..=ARGON2_PASSES_MAX).contains(&self.passes) {
            return Err(DeriveError::Passes { passes: self.passes, max: ARGON2_PASSES_MAX });
        }
        let (len, min, max) = (self.len, Params::MIN_OUTPUT_LEN, DERIVED_LEN_MAX);
        if !(min..=max).contains(&len) {
            return Err(DeriveError::Len { len, min, max });
        }
        let (len, max) = (self.associated_data.len(), Params::MAX_DATA_LEN);
        let Ok(data) = AssociatedData::new(&self.associated_data) else {
            return Err(DeriveError::AssociatedData { len, max });
        };
        let mut params = ParamsBuilder::new();
        params.m_cost(self.memory).t_cost(self.passes).p_cost(self.lanes);
        params.output_len(self.len).data(data);
        keyed(&self.secret, params.build().map_err(refused)?)
    }
}

/// Makes a key of a password by Argon2id (RFC 9106, version 1.3), always on the pool, in [`Lane::Crypto`]. (Node:
/// `crypto.argon2`.)
///
/// It takes as long as its parameters say, and cannot be stopped once it has begun.
///
/// # Errors
/// [`DeriveError`] names the parameter that is out of bounds, and the bounds. The salt has 8 bytes at least.
///
/// # Examples
/// ```
/// use roundsman::crypto::{self, Argon2Params, DeriveError, DerivedKey};
/// use roundsman::prelude::*;
/// use roundsman::JobError;
///
/// struct Deriving;
///
/// impl Actor for Deriving {
///     type Message = Result<DerivedKey, JobError<DeriveError>>;
///
///     fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
///         // Cheaper than it should be, as examples are.
///         let params = Argon2Params::default().memory(64).len(16);
///         ctx.start(crypto::argon2id("password", "some salt", params), |key| key);
///         Ok(())
///     }
///
///     fn receive(&mut self, key: Self::Message, ctx: &mut Context<Self>) -> Outcome {
///         assert_eq!(key?.as_bytes().len(), 16);
///         ctx.stop();
///         Ok(())
///     }
/// }
///
/// Runtime::builder().loops(1).build()?.run(|| Deriving)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn argon2id(
    password: impl Into<Bytes>,
    salt: impl Into<Bytes>,
    params: Argon2Params,
) -> Job<DerivedKey, DeriveError> {
    let (password, salt) = (password.into(), salt.into());
    let derive = move || {
        if salt.len() < SALT_MIN {
            return Err(DeriveError::Salt { len: salt.len(), min: SALT_MIN });
        }
        let function = params.function()?;
        let mut key = vec![0; params.len];
        function.hash_password_into(&password, &salt, &mut key).map_err(refused)?;
        Ok(DerivedKey::new(key))
    };
    try_job(Lane::Crypto, derive).named("argon2id")
}

/// A password as it is stored: by Argon2id, with a random salt of 16 bytes, as a PHC string that says how it was made
/// (`$argon2id$v=19$m=19456,t=2,p=1$…`). Always on the pool, in [`Lane::Crypto`].
///
/// # Errors
/// As [`argon2id`].
///
/// # Examples
/// ```
/// use roundsman::crypto::{self, Argon2Params, DeriveError};
/// use roundsman::prelude::*;
/// use roundsman::JobError;
///
/// enum Msg {
///     Stored(Result<String, JobError<DeriveError>>),
///     Verified(Result<bool, JobError<DeriveError>>),
/// }
///
/// struct Login;
///
/// impl Actor for Login {
///     type Message = Msg;
///
///     fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
///         let params = Argon2Params::default().memory(64);
///         ctx.start(crypto::hash_password("open sesame", params), Msg::Stored);
///         Ok(())
///     }
///
///     fn receive(&mut self, message: Msg, ctx: &mut Context<Self>) -> Outcome {
///         match message {
///             Msg::Stored(stored) => {
///                 let stored = stored?;
///                 assert!(stored.starts_with("$argon2id$v=19$m=64,t=2,p=1$"));
///                 ctx.start(crypto::verify_password("open sesame", stored), Msg::Verified);
///             }
///             Msg::Verified(right) => {
///                 assert!(right?);
///                 ctx.stop();
///             }
///         }
///         Ok(())
///     }
/// }
///
/// Runtime::builder().loops(1).build()?.run(|| Login)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn hash_password(password: impl Into<Bytes>, params: Argon2Params) -> Job<String, DeriveError> {
    let password = password.into();
    let hash = move || {
        let (len, min, max) = (params.len, STORED_MIN, STORED_MAX);
        let function = params.function()?;
        if !(min..=max).contains(&len) {
            return Err(DeriveError::Len { len, min, max });
        }
        let hash = function.hash_password_with_salt(&password, &random(SALT)?);
        hash.map(|hash| hash.to_string()).map_err(|error| unstored(&error))
    };
    try_job(Lane::Crypto, hash).named("argon2id")
}

/// Whether a password is the one of which [`hash_password`] has made `hash`, or another program that writes PHC strings of
/// Argon2. Always on the pool, in [`Lane::Crypto`]; compared in constant time.
///
/// # Errors
/// [`DeriveError::NoPasswordHash`]; what it would cost is bounded as for [`Argon2Params`].
pub fn verify_password(
    password: impl Into<Bytes>,
    hash: impl Into<String>,
) -> Job<bool, DeriveError> {
    verify_password_with(Bytes::new(), password, hash)
}

/// The same with the [secret](Argon2Params::secret) that has gone into the hash.
///
/// # Errors
/// As [`verify_password`].
pub fn verify_password_with(
    secret: impl Into<Bytes>,
    password: impl Into<Bytes>,
    hash: impl Into<String>,
) -> Job<bool, DeriveError> {
    let (secret, password, hash) = (secret.into(), password.into(), hash.into());
    try_job(Lane::Crypto, move || verify(&secret, &password, &hash)).named("argon2id")
}

fn verify(secret: &Bytes, password: &[u8], hash: &str) -> Result<bool, DeriveError> {
    let no_hash = |why: String| DeriveError::NoPasswordHash { why };
    let hash = PasswordHash::new(hash).map_err(|error| no_hash(error.to_string()))?;
    let costs = Params::try_from(&hash).map_err(|error| no_hash(error.to_string()))?;
    // Within the bounds of what we would make ourselves.
    let (memory, passes, lanes) = (costs.m_cost(), costs.t_cost(), costs.p_cost());
    Argon2Params { memory, passes, lanes, ..Argon2Params::default() }.function()?;
    match keyed(secret, Params::default())?.verify_password(password, &hash) {
        Ok(()) => Ok(true),
        Err(password_hash::Error::PasswordInvalid) => Ok(false),
        Err(error) => Err(unstored(&error)),
    }
}

fn keyed(secret: &Bytes, params: Params) -> Result<Argon2<'_>, DeriveError> {
    let (algorithm, version) = (Algorithm::Argon2id, Version::V0x13);
    if secret.is_empty() {
        return Ok(Argon2::new(algorithm, version, params));
    }
    Argon2::new_with_secret(secret, algorithm, version, params).map_err(refused)
}

fn refused(error: ::argon2::Error) -> DeriveError {
    DeriveError::Refused { why: error.to_string() }
}

fn unstored(error: &password_hash::Error) -> DeriveError {
    DeriveError::Refused { why: error.to_string() }
}
