"""The address of the server as people type it, and the other names that it goes by."""

from __future__ import annotations

import argparse

import pytest

from arengo.cli.exits import USAGE
from arengo.cli.options import add_server_options, server_settings
from arengo.settings import Settings


def settings_of(*arguments: str) -> Settings:
    parser = argparse.ArgumentParser()
    add_server_options(parser)
    return server_settings(parser.parse_args(arguments))


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("https://talk.example.org", "https://talk.example.org"),
        ("https://talk.example.org/", "https://talk.example.org"),
        ("http://192.168.1.20:8000", "http://192.168.1.20:8000"),
        ("https://[2001:db8::7]:8443/", "https://[2001:db8::7]:8443"),
        ("http://localhost:8000", "http://localhost:8000"),
    ],
)
def test_an_address_is_a_scheme_a_host_and_a_port(text: str, url: str) -> None:
    assert settings_of("--url", text).url == url


@pytest.mark.parametrize(
    "text",
    [
        "https://ann:hunter2@talk.example.org",
        "https://ann@talk.example.org",
        "https://:hunter2@talk.example.org",
        "https://talk.example.org/arengo",
        "https://talk.example.org?a=b",
        "https://talk.example.org#top",
        "https://talk.example.org:99999",
        "https://talk example.org",
        "https://-talk.example.org",
        "https://",
        "ftp://talk.example.org",
        "talk.example.org",
        "https://[::1",
        "https://ann:hunter2@[::1",
    ],
)
@pytest.mark.parametrize("by", ["option", "environment"])
def test_anything_else_is_refused_with_a_sentence_that_repeats_no_password(
    text: str, by: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ARENGO_URL", text if by == "environment" else "")
    with pytest.raises(SystemExit) as caught:
        settings_of(*(["--url", text] if by == "option" else []))
    assert caught.value.code == USAGE
    said = capsys.readouterr().err
    assert "--url" in said
    assert "hunter2" not in said


def test_a_server_may_go_by_several_names(monkeypatch: pytest.MonkeyPatch) -> None:
    assert settings_of("--host", "One.example.org", "--host", "two.example.org").hosts == ("one.example.org", "two.example.org")
    monkeypatch.setenv("ARENGO_HOST", "three.example.org four")
    assert settings_of().hosts == ("three.example.org", "four")
    with pytest.raises(SystemExit):
        settings_of("--host", "https://one.example.org")
