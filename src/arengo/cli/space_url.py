"""The address of a space as people copy it, and as programs call it."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from arengo.domain.errors import Refusal

_PATH = re.compile(r"(?:/api/v1/spaces|/s)/([A-Za-z0-9]{13})/?")


def api_address(space_url: str) -> str:
    """`https://host/s/ID`, or the API's own address, as `https://host/api/v1/spaces/ID`; Refusal `malformed`."""
    parts = urlsplit(space_url)
    path = _PATH.fullmatch(parts.path)
    if parts.scheme not in ("http", "https") or not parts.netloc or path is None:
        raise Refusal(f"{space_url} is not the address of a space; it looks like https://example.org/s/0123456789abc.", code="malformed")
    return f"{parts.scheme}://{parts.netloc}/api/v1/spaces/{path[1]}"
