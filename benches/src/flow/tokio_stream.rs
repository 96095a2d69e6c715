//! tokio's streams on one thread: by themselves, and behind a channel between two tasks.

use tokio::sync::mpsc;
use tokio_stream::{Stream, StreamExt, iter, wrappers::ReceiverStream};

use super::{Carried, Flow, Form, change, gather, keep};
use crate::{clock, peers::executor::Executor};

/// Carries a fused flow in one stream: one future, without a task or a channel inside.
pub fn alone(Flow { form, items }: Flow) -> Option<Carried> {
    if form == Form::Boundary {
        return None;
    }
    Some(timed(async move { rest(iter(0..items).map(change)).await }))
}

/// Carries a flow in two tasks, with a channel of so many items between them: behind the source if the flow is fused,
/// else behind `map`. The task before it is a plain loop, which is faster than a stream there.
pub fn channel(capacity: usize, Flow { form, items }: Flow) -> Option<Carried> {
    let (to, from) = mpsc::channel(capacity);
    let from = ReceiverStream::new(from);
    Some(match form {
        Form::Fused => timed(async move {
            tokio::spawn(send_all(0..items, to));
            rest(from.map(change)).await
        }),
        Form::Boundary => timed(async move {
            tokio::spawn(send_all((0..items).map(change), to));
            rest(from).await
        }),
    })
}

async fn send_all(items: impl Iterator<Item = u32>, to: mpsc::Sender<u32>) {
    for item in items {
        if to.send(item).await.is_err() {
            return;
        }
    }
}

async fn rest(changed: impl Stream<Item = u32>) -> u32 {
    changed.filter(keep).fold(0, gather).await
}

fn timed(flow: impl Future<Output = u32> + Send + 'static) -> Carried {
    Executor::CurrentThread.run(async move {
        let begun = clock::now();
        let gathered = flow.await;
        Carried { elapsed: begun.elapsed(), gathered }
    })
}
