"""The URL of a database, as people write it and as they mistype it."""

from __future__ import annotations

import argparse

import pytest

from arengo.cli.exits import USAGE, CliError
from arengo.cli.options import add_data_options, data_settings


def read(url: str) -> str | None:
    parser = argparse.ArgumentParser()
    add_data_options(parser)
    return data_settings(parser.parse_args(["--database-url", url])).database_url


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("postgres://ann:secret@db/arengo", "postgresql://ann:secret@db/arengo"),
        ("postgresql://ann:secret@[::1]:5432/arengo?sslmode=verify-full", "postgresql://ann:secret@[::1]:5432/arengo?sslmode=verify-full"),
        ("postgresql+asyncpg://ann@/arengo?host=/run/postgresql", "postgresql://ann@/arengo?host=/run/postgresql"),
        ("sqlite:////srv/arengo.db", "sqlite:////srv/arengo.db"),
        ("sqlite:///arengo.db", "sqlite:///arengo.db"),
    ],
)
def test_a_url_is_kept_as_it_is_meant(written: str, kept: str) -> None:
    assert read(written) == kept


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ("mysql://ann:s3cret@db/arengo", "begins with"),
        ("postgresql:/ann:s3cret@db/arengo", "begins with"),
        ("sqlite:/ann:s3cret", "begins with"),
        ("postgresql://ann:s3cret@db:port/arengo", "host or port"),
        ("postgresql://ann:s3cret@db:99999/arengo", "host or port"),
        ("postgresql://ann:s3cret@[::1/arengo", "host or port"),
        ("postgresql://ann:s3cret@db/arengo?colour=red", "an option colour"),
        ("postgresql://ann:s3cret@db/arengo?sslmode=s3cret", "sslmode"),
    ],
)
def test_a_url_that_makes_no_sense_is_refused_without_its_password(written: str, why: str) -> None:
    with pytest.raises(CliError) as refused:
        read(written)

    assert refused.value.exit_code == USAGE
    assert why in str(refused.value)
    assert "s3cret" not in str(refused.value)
