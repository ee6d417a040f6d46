"""How the sound's options become settings."""

from __future__ import annotations

import argparse

import pytest

from arengo.cli.options import add_server_options, server_settings
from arengo.settings import Settings


def settings_of(*arguments: str) -> Settings:
    parser = argparse.ArgumentParser()
    add_server_options(parser)
    return server_settings(parser.parse_args(arguments))


@pytest.mark.parametrize(
    ("arguments", "merge_from"),
    [((), 300), (("--media-merge-from", "1000"), 1000), (("--media-merge-from", "0"), 0), (("--media-merge-from", "never"), None)],
)
def test_the_size_from_which_on_an_audience_is_merged(arguments: tuple[str, ...], merge_from: int | None) -> None:
    assert settings_of(*arguments).media_merge_from == merge_from


@pytest.mark.parametrize(("arguments", "sessions"), [((), 20_000), (("--media-sessions", "500"), 500)])
def test_how_many_hear_at_once(arguments: tuple[str, ...], sessions: int) -> None:
    assert settings_of(*arguments).media_sessions == sessions


@pytest.mark.parametrize("text", ["0", "-1", "many"])
def test_no_other_word_is_a_number_of_sessions(text: str) -> None:
    with pytest.raises(SystemExit):
        settings_of(f"--media-sessions={text}")


def test_the_size_may_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARENGO_MEDIA_MERGE_FROM", "never")
    assert settings_of().media_merge_from is None


@pytest.mark.parametrize("text", ["-1", "many"])
def test_no_other_word_is_a_size(text: str) -> None:
    with pytest.raises(SystemExit):
        settings_of(f"--media-merge-from={text}")
