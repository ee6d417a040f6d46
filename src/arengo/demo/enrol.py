"""Accounts and tokens of the sample people; the accounts stay from start to start, the tokens do not."""

from __future__ import annotations

from typing import Final

from arengo.demo.cast import Cast, Member
from arengo.demo.script import CHARACTERS, Character
from arengo.domain.errors import Refusal
from arengo.service.accounts import Accounts
from arengo.service.tokens import Tokens

_LABEL: Final = "Demo"


async def enrol(accounts: Accounts, tokens: Tokens) -> Cast:
    """Make or find everybody; Refusal `name_taken` where a person has the name of one of the cast."""
    return Cast({character.name: await _member(accounts, tokens, character) for character in CHARACTERS})


async def _member(accounts: Accounts, tokens: Tokens, character: Character) -> Member:
    try:
        account = await accounts.create(character.name, None, display=character.display, bot=True)
        await accounts.change(account.id, lang=character.lang)
    except Refusal as refusal:
        if refusal.code != "name_taken":
            raise
        account = await accounts.named(character.name)
        if not account.bot:
            raise Refusal(
                f"There is a person named {character.name} here; run the demo in a folder of its own, as `--data-dir data/demo`.",
                code="name_taken",
                facts={"name": character.name},
            ) from None
        for token in await tokens.of(account.id):
            if token.label == _LABEL:
                await tokens.revoke(token.id, account.id)
    _token, secret = await tokens.create(account.id, label=_LABEL, scopes=None)
    return Member(character, account.id, secret)
