"""`AccountStore` and `LoginStore` on the database."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, delete, func, insert, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from arengo.adapters.db.engine import Database
from arengo.adapters.db.schema import accounts, api_tokens, bans, credentials, login_sessions, server_secrets, signup_invitations
from arengo.domain.errors import Refusal
from arengo.service.account_store import Account, ApiToken, Browser, Login, Recognised

_NAME_CONSTRAINTS = ("uq_accounts_name", "accounts.name")  # as PostgreSQL and as SQLite say it


class DatabaseAccounts:
    """Accounts, logins and tokens in tables."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # ---- accounts ------------------------------------------------------------------------------

    async def add(self, account: Account, password_hash: str | None, *, invitation: bytes | None) -> None:
        row = {
            "id": account.id,
            "name": account.name,
            "display": account.display,
            "lang": account.lang,
            "bot": account.bot,
            "created_at": account.created_at,
        }
        async with self._database.write() as connection:
            if invitation is not None:
                used = await connection.execute(
                    update(signup_invitations)
                    .where(
                        signup_invitations.c.code_hash == invitation,
                        signup_invitations.c.uses_left > 0,
                        signup_invitations.c.expires_at > account.created_at,
                    )
                    .values(uses_left=signup_invitations.c.uses_left - 1)
                )
                if used.rowcount != 1:
                    raise Refusal("This invitation is unknown, used up or has run out.", code="invitation_invalid")
            try:
                await connection.execute(insert(accounts).values(row))
            except IntegrityError as error:
                if any(name in str(error.orig) for name in _NAME_CONSTRAINTS):
                    raise Refusal("Somebody has this name already.", code="name_taken", facts={"name": account.name}) from error
                raise
            if password_hash is not None:
                await connection.execute(
                    insert(credentials).values(account_id=account.id, password_hash=password_hash, changed_at=account.created_at)
                )

    async def by_id(self, account_id: str) -> Account | None:
        return next(iter(await self._accounts(_ACCOUNTS.where(accounts.c.id == account_id))), None)

    async def by_ids(self, account_ids: Sequence[str]) -> Sequence[Account]:
        found: list[Account] = []
        for start in range(0, len(account_ids), 500):  # SQLite takes a bounded number of parameters
            found += await self._accounts(_ACCOUNTS.where(accounts.c.id.in_(account_ids[start : start + 500])))
        return found

    async def by_name(self, name: str) -> Account | None:
        return next(iter(await self._accounts(_ACCOUNTS.where(accounts.c.name == name))), None)

    async def find(self, beginning: str, *, most: int) -> Sequence[Account]:
        begins = or_(
            accounts.c.name.startswith(beginning.lower(), autoescape=True),
            func.lower(accounts.c.display).startswith(beginning.lower(), autoescape=True),
        )
        return await self._accounts(_ACCOUNTS.where(begins, bans.c.at.is_(None)).order_by(accounts.c.name).limit(most))

    async def password_hash(self, account_id: str) -> str | None:
        async with self._database.read() as connection:
            kept: str | None = await connection.scalar(select(credentials.c.password_hash).where(credentials.c.account_id == account_id))
        return kept

    async def renew_password_hash(self, account_id: str, password_hash: str, *, instead_of: str) -> None:
        same = (credentials.c.account_id == account_id, credentials.c.password_hash == instead_of)
        async with self._database.write() as connection:
            await connection.execute(update(credentials).where(*same).values(password_hash=password_hash))

    async def change_password(
        self,
        account_id: str,
        password_hash: str,
        now: datetime,
        *,
        instead_of: str | None = None,
        renew: tuple[bytes, bytes] | None = None,
        keep_tokens: bool = False,
    ) -> Sequence[bytes] | None:
        logins, tokens = login_sessions.c, api_tokens.c
        changed = {"password_hash": password_hash, "changed_at": now}
        async with self._database.write() as connection:
            kept = await connection.scalar(
                select(credentials.c.password_hash).where(credentials.c.account_id == account_id).with_for_update()
            )
            if instead_of is not None and kept != instead_of:
                return None
            others = [logins.account_id == account_id]
            if renew is not None:
                mine = (logins.account_id == account_id, logins.secret_hash == renew[0])
                stays = await connection.execute(update(login_sessions).where(*mine).values(secret_hash=renew[1]))
                if stays.rowcount == 0:
                    return None
                others.append(logins.secret_hash != renew[1])
            if kept is None:
                await connection.execute(insert(credentials).values(account_id=account_id, **changed))
            else:
                await connection.execute(update(credentials).where(credentials.c.account_id == account_id).values(changed))
            ended = list(await connection.scalars(delete(login_sessions).where(*others).returning(logins.secret_hash)))
            if not keep_tokens:
                ended += await connection.scalars(delete(api_tokens).where(tokens.account_id == account_id).returning(tokens.secret_hash))
        return ended

    async def change(self, account_id: str, *, display: str | None, lang: str | None) -> None:
        async with self._database.write() as connection:
            await connection.execute(update(accounts).where(accounts.c.id == account_id).values(display=display, lang=lang))

    async def ban(self, account_id: str, *, reason: str, at: datetime) -> None:
        row = {"account_id": account_id, "reason": reason, "at": at}
        async with self._database.write() as connection:
            await connection.execute(self._insert(bans).values(row).on_conflict_do_nothing())
            await connection.execute(delete(login_sessions).where(login_sessions.c.account_id == account_id))
            await connection.execute(delete(api_tokens).where(api_tokens.c.account_id == account_id))

    async def is_banned(self, account_id: str) -> bool:
        async with self._database.read() as connection:
            return await connection.scalar(select(bans.c.at).where(bans.c.account_id == account_id)) is not None

    async def add_invitation(self, code_hash: bytes, *, by: str | None, now: datetime, expires_at: datetime, uses: int, most: int) -> None:
        row = {"code_hash": code_hash, "by_account_id": by, "created_at": now, "expires_at": expires_at, "uses_left": uses}
        table = signup_invitations.c
        open_ones = select(func.count()).where(table.by_account_id == by, table.uses_left > 0, table.expires_at > now)
        async with self._database.write() as connection:
            if by is not None:
                await self._hold(connection, by)
                if int(await connection.scalar(open_ones) or 0) >= most:
                    raise Refusal(
                        "You have too many open invitations; let some be used first.", code="too_many_invitations", facts={"most": most}
                    )
            await connection.execute(insert(signup_invitations).values(row))

    async def forget_invitations(self, *, expired_before: datetime) -> int:
        async with self._database.write() as connection:
            return (await connection.execute(delete(signup_invitations).where(signup_invitations.c.expires_at < expired_before))).rowcount

    async def secret(self, name: str, fresh: bytes, now: datetime) -> bytes:
        query = select(server_secrets.c.value).where(server_secrets.c.name == name)
        async with self._database.read() as connection:
            kept: bytes | None = await connection.scalar(query)
        if kept is not None:
            return kept
        row = {"name": name, "value": fresh, "created_at": now}
        async with self._database.write() as connection:
            await connection.execute(self._insert(server_secrets).values(row).on_conflict_do_nothing())
            return bytes((await connection.execute(query)).scalar_one())

    # ---- logins ---------------------------------------------------------------------------------

    async def open_session(
        self, login: Login, secret_hash: bytes, account_id: str, *, most: int, password_hash: str | None
    ) -> Sequence[bytes]:
        table = login_sessions.c
        row = {
            "secret_hash": secret_hash,
            "account_id": account_id,
            "created_at": login.opened_at,
            "used_at": login.used_at,
            "id": login.id,
            "browser": login.browser.name,
            "platform": login.browser.platform,
        }
        kept = select(table.secret_hash).where(table.account_id == account_id).order_by(table.used_at.desc(), table.id.desc()).limit(most)
        gone = delete(login_sessions).where(table.account_id == account_id, table.secret_hash.not_in(kept))
        async with self._database.write() as connection:
            # The row of the password is the lock: a login is opened before the password changes, and ends with it, or not at all.
            present = select(credentials.c.password_hash).where(credentials.c.account_id == account_id).with_for_update()
            if await connection.scalar(present) != password_hash:
                raise Refusal("The password was changed a moment ago.", code="wrong_password")
            await connection.execute(insert(login_sessions).values(row))
            return list(await connection.scalars(gone.returning(table.secret_hash)))

    async def sessions(self, account_id: str) -> Sequence[Login]:
        table = login_sessions.c
        query = select(login_sessions).where(table.account_id == account_id).order_by(table.used_at.desc(), table.id.desc())
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).all()
        return [Login(row.id, row.created_at, row.used_at, Browser(row.browser, row.platform)) for row in rows]

    async def session(self, secret_hash: bytes, *, used_after: datetime) -> Recognised | None:
        query = (
            _ACCOUNTS.add_columns(login_sessions.c.used_at, login_sessions.c.id.label("login_id"))
            .join(login_sessions, login_sessions.c.account_id == accounts.c.id)
            .where(login_sessions.c.secret_hash == secret_hash, login_sessions.c.used_at > used_after)
        )
        async with self._database.read() as connection:
            row = (await connection.execute(query)).one_or_none()
        return None if row is None else Recognised(_account(row), row.login_id, row.used_at)

    async def touch_session(self, secret_hash: bytes, now: datetime) -> None:
        async with self._database.write() as connection:
            await connection.execute(update(login_sessions).where(login_sessions.c.secret_hash == secret_hash).values(used_at=now))

    async def close_session(self, secret_hash: bytes) -> None:
        async with self._database.write() as connection:
            await connection.execute(delete(login_sessions).where(login_sessions.c.secret_hash == secret_hash))

    async def close_login(self, login_id: str, account_id: str) -> bytes | None:
        table = login_sessions.c
        gone = delete(login_sessions).where(table.id == login_id, table.account_id == account_id)
        async with self._database.write() as connection:
            key: bytes | None = await connection.scalar(gone.returning(table.secret_hash))
        return key

    async def close_sessions(self, account_id: str, *, but: str | None) -> Sequence[bytes]:
        table = login_sessions.c
        return await self._forget_sessions(table.account_id == account_id, *(() if but is None else (table.id != but,)))

    async def forget_sessions(self, *, used_before: datetime) -> Sequence[bytes]:
        return await self._forget_sessions(login_sessions.c.used_at < used_before)

    async def _forget_sessions(self, *which: ColumnElement[bool]) -> Sequence[bytes]:
        gone = delete(login_sessions).where(*which).returning(login_sessions.c.secret_hash)
        async with self._database.write() as connection:
            return list(await connection.scalars(gone))

    async def add_token(self, token: ApiToken, secret_hash: bytes, *, most: int) -> None:
        row = {
            "id": token.id,
            "account_id": token.account_id,
            "label": token.label,
            "scopes": None if token.scopes is None else " ".join(sorted(token.scopes)),
            "secret_hash": secret_hash,
            "created_at": token.created_at,
        }
        async with self._database.write() as connection:
            await self._hold(connection, token.account_id)
            count = await connection.scalar(select(func.count()).select_from(api_tokens).where(api_tokens.c.account_id == token.account_id))
            if (count or 0) >= most:
                raise Refusal(f"An account has at most {most} tokens.", code="too_many_tokens", facts={"most": most})
            await connection.execute(insert(api_tokens).values(row))

    async def token(self, secret_hash: bytes) -> Recognised | None:
        query = (
            _ACCOUNTS.add_columns(api_tokens.c.used_at, api_tokens.c.scopes, api_tokens.c.id.label("token_id"))
            .join(api_tokens, api_tokens.c.account_id == accounts.c.id)
            .where(api_tokens.c.secret_hash == secret_hash)
        )
        async with self._database.read() as connection:
            row = (await connection.execute(query)).one_or_none()
        return None if row is None else Recognised(_account(row), row.token_id, row.used_at, _scopes(row.scopes))

    async def touch_token(self, secret_hash: bytes, now: datetime) -> None:
        async with self._database.write() as connection:
            await connection.execute(update(api_tokens).where(api_tokens.c.secret_hash == secret_hash).values(used_at=now))

    async def tokens(self, account_id: str) -> Sequence[ApiToken]:
        query = select(api_tokens).where(api_tokens.c.account_id == account_id).order_by(api_tokens.c.created_at)
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).all()
        return [ApiToken(row.id, row.account_id, row.label, _scopes(row.scopes), row.created_at, row.used_at) for row in rows]

    async def revoke_token(self, token_id: str, account_id: str) -> bytes | None:
        mine = (api_tokens.c.id == token_id, api_tokens.c.account_id == account_id)
        async with self._database.write() as connection:
            key: bytes | None = await connection.scalar(delete(api_tokens).where(*mine).returning(api_tokens.c.secret_hash))
        return key

    # ---- both databases -----------------------------------------------------------------------------

    async def _hold(self, connection: AsyncConnection, account_id: str) -> None:
        """Lock the row of the account: two things that are made at once and counted are counted one after the other."""
        await connection.execute(select(accounts.c.id).where(accounts.c.id == account_id).with_for_update())

    async def _accounts(self, query: Select[Any]) -> list[Account]:
        async with self._database.read() as connection:
            return [_account(row) for row in (await connection.execute(query)).all()]

    def _insert(self, table: Any) -> sqlite.Insert | postgresql.Insert:
        return sqlite.insert(table) if self._database.is_sqlite else postgresql.insert(table)


_ACCOUNTS = select(
    accounts.c.id,
    accounts.c.name,
    accounts.c.display,
    accounts.c.lang,
    accounts.c.bot,
    accounts.c.created_at,
    bans.c.at.label("banned_at"),
).join(bans, bans.c.account_id == accounts.c.id, isouter=True)


def _account(row: Row[Any]) -> Account:
    return Account(
        id=row.id,
        name=row.name,
        display=row.display,
        created_at=row.created_at,
        lang=row.lang,
        bot=row.bot,
        banned=row.banned_at is not None,
    )


def _scopes(kept: str | None) -> frozenset[str] | None:
    return None if kept is None else frozenset(kept.split())
