//! Operators: the stages and sinks that wait for nothing. A run of them shares one actor.

mod collect;
mod filter;
mod fold;
mod for_each;
mod lines;
mod map;

pub use collect::collect;
pub use filter::filter;
pub use fold::fold;
pub use for_each::for_each;
pub use lines::{LineTooLong, lines};
pub use map::map;

/// What a stage that keeps nothing passes on unchanged to the tail `self.next`.
macro_rules! pass_on {
    ($($method:ident),*) => {
        $(pass_on!(@one $method);)*
    };
    (@one begin) => {
        fn begin(&mut self, upstream: $crate::stream::Upstream) {
            self.next.begin(upstream);
        }
    };
    (@one end) => {
        fn end(&mut self) -> Result<(), $crate::stream::PipeError> {
            self.next.end()
        }
    };
    (@one rest) => {
        fn fail(&mut self, error: $crate::stream::PipeError) {
            self.next.fail(error);
        }

        fn demand(&mut self, demand: $crate::stream::Demand) {
            self.next.demand(demand);
        }

        fn wants(&self) -> bool {
            self.next.wants()
        }

        fn is_closed(&self) -> bool {
            self.next.is_closed()
        }

        fn counts(&self) -> $crate::stream::assembly::Counts {
            self.next.counts()
        }
    };
}
pub(crate) use pass_on;
