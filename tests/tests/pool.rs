//! The pool: jobs, lanes, and what becomes of each.
