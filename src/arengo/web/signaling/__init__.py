"""The space channel: see protocol/signaling.md."""
