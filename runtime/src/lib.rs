//! The mechanism of roundsman: actors with mailboxes on event loops, with pressure built in.
//!
//! Most programs use the crate `roundsman`, which re-exports all of this and adds sockets and streams. Here is what an
//! actor is ([`Actor`]), how it is reached ([`Address`]), what it can do ([`Context`]), and what runs it ([`Runtime`]).
//!
//! This crate knows actors, mailboxes and loops. It knows no protocol, no socket and no stream.
//!
//! # Reading order
//! `poller` → `event_loop` → `mailbox` and `run_queue` → `turn` → `address` → `waiting` and `pressure`; then `spawn`,
//! `dying`, `hooks`, `reply`; then `runtime`. `ARCHITECTURE.md` in the repository has the map.

// Platform: knows no actors.
mod chance;
mod clock;
mod counters;
mod drain;
mod driver;
mod metrics;
mod parker;
mod poller;
mod pool;
mod sync;
// Data: no I/O, no threads, time passed in.
mod agenda;
mod backlog;
mod envelope;
mod errand;
mod few;
mod histogram;
mod in_turn;
mod inbox;
mod lane;
mod ledger;
mod line;
mod mailbox;
mod marks;
mod name;
mod pressure;
mod refcount;
mod rooms;
mod run_queue;
mod spinning;
mod supervision;
mod timer_wheel;
mod tray;
mod wards;
// Actors.
mod actor;
mod address;
mod audience;
mod bell;
mod cancel_token;
mod cell;
mod child_spec;
mod children;
mod context;
mod dead_letter;
mod describe;
mod drainer;
mod dying;
mod exit;
mod extras;
mod happening;
mod hooks;
mod job;
mod job_code;
mod job_error;
mod jobs;
mod linking;
mod outbox;
mod own;
mod panics;
mod parcel;
mod provided;
mod recipient;
mod registry;
mod reply;
mod resting;
mod send_error;
mod send_or_lose;
mod shutdown;
mod sighting;
#[cfg_attr(not(feature = "spans"), path = "no_spans.rs")]
mod spans;
mod spawn;
mod stash;
mod supervising;
mod supervisor;
mod turn;
mod unfinished;
mod waiting;
mod watch;
// Loops and threads.
mod builder;
mod course;
mod event_loop;
mod handle;
mod home;
mod local;
#[cfg(feature = "metrics")]
mod record;
mod runtime;
mod signal;
#[cfg_attr(not(unix), path = "no_signals.rs")]
mod signals;
mod simulate;
mod simulation;
mod sizing;
mod slots;
mod time_hold;
mod tree;
mod watchdog;
mod why_alive;
mod worker;
mod world;

pub use crate::actor::{Actor, ActorId, Failure, Outcome};
pub use crate::address::Address;
pub use crate::bell::Bell;
pub use crate::builder::{BuildError, Builder, MAX_LOOPS};
pub use crate::cancel_token::CancelToken;
pub use crate::child_spec::ChildSpec;
pub use crate::clock::Timestamp;
pub use crate::context::{ASK_TIMEOUT, Context, PressureGuard};
pub use crate::dead_letter::DeadLetter;
pub use crate::describe::Held;
pub use crate::drain::{CutActor, Drain, DrainPhase, DrainReport, PhaseReport};
pub use crate::exit::{ExitReason, Terminated};
pub use crate::handle::RuntimeHandle;
pub use crate::happening::{ChildFailed, Happening};
pub use crate::histogram::Distribution;
pub use crate::hooks::{MissedTicks, SourceId, TimerId};
pub use crate::job::{Job, job, job_with_token, try_job};
pub use crate::job_error::JobError;
pub use crate::jobs::JobId;
pub use crate::lane::{Lane, LaneError, LaneLimits, LaneMetrics};
pub use crate::ledger::{DeadLetterReason, Ledger};
pub use crate::line::Line;
pub use crate::mailbox::Overflow;
pub use crate::metrics::{LoopMetrics, Metrics, Pause};
#[cfg(unix)]
pub use crate::poller::Descriptor;
pub use crate::poller::{Interest, Readiness, Source};
pub use crate::pool::JobStatus;
#[doc(hidden)]
pub use crate::pressure::BrokenPressure;
pub use crate::recipient::{Owner, Ready, Recipient, RecipientIdentity};
pub use crate::registry::NameTaken;
pub use crate::reply::{AskError, Reply};
pub use crate::runtime::{RunError, Runtime};
pub use crate::send_error::{SendError, TrySendError};
pub use crate::shutdown::Shutdown;
pub use crate::sighting::{ASKED_FOR_PANIC, Sighting, Verdict};
pub use crate::signal::Signal;
pub use crate::simulation::{Simulation, Stepped, simulated_provided};
pub use crate::sizing::MAX_POOL_THREADS;
pub use crate::spawn::{Placement, Scope, Spawn};
pub use crate::stash::StashFull;
pub use crate::supervising::ChildStatus;
pub use crate::supervision::{AutoShutdown, Backoff, Restart, Strategy, Supervision};
pub use crate::supervisor::{
    ChildCounts, DynamicMessage, DynamicSupervisor, Supervisor, SupervisorMessage,
};
pub use crate::time_hold::TimeHold;
pub use crate::tree::{ActorState, Node, Tree};
pub use crate::watch::Watch;
pub use crate::watchdog::SlowTurn;
pub use crate::why_alive::{AliveReason, WhyAlive};
