"""The golden conversations, replayed against the rules, and the schema that both sides are generated from."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from tests.contracts.transcripts import FOLDER, Replay, read

from arengo.service.reactions import REACTIONS
from arengo.web.signaling import messages as wire
from arengo.web.signaling import schema
from arengo.web.signaling.apply import Gap, apply

TRANSCRIPTS = sorted(FOLDER.glob("*.jsonl"))


def test_there_are_transcripts() -> None:
    assert len(TRANSCRIPTS) >= 4


@pytest.mark.parametrize("path", TRANSCRIPTS, ids=[path.stem for path in TRANSCRIPTS])
async def test_the_server_says_what_the_transcript_says(path: Path) -> None:
    lines = read(path)
    assert await Replay().lines(lines) == lines


@pytest.mark.parametrize("path", TRANSCRIPTS, ids=[path.stem for path in TRANSCRIPTS])
def test_every_line_is_in_the_language_of_the_channel(path: Path) -> None:
    for line in read(path):
        match line:
            case {"from": "server", "message": message}:
                assert msgspec.to_builtins(msgspec.convert(message, wire.FromServer)) == message
            case {"from": "client", "message": {"resume": "as last"}}:
                pass  # stands for the token and version that were heard last
            case {"from": "client", "message": message}:
                msgspec.convert(message, wire.FromClient)


def test_a_gap_is_noticed() -> None:
    snapshot = next(msgspec.convert(line["snapshot"], wire.Snapshot) for line in read(TRANSCRIPTS[0]) if "snapshot" in line)
    with pytest.raises(Gap):
        apply(snapshot, wire.EventMessage(n=snapshot.version + 2, event=wire.Noted()))


def test_the_schema_is_that_of_the_messages() -> None:
    assert schema.main(["--check", str(FOLDER.parent / "messages.schema.json")]) == 0


def test_the_schema_is_written_where_it_is_wanted(tmp_path: Path) -> None:
    assert schema.main([str(tmp_path / "schema.json")]) == 0
    assert schema.main(["--check", str(tmp_path / "schema.json")]) == 0
    (tmp_path / "schema.json").write_text("{}")
    assert schema.main(["--check", str(tmp_path / "schema.json")]) == 1


def test_wire_and_service_know_the_same_emoji() -> None:
    assert wire.REACTIONS == REACTIONS
