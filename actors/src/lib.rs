//! ready-made actors
