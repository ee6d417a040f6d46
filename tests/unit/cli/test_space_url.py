"""The address of a space, as people paste it."""

from __future__ import annotations

import pytest

from arengo.cli.space_url import api_address
from arengo.domain.errors import Refusal


@pytest.mark.parametrize(
    "pasted",
    [
        "https://talk.example/s/Ab3dEf6h1jKlm",
        "https://talk.example/s/Ab3dEf6h1jKlm/?from=mail#top",
        "https://talk.example/api/v1/spaces/Ab3dEf6h1jKlm",
    ],
)
def test_the_page_and_the_api_are_the_same_space(pasted: str) -> None:
    assert api_address(pasted) == "https://talk.example/api/v1/spaces/Ab3dEf6h1jKlm"


@pytest.mark.parametrize(
    "pasted", ["", "Ab3dEf6h1jKlm", "ftp://talk.example/s/Ab3dEf6h1jKlm", "https://talk.example/s/short", "https:///s/Ab3dEf6h1jKlm"]
)
def test_anything_else_is_refused(pasted: str) -> None:
    with pytest.raises(Refusal) as refused:
        api_address(pasted)
    assert refused.value.code == "malformed"
