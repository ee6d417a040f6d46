"""Headers that tell browsers what the pages of this server may do."""

from __future__ import annotations

import re
from typing import Final

_HOST: Final = re.compile(r"[A-Za-z0-9.\-]+(:\d+)?|\[[0-9A-Fa-f:]+\](:\d+)?")
_CONTENT_POLICY: Final = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data: blob:",
        "font-src 'self'",
        "connect-src 'self'",
        "media-src 'self' blob: mediastream:",
        "worker-src 'self'",
        "manifest-src 'self'",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
"""Nothing from elsewhere, no script in the page itself, no frame around it."""

_DEVICE_POLICY: Final = ", ".join(
    (
        "microphone=(self)",
        "speaker-selection=(self)",
        "screen-wake-lock=(self)",
        "autoplay=(self)",
        "camera=()",
        "geolocation=()",
        "payment=()",
        "usb=()",
    )
)

_ALWAYS: Final = (
    (b"permissions-policy", _DEVICE_POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
)
_HSTS: Final = (b"strict-transport-security", b"max-age=31536000")
_PRIVATE: Final = (b"cache-control", b"no-store")


def headers_for(path: str, host: str, *, is_secure: bool) -> list[tuple[bytes, bytes]]:
    """The headers of an answer at *path*, unless the answer has its own; answers of the API are nobody's to keep."""
    headers = [(b"content-security-policy", _content_policy(host, is_secure=is_secure).encode()), *_ALWAYS]
    if is_secure:
        headers.append(_HSTS)
    if path.startswith(("/api/", "/2/")):
        headers.append(_PRIVATE)
    return headers


def _content_policy(host: str, *, is_secure: bool) -> str:
    """The policy with our own WebSocket named: for browsers whose `'self'` is http alone."""
    channel = f" {'wss' if is_secure else 'ws'}://{host}" if _HOST.fullmatch(host) else ""
    return _CONTENT_POLICY.replace("connect-src 'self'", f"connect-src 'self'{channel}")
