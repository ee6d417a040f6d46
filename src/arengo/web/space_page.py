"""The page of a space, as it is before any script runs: for people without one, for link previews, for search.

Whole sentences in each language; everything that people wrote is escaped.
"""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from arengo.domain.lifecycle import State
from arengo.service.instance import Instance
from arengo.service.space_listing import SpaceView
from arengo.web.languages import Language

_MONTHS: Final[Mapping[Language, tuple[str, ...]]] = {
    "en": ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"),
    "it": (
        "gennaio",
        "febbraio",
        "marzo",
        "aprile",
        "maggio",
        "giugno",
        "luglio",
        "agosto",
        "settembre",
        "ottobre",
        "novembre",
        "dicembre",
    ),
}

_STATE: Final[Mapping[Language, Mapping[State, str]]] = {
    "en": {
        State.SCHEDULED: "Starts on {time}.",
        State.LIVE: "Live now, since {time}.",
        State.ENDED: "This space ended on {time}.",
        State.CANCELLED: "This space was cancelled.",
    },
    "it": {
        State.SCHEDULED: "Inizia il {time}.",
        State.LIVE: "In diretta adesso, dal {time}.",
        State.ENDED: "Questo spazio è finito il {time}.",
        State.CANCELLED: "Questo spazio è stato annullato.",
    },
}

_WORDS: Final[Mapping[Language, Mapping[str, str]]] = {
    "en": {
        "hosted": "Hosted by {host}.",
        "on_stage": "On stage",
        "one_listens": "One person listens.",
        "many_listen": "{count} people listen.",
        "needs_script": "To listen, open this page in a browser with JavaScript.",
        "at": "{month} {day}, {year}, {hour}:{minute} UTC",
    },
    "it": {
        "hosted": "Ospita {host}.",
        "on_stage": "Sul palco",
        "one_listens": "Una persona ascolta.",
        "many_listen": "{count} persone ascoltano.",
        "needs_script": "Per ascoltare apri questa pagina in un browser con JavaScript.",
        "at": "{day} {month} {year}, {hour}:{minute} UTC",
    },
}


@dataclass(frozen=True, slots=True)
class SpacePage:
    """The parts of the page that are written by the server."""

    title: str
    description: str
    head: str
    body: str


def space_page(view: SpaceView, instance: Instance, lang: Language) -> SpacePage:
    """The page of a space that the reader may see."""
    space = view.space
    words = _WORDS[lang]
    when = _when(view)
    state = _STATE[lang][space.state].format(time=_spoken(when, lang) if when else "")
    hosted = words["hosted"].format(host=space.host.name)
    description = f"{state} {hosted}"
    return SpacePage(
        f"{space.settings.title} · {instance.name}",
        description,
        _head(view, instance, description, lang),
        _body(view, state, hosted, words),
    )


def _head(view: SpaceView, instance: Instance, description: str, lang: Language) -> str:
    url = instance.space_url(view.space.id)
    title = view.space.settings.title
    meta = [
        ("name", "description", description),
        ("property", "og:type", "website"),
        ("property", "og:site_name", instance.name),
        ("property", "og:title", title),
        ("property", "og:description", description),
        ("property", "og:url", url),
        ("property", "og:locale", {"en": "en_GB", "it": "it_IT"}[lang]),
        ("property", "og:image", f"{instance.url}/icons/arengo-512.png"),
        ("name", "twitter:card", "summary"),
        ("name", "twitter:title", title),
        ("name", "twitter:description", description),
    ]
    lines = [f'<meta {kind}="{name}" content="{html.escape(content)}">' for kind, name, content in meta]
    lines.append(f'<link rel="canonical" href="{html.escape(url)}">')
    lines.append(
        f'<link rel="alternate" type="application/json+oembed" title="{html.escape(title)}" '
        f'href="{html.escape(instance.url)}/oembed?url={html.escape(url)}">'
    )
    return "\n".join(lines)


def _body(view: SpaceView, state: str, hosted: str, words: Mapping[str, str]) -> str:
    space = view.space
    lines = [f"<h1>{html.escape(space.settings.title)}</h1>", f"<p>{_timed(view, state)}</p>", f"<p>{html.escape(hosted)}</p>"]
    if space.is_live:
        names = "".join(f"<li>{html.escape(person.name)}</li>" for person in view.speakers)
        lines.append(f"<h2>{words['on_stage']}</h2><ul>{names}</ul>")
        count = view.crowd.listeners
        if count:
            lines.append(f"<p>{words['one_listens'] if count == 1 else words['many_listen'].format(count=count)}</p>")
        lines.append(f"<noscript><p>{words['needs_script']}</p></noscript>")
    return "<main>" + "".join(lines) + "</main>"


def _timed(view: SpaceView, state: str) -> str:
    when = _when(view)
    return f'<time datetime="{when.isoformat(timespec="seconds")}">{html.escape(state)}</time>' if when else html.escape(state)


def _when(view: SpaceView) -> datetime | None:
    space = view.space
    match space.state:
        case State.SCHEDULED:
            return space.settings.scheduled_start
        case State.LIVE:
            return space.started_at
        case State.ENDED:
            return space.ended_at
        case State.CANCELLED:
            return None


def _spoken(when: datetime, lang: Language) -> str:
    return _WORDS[lang]["at"].format(
        day=when.day, month=_MONTHS[lang][when.month - 1], year=when.year, hour=f"{when.hour:02}", minute=f"{when.minute:02}"
    )
