//! Where batches of the core leave: the UDP socket and the TCP connections.

use std::cell::RefCell;
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::AsRawFd;
use std::rc::Rc;
use std::sync::Arc;

use arengo_core::{Batch, Sink, Transport};

use crate::limits::SEND_BATCH;
use crate::mailbox::Letter;
use crate::neighbourhood::{Neighbourhood, TCP_SHARD};
use crate::sys::mmsg::{self, Run, Sender};
use crate::sys::poll::Poll;
use crate::tcp::Connections;

/// What both the outlet and the driver's loop need.
pub struct Exits {
    pub udp: UdpSocket,
    pub is_dual: bool,
    pub connections: Connections,
    /// Where TCP frames are handed to, unless connections are this thread's.
    pub neighbours: Option<Arc<Neighbourhood>>,
    pub poll: Poll,
    pub sender: Sender,
    /// Datagrams that the kernel did not take.
    pub dropped: u64,
    /// Sends of several datagrams at once, which the kernel cut apart.
    pub segmented: u64,
    /// Such sends that it refused.
    pub segmenting_refused: u64,
}

impl Exits {
    /// Made on the media thread: headers hold pointers, which stay there. *udp* takes both families or one.
    pub fn new(udp: UdpSocket, poll: Poll, neighbours: Option<Arc<Neighbourhood>>) -> Self {
        let is_dual = udp.local_addr().is_ok_and(|address| address.is_ipv6());
        let segments = mmsg::segments(udp.as_raw_fd());
        Self {
            udp,
            is_dual,
            connections: Connections::default(),
            neighbours,
            poll,
            sender: Sender::new(SEND_BATCH, segments),
            dropped: 0,
            segmented: 0,
            segmenting_refused: 0,
        }
    }

    fn flush(&mut self, batch: Batch<'_>) {
        let is_dual = self.is_dual;
        let runs = batch
            .runs()
            .filter(|run| run.to.transport == Transport::Udp)
            .map(|run| Run {
                to: if is_dual {
                    mapped(run.to.address)
                } else {
                    run.to.address
                },
                bytes: run.bytes,
                segment: run.segment,
                count: run.count,
            });
        let sent = self.sender.send(self.udp.as_raw_fd(), runs);
        self.dropped += sent.dropped as u64;
        self.segmented += sent.segmented as u64;
        self.segmenting_refused += sent.refused as u64;
        for (route, frame) in batch.iter() {
            if let Transport::Tcp(number) = route.transport {
                match &self.neighbours {
                    None => self.connections.send(number, frame, &self.poll),
                    Some(neighbours) => {
                        neighbours.post(TCP_SHARD, Letter::Frame(number, frame.into()));
                    }
                }
            }
        }
    }
}

/// The sink of the core's outbox.
pub struct Outlet(pub Rc<RefCell<Exits>>);

impl Sink for Outlet {
    fn flush(&mut self, batch: Batch<'_>) {
        // The loop holds no borrow while it is in the core; were it to, dropping a batch is the smaller harm.
        if let Ok(mut exits) = self.0.try_borrow_mut() {
            exits.flush(batch);
        }
    }
}

fn mapped(address: SocketAddr) -> SocketAddr {
    match address {
        SocketAddr::V4(v4) => SocketAddr::new(v4.ip().to_ipv6_mapped().into(), v4.port()),
        SocketAddr::V6(_) => address,
    }
}
