"""Typed face of the Rust media core; `_core.pyi` is its documentation."""

from arengo.media._core import Client, Core, MediaUnavailable, SdpRefused

__all__ = ["Client", "Core", "MediaUnavailable", "SdpRefused"]
