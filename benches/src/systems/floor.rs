//! The floor as a server: what it is told to say, it seals for each listener and sends, and nothing else.
//!
//! It runs in a process of its own (`arengo-bench floor-server PORT`) with the loop of [`crate::inside::floor`].
//! A listener is whoever has sent `L` and their number; keys follow from the numbers. What comes from a talker is a
//! plain RTP packet. Blocking, one thread, one socket.

use std::io::{self, BufRead, BufReader};
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, UdpSocket};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{Glance, Guest, Heard, Protocol, RTP, Server, Site, Standing, System, Wire};
use crate::Failure;
use crate::inside::floor::{Floor, PROFILE, Receiving};
use crate::process::Child;

const PORT: u16 = 7_000;
/// Of the packets that a talker hands in: fixed header, one CSRC, one word of extension, as in Arengo's packets.
pub const HEADER: usize = 12 + 4 + 8;
const PAYLOAD_TYPE: u8 = 111;
/// Between two hellos of a listener who hears nothing yet.
const HELLO: Duration = Duration::from_millis(500);

/// A loop that only seals and sends.
pub struct FloorSystem;

impl System for FloorSystem {
    fn name(&self) -> &'static str {
        "floor"
    }

    fn config(&self) -> &'static str {
        "seal + sendmmsg"
    }

    fn missing(&self, _site: &Site) -> Option<String> {
        None
    }

    fn start(&self, site: &Site) -> Result<Arc<dyn Server>, Failure> {
        let mut command = std::process::Command::new(std::env::current_exe()?);
        command.args(["floor-server", &site.server.to_string(), &PORT.to_string()]);
        let (child, said) = Child::spawn_piped(command, site, "floor")?;
        let mut line = String::new();
        BufReader::new(said).read_line(&mut line)?;
        if line.trim() != "ready" {
            return Err("the floor did not start".into());
        }
        let address = SocketAddrV4::new(site.server, PORT);
        Ok(Arc::new(FloorServer { child, address }))
    }
}

struct FloorServer {
    child: Child,
    address: SocketAddrV4,
}

impl Server for FloorServer {
    fn pids(&self) -> Vec<u32> {
        vec![self.child.pid()]
    }

    fn protocol(&self) -> Protocol {
        RTP
    }

    fn open(&self, _space: usize) -> Result<(), Failure> {
        Ok(())
    }

    fn join(&self, guest: &Guest) -> Result<Box<dyn Wire>, Failure> {
        let mut hello = vec![b'L'];
        hello.extend((guest.number as u64).to_be_bytes());
        hello.extend((guest.space as u64).to_be_bytes());
        Ok(Box::new(FloorWire {
            server: self.address,
            receiving: Receiving::new(guest.number),
            space: guest.space as u32,
            number: guest.number as u32,
            said: 0,
            waiting: Vec::new(),
            hello,
            next_hello: (!guest.talks).then(Instant::now),
        }))
    }
}

struct FloorWire {
    server: SocketAddrV4,
    receiving: Receiving,
    space: u32,
    number: u32,
    said: u32,
    waiting: Vec<Vec<u8>>,
    hello: Vec<u8>,
    /// Until something is heard.
    next_hello: Option<Instant>,
}

impl Wire for FloorWire {
    fn take(
        &mut self,
        _from: SocketAddrV4,
        datagram: &mut [u8],
        _unopened: u64,
        _now: Instant,
    ) -> Option<Heard> {
        let Glance::Sound { sequence, .. } = (RTP.glance)(datagram) else {
            return None;
        };
        self.next_hello = None;
        let opus = self.receiving.open(datagram, HEADER, sequence)?.to_vec();
        Some(Heard { opus })
    }

    fn wake(&mut self, now: Instant) {
        if self.next_hello.is_some_and(|at| at <= now) {
            self.waiting.push(self.hello.clone());
            self.next_hello = Some(now + HELLO);
        }
    }

    fn next_wake(&self) -> Option<Instant> {
        self.next_hello
    }

    fn next_datagram(&mut self) -> Option<(SocketAddrV4, Vec<u8>)> {
        Some((self.server, self.waiting.pop()?))
    }

    fn say(&mut self, opus: &[u8], _at: Instant) {
        self.said = self.said.wrapping_add(1);
        let mut packet = vec![0x91, PAYLOAD_TYPE, 0, 0];
        packet.extend(self.said.wrapping_mul(960).to_be_bytes());
        packet.extend(self.number.to_be_bytes());
        // Its place as CSRC tells the loop whom to send it to; real servers say there whose voice it is.
        packet.extend(self.space.to_be_bytes());
        packet.extend([0xbe, 0xde, 0, 1, 0x10, 20, 0, 0]);
        packet.extend(opus);
        self.waiting.push(packet);
    }

    fn standing(&self) -> Standing {
        Standing::Connected
    }

    fn close(&mut self, _now: Instant) {}

    fn profile(&self) -> Option<&'static str> {
        Some(PROFILE)
    }
}

/// The server's process: runs until it is killed.
pub fn serve(ip: Ipv4Addr, port: u16) -> io::Result<()> {
    let socket = UdpSocket::bind((ip, port))?;
    println!("ready");
    let mut spaces: Vec<Floor> = Vec::new();
    let mut buffer = [0; 2_048];
    loop {
        let (length, from) = match socket.recv_from(&mut buffer) {
            Ok(came) => came,
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => continue,
            Err(error) => return Err(error),
        };
        let (Some(datagram), SocketAddr::V4(from)) = (buffer.get(..length), from) else {
            continue;
        };
        match datagram {
            [b'L', rest @ ..] => {
                let numbers = rest.as_chunks::<8>().0;
                if let [number, space] = numbers {
                    let number = u64::from_be_bytes(*number) as usize;
                    let space = u64::from_be_bytes(*space) as usize;
                    while spaces.len() <= space {
                        spaces.push(Floor::new(socket.try_clone()?, &[], HEADER));
                    }
                    if let Some(floor) = spaces.get_mut(space) {
                        floor.add(number, from);
                    }
                }
            }
            packet => {
                let space = packet.get(12..16).and_then(|csrc| csrc.first_chunk());
                let space = space.map_or(0, |csrc| u32::from_be_bytes(*csrc)) as usize;
                if let Some(floor) = spaces.get_mut(space) {
                    floor.send(packet);
                }
            }
        }
    }
}
