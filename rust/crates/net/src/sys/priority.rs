//! How much of a core a thread claims.

/// Let the calling thread give way to others.
pub fn give_way() {
    const LESS: i32 = 10;
    // SAFETY: setpriority takes no pointers; for a thread, 0 means itself. A refusal leaves things as they were.
    unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, LESS) };
}
