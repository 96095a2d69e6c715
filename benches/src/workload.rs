//! The message workloads, and how many operations each of them is.

/// How many messages a producer sends before it sends one to itself to go on.
pub const BATCH: u64 = 100;

/// How many actors stand on the "many" side of a pattern, and in the ring.
pub const MANY: u64 = 100;

/// How many listeners hear each event.
pub const LISTENERS: u64 = 100;

/// Threads of every pool of jobs.
pub const POOL_THREADS: usize = 4;

/// Who sends what to whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pattern {
    /// Two actors return one message to each other. An operation is one message.
    PingPong,
    /// One message goes round a ring of [`MANY`] actors. An operation is one hop.
    Ring,
    /// One producer, one consumer, in batches of [`BATCH`].
    OneToOne,
    /// One producer serves [`MANY`] consumers in turn.
    OneToMany,
    /// [`MANY`] producers, one consumer, each in batches of [`BATCH`].
    ManyToOne,
    /// An operation: spawn an actor, send it one message, at which it stops, and drop it.
    Spawn,
    /// One question and its answer at a time.
    Ask,
    /// A plain thread sends to an actor on a loop.
    OutsideIn,
    /// A producer on one loop, a consumer on another, in batches of [`BATCH`].
    LoopToLoop,
    /// Ping-pong between two loops. An operation is one round trip.
    RoundTrip,
    /// A producer as fast as it can be; the consumer, elsewhere, works 1 µs on each message.
    Flood,
}

impl Pattern {
    /// What `messages` measures.
    pub const ONE_LOOP: [Self; 7] = [
        Self::PingPong,
        Self::Ring,
        Self::OneToOne,
        Self::OneToMany,
        Self::ManyToOne,
        Self::Spawn,
        Self::Ask,
    ];

    /// What `cross` measures.
    pub const TWO_LOOPS: [Self; 3] = [Self::OutsideIn, Self::LoopToLoop, Self::RoundTrip];

    /// The row's name in the table.
    pub fn name(self) -> &'static str {
        match self {
            Self::PingPong => "ping-pong",
            Self::Ring => "ring of 100",
            Self::OneToOne => "1 → 1",
            Self::OneToMany => "1 → 100",
            Self::ManyToOne => "100 → 1",
            Self::Spawn => "spawn + 1 message + stop",
            Self::Ask => "ask",
            Self::OutsideIn => "outside thread → actor",
            Self::LoopToLoop => "loop → loop",
            Self::RoundTrip => "loop ⇄ loop, round trip",
            Self::Flood => "flood",
        }
    }

    fn operations(self) -> u64 {
        match self {
            Self::PingPong | Self::Ring => 2_000_000,
            Self::Spawn => 200_000,
            Self::Ask => 500_000,
            Self::RoundTrip => 50_000,
            Self::OneToOne
            | Self::OneToMany
            | Self::ManyToOne
            | Self::OutsideIn
            | Self::LoopToLoop
            | Self::Flood => 5_000_000,
        }
    }

    /// This pattern at a `shrink`-th of its usual size, still a whole number of batches for
    /// each of [`MANY`] actors.
    pub fn workload(self, shrink: u64) -> Workload {
        let unit = BATCH * MANY;
        let operations = self.operations() / shrink.max(1);
        Workload { pattern: self, operations: operations.div_ceil(unit) * unit }
    }
}

/// A pattern and its size.
#[derive(Clone, Copy, Debug)]
pub struct Workload {
    /// Who sends what to whom.
    pub pattern: Pattern,
    /// How many of the pattern's operations to do.
    pub operations: u64,
}
