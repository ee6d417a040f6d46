//! Class `Core`.

use std::net::IpAddr;
use std::os::fd::{AsRawFd, RawFd};
use std::time::Duration;

use arengo_core::Event;
use arengo_core::neighbours::ShardNumber;
use arengo_net::limits::SPREAD_FROM;
use arengo_net::{Media, MediaOptions, MediaStats, Offer, OfferError, StartError};
use pyo3::exceptions::{PyOSError, PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList, PyTuple};

use crate::{MediaUnavailable, SdpRefused};

/// The compiled media core.
#[pyclass(frozen, module = "arengo.media._core")]
pub struct Core {
    media: Media,
}

#[pymethods]
impl Core {
    #[new]
    #[pyo3(signature = (*, udp_port, tcp_port, public_ips=Vec::new(), bind=None, max_peers=20_000, idle_timeout_s=30.0, shards=None, merge_from=Some(300), levels=false))]
    #[allow(clippy::too_many_arguments, reason = "keywords in Python")]
    fn new(
        py: Python<'_>,
        udp_port: u16,
        tcp_port: Option<u16>,
        public_ips: Vec<String>,
        bind: Option<String>,
        max_peers: usize,
        idle_timeout_s: f64,
        shards: Option<usize>,
        merge_from: Option<u32>,
        levels: bool,
    ) -> PyResult<Self> {
        if shards.is_some_and(|shards| !(1..=ShardNumber::MOST).contains(&shards)) {
            return Err(PyValueError::new_err("shards must be from 1 to 64"));
        }
        let idle_timeout = Duration::try_from_secs_f64(idle_timeout_s)
            .map_err(|_| PyValueError::new_err("idle_timeout_s must not be negative"))?;
        let options = MediaOptions {
            udp_port,
            tcp_port,
            public_ips: public_ips
                .iter()
                .map(|ip| address(ip))
                .collect::<PyResult<_>>()?,
            bind: bind.as_deref().map(address).transpose()?,
            max_peers,
            idle_timeout,
            shards,
            spread_from: SPREAD_FROM,
            merge_from,
            tells_levels: levels,
        };
        let media = py
            .detach(|| Media::start(options))
            .map_err(|error| match error {
                StartError::Io(error) => PyErr::from(error),
                StartError::Identity(error) => PyRuntimeError::new_err(error.to_string()),
            })?;
        Ok(Self { media })
    }

    #[getter]
    fn udp_port(&self) -> u16 {
        self.media.udp_port()
    }

    #[getter]
    fn tcp_port(&self) -> Option<u16> {
        self.media.tcp_port()
    }

    #[getter]
    fn fingerprint(&self) -> &str {
        self.media.fingerprint()
    }

    #[pyo3(signature = (*, peer, space, voice, offer, may_send, may_receive, requester, max_slots=3))]
    #[allow(clippy::too_many_arguments, reason = "keywords in Python")]
    fn accept_offer(
        &self,
        py: Python<'_>,
        peer: u64,
        space: u64,
        voice: u32,
        offer: &str,
        may_send: bool,
        may_receive: bool,
        requester: &str,
        max_slots: usize,
    ) -> PyResult<String> {
        if voice == 0 {
            return Err(PyValueError::new_err("voice must not be 0"));
        }
        let offer = Offer {
            peer,
            space,
            voice,
            sdp: offer,
            may_send,
            may_receive,
            requester: requester.parse().ok(),
            max_slots,
        };
        py.detach(|| self.media.accept_offer(&offer))
            .map_err(|error| match error {
                OfferError::Refused(refused) => {
                    SdpRefused::new_err((refused.code(), refused.detail))
                }
                OfferError::Full(_) => MediaUnavailable::new_err(("media_full", error.to_string())),
                OfferError::Stopped => {
                    MediaUnavailable::new_err(("media_stopped", error.to_string()))
                }
            })
    }

    fn allow_publish(&self, py: Python<'_>, peer: u64, allowed: bool) {
        py.detach(|| self.media.allow_publish(peer, allowed));
    }

    fn keep_prompt(&self, py: Python<'_>, peer: u64, prompt: bool) {
        py.detach(|| self.media.keep_prompt(peer, prompt));
    }

    fn close_peer(&self, py: Python<'_>, peer: u64, why: String) {
        py.detach(|| self.media.close_peer(peer, why));
    }

    fn close_space(&self, py: Python<'_>, space: u64, why: String) {
        py.detach(|| self.media.close_space(space, why));
    }

    fn tap(&self, py: Python<'_>, space: u64, peers: Vec<u64>) {
        py.detach(|| self.media.tap(space, peers));
    }

    fn fileno(&self) -> RawFd {
        self.media.as_raw_fd()
    }

    fn drain_events<'py>(&self, py: Python<'py>, most: usize) -> PyResult<Bound<'py, PyList>> {
        let events = self.media.drain_events(most);
        let list = PyList::empty(py);
        for event in &events {
            list.append(as_tuple(py, event)?)?;
        }
        Ok(list)
    }

    fn drain_tap<'py>(&self, py: Python<'py>, most_bytes: usize) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.media.drain_tap(most_bytes))
    }

    fn stats<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        as_dict(py, &self.media.stats(), self.media.shards())
    }

    fn shutdown(&self, py: Python<'_>) {
        py.detach(|| self.media.shutdown());
    }
}

fn address(text: &str) -> PyResult<IpAddr> {
    text.parse()
        .map_err(|_| PyOSError::new_err(format!("not an IP address: {text:?}")))
}

fn as_tuple<'py>(py: Python<'py>, event: &Event) -> PyResult<Bound<'py, PyTuple>> {
    match event {
        Event::Connected { peer, over_tcp } => {
            let transport = if *over_tcp { "tcp" } else { "udp" };
            ("connected", *peer, transport).into_pyobject(py)
        }
        Event::Publishing { peer } => ("publishing", *peer).into_pyobject(py),
        Event::Closed { peer, why } => ("closed", *peer, why.as_ref()).into_pyobject(py),
        Event::Levels { space, levels } => {
            ("levels", *space, levels.as_slice().to_vec()).into_pyobject(py)
        }
        Event::Loudness { space, voices } => {
            ("loudness", *space, voices.as_slice().to_vec()).into_pyobject(py)
        }
        Event::Active { space, voices } => ("active", *space, voices.to_vec()).into_pyobject(py),
    }
}

fn as_dict<'py>(
    py: Python<'py>,
    stats: &MediaStats,
    shards: usize,
) -> PyResult<Bound<'py, PyDict>> {
    let core = &stats.core;
    let counters = [
        ("peers", core.peers),
        ("spaces", core.spaces),
        ("packets_in_total", core.packets_in),
        ("packets_out_total", core.packets_out),
        ("bytes_in_total", core.bytes_in),
        ("bytes_out_total", core.bytes_out),
        ("forwarded_total", core.forwarded),
        ("drops_send_total", stats.drops_send),
        ("sends_segmented_total", stats.sends_segmented),
        ("segmenting_refused_total", stats.segmenting_refused),
        ("drops_srtp_auth_total", core.drops_srtp_auth),
        ("drops_replay_total", core.drops_replay),
        ("drops_unknown_total", core.drops_unknown),
        ("drops_tap_total", core.drops_tap),
        ("drops_pace_total", core.drops_pace),
        ("drops_unproved_total", core.drops_unproved),
        ("drops_late_total", core.drops_late),
        ("drops_merging_total", core.drops_merging),
        ("drops_red_total", core.drops_red),
        ("recovered_total", core.recovered),
        ("asked_again_total", core.asked_again),
        ("listeners_protected", core.listeners_protected),
        ("listeners_merged", core.listeners_merged),
        ("packets_merged_total", core.packets_merged),
        ("handshakes_total", core.handshakes),
        ("handshake_failures_total", core.handshake_failures),
        ("stun_total", core.stun),
        ("stun_rejected_total", core.stun_rejected),
        ("stun_replayed_total", core.stun_replayed),
        ("routes_refused_total", core.routes_refused),
        ("moves_unproved_total", core.moves_unproved),
        ("events_dropped_total", stats.events_dropped),
        ("tcp_connections", stats.tcp_connections),
        ("tcp_rejected_total", stats.tcp_rejected),
        ("tcp_accept_failures_total", stats.tcp_accept_failures),
        ("faults_total", stats.faults),
        ("max_peers", stats.max_peers),
        ("shards", shards as u64),
        ("drops_mail_total", stats.drops_mail),
        ("handed_over_total", stats.handed_over),
        ("routes", stats.routes),
    ];
    let dict = PyDict::new(py);
    for (name, value) in counters {
        dict.set_item(name, value)?;
    }
    dict.set_item("busy", f64::from(stats.busy_permille) / 1000.0)?;
    dict.set_item("stage_delay_us_log2", stats.stage_delay.counts().to_vec())?;
    dict.set_item(
        "forward_delay_us_log2",
        stats.forward_delay.counts().to_vec(),
    )?;
    Ok(dict)
}
