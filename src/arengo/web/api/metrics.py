"""Figures for Prometheus.

They are told to this machine itself, or to whoever shows the metrics token; a request that a proxy passed on is not
this machine's, whether the proxy is trusted or not, nor is one for another host than the machine's own.
"""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Iterator, Mapping
from typing import Any, Final

from litestar import Request, Response, get
from litestar.di import NamedDependency
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from arengo.domain.errors import Refusal
from arengo.service.disk_watch import DiskWatch
from arengo.service.services import Services
from arengo.service.space_figures import SpaceFigures
from arengo.service.tally import Tally
from arengo.web.config import web_config
from arengo.web.edge import client_address, was_forwarded
from arengo.web.hosts import is_loopback

Stats = Mapping[str, int | float | list[int]]

_COUNTERS: Final[Mapping[str, str]] = {
    "packets_in_total": "Packets that came in",
    "packets_out_total": "Packets that went out",
    "bytes_in_total": "Bytes that came in",
    "bytes_out_total": "Bytes that went out",
    "sends_segmented_total": "Sends of several packets to one listener at once",
    "segmenting_refused_total": "Such sends that the kernel refused; their packets went one by one",
    "packets_merged_total": "Packets of 60 ms made for listeners",
    "recovered_total": "Packets lost on their way from a speaker that came back as a copy in a later one",
    "asked_again_total": "Packets that speakers were asked to send again",
    "handshakes_total": "DTLS handshakes begun",
    "handshake_failures_total": "DTLS handshakes that failed",
    "stun_total": "STUN requests",
    "stun_rejected_total": "STUN requests refused",
    "stun_replayed_total": "STUN requests refused because they had been seen before",
    "routes_refused_total": "Addresses refused to a peer because another holds them",
    "moves_unproved_total": "Nominations of an address that was not proved yet; the sound stayed where it was until then",
    "tcp_rejected_total": "ICE-TCP connections that showed no good check, or were in others' way",
    "tcp_accept_failures_total": "Times that no descriptor was free for an ICE-TCP connection",
    "handed_over_total": "Datagrams that came by another media thread's socket",
    "events_dropped_total": "Events of the core that nobody took in time",
}
_DROPS: Final[Mapping[str, str]] = {
    "drops_send_total": "send",
    "drops_srtp_auth_total": "srtp_auth",
    "drops_replay_total": "replay",
    "drops_unknown_total": "unknown",
    "drops_late_total": "late",
    "drops_merging_total": "merging",
    "drops_red_total": "red",
    "drops_mail_total": "mail",
    "drops_pace_total": "pace",
    "drops_unproved_total": "unproved",
}
_GAUGES: Final[Mapping[str, str]] = {
    "peers": "Peers of the media core",
    "tcp_connections": "ICE-TCP connections",
    "spaces": "Spaces of the media core",
    "shards": "Media threads",
    "listeners_merged": "Listeners who get packets of 60 ms",
    "listeners_protected": "Listeners who lose packets and get earlier frames again in each",
    "busy": "Share of the last second that the busiest media thread did not spend waiting",
}
_DELAYS: Final[Mapping[str, tuple[str, str]]] = {
    "forward_delay_us_log2": ("arengo_media_forward_delay_seconds", "From the socket to the socket, for the last copy"),
    "stage_delay_us_log2": ("arengo_media_stage_delay_seconds", "From the socket to the socket, for those on stage"),
}


class MediaCollector(Collector):
    """The media core's counters, and the histograms of how long a packet stays inside."""

    def __init__(self, stats: Stats) -> None:
        self._stats = stats

    def collect(self) -> Iterator[Metric]:
        for name, told in _COUNTERS.items():
            if name in self._stats:
                yield CounterMetricFamily(f"arengo_media_{name.removesuffix('_total')}", told, value=_number(self._stats[name]))
        for name, told in _GAUGES.items():
            if name in self._stats:
                yield GaugeMetricFamily(f"arengo_media_{name}", told, value=_number(self._stats[name]))
        drops = CounterMetricFamily("arengo_media_drops", "Packets dropped, by reason", labels=["reason"])
        for name, reason in _DROPS.items():
            if name in self._stats:
                drops.add_metric([reason], _number(self._stats[name]))
        yield drops
        for key, (name, told) in _DELAYS.items():
            delay = self._stats.get(key)
            if isinstance(delay, list):
                yield _histogram(name, told, delay)


class SpacesCollector(Collector):
    """Spaces by state, people by role, and how late the channel is."""

    def __init__(self, figures: SpaceFigures) -> None:
        self._figures = figures

    def collect(self) -> Iterator[Metric]:
        figures = self._figures
        yield _by("arengo_spaces", "Spaces that are kept in memory, by state", "state", figures.spaces)
        yield _by("arengo_people", "People in spaces, by role", "role", figures.people)
        yield GaugeMetricFamily("arengo_channels", "Open space channels", value=figures.channels)
        yield GaugeMetricFamily("arengo_media_sessions", "Media sessions that are connected", value=figures.media_sessions)
        yield GaugeMetricFamily("arengo_media_sessions_joining", "Media sessions that are not connected yet", value=figures.joining)
        yield GaugeMetricFamily("arengo_shedding", "What is shed: 0 nothing, 1 events, 2 new listeners", value=figures.shedding)
        yield GaugeMetricFamily("arengo_event_lag_seconds", "Slowest command of the last second", value=figures.event_lag_s)


class RefusalsCollector(Collector):
    """What was refused, and how many connections are open."""

    def __init__(self, tally: Tally, connections: int) -> None:
        self._tally = tally
        self._connections = connections

    def collect(self) -> Iterator[Metric]:
        refused = CounterMetricFamily("arengo_refused", "What was refused, by place and code", labels=["where", "code"])
        for (where, code), count in self._tally.counts.items():
            refused.add_metric([where, code], count)
        yield refused
        yield GaugeMetricFamily("arengo_connections", "Open connections to the web server", value=self._connections)


class DiskCollector(Collector):
    """The room that is left for data."""

    def __init__(self, disk: DiskWatch) -> None:
        self._disk = disk

    def collect(self) -> Iterator[Metric]:
        yield GaugeMetricFamily("arengo_disk_free_bytes", "Free space where the data is, at the last look", value=self._disk.free)
        yield GaugeMetricFamily("arengo_disk_full", "1 while there is too little room to write", value=int(self._disk.is_full))


@get("/metrics", include_in_schema=False)
async def metrics(request: Request[Any, Any, Any], services: NamedDependency[Services]) -> Response[bytes]:
    """The text format of Prometheus; 403 `not_permitted` for everybody else."""
    config = web_config(request)
    if not _is_allowed(request, config.metrics_token):
        raise Refusal("Figures are told to the machine itself, or to who shows the metrics token.", code="not_permitted")
    registry = CollectorRegistry()
    registry.register(MediaCollector(config.media_stats()))
    registry.register(SpacesCollector(services.spaces.figures()))
    registry.register(RefusalsCollector(services.tally, len(config.connections)))
    registry.register(DiskCollector(services.disk))
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST, headers={"Cache-Control": "no-store"})


def _is_allowed(request: Request[Any, Any, Any], token: str | None) -> bool:
    shown = request.headers.get("authorization", "").removeprefix("Bearer ")
    if token and hmac.compare_digest(shown.encode(), token.encode()):
        return True
    try:
        is_from_here = ipaddress.ip_address(client_address(request)).is_loopback and not was_forwarded(request)
        return is_from_here and is_loopback(request.headers.get("host", ""))
    except ValueError:
        return False


def _by(name: str, told: str, label: str, counts: Mapping[str, int]) -> Metric:
    family = GaugeMetricFamily(name, told, labels=[label])
    for value, count in counts.items():
        family.add_metric([value], count)
    return family


def _histogram(name: str, told: str, counts: list[int]) -> Metric:
    """Bucket *i* of the core holds the packets of at least 2^(i-1) and less than 2^i µs, the last one also what took longer."""
    buckets: list[tuple[str, float]] = []
    seen, total_s = 0, 0.0
    for power, count in enumerate(counts):
        seen += count
        total_s += count * 0.75 * 2**power / 1e6
        if power + 1 < len(counts):
            buckets.append((str(2**power / 1e6), seen))
    family = HistogramMetricFamily(name, told)
    family.add_metric([], [*buckets, ("+Inf", seen)], sum_value=total_s)
    return family


def _number(value: int | float | list[int]) -> float:
    return float(sum(value)) if isinstance(value, list) else float(value)


handlers = [metrics]
