//! The tail of an actor that sends its items down several links: the arms of a junction.
//!
//! Arms come and go and ask on any loop, so they leave notes ([`Notes`]) which the tail's actor reads in its turn: it alone
//! sends items, and so every link is serial (rule 3). Which arm an item goes to is said by a [`Deal`].

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::PipeError;
use super::assembly::{Counts, Reporter};
use super::error::Cut;
use super::link::{Demand, Flow, Supplier, Upstream, is_bytes, weight};
use super::meter::Downstream;
use super::owed::Owed;
use super::stage::Tail;

/// Which arm an item goes to.
pub(crate) trait Deal<T>: Send + 'static {
    /// How much may be dealt now: nobody is given what it has not asked for.
    fn room(&self, arms: &[Arm<T>]) -> u64;

    /// Gives an item to whom it belongs.
    fn deal(&mut self, item: T, arms: &mut [Arm<T>]);

    /// An arm has asked for more.
    fn asked(&mut self, _: usize) {}
}

/// One of the links.
pub(crate) struct Arm<T> {
    place: Place<T>,
    /// Asked for and not given.
    pub(crate) owed: Owed,
    /// Given, and sent when the turn is over.
    batch: Vec<T>,
}

enum Place<T> {
    /// Its pipeline has not been started.
    Awaited,
    Open(Downstream<T>),
    Gone,
}

impl<T: Send + 'static> Arm<T> {
    fn new() -> Self {
        Self { place: Place::Awaited, owed: Owed::default(), batch: Vec::new() }
    }

    pub(crate) fn is_open(&self) -> bool {
        matches!(self.place, Place::Open(_))
    }

    fn is_awaited(&self) -> bool {
        matches!(self.place, Place::Awaited)
    }

    fn is_gone(&self) -> bool {
        matches!(self.place, Place::Gone)
    }

    /// Gives it an item. Dropped if it has gone.
    pub(crate) fn give(&mut self, item: T) {
        if self.is_open() {
            self.owed.give(weight(&item));
            self.batch.push(item);
        }
    }

    fn send(&mut self, flow: Flow<T>) {
        if let Place::Open(link) = &mut self.place
            && !link.take(flow)
        {
            self.leave();
        }
    }

    fn send_batch(&mut self) {
        match self.batch.len() {
            0 => {}
            1 => {
                if let Some(item) = self.batch.pop() {
                    self.send(Flow::Item(item));
                }
            }
            _ => {
                let items = std::mem::take(&mut self.batch);
                self.send(Flow::Items(items));
            }
        }
    }

    fn leave(&mut self) {
        self.place = Place::Gone;
        self.batch.clear();
    }
}

/// Deals its items to several links, and keeps what was not asked for: at most what one push of an operator gives.
pub(crate) struct Fan<T: Send + 'static> {
    deal: Box<dyn Deal<T>>,
    arms: Vec<Arm<T>>,
    /// The arm without which the others end, too.
    leader: Option<usize>,
    notes: Arc<Notes<T>>,
    kept: VecDeque<T>,
    /// Some arm has neither come nor left.
    awaits: bool,
    ended: bool,
    closed: bool,
}

impl<T: Send + 'static> Fan<T> {
    pub(crate) fn new(notes: Arc<Notes<T>>, deal: impl Deal<T>) -> Self {
        let arms: Vec<_> = notes.lock().arms.iter().map(|_| Arm::new()).collect();
        let (deal, kept, awaits) = (Box::new(deal), VecDeque::new(), !arms.is_empty());
        Self { deal, arms, leader: None, notes, kept, awaits, ended: false, closed: false }
    }

    /// When this arm leaves, the others end.
    pub(crate) fn led_by(mut self, arm: usize) -> Self {
        self.leader = Some(arm);
        self
    }

    /// Reads what the arms have left.
    fn read_notes(&mut self) {
        let notes = self.notes.read();
        for (index, note) in notes.into_iter().enumerate() {
            let Some(arm) = self.arms.get_mut(index) else { continue };
            if let Some(link) = note.link {
                arm.place = Place::Open(link);
            }
            if note.more > 0 {
                arm.owed.ask(note.more);
                self.deal.asked(index);
            }
            if note.gone {
                arm.leave();
            }
        }
        self.awaits = self.awaits && self.arms.iter().any(Arm::is_awaited);
    }

    fn may_deal(&self) -> u64 {
        if self.awaits { 0 } else { self.deal.room(&self.arms) }
    }

    fn deal_kept(&mut self) {
        while !self.kept.is_empty() && self.may_deal() > 0 {
            if let Some(item) = self.kept.pop_front() {
                self.deal.deal(item, &mut self.arms);
            }
        }
    }

    /// Nobody is left who would take anything, or the one without whom the others end.
    fn is_deserted(&self) -> bool {
        let led = self.leader.and_then(|leader| self.arms.get(leader));
        led.is_some_and(Arm::is_gone) || self.arms.iter().all(Arm::is_gone)
    }

    /// Says the last word to every arm, also to those that come later.
    fn close(&mut self, over: Over) {
        self.closed = true;
        self.kept.clear();
        for note in self.notes.finish(over.clone()).into_iter().zip(&mut self.arms) {
            if let (Note { link: Some(link), .. }, arm) = note {
                arm.place = Place::Open(link);
            }
        }
        for arm in &mut self.arms {
            arm.send(over.flow());
            arm.leave();
        }
    }
}

impl<T: Send + 'static> Tail<T> for Fan<T> {
    fn begin(&mut self, upstream: Upstream) {
        self.notes.lock().reader = Some(upstream);
        self.read_notes();
    }

    fn push(&mut self, item: T) -> Result<(), PipeError> {
        if self.closed {
            return Ok(());
        }
        if self.kept.is_empty() && self.may_deal() > 0 {
            self.deal.deal(item, &mut self.arms);
        } else {
            self.kept.push_back(item);
        }
        Ok(())
    }

    fn end(&mut self) -> Result<(), PipeError> {
        self.ended = true;
        Ok(())
    }

    fn fail(&mut self, error: PipeError) {
        if !self.closed {
            self.arms.iter_mut().for_each(Arm::send_batch);
            self.close(Over::Failed(error));
        }
    }

    fn demand(&mut self, _: Demand) {
        if !self.closed {
            self.read_notes();
            self.deal_kept();
        }
    }

    fn resume(&mut self) -> Result<bool, PipeError> {
        Ok(false)
    }

    fn flush(&mut self) {
        if self.closed {
            return;
        }
        self.arms.iter_mut().for_each(Arm::send_batch);
        if self.is_deserted() || (self.ended && self.kept.is_empty()) {
            self.close(Over::Ended);
        }
    }

    fn room(&self) -> u64 {
        if self.closed || self.ended || !self.kept.is_empty() {
            return 0;
        }
        // What bytes will count is not known before they are there.
        if is_bytes::<T>() { self.may_deal().min(1) } else { self.may_deal() }
    }

    fn is_closed(&self) -> bool {
        self.closed
    }

    fn counts(&self) -> Counts {
        Counts::default()
    }
}

/// One that goes without a word, because its actor was killed or never came to be, must not leave its arms waiting.
impl<T: Send + 'static> Drop for Fan<T> {
    fn drop(&mut self) {
        self.fail(PipeError::new("junction", Cut::StageGone));
    }
}

/// What arms have said since a fan has last looked.
///
/// The mutex is held for the change of a few fields only; sends, and drops of what is the user's, happen outside.
pub(crate) struct Notes<T>(Mutex<State<T>>);

struct State<T> {
    arms: Vec<Note<T>>,
    /// How the fan is told to look, once it is there.
    reader: Option<Upstream>,
    /// It was told and has not looked.
    told: bool,
    /// Nothing more comes.
    over: Option<Over>,
    /// How what feeds the fan has ended, once all of it has closed.
    settled: Option<Result<(), PipeError>>,
}

struct Note<T> {
    /// It has come.
    link: Option<Downstream<T>>,
    more: u64,
    gone: bool,
    /// Its pipeline waits until what feeds the junction has closed, if this arm has the last word in that.
    reporter: Option<Reporter>,
}

/// The last thing on every link.
#[derive(Clone)]
enum Over {
    Ended,
    Failed(PipeError),
}

impl Over {
    fn flow<T>(&self) -> Flow<T> {
        match self {
            Self::Ended => Flow::End,
            Self::Failed(error) => Flow::Failed(error.clone()),
        }
    }
}

impl<T> Note<T> {
    fn new() -> Self {
        Self { link: None, more: 0, gone: false, reporter: None }
    }

    /// Takes what is new.
    fn read(&mut self) -> Self {
        let (link, more) = (self.link.take(), std::mem::take(&mut self.more));
        Self { link, more, gone: self.gone, reporter: None }
    }
}

impl<T: Send + 'static> Notes<T> {
    /// Those of so many arms.
    pub(crate) fn new(arms: usize) -> Arc<Self> {
        let arms = std::iter::repeat_with(Note::new).take(arms).collect();
        let state = State { arms, reader: None, told: false, over: None, settled: None };
        Arc::new(Self(Mutex::new(state)))
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        // Nothing in here is left half done by a panic: an allocation that fails aborts.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where an arm asks, made once for each. Dropped before the arm has come, it leaves.
    pub(crate) fn upstream(self: &Arc<Self>, arm: usize) -> Upstream {
        Upstream::new(Asking { notes: Arc::clone(self), arm })
    }

    /// An arm has come: begins its link, through its `upstream`. Its pipeline has a `reporter` if it is another than what
    /// feeds the junction.
    pub(crate) fn attach(
        &self,
        arm: usize,
        upstream: Upstream,
        mut link: Downstream<T>,
        reporter: Option<Reporter>,
    ) {
        link.take(Flow::Begin(upstream));
        let mut state = self.lock();
        state.arms[arm].reporter = reporter;
        let Some(over) = state.over.clone() else {
            state.arms[arm].link = Some(link);
            return Self::tell(state);
        };
        drop(state);
        link.take(over.flow());
        self.report();
    }

    /// An arm asks for more.
    fn ask(&self, arm: usize, amount: u64) {
        let mut state = self.lock();
        let note = &mut state.arms[arm];
        note.more = note.more.saturating_add(amount);
        Self::tell(state);
    }

    /// An arm wants nothing more, or will never come.
    fn leave(&self, arm: usize) {
        let mut state = self.lock();
        if std::mem::replace(&mut state.arms[arm].gone, true) {
            return;
        }
        // Whoever goes first need not wait for what feeds the others.
        let others = state.over.is_none() && state.arms.iter().any(|note| !note.gone);
        let reporter = if others { state.arms[arm].reporter.take() } else { None };
        Self::tell(state);
        if let Some(mut reporter) = reporter {
            reporter.closed(Ok(Counts::default()));
        }
    }

    /// Has the fan look.
    fn tell(mut state: MutexGuard<'_, State<T>>) {
        if state.over.is_some() || std::mem::replace(&mut state.told, true) {
            return;
        }
        state.told = state.reader.is_some();
        let reader = state.reader.clone();
        drop(state);
        if let Some(reader) = reader {
            // Asks for nothing: what is asked for is in the notes.
            reader.request(0);
        }
    }

    fn read(&self) -> Vec<Note<T>> {
        let mut state = self.lock();
        state.told = false;
        state.arms.iter_mut().map(Note::read).collect()
    }

    /// Nothing more comes. Returns what was new.
    fn finish(&self, over: Over) -> Vec<Note<T>> {
        let mut state = self.lock();
        state.over = Some(over);
        let reader = state.reader.take();
        let notes = state.arms.iter_mut().map(Note::read).collect();
        drop((state, reader));
        notes
    }

    /// Everything that feeds the junction has closed.
    pub(crate) fn settle(&self, result: Result<(), PipeError>) {
        self.lock().settled.get_or_insert(result);
        self.report();
    }

    /// Tells the pipelines of the arms, once everything has closed.
    fn report(&self) {
        let mut state = self.lock();
        let Some(result) = state.settled.clone() else { return };
        let reporters: Vec<_> =
            state.arms.iter_mut().filter_map(|note| note.reporter.take()).collect();
        drop(state);
        for mut reporter in reporters {
            reporter.closed(result.clone().map(|()| Counts::default()));
        }
    }
}

/// Where an arm asks.
struct Asking<T: Send + 'static> {
    notes: Arc<Notes<T>>,
    arm: usize,
}

impl<T: Send + 'static> Supplier for Asking<T> {
    fn ask(&self, demand: Demand) {
        match demand {
            Demand::More(amount) => self.notes.ask(self.arm, amount),
            Demand::Cancel => self.notes.leave(self.arm),
        }
    }
}
