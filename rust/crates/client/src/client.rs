//! The participant that programs use: a [`Peer`] with a socket, driven by the shared thread.

use std::os::fd::{AsRawFd, RawFd};
use std::sync::Arc;

use crate::runtime::{Member, Runtime};
use crate::{
    AnswerRefused, ClientOptions, ClientUnavailable, LevelsMismatch, Received, State, Tally,
};

/// A headless participant over real sockets; cheap to hold, closed when dropped.
#[derive(Debug)]
pub struct Client {
    member: Arc<Member>,
}

impl Client {
    /// Make a client with a socket of its own; the first one starts the shared thread.
    pub fn new(options: ClientOptions) -> Result<Client, ClientUnavailable> {
        let member = Runtime::shared()?.join(options)?;
        Ok(Client { member })
    }

    /// The SDP offer, the same each time.
    pub fn offer(&self) -> String {
        self.member.with(|peer, _| peer.offer())
    }

    /// Connect as the SDP answer says.
    pub fn answer(&self, sdp: &str) -> Result<(), AnswerRefused> {
        self.member.act(|peer, now| peer.answer(sdp, now))
    }

    /// How it stands.
    pub fn state(&self) -> State {
        self.member.state()
    }

    /// Queue Opus packets with their RFC 6464 levels in dBov (0 loudest, -127 silence), sent at their pace;
    /// how many wait now. An empty packet is 20 ms without a packet.
    pub fn send_opus<P: AsRef<[u8]>>(
        &self,
        packets: &[P],
        levels_dbov: &[i32],
    ) -> Result<usize, LevelsMismatch> {
        self.member
            .act(|peer, now| peer.send_opus(packets, levels_dbov, now))
    }

    /// How many packets wait to be sent.
    pub fn queued(&self) -> usize {
        self.member.with(|peer, _| peer.queued())
    }

    /// Forget what waits to be sent.
    pub fn clear(&self) {
        self.member.act(|peer, _| peer.clear());
    }

    /// At most *most* received packets, oldest first; the descriptor stays readable while more wait.
    pub fn received(&self, most: usize) -> Vec<Received> {
        self.member.received(most)
    }

    /// What became of the packets that were sent to it.
    pub fn tally(&self) -> Tally {
        self.member.with(|peer, _| peer.tally())
    }

    /// Say BYE and end; twice does no harm.
    pub fn close(&self) {
        self.member.act(|peer, now| peer.close(now));
    }
}

impl AsRawFd for Client {
    /// An eventfd that is readable while received packets wait or the state has changed since the last [`Client::received`].
    fn as_raw_fd(&self) -> RawFd {
        self.member.event_fd()
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.close();
        self.member.leave();
    }
}
