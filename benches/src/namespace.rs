//! A network of the bench's own, in which every participant has an address.
//!
//! The bench leaves the machine's network for a new namespace before it starts anything; the servers inherit it. It
//! has no name and no way out, and is gone with the last of its processes, however they end.
//!
//! The server's address sits on one end of a veth pair, because WebRTC servers pass over loopback interfaces; nothing
//! is ever sent through the pair. All of 10.50.0.0/16 is local too, so that packets go to participants and back over
//! the loopback device, by way of a route and without a neighbour table. The route names the pair, because Janus binds
//! its sockets to the device of their address. What a server sends from a socket that is bound to every address comes
//! from its own.

use std::io;
use std::net::Ipv4Addr;
use std::process::Command;

use crate::Failure;

/// Where servers are.
pub const SERVER: Ipv4Addr = Ipv4Addr::new(10, 49, 0, 1);

const COMMANDS: [&str; 6] = [
    "link set lo up",
    "link add bench0 type veth peer name bench1",
    "addr add 10.49.0.1/16 dev bench0",
    "link set bench0 up",
    "link set bench1 up",
    "route add local 10.50.0.0/16 dev bench0 src 10.49.0.1",
];

/// The address of participant *number*, from 0.
pub fn participant(number: usize) -> Ipv4Addr {
    Ipv4Addr::from(u32::from(Ipv4Addr::new(10, 50, 0, 0)) + 1 + number as u32)
}

/// The participant at *address*.
pub fn number_of(address: Ipv4Addr) -> usize {
    let first = u32::from(participant(0));
    u32::from(address).wrapping_sub(first) as usize
}

/// Leave the machine's network; before the first thread is started. Needs root.
pub fn enter() -> Result<(), Failure> {
    // SAFETY: a plain system call; the process has one thread.
    if unsafe { libc::unshare(libc::CLONE_NEWNET) } < 0 {
        let error = io::Error::last_os_error();
        return Err(format!("a network namespace needs root: {error}").into());
    }
    for command in COMMANDS {
        let status = Command::new("ip").args(command.split(' ')).status();
        let status = status.map_err(|error| format!("ip (iproute2) does not start: {error}"))?;
        if !status.success() {
            return Err(format!("`ip {command}` failed").into());
        }
    }
    Ok(())
}
