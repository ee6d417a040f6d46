"""What this server is to the people who come: its name, its address, how one gets an account."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

Signup = Literal["open", "invitation", "closed"]


@dataclass(frozen=True, slots=True)
class Instance:
    """The public facts of a running server; *url* has no slash at its end."""

    name: str = "Arengo"
    url: str = "http://localhost:8000"
    signup: Signup = "open"
    version: str = "0"
    languages: tuple[str, ...] = ("en", "it")

    def space_url(self, space_id: str) -> str:
        return f"{self.url}/s/{space_id}"

    @property
    def is_secure(self) -> bool:
        return urlsplit(self.url).scheme == "https"
