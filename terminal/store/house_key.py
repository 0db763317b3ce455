"""The house key: the pair of keys that the house store is sealed to.

The public half is kept, so that registering never waits. The reading half follows from the local secret and
central's share, and is in memory alone. Until the share has come for the first time a stand-in made here takes its
place; it lies in an erasable file and is overwritten as soon as everything is sealed anew.

Of a terminal alone the local secret is everything. Where it is another one than the store was made by (the disk was
put into another machine, or this one's secret is lost), the pair from before is put aside with its card's wrap: new
guests are sealed to a pair of the new secret, and the card opens who was there before.
"""

from __future__ import annotations

import hmac
import os
from contextlib import suppress
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import ClassVar

import structlog

from records import suite
from records.erasable import ErasableKeys
from records.errors import CannotOpen, KeyFileRefused, MalformedBytes
from records.suite import HybridPublicKey, HybridSecretKey, make_context
from terminal.codes import ProblemCode
from terminal.errors import NotSaved, NotTaken, StoreRefused
from terminal.keys import derive_house_key
from terminal.recovery_card import CODE_BYTES
from terminal.store.database import Connection, Database
from terminal.store.key_file import open_key_file

_STAND_IN_SLOT, _CARD_SLOT = 0, 1


class HouseKeyFault(StrEnum):
    """What of the house key was found damaged at the start, and put right as far as it can be."""

    NONE = ""
    STAND_IN = "stand_in"  # what led to the reading half is gone, and with it whoever was sealed to it
    PROOF = "proof"  # the public half is not one that this terminal put there; central's share leads back to the old
    CARD = "card"  # the recovery card's salt is gone, and with it that card


class HouseKey:
    """The house key of one terminal. `replace` belongs into the transaction that seals every stay anew."""

    SLOTS: ClassVar[int] = 2

    def __init__(
        self, database: Database, slots: ErasableKeys, local: bytes, terminal: bytes, *, is_alone: bool = False
    ) -> None:
        self._database, self._slots, self._local, self._terminal = database, slots, local, terminal
        self._is_alone = is_alone
        self._secret: HybridSecretKey | None = None
        self.fault, self.kept_row = HouseKeyFault.NONE, b""
        try:
            found = self._load()
        except StoreRefused:
            found = None
            self.fault, self.kept_row = HouseKeyFault.PROOF, self._copy_row()
        self._public, self._is_stand_in = found or self._begin()
        if self._is_stand_in:
            self._open_stand_in()
        else:
            self._release(_STAND_IN_SLOT)  # where the last start was cut short
            self._drop_lost_card()

    @property
    def public(self) -> HybridPublicKey:
        """The half that everybody in house is sealed to."""
        return self._public

    @property
    def is_open(self) -> bool:
        """True when what was sealed can be read."""
        return self._secret is not None

    @property
    def is_stand_in(self) -> bool:
        """True until central's share has come for the first time."""
        return self._is_stand_in

    @property
    def has_before(self) -> bool:
        """True while guests may be sealed to the pair of an earlier secret, which the recovery card opens."""
        with self._database.reading() as connection:
            return connection.execute("SELECT 1 FROM house_key_before").fetchone() is not None

    def derive(self, share: bytes) -> HybridSecretKey:
        """Return the reading half that a share leads to."""
        return derive_house_key(self._local, share, self._terminal)

    def open_with(self, secret: HybridSecretKey) -> bool:
        """Take a reading half, if it is the one that belongs to the kept public half."""
        if secret.public != self._public:
            return False
        self._secret = secret
        return True

    def open(self, sealed: bytes, info: bytes) -> bytes:
        """Open what was sealed to the public half. Raises: CannotOpen, also while the reading half is not here."""
        if self._secret is None:
            raise CannotOpen
        return self._secret.open(sealed, info)

    def replace(self, connection: Connection, secret: HybridSecretKey) -> None:
        """Keep another pair from now on. The recovery card of the old one is no longer good."""
        connection.execute("DELETE FROM house_key")
        self._insert(connection, secret.public, is_stand_in=False)

    def settle(self, secret: HybridSecretKey) -> None:
        """Work with the pair that `replace` has committed, and destroy what led to the one before."""
        self._public, self._secret, self._is_stand_in = secret.public, secret, False
        self._release(_STAND_IN_SLOT)
        if not self.has_before:
            self._release(_CARD_SLOT)

    def find_card_day(self) -> datetime | None:
        """Return when the recovery card that is good now was made."""
        with self._database.reading() as connection:
            before = connection.execute("SELECT card_made_s FROM house_key_before").fetchone()
            (made_s,) = before or connection.execute("SELECT card_made_s FROM house_key").fetchone()
        return None if made_s is None else datetime.fromtimestamp(made_s, UTC)

    def make_card(self, now: datetime) -> bytes:
        """Return the code of a new recovery card; every earlier one is no longer good. Raises: NotTaken, NotSaved."""
        if self._secret is None or self._is_stand_in or self.has_before:
            raise NotTaken(ProblemCode.NO_CARD_YET)
        code, salt = os.urandom(CODE_BYTES), os.urandom(suite.KEY_BYTES)
        with self._database.transaction() as connection:
            connection.execute("UPDATE house_key SET card = NULL, card_made_s = NULL")
        try:
            # Overwritten in place: an old wrap in a backup does not open with an old card either.
            self._slots.release(_CARD_SLOT)
            self._slots.write(_CARD_SLOT, salt)
        except (OSError, KeyFileRefused):
            raise NotSaved from None
        wrap = suite.encrypt_once(self._derive_card_key(code, salt), self._secret.data, self._card_context())
        with self._database.transaction() as connection:
            values = (wrap, int(now.timestamp()))
            connection.execute("UPDATE house_key SET card = ?, card_made_s = ?", values)
        return code

    def open_with_card(self, code: bytes) -> bool:
        """Take the reading half from its wrap under a recovery card's code. Return whether the code is good."""
        with self._database.reading() as connection:
            (wrap,) = connection.execute("SELECT card FROM house_key").fetchone()
        secret = self._unwrap(wrap, code)
        return secret is not None and self.open_with(secret)

    def recover_before(self, code: bytes) -> HybridSecretKey | None:
        """Return the reading half from before, out of its wrap under a card's code; None where the code is not good."""
        with self._database.reading() as connection:
            row = connection.execute("SELECT public, card FROM house_key_before").fetchone()
        secret = None if row is None else self._unwrap(row[1], code)
        return secret if secret is not None and secret.public.data == row[0] else None

    def drop_before(self, connection: Connection) -> None:
        """Let go of the pair from before, in the transaction that has sealed anew what it opened."""
        connection.execute("DELETE FROM house_key_before")

    def destroy_card(self) -> None:
        """Destroy what the card of the pair from before led to, once `drop_before` is committed."""
        self._release(_CARD_SLOT)

    def _unwrap(self, wrap: bytes | None, code: bytes) -> HybridSecretKey | None:
        salt = self._slots.read(_CARD_SLOT)
        if wrap is None or salt is None:
            return None
        try:
            data = suite.decrypt_once(self._derive_card_key(code, salt), wrap, self._card_context())
            return HybridSecretKey.from_bytes(data)
        except (CannotOpen, MalformedBytes):
            return None

    def _load(self) -> tuple[HybridPublicKey, bool] | None:
        with self._database.reading() as connection:
            row = connection.execute("SELECT public, proof, is_stand_in FROM house_key").fetchone()
        if row is None:
            return None
        public, proof, is_stand_in = row
        # Whoever could put a key of their own here would read every guest who comes from then on.
        if not hmac.compare_digest(self._prove(public), proof):
            if not self._is_alone:
                raise StoreRefused("house key")
            self._put_aside()
            return None
        try:
            return HybridPublicKey.from_bytes(public), bool(is_stand_in)
        except MalformedBytes:
            raise StoreRefused("house key") from None

    def _put_aside(self) -> None:
        """Keep the pair of another secret for its card to open; nothing is sealed to it any more."""
        with self._database.transaction() as connection:
            # Who moves twice without the card: the pair in between never had one, and that of the first stays.
            connection.execute(
                "INSERT OR IGNORE INTO house_key_before (only_row, public, card, card_made_s)"
                " SELECT 1, public, card, card_made_s FROM house_key WHERE card IS NOT NULL"
            )
            connection.execute("DELETE FROM house_key")
        structlog.get_logger().warning("house key of another secret put aside", has_card=self.has_before)

    def _open_stand_in(self) -> None:
        stand_in = self._slots.read(_STAND_IN_SLOT)
        if stand_in is not None and self.open_with(self.derive(stand_in)):
            return
        # Whoever comes must not be sealed to a key that nobody has.
        self.fault = HouseKeyFault.STAND_IN
        self._slots.release(_STAND_IN_SLOT)
        self._public, self._is_stand_in = self._begin()
        fresh = self._slots.read(_STAND_IN_SLOT)
        if fresh is not None:
            self.open_with(self.derive(fresh))

    def _drop_lost_card(self) -> None:
        if self.find_card_day() is not None and self._slots.read(_CARD_SLOT) is None:
            self.fault = HouseKeyFault.CARD
            with self._database.transaction() as connection:
                connection.execute("UPDATE house_key SET card = NULL, card_made_s = NULL")

    def _copy_row(self) -> bytes:
        """Return the whole row: two public halves of nothing secret, and the card's wrap, which is sealed."""
        with self._database.reading() as connection:
            row = connection.execute("SELECT public, proof, card FROM house_key").fetchone()
        return b"\n".join((part or b"").hex().encode() for part in row)

    def _begin(self) -> tuple[HybridPublicKey, bool]:
        stand_in = self._slots.read(_STAND_IN_SLOT)
        if stand_in is None:
            stand_in = os.urandom(suite.KEY_BYTES)
            self._slots.write(_STAND_IN_SLOT, stand_in)
        public = self.derive(stand_in).public
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM house_key")  # one that was found damaged
            self._insert(connection, public, is_stand_in=True)
        return public, True

    def _insert(self, connection: Connection, public: HybridPublicKey, *, is_stand_in: bool) -> None:
        connection.execute(
            "INSERT INTO house_key VALUES (1, ?, ?, ?, NULL, NULL)",
            (public.data, self._prove(public.data), int(is_stand_in)),
        )

    def _prove(self, public: bytes) -> bytes:
        return suite.derive_key(self._local, b"", make_context("kept house key", self._terminal, public))

    def _derive_card_key(self, code: bytes, salt: bytes) -> bytes:
        # With the local secret: the card and a copy of the disk open nothing where that is sealed to the machine.
        # A terminal alone has nothing else that could replace a lost secret, so there the card is enough.
        secret = code if self._is_alone else self._local + code
        return suite.derive_key(secret, salt, self._card_context())

    def _card_context(self) -> bytes:
        return make_context("recovery card alone" if self._is_alone else "recovery card", self._terminal)

    def _release(self, slot: int) -> None:
        # A disk that refuses must not keep the counter from starting; the next start tries again.
        with suppress(OSError):
            if self._slots.read(slot) is not None:
                self._slots.release(slot)


def open_house_key(
    database: Database, path: Path, local: bytes, terminal: bytes, *, any_file_system: bool, is_alone: bool = False
) -> HouseKey:
    """Open the house key with its erasable file at `path`, or make it. Raises: StoreRefused, NotSaved."""
    slots = open_key_file(path, HouseKey.SLOTS, any_file_system=any_file_system)
    return HouseKey(database, slots, local, terminal, is_alone=is_alone)
