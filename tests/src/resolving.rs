//! Questions to name servers, and what comes of them.

use std::net::SocketAddr;
use std::time::Duration;

use roundsman::Runtime;
use roundsman::dns::{Answer, Question, RecordType, ResolveError, Resolver};

use crate::diary::Diary;
use crate::ledger::run_balanced;
use crate::patience::must_end;
use crate::role::Role;

/// What comes of a question.
pub type Answered<T> = Result<Answer<T>, ResolveError>;

/// A resolver that asks these, and gives up soon.
pub fn resolver(servers: impl IntoIterator<Item = SocketAddr>) -> Resolver {
    let builder = Resolver::builder().servers(servers);
    builder.timeout(Duration::from_secs(5)).attempts(0).build()
}

/// What comes of each of these questions, asked one after another by one actor on one loop.
///
/// # Panics
/// If one is not answered, or more than once.
pub fn answers<T: Send + Sync + 'static>(questions: Vec<Question<T>>) -> Vec<Answered<T>> {
    must_end(move || {
        let diary = Diary::<Answered<T>>::default();
        let (notes, count) = (diary.clone(), questions.len());
        let root = move || {
            let mut left = questions.into_iter();
            let mut next = left.next();
            let receive = move |answer: Option<Answered<T>>,
                                ctx: &mut roundsman::Context<'_, _>| {
                if let Some(answer) = answer {
                    notes.note(answer);
                }
                if let Some(question) = next.take() {
                    question.start(ctx, Some);
                }
                next = left.next();
                Ok(())
            };
            Role::new(receive).started(|ctx| Ok(ctx.address().send(None)?))
        };
        let runtime = Runtime::builder().loops(1).build().expect("a runtime");
        run_balanced(runtime, root).expect("the root does not fail");
        let answers = diary.take();
        assert_eq!(answers.len(), count, "each is answered once");
        answers
    })
}

/// What comes of one question.
pub fn answer<T: Send + Sync + 'static>(question: Question<T>) -> Answered<T> {
    answers(vec![question]).remove(0)
}

/// What comes of asking this server for IPv4 addresses of a name.
pub fn a(server: SocketAddr, name: &str) -> Answered<std::net::Ipv4Addr> {
    answer(resolver([server]).a(name))
}

/// The records of a name as texts, sorted.
///
/// # Panics
/// If there are none.
#[must_use]
pub fn texts(resolver: &Resolver, name: &str, record_type: RecordType) -> Vec<String> {
    let found = answer(resolver.resolve(name, record_type));
    let found = found.unwrap_or_else(|error| panic!("{error}"));
    let mut texts: Vec<_> = found.iter().map(ToString::to_string).collect();
    texts.sort();
    texts
}
