"""Sessions: who is signed in, and how far. The token is the browser's; the database has its digest alone."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

from service.store import Store
from service.store import sessions as rows
from service.store.account_tables import AccountTables
from service.store.sessions import SessionRow

TOKEN_BYTES = CHALLENGE_BYTES = 32
IDLE_S = 30 * 60
ABSOLUTE_S = 12 * 3600
HALF_S = 10 * 60  # to type a code; an account's first sign-in has the idle time instead
CODE_TRIES = 3
KEY_TRIES = 3  # of security keys, beyond those of codes
PROOF_S = 3 * 60  # for a key to sign a challenge
NEW_KEY_S = 10 * 60  # to register one, from the page that offers it
_NOTED_EVERY_S = 60  # a use is written down no more often


class Standing(StrEnum):
    """How far somebody has come. Each step has a new token.

    REFUSED and CODE look alike from outside: that name or password was wrong is said after the code.
    First sign-in: PASSWORD, then FACTOR, then FULL. Every other: CODE, then FULL.
    """

    REFUSED = "refused"
    CODE = "code"
    PASSWORD = "password"  # noqa: S105 - a step
    FACTOR = "factor"
    FULL = "full"


class ChallengeUse(StrEnum):
    """What a security key signs a challenge for."""

    PROOF = "p"
    NEW_KEY = "n"


@dataclass(frozen=True, slots=True)
class Session:
    """One session that is still good."""

    number: str  # tells it from others; opens nothing
    account: str
    standing: Standing
    opened_at: datetime
    seen_at: datetime
    browser: str
    takes_codes: bool  # else only a security key, for too many codes were tried
    pending_factor: bytes | None = field(repr=False)


class SessionBook:
    """Opens, finds and ends sessions."""

    def __init__(self, store: Store, tables: AccountTables, clock: Callable[[], datetime]) -> None:
        self._store, self._tables, self._clock = store, tables, clock

    def open(self, account: str, standing: Standing, browser: str = "", *, takes_codes: bool = True) -> str:
        """Open a session; returns its token. Removes those that time has ended."""
        token, now = secrets.token_urlsafe(TOKEN_BYTES), self._now()
        row = SessionRow(_digest(token), account, standing, now, now, browser, 0 if takes_codes else CODE_TRIES)
        with self._store.writing() as connection:
            rows.delete_old_sessions(connection, self._tables, seen_before=now - IDLE_S, opened_before=now - ABSOLUTE_S)
            rows.insert_session(connection, self._tables, row)
        return token

    def find(self, token: str, *, is_use: bool = True) -> Session | None:
        """Return the session of a token. `is_use` is False for a page that refreshes itself with nobody there."""
        digest, now = _digest(token), self._now()
        with self._store.reading() as connection:
            row = rows.load_session(connection, self._tables, digest)
        if row is None or not _is_good(row, now):
            return None
        if is_use and now - row.seen_at >= _NOTED_EVERY_S:
            with self._store.writing() as connection:
                rows.change_session(connection, self._tables, digest, {"seen_at": now})
        return _make_session(row)

    def list_of(self, account: str) -> list[Session]:
        """Return an account's sessions that are signed in and still good, the newest first."""
        with self._store.reading() as connection:
            found = rows.list_sessions(connection, self._tables, account)
        now = self._now()
        return [_make_session(row) for row in found if row.standing == Standing.FULL and _is_good(row, now)]

    def raise_standing(self, token: str, standing: Standing) -> str:
        """Give a session a new standing and a new token; the old token is good for nothing any more.

        A session that has ended meanwhile stays so: the new token opens nothing then.
        """
        new = secrets.token_urlsafe(TOKEN_BYTES)
        values = {
            "digest": _digest(new), "standing": standing, "tries": 0, "pending_factor": None, "challenge": None,
            "challenge_until": None,
        }  # fmt: skip
        with self._store.writing() as connection:
            rows.change_session(connection, self._tables, _digest(token), values)
        return new

    def keep_pending(self, token: str, pending_factor: bytes | None) -> None:
        """Keep a second factor, encrypted, until a code of it was typed; None forgets it."""
        with self._store.writing() as connection:
            rows.change_session(connection, self._tables, _digest(token), {"pending_factor": pending_factor})

    def count_try(self, token: str, most: int = CODE_TRIES) -> bool:
        """Count one more try of a code or key; False when there were `most`."""
        with self._store.writing() as connection:
            return rows.count_try(connection, self._tables, _digest(token), most)

    def give_challenge(self, token: str, use: ChallengeUse) -> bytes:
        """Return what a security key has to sign in this session; the same again while it is fresh."""
        now, lasts_s = self._now(), PROOF_S if use is ChallengeUse.PROOF else NEW_KEY_S
        with self._store.writing() as connection:
            row = rows.load_session(connection, self._tables, _digest(token))
            if row is not None and row.challenge and row.challenge[:1] == use.encode():
                left_s = (row.challenge_until or 0) - now
                # So that whoever asks again and again writes nothing.
                if lasts_s / 2 < left_s <= lasts_s:
                    return row.challenge[1:]
            challenge = secrets.token_bytes(CHALLENGE_BYTES)
            values = {"challenge": use.encode() + challenge, "challenge_until": now + lasts_s}
            rows.change_session(connection, self._tables, _digest(token), values)
        return challenge

    def take_challenge(self, token: str, use: ChallengeUse) -> bytes | None:
        """Return the challenge of this session and forget it; None where there is none of this use in time."""
        with self._store.writing() as connection:
            row = rows.load_session(connection, self._tables, _digest(token))
            if row is None or not row.challenge or row.challenge[:1] != use.encode():
                return None
            if not rows.take_challenge(connection, self._tables, _digest(token), row.challenge):
                return None
        is_in_time = 0 < (row.challenge_until or 0) - self._now() <= NEW_KEY_S
        return row.challenge[1:] if is_in_time else None

    def drop_challenge(self, token: str) -> None:
        """Forget the challenge of this session."""
        with self._store.writing() as connection:
            values = {"challenge": None, "challenge_until": None}
            rows.change_session(connection, self._tables, _digest(token), values)

    def close(self, token: str) -> None:
        """End a session."""
        with self._store.writing() as connection:
            rows.delete_session(connection, self._tables, _digest(token))

    def close_number(self, account: str, number: str) -> bool:
        """End one of an account's sessions by its number; False when it has ended already."""
        with self._store.writing() as connection:
            found = rows.list_sessions(connection, self._tables, account)
            digests = [row.digest for row in found if _name_digest(row.digest) == number]
            return any(rows.delete_session(connection, self._tables, digest) for digest in digests)

    def close_all_of(self, account: str) -> None:
        """End every session of an account."""
        with self._store.writing() as connection:
            rows.delete_sessions(connection, self._tables, account)

    def _now(self) -> int:
        return int(self._clock().timestamp())


def _is_good(row: SessionRow, now: int) -> bool:
    longest_s = HALF_S if row.standing in (Standing.REFUSED, Standing.CODE) else ABSOLUTE_S
    # Either way: what was opened while the clock was ahead must not last until then.
    return abs(now - row.seen_at) < IDLE_S and abs(now - row.opened_at) < longest_s


def _make_session(row: SessionRow) -> Session:
    return Session(
        _name_digest(row.digest), row.account, Standing(row.standing), datetime.fromtimestamp(row.opened_at, UTC),
        datetime.fromtimestamp(row.seen_at, UTC), row.browser, row.tries < CODE_TRIES, row.pending_factor,
    )  # fmt: skip


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()


def _name_digest(digest: bytes) -> str:
    return digest[:8].hex()
