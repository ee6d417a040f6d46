"""Open, self-hosted live audio."""
