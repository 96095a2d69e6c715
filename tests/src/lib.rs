//! What the tests of roundsman share.
