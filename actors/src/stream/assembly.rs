//! A pipeline while it is being put together: who belongs to it, and where its members report.
//!
//! Lent by [`Pipeline::start`](super::Pipeline::start) to blueprints as they spawn their actors.

use std::sync::Arc;

use roundsman_runtime::{Address, Recipient, Scope};

use super::PipeError;
use super::error::Cut;
use super::link::window;
use super::meter::Gauge;
use super::pipeline;
use super::stage_name::StageName;

/// A pipeline while it is being put together.
///
/// It grows from the sink upwards: each blueprint takes the outflow that was made below it, enters, and starts what is
/// above it.
pub(crate) struct Assembly<'a> {
    /// Where what outlives the pipeline is spawned: connections.
    pub(crate) owner: Scope<'a>,
    /// Where the pipeline's own stages are spawned.
    pub(crate) stages: Scope<'a>,
    report: ReportsTo,
    /// How each is told what is wanted, if it listens.
    pub(crate) members: Vec<Option<Recipient<Control>>>,
    /// What the actor that is to be spawned next will run, the last first.
    pub(crate) run: Vec<&'static str>,
    /// Of the links, from the sink upwards.
    pub(crate) gauges: Vec<Arc<Gauge>>,
    /// What is entered now stands aside: what arrives there is not what arrives at the pipeline's sink.
    pub(crate) aside: bool,
    /// The first gauge of which nobody has said who sends.
    unnamed: usize,
}

/// What a pipeline tells its members.
#[derive(Clone, Debug)]
pub(crate) enum Control {
    /// To close now.
    Abort(PipeError),
    /// To give no more, until told to resume.
    Pause,
    Resume,
}

/// As a trace of a simulation shows it.
impl Control {
    pub(crate) fn shown(&self) -> String {
        match self {
            Self::Abort(error) => format!("to close: {error}"),
            Self::Pause => "to give no more for now".to_owned(),
            Self::Resume => "to go on giving".to_owned(),
        }
    }
}

/// What arrived at a sink.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counts {
    pub(crate) items: u64,
    pub(crate) bytes: u64,
}

impl Counts {
    #[inline]
    pub(crate) fn add<T: 'static>(&mut self, item: &T) {
        self.items += 1;
        self.bytes += super::link::bytes_of(item);
    }
}

/// A member has closed.
pub(crate) struct Report {
    pub(crate) member: u32,
    pub(crate) result: Result<Counts, PipeError>,
    /// Kept until the pipeline has told how it has ended: others are told after that.
    pub(crate) before: Option<Arc<dyn Send + Sync>>,
}

impl<'a> Assembly<'a> {
    pub(crate) fn new(owner: Scope<'a>, stages: Scope<'a>, report: ReportsTo) -> Self {
        let (members, run, gauges) = (Vec::new(), Vec::new(), Vec::new());
        Self { owner, stages, report, members, run, gauges, aside: false, unnamed: 0 }
    }

    /// Enters a member. It must say once that it has closed.
    pub(crate) fn enter(&mut self, name: impl Into<StageName>) -> Reporter {
        // A pipeline has fewer stages than that.
        let member = self.members.len() as u32;
        self.members.push(None);
        let name = name.into();
        for gauge in &self.gauges[self.unnamed..] {
            gauge.set_from(&name);
        }
        self.unnamed = self.gauges.len();
        Reporter { name, member, aside: self.aside, to: self.report.clone() }
    }

    /// Enters the actor that is spawned now, named after what it runs, in order.
    pub(crate) fn enter_run(&mut self) -> Reporter {
        let mut run = std::mem::take(&mut self.run);
        run.reverse();
        match run[..] {
            [one] => self.enter(one),
            _ => self.enter(run.join(", ")),
        }
    }

    /// Tells how to reach a member, whose actor is there now.
    pub(crate) fn set_control(&mut self, member: u32, control: Recipient<Control>) {
        self.members[member as usize] = Some(control);
    }

    /// A gauge for a link to `to`. Whoever enters next is the one who sends.
    pub(crate) fn link_gauge<T: 'static>(&mut self, to: StageName) -> Arc<Gauge> {
        self.gauge(Gauge::new(to, window::<T>(), true))
    }

    /// A gauge for a sink that shares an actor with what is before it.
    pub(crate) fn sink_gauge(&mut self, to: &'static str) -> Arc<Gauge> {
        self.gauge(Gauge::new(to.into(), 0, false))
    }

    fn gauge(&mut self, gauge: Arc<Gauge>) -> Arc<Gauge> {
        self.gauges.push(Arc::clone(&gauge));
        gauge
    }
}

/// Says once that a member has closed; says so itself if it is dropped, for the member has panicked then.
pub(crate) struct Reporter {
    pub(crate) name: StageName,
    pub(crate) member: u32,
    aside: bool,
    to: ReportsTo,
}

/// Whom the members of a pipeline tell that they have closed.
#[derive(Clone)]
pub(crate) enum ReportsTo {
    /// Nobody any more: it has been said.
    Nobody,
    /// The actor of their pipeline.
    Pipeline(Address<pipeline::Message>),
    /// A member that stands for several actors, or who has put together what is no pipeline. Few are: boxed, for each member
    /// keeps one of these.
    Another(Box<Recipient<Report>>),
}

impl ReportsTo {
    pub(crate) fn another(whom: Recipient<Report>) -> Self {
        Self::Another(Box::new(whom))
    }

    /// Whoever has ended needs no reports.
    fn tell(self, report: Report) {
        match self {
            Self::Nobody => {}
            Self::Pipeline(address) => _ = address.send(pipeline::Message::Closed(report)),
            Self::Another(whom) => _ = whom.send(report),
        }
    }
}

impl Reporter {
    /// One that reports to a member, which stands for several actors.
    pub(crate) fn to(name: impl Into<StageName>, to: Recipient<Report>) -> Self {
        Self { name: name.into(), member: 0, aside: false, to: ReportsTo::another(to) }
    }

    pub(crate) fn closed(&mut self, result: Result<Counts, PipeError>) {
        self.closed_before(None, result);
    }

    /// The same; this is let go when the pipeline has told how it has ended.
    pub(crate) fn closed_before(
        &mut self,
        before: Option<Arc<dyn Send + Sync>>,
        result: Result<Counts, PipeError>,
    ) {
        let result = if self.aside { result.map(|_| Counts::default()) } else { result };
        let to = std::mem::replace(&mut self.to, ReportsTo::Nobody);
        to.tell(Report { member: self.member, result, before });
    }

    /// An error of this member.
    pub(crate) fn error(
        &self,
        cause: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> PipeError {
        PipeError::new(self.name.clone(), cause)
    }
}

impl Drop for Reporter {
    fn drop(&mut self) {
        if !matches!(self.to, ReportsTo::Nobody) {
            let error = self.error(Cut::StageGone);
            self.closed(Err(error));
        }
    }
}
