//! Every contender carries every item.

use super::{Carry, Flow, Form, expected, limit, node, tokio_stream};
use crate::ours;

/// Not a multiple of a window or a channel's capacity.
const ITEMS: u32 = 10_007;

fn carries(run: Carry, forms: &[Form]) {
    for &form in forms {
        let carried = run(Flow { form, items: ITEMS }).expect("it has this form");
        assert_eq!(carried.gathered, expected(ITEMS), "{form:?}");
    }
}

#[test]
fn roundsman_carries_every_item() {
    carries(ours::flow::run, &Form::ALL);
}

#[test]
fn the_limit_carries_every_item() {
    carries(limit::run, &[Form::Fused]);
}

#[test]
fn tokio_stream_carries_every_item() {
    carries(tokio_stream::alone, &[Form::Fused]);
    carries(|flow| tokio_stream::channel(16, flow), &Form::ALL);
}

#[test]
fn node_carries_every_item() {
    if crate::program::has_node() {
        carries(node::run, &Form::ALL);
    }
}
