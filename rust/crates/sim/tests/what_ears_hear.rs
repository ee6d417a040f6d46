//! Whole conversations in simulated time, and what they do to a browser's jitter buffer.

mod ears;
