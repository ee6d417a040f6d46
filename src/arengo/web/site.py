"""The built web app: its files, and the one page that every address of the app begins with.

Everything under `/assets/` is named by its content and kept for ever; the rest is asked for again each time.
A new build beside a running server is noticed by the change of `index.html`.
"""

from __future__ import annotations

import hashlib
import html
import mimetypes
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

_KEPT: Final = "public, max-age=31536000, immutable"
_ASKED_AGAIN: Final = "no-cache"
_TYPES: Final = {
    ".js": "text/javascript",
    ".css": "text/css",
    ".html": "text/html",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
    ".json": "application/json",
    ".woff2": "font/woff2",
    ".wasm": "application/wasm",
    ".opus": "audio/ogg",
}
_PACKED: Final = (".js", ".css", ".html", ".svg", ".webmanifest", ".json", ".wasm", ".txt")
_WORTH_PACKING: Final = 1024

_MISSING: Final = """<!doctype html><html lang="en"><head><meta charset="utf-8">
<!--arengo:title--><title>Arengo</title><!--/arengo:title--><!--arengo:head--></head>
<body><div id="app"><!--arengo:body--></div>
<p>The web app is not built. Run <code>make build</code>.</p></body></html>"""


@dataclass(frozen=True, slots=True)
class SiteFile:
    """One file, ready to be sent."""

    body: bytes
    media_type: str
    cache: str
    etag: str
    packed: Mapping[str, bytes] = field(default_factory=dict)  # by content coding

    def for_encoding(self, accepted: str) -> tuple[bytes, str | None]:
        """The body in the best coding that *accepted* (`Accept-Encoding`) names, and that coding."""
        codings = {part.partition(";")[0].strip() for part in accepted.split(",") if not part.replace(" ", "").endswith(";q=0")}
        for coding, body in self.packed.items():
            if coding in codings:
                return body, coding
        return self.body, None


class Site:
    """The files below *root*, as a Vite build leaves them."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._built: int | None = None
        self._paths: dict[str, Path] = {}
        self._files: dict[str, SiteFile] = {}

    def file(self, path: str) -> SiteFile | None:
        """The file at *path* (`assets/app-1a2b.js`); None when there is none such."""
        self._look_again_after_a_build()
        found = self._files.get(path)
        if found is None and path in self._paths:
            found = self._files[path] = self._load(path)
        return found

    def page(self, *, title: str | None = None, head: str = "", body: str = "", lang: str | None = None) -> bytes:
        """The page of the app with these parts in their places; *head* and *body* are HTML, *title* is text."""
        index = self.file("index.html")
        text = index.body.decode() if index else _MISSING
        if title is not None:
            before, _, rest = text.partition("<!--arengo:title-->")
            after = rest.partition("<!--/arengo:title-->")[2]
            text = f"{before}<title>{html.escape(title)}</title>{after}" if after else text
        if lang is not None:
            text = text.replace('<html lang="en"', f'<html lang="{lang}"', 1)
        return text.replace("<!--arengo:head-->", head, 1).replace("<!--arengo:body-->", body, 1).encode()

    def _look_again_after_a_build(self) -> None:
        try:
            built = (self._root / "index.html").stat().st_mtime_ns
        except OSError:
            built = None
        if built == self._built:
            return
        self._built = built
        self._files = {}
        self._paths = {
            path.relative_to(self._root).as_posix(): path for path in self._root.rglob("*") if path.is_file() and built is not None
        }

    def _load(self, path: str) -> SiteFile:
        body = self._paths[path].read_bytes()
        suffix = Path(path).suffix
        packed: dict[str, bytes] = {}
        if f"{path}.br" in self._paths:
            packed["br"] = self._paths[f"{path}.br"].read_bytes()
        if suffix in _PACKED and len(body) >= _WORTH_PACKING:
            packed["gzip"] = _gzip(body)
        return SiteFile(
            body,
            _TYPES.get(suffix) or mimetypes.guess_type(path)[0] or "application/octet-stream",
            _KEPT if path.startswith("assets/") else _ASKED_AGAIN,
            '"' + hashlib.sha256(body).hexdigest()[:24] + '"',
            packed,
        )


def _gzip(body: bytes) -> bytes:
    packer = zlib.compressobj(6, zlib.DEFLATED, 31)
    return packer.compress(body) + packer.flush()
