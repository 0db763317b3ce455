"""The accounts of one service."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, StrEnum

import structlog

from service.accounts import one_time_codes as codes
from service.accounts import passwords
from service.accounts.acts import AccountAct
from service.accounts.attempts import Attempt, count_attempt, forgive_attempts
from service.accounts.errors import (
    AccountKeyRefused,
    AccountUnknown,
    CodeWrong,
    NameRefused,
    NameTaken,
    PasswordUnchanged,
)
from service.accounts.key import AccountKey
from service.accounts.security_keys import SecurityKeys
from service.audit import Audit
from service.store import Connection, Store
from service.store import accounts as rows
from service.store.account_tables import AccountTables
from service.store.accounts import AccountRow
from service.store.security_keys import count_keys, count_keys_by_account, delete_keys
from service.store.sessions import delete_sessions

ONE_TIME_PASSWORD_LASTS = timedelta(days=3)
_NAME = re.compile(r"[a-z][a-z0-9._-]{1,31}")
_RESERVED_NAMES = frozenset({"nobody", "keeper"})  # whom the audit log names without an account

log = structlog.get_logger()


class Factor(Enum):
    """What somebody proved to have, beside the password."""

    APP = "app"
    SECURITY_KEY = "security key"
    RECOVERY_CODE = "recovery code"


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody who may sign in."""

    name: str
    roles: frozenset[str]
    language: str  # of its pages; "": nobody has chosen, so the browser's
    is_enabled: bool
    has_own_password: bool  # else a one-time password, set by whoever made or reset the account
    has_app: bool
    keys: int  # security keys, also one that is not accepted any more
    made_at: int

    @property
    def has_factor(self) -> bool:
        """Whether there is a second factor of any kind."""
        return self.has_app or self.keys > 0


class AccountBook:
    """Adds, finds and changes accounts, and judges what somebody types who says to be one's holder.

    Each change is in the audit log before it is made; `by` says who makes it, else the holder does.
    Changes raise AuditUnavailable, and are not made then.
    """

    def __init__(
        self,
        store: Store,
        tables: AccountTables,
        key: AccountKey,
        audit: Audit,
        clock: Callable[[], datetime],
        strength: passwords.Strength = passwords.STRONG,
    ) -> None:
        self._store, self._tables, self._key = store, tables, key
        self._audit, self._clock, self._strength = audit, clock, strength
        self.keys = SecurityKeys(store, tables, key, audit, clock)
        self._decoy_password = passwords.make_decoy(strength)
        self._decoy_factor = key.encrypt(codes.make_secret(), "")

    def add(self, name: str, roles: Collection[StrEnum], *, by: str, language: str = "") -> str:
        """Add an account; returns the one-time password for its first sign-in. `language`: "" until its holder chooses.

        Raises: NameRefused, NameTaken.
        """
        if not _NAME.fullmatch(name) or name in _RESERVED_NAMES:
            raise NameRefused
        if self.find(name) is not None:
            raise NameTaken
        password = passwords.make_one_time_password()
        row = AccountRow(
            name,
            passwords.hash_password(password, self._strength),
            self._end_of_one_time(),
            None,
            0,
            language,
            True,
            self._now(),
        )
        self._audit.write(by, AccountAct.ADDED, name)
        with self._store.writing() as connection:
            if not rows.insert_account(connection, self._tables, row, [str(role) for role in roles]):
                raise NameTaken
        return password

    def find(self, name: str) -> Account | None:
        """Return an account by its name."""
        row = self._load(name)
        return None if row is None else _make_account(*row)

    def list_all(self) -> list[Account]:
        """Return every account, by name."""
        with self._store.reading() as connection:
            keys = count_keys_by_account(connection, self._tables)
            found = rows.list_accounts(connection, self._tables)
        return [_make_account(row, roles, keys.get(row.name, 0)) for row, roles in found]

    def disable(self, name: str, *, by: str) -> None:
        """Let nobody sign in to an account, and end its sessions. Raises: AccountUnknown."""
        self._note(name, AccountAct.DISABLED, by)
        self._change(name, ends_sessions=True, is_enabled=False)

    def enable(self, name: str, *, by: str) -> None:
        """Let an account's holder sign in again. Raises: AccountUnknown."""
        self._note(name, AccountAct.ENABLED, by)
        self._change(name, is_enabled=True)

    def reset(self, name: str, *, by: str) -> str:
        """Take password, second factors and sessions away; returns a new one-time password. Raises: AccountUnknown."""
        password = passwords.make_one_time_password()
        hashed = passwords.hash_password(password, self._strength)
        self._note(name, AccountAct.RESET, by)
        with self._store.writing() as connection:
            values = {"password": hashed, "one_time_until": self._end_of_one_time(), "factor": None}
            rows.change_account(connection, self._tables, name, **values)
            rows.replace_codes(connection, self._tables, name, ())
            delete_keys(connection, self._tables, name)
            delete_sessions(connection, self._tables, name)
        return password

    def set_language(self, name: str, language: str) -> None:
        """Keep the language of an account's pages. Raises: AccountUnknown."""
        self._change(name, language=language)

    def check_password(self, name: str, password: str) -> Account | None:
        """Return the account if this is its password, it is enabled, and a one-time password is still good.

        Takes as long for a name that there is not.
        """
        found = self._load(name)
        fits = passwords.is_password(password, found[0].password if found else self._decoy_password)
        if found is None or not fits:
            return None
        row = found[0]
        if not row.is_enabled or (row.one_time_until is not None and row.one_time_until < self._now()):
            return None
        if passwords.is_outdated(row.password, self._strength):
            # Once after the parameters were raised; whoever measures it then learns that a password was right.
            self._change(name, password=passwords.hash_password(password, self._strength))
        return _make_account(*found)

    def set_password(self, name: str, password: str) -> None:
        """Take a password that the holder chose, and end all sessions.

        Raises: PasswordTooShort, PasswordTooLong, PasswordCommon, PasswordIsName, PasswordUnchanged, AccountUnknown.
        """
        passwords.check_new_password(password, name)
        found = self._load(name)
        if found is not None and passwords.is_password(password, found[0].password):
            raise PasswordUnchanged
        hashed = passwords.hash_password(password, self._strength)
        self._note(name, AccountAct.PASSWORD_CHOSEN)
        self._change(name, ends_sessions=True, password=hashed, one_time_until=None)

    def make_factor(self, name: str) -> bytes:
        """Return a new secret for an authenticator app, encrypted, to be confirmed by a code of it."""
        return self._key.encrypt(codes.make_secret(), name)

    def show_factor(self, name: str, pending: bytes) -> bytes:
        """Return the secret that `make_factor` made, to be shown to its holder once."""
        return self._key.decrypt(pending, name)

    def confirm_second_factor(self, name: str, pending: bytes, code: str) -> tuple[str, ...]:
        """Make this the account's second factor; returns its recovery codes. Raises: CodeWrong, AccountUnknown."""
        step = codes.find_step(self._key.decrypt(pending, name), code, self._now())
        if step is None:
            raise CodeWrong
        self._note(name, AccountAct.FACTOR_SET)
        with self._store.writing() as connection:
            rows.change_account(connection, self._tables, name, factor=pending, last_step=step)
            return self._replace_codes(connection, name)

    def check_code(self, name: str, code: str) -> Factor | None:
        """Return what a code proves, and take it as used: a code is never accepted twice.

        Takes as long for a name that there is not.
        """
        found = self._load(name)
        kept = found[0].factor if found else None
        step = codes.find_step(self._open_factor(kept, name), code, self._now())
        with self._store.writing() as connection:
            if codes.is_recovery_code(code):
                used = rows.use_code(connection, self._tables, name, codes.digest_recovery_code(code, name))
                return Factor.RECOVERY_CODE if used else None
            used = rows.use_step(connection, self._tables, name, step or 0)
            return Factor.APP if used and kept and step is not None else None

    def make_recovery_codes(self, name: str) -> tuple[str, ...]:
        """Return new recovery codes; the earlier ones are good for nothing any more."""
        self._note(name, AccountAct.RECOVERY_CODES_MADE)
        with self._store.writing() as connection:
            return self._replace_codes(connection, name)

    def count_recovery_codes(self, name: str) -> int:
        """Return how many recovery codes are left."""
        with self._store.reading() as connection:
            return rows.count_codes(connection, self._tables, name)

    def count_attempt(self, attempt: Attempt, *, may_use_key: bool = False) -> int:
        """Count a sign-in that is about to be tried; returns the seconds for which no code is taken, 0 mostly.

        `may_use_key`: a security key is taken, which nobody guesses, so that tries at this account by others do not
        keep its holder out. Raises: PleaseWait.
        """
        with self._store.writing() as connection:
            return count_attempt(connection, self._tables, self._key, attempt, self._now(), may_use_key=may_use_key)

    def forgive_attempts(self, attempt: Attempt) -> None:
        """Forget the failures before a success."""
        with self._store.writing() as connection:
            forgive_attempts(connection, self._tables, self._key, attempt)

    def mark_browser(self, name: str, number: str) -> str:
        """Return what proves that a browser of this number is one that the account's holder signed in with."""
        return self._key.mark("known browser", f"{name}\0{number}").hex()

    def _replace_codes(self, connection: Connection, name: str) -> tuple[str, ...]:
        made = codes.make_recovery_codes()
        digests = [codes.digest_recovery_code(each, name) for each in made]
        rows.replace_codes(connection, self._tables, name, digests)
        return made

    def _open_factor(self, kept: bytes | None, name: str) -> bytes:
        """Return the secret of a second factor; a useless one where there is none, in the same time."""
        try:
            return self._key.decrypt(kept, name) if kept else self._key.decrypt(self._decoy_factor, "")
        except AccountKeyRefused:
            # The key's file was lost with a machine: recovery codes still work, and a reset does.
            log.error("second_factor_under_another_key")
            return codes.make_secret()

    def _note(self, name: str, act: AccountAct, by: str = "") -> None:
        """Write down what is about to be done to an account. Raises: AccountUnknown, AuditUnavailable."""
        if self.find(name) is None:
            raise AccountUnknown
        self._audit.write(by or name, act, name)

    def _load(self, name: str) -> tuple[AccountRow, frozenset[str], int] | None:
        # Whatever somebody typed: PostgreSQL takes no text with a zero in it, and it may be a password.
        name = name if _NAME.fullmatch(name) else ""
        with self._store.reading() as connection:
            found, keys = rows.load_account(connection, self._tables, name), count_keys(connection, self._tables, name)
        return None if found is None else (*found, keys)

    def _change(self, name: str, *, ends_sessions: bool = False, **values: object) -> None:
        with self._store.writing() as connection:
            if not rows.change_account(connection, self._tables, name, **values):
                raise AccountUnknown
            if ends_sessions:
                delete_sessions(connection, self._tables, name)

    def _end_of_one_time(self) -> int:
        return self._now() + int(ONE_TIME_PASSWORD_LASTS.total_seconds())

    def _now(self) -> int:
        return int(self._clock().timestamp())


def plain_name(typed: str) -> str:
    """Return a name as it is kept, from what somebody typed: small letters, no spaces around, no full width."""
    return unicodedata.normalize("NFKC", typed).strip().lower()


def _make_account(row: AccountRow, roles: frozenset[str], keys: int) -> Account:
    has_own_password, has_app = row.one_time_until is None, row.factor is not None
    return Account(row.name, roles, row.language, row.is_enabled, has_own_password, has_app, keys, row.made_at)
