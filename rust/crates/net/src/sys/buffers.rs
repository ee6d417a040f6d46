//! Socket buffers beyond what an ordinary program may ask for.

use std::mem;
use std::os::fd::RawFd;

/// Give *fd* buffers of *bytes* each way, whatever `net.core.{r,w}mem_max` say; false where only the administrator may.
pub fn force(fd: RawFd, bytes: usize) -> bool {
    let bytes = libc::c_int::try_from(bytes).unwrap_or(libc::c_int::MAX);
    [libc::SO_RCVBUFFORCE, libc::SO_SNDBUFFORCE]
        .into_iter()
        .all(|option| {
            // SAFETY: the value is an int that lives through the call, and its length is told.
            let done = unsafe {
                libc::setsockopt(
                    fd,
                    libc::SOL_SOCKET,
                    option,
                    (&raw const bytes).cast(),
                    mem::size_of::<libc::c_int>() as libc::socklen_t,
                )
            };
            done == 0
        })
}
