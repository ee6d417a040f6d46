//! A participant without sockets, threads or a clock.
//!
//! Give it datagrams and time, then take what is to be sent ([`Peer::poll_transmit`]) and come back by
//! [`Peer::next_timeout`]. Bytes from the network never make it panic, and never change its mind unless they are
//! authenticated.

mod arrivals;
mod association;
mod media;
mod pacer;
mod paths;
mod redundancy;

use std::collections::VecDeque;
use std::time::Instant;

use crate::entropy::{number, word};
use crate::{
    AnswerRefused, ClientOptions, Identity, LevelsMismatch, OfferRefused, Received, State, Tally,
    limits,
};
use arengo_core::Entropy;
use arengo_core::crypto::StunIntegrity;
use arengo_wire::limits::RED_COPIES;
use arengo_wire::sdp::{
    self, IceCredentials, OfferParameters, RemoteAnswer, RemoteOffer, Repair, SendLine,
};
use arengo_wire::srtp::Profile;
use association::{Association, Failed, Said};
use media::{Media, SelfDescription};
use pacer::Pacer;
use paths::{Credentials, Paths, Role};
pub use paths::{Transport, Way};

/// A datagram that is to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transmit {
    pub to: Way,
    pub datagram: Vec<u8>,
}

/// One headless participant: ICE, active DTLS 1.2, SRTP both ways, Opus as it stands.
pub struct Peer {
    options: ClientOptions,
    identity: Identity,
    entropy: Box<dyn Entropy>,
    handshake_seed: Option<u64>,
    state: State,
    offer: String,
    ice: IceCredentials,
    myself: SelfDescription,
    pacer: Pacer,
    connection: Option<Connection>,
    transmits: VecDeque<Transmit>,
    received: VecDeque<Received>,
    tally: Tally,
    /// The last moment that was told.
    now: Instant,
}

/// What exists once there is an answer.
struct Connection {
    /// Where the server offers, what its answer would have been.
    answer: RemoteAnswer,
    paths: Paths,
    association: Option<Association>,
    media: Option<Media>,
}

impl std::fmt::Debug for Peer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // No address, no credential.
        f.debug_struct("Peer")
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

impl Peer {
    /// Make one, with its offer; None when *options* ask for no line, or for too many lines or copies.
    pub fn new(
        options: ClientOptions,
        identity: &Identity,
        mut entropy: Box<dyn Entropy>,
        now: Instant,
    ) -> Option<Peer> {
        let lines = usize::from(options.send) + options.receive_lines;
        if lines == 0 || options.receive_lines > limits::MOST_RECEIVE_LINES {
            return None;
        }
        if options.red.is_some_and(|copies| copies > RED_COPIES) {
            return None;
        }
        let ice = IceCredentials {
            ufrag: word(&mut *entropy, 8),
            password: word(&mut *entropy, 24),
        };
        let myself = SelfDescription {
            ssrc: number(&mut *entropy).max(1),
            cname: word(&mut *entropy, 16),
        };
        // Below 2^15: the first wrap is far, and who joins meanwhile guesses the rollover counter right (RFC 3711).
        let sequence = (number(&mut *entropy) & 0x7fff) as u16;
        let pacer = Pacer::new(sequence, number(&mut *entropy));
        let sending = SendLine {
            ssrc: myself.ssrc,
            cname: &myself.cname,
        };
        let offer = sdp::offer(&OfferParameters {
            ice: &ice,
            fingerprint: identity.fingerprint(),
            candidates: &[],
            send: options.send.then_some(sending),
            receive_lines: u8::try_from(options.receive_lines).ok()?,
            repair: wanted(options),
            session_id: u64::from(number(&mut *entropy)),
        });
        Some(Peer {
            options,
            identity: identity.clone(),
            entropy,
            handshake_seed: None,
            state: State::New,
            offer,
            ice,
            myself,
            pacer,
            connection: None,
            transmits: VecDeque::new(),
            received: VecDeque::new(),
            tally: Tally::default(),
            now,
        })
    }

    /// For simulations alone: let the handshake's timing and numbers, though not its keys, follow from *seed*.
    #[must_use]
    pub fn with_handshake_seed(self, seed: u64) -> Peer {
        Peer {
            handshake_seed: Some(seed),
            ..self
        }
    }

    /// The SDP offer, the same each time.
    pub fn offer(&self) -> String {
        self.offer.clone()
    }

    /// Begin to connect as the SDP answer says.
    pub fn answer(&mut self, sdp: &str, now: Instant) -> Result<(), AnswerRefused> {
        if self.state != State::New {
            return Err(AnswerRefused::NotExpected);
        }
        let lines = usize::from(self.options.send) + self.options.receive_lines;
        let answer = RemoteAnswer::parse(sdp)?;
        if answer.lines.len() != lines {
            return Err(AnswerRefused::WrongLines);
        }
        let candidates = ways(&answer);
        if candidates.is_empty() {
            return Err(AnswerRefused::NoCandidate);
        }
        self.connect(answer, candidates, Role::Controlling, now);
        Ok(())
    }

    /// Begin to connect to a server that offers, instead of [`Peer::answer`]; the SDP answer for it.
    ///
    /// For those who only listen; the offer may have at most as many lines as they receive on.
    pub fn answer_to(&mut self, offer: &str, now: Instant) -> Result<String, OfferRefused> {
        if self.state != State::New || self.options.send {
            return Err(OfferRefused::NotExpected);
        }
        let offer = RemoteOffer::parse(offer)?;
        let server = offer.server().clone();
        if server.lines.len() > self.options.receive_lines {
            return Err(OfferRefused::TooManyLines);
        }
        let candidates = ways(&server);
        if candidates.is_empty() {
            return Err(OfferRefused::NoCandidate);
        }
        let session_id = u64::from(number(&mut *self.entropy));
        let answer = offer.answer(
            &self.ice,
            self.identity.fingerprint(),
            session_id,
            wanted(self.options),
        );
        // RFC 8445 section 6.1.1: between two full agents, the one that offers controls.
        let role = match server.ice_lite {
            true => Role::Controlling,
            false => Role::Controlled,
        };
        self.connect(server, candidates, role, now);
        Ok(answer)
    }

    fn connect(&mut self, server: RemoteAnswer, candidates: Vec<Way>, role: Role, now: Instant) {
        let (ours, theirs) = (&self.ice, &server.ice);
        let credentials = Credentials {
            username: format!("{}:{}", theirs.ufrag, ours.ufrag),
            integrity: StunIntegrity::new(&theirs.password),
            own_username: format!("{}:{}", ours.ufrag, theirs.ufrag),
            own_integrity: StunIntegrity::new(&ours.password),
        };
        self.connection = Some(Connection {
            paths: Paths::new(candidates, credentials, role, now),
            answer: server,
            association: None,
            media: None,
        });
        self.state = State::Checking;
        self.handle_timeout(now);
    }

    /// Take a datagram; it is decrypted in place.
    pub fn handle_datagram(&mut self, from: Way, datagram: &mut [u8], now: Instant) {
        self.now = now;
        if self.state.is_over() {
            return;
        }
        // RFC 7983: the first byte tells the protocols apart.
        match datagram.first() {
            Some(0..=3) => self.take_stun(from, datagram, now),
            Some(20..=63) => self.take_dtls(from, datagram, now),
            Some(128..=191) => self.take_media(datagram, now),
            _ => {}
        }
    }

    /// Do what is due at *now*.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.now = now;
        if self.state.is_over() {
            return;
        }
        let Some(connection) = &mut self.connection else {
            return;
        };
        if connection.paths.is_silent(now) {
            return self.end(State::Failed);
        }
        for (to, datagram) in connection.paths.due(&mut *self.entropy, now) {
            transmit(&mut self.transmits, to, datagram);
        }
        let is_due =
            |association: &Association| association.next_timeout().is_some_and(|at| at <= now);
        if let Some(association) = connection.association.as_mut().filter(|it| is_due(it)) {
            let said = association.wake(now);
            self.hear(said, now);
        }
        self.speak(now);
        self.report(now);
    }

    /// When to call [`Peer::handle_timeout`]; None when nothing is to be waited for.
    pub fn next_timeout(&self) -> Option<Instant> {
        if self.state.is_over() {
            return None;
        }
        let connection = self.connection.as_ref()?;
        let speaking = if self.state == State::Connected && connection.media.is_some() {
            self.pacer.next_timeout(self.now)
        } else {
            None
        };
        let association = connection
            .association
            .as_ref()
            .and_then(Association::next_timeout);
        let report = connection.media.as_ref().map(Media::next_report);
        [
            Some(connection.paths.next_timeout()),
            association,
            speaking,
            report,
        ]
        .into_iter()
        .flatten()
        .min()
    }

    /// What is to be sent next.
    pub fn poll_transmit(&mut self) -> Option<Transmit> {
        self.transmits.pop_front()
    }

    /// How it stands.
    pub fn state(&self) -> State {
        self.state
    }

    /// Queue Opus packets with their RFC 6464 levels in dBov (0 loudest, -127 silence); how many wait now.
    ///
    /// An empty packet is 20 ms without a packet. Nothing is queued once it is over, or without a line to send on.
    pub fn send_opus<P: AsRef<[u8]>>(
        &mut self,
        packets: &[P],
        levels_dbov: &[i32],
        now: Instant,
    ) -> Result<usize, LevelsMismatch> {
        if packets.len() != levels_dbov.len() {
            return Err(LevelsMismatch);
        }
        if !self.state.is_over() && self.options.send {
            for (packet, level) in packets.iter().zip(levels_dbov) {
                let level = u8::try_from(level.saturating_neg().clamp(0, 127)).unwrap_or(127);
                self.pacer.push(packet.as_ref(), level);
            }
        }
        self.now = now;
        Ok(self.pacer.queued())
    }

    /// How many packets wait to be sent.
    pub fn queued(&self) -> usize {
        self.pacer.queued()
    }

    /// Forget what waits to be sent.
    pub fn clear(&mut self) {
        self.pacer.clear();
    }

    /// At most *most* received packets, oldest first.
    pub fn received(&mut self, most: usize) -> Vec<Received> {
        let count = most.min(self.received.len());
        self.received.drain(..count).collect()
    }

    /// Count *packets* of the line *ssrc* that came and were not handed in, since the last one that was.
    ///
    /// For one who listens in samples: its reports tell true loss all the same.
    pub fn count_unopened(&mut self, ssrc: u32, packets: u64) {
        let connection = self.connection.as_mut();
        if let Some(media) = connection.and_then(|connection| connection.media.as_mut()) {
            media.count_unopened(ssrc, packets);
        }
    }

    /// What became of the packets that were sent to it, also when it is over.
    pub fn tally(&self) -> Tally {
        let connection = self.connection.as_ref();
        let media = connection.and_then(|connection| connection.media.as_ref());
        media.map_or(self.tally, Media::tally)
    }

    /// How sound is protected, by the name of RFC 5764 or RFC 7714; None before the handshake is done.
    pub fn profile(&self) -> Option<&'static str> {
        let media = self.connection.as_ref()?.media.as_ref()?;
        Some(match media.profile() {
            Profile::AeadAes128Gcm => "AEAD_AES_128_GCM",
            Profile::AeadAes256Gcm => "AEAD_AES_256_GCM",
            Profile::AesCm128HmacSha1_80 => "AES_CM_128_HMAC_SHA1_80",
        })
    }

    /// How many received packets wait.
    pub fn waiting(&self) -> usize {
        self.received.len()
    }

    /// Say BYE and `close_notify`, and end; twice does no harm.
    pub fn close(&mut self, now: Instant) {
        self.now = now;
        if self.state.is_over() {
            return;
        }
        self.say_goodbye(now);
        self.end(State::Closed);
    }

    fn say_goodbye(&mut self, now: Instant) {
        let Some(connection) = &mut self.connection else {
            return;
        };
        let Some(to) = connection.paths.selected() else {
            return;
        };
        let bye = connection.media.as_mut().and_then(|media| media.bye(now));
        let said = connection
            .association
            .as_mut()
            .map(Association::close)
            .unwrap_or_default();
        for datagram in bye.into_iter().chain(said.datagrams) {
            transmit(&mut self.transmits, to, datagram);
        }
    }

    fn take_stun(&mut self, from: Way, datagram: &[u8], now: Instant) {
        let Some(connection) = &mut self.connection else {
            return;
        };
        if let Some(answer) = connection.paths.answer(from, datagram, now) {
            transmit(&mut self.transmits, from, answer);
        } else if !connection
            .paths
            .take(from, datagram, &mut *self.entropy, now)
        {
            return;
        }
        if connection.paths.selected().is_none() || connection.association.is_some() {
            return;
        }
        let seed = self.handshake_seed;
        match Association::begin(&self.identity, connection.answer.fingerprint, seed, now) {
            Ok((association, said)) => {
                connection.association = Some(association);
                self.hear(Ok(said), now);
            }
            Err(Failed) => self.end(State::Failed),
        }
    }

    fn take_dtls(&mut self, from: Way, datagram: &[u8], now: Instant) {
        let Some(connection) = &mut self.connection else {
            return;
        };
        if !connection.paths.is_known(from) {
            return;
        }
        let Some(association) = &mut connection.association else {
            return;
        };
        let said = association.take(datagram, now);
        self.hear(said, now);
    }

    fn hear(&mut self, said: Result<Said, Failed>, now: Instant) {
        let Ok(said) = said else {
            return self.end(State::Failed);
        };
        let Some(connection) = &mut self.connection else {
            return;
        };
        if let Some(to) = connection.paths.selected() {
            for datagram in said.datagrams {
                transmit(&mut self.transmits, to, datagram);
            }
        }
        if let Some(exported) = said.exported {
            let media = Media::new(
                &exported,
                self.myself.clone(),
                self.options,
                &connection.answer,
                now,
            );
            let Some(media) = media else {
                return self.end(State::Failed);
            };
            connection.media = Some(media);
            self.state = State::Connected;
        }
        if said.bye {
            self.end(State::Closed);
        }
    }

    fn take_media(&mut self, datagram: &mut [u8], now: Instant) {
        let Some(connection) = &mut self.connection else {
            return;
        };
        let (Some(media), Some(to)) = (&mut connection.media, connection.paths.selected()) else {
            return;
        };
        let received = &mut self.received;
        let is_over = media.open(datagram, now, |packet| {
            if received.len() == limits::MOST_RECEIVED {
                received.pop_front();
            }
            received.push_back(packet);
        });
        for datagram in media.take_repairs() {
            transmit(&mut self.transmits, to, datagram);
        }
        if is_over {
            self.end(State::Closed);
        }
    }

    fn speak(&mut self, now: Instant) {
        let Some(connection) = &mut self.connection else {
            return;
        };
        let (Some(media), Some(to)) = (&mut connection.media, connection.paths.selected()) else {
            return;
        };
        while let Some(paced) = self.pacer.take_due(now) {
            if let Some(datagram) = media.seal(&paced, now) {
                transmit(&mut self.transmits, to, datagram);
            }
        }
    }

    fn report(&mut self, now: Instant) {
        let Some(connection) = &mut self.connection else {
            return;
        };
        let (Some(media), Some(to)) = (&mut connection.media, connection.paths.selected()) else {
            return;
        };
        if let Some(datagram) = media.report(now) {
            transmit(&mut self.transmits, to, datagram);
        }
    }

    fn end(&mut self, state: State) {
        self.state = state;
        self.tally = self.tally();
        self.connection = None;
        self.pacer.clear();
    }
}

fn wanted(options: ClientOptions) -> Repair {
    Repair {
        red: options.red.is_some(),
        nack: options.nack,
    }
}

fn transmit(transmits: &mut VecDeque<Transmit>, to: Way, datagram: Vec<u8>) {
    if transmits.len() < limits::MOST_TRANSMITS {
        transmits.push_back(Transmit { to, datagram });
    }
}

/// Where the server can be reached, best first.
fn ways(answer: &RemoteAnswer) -> Vec<Way> {
    let mut usable: Vec<_> = answer
        .candidates
        .iter()
        .filter(|candidate| candidate.component == 1 && candidate.address.port() != 0)
        .collect();
    usable.sort_by_key(|candidate| std::cmp::Reverse(candidate.priority));
    let mut ways: Vec<Way> = Vec::new();
    for candidate in usable {
        let way = match candidate.transport {
            sdp::Transport::Udp => Way::udp(candidate.address),
            sdp::Transport::TcpPassive => Way::tcp(candidate.address),
            _ => continue,
        };
        if !ways.contains(&way) && ways.len() < limits::MOST_CANDIDATES {
            ways.push(way);
        }
    }
    ways
}
