//! System calls that the standard library does not have: the only `unsafe` of the media core.
//!
//! Every block says why it is sound; everything that leaves here is safe to call.
#![allow(
    unsafe_code,
    reason = "system calls without a safe face in the standard library"
)]

pub mod buffers;
pub mod event_fd;
pub mod fragments;
pub mod interfaces;
pub mod mmsg;
pub mod poll;
pub mod priority;
