"""Guests who turned out not to be the person a decision names, and are not to be alerted again because of it.

The token in an alert is a keyed hash of decision and guest; it says no place and no time. What the office keeps is the
token stretched (Argon2id, 64 MiB): a guest's number is within one slip of the decision's, so whoever has the key and
the table could try such numbers with names, and each try should cost.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from records.comparing.people import ComparedPerson
from records.comparing.slips import normal_form
from records.notes import NoteSigner, NoteVerifier
from records.suite import make_context, stretch_number
from screening.errors import NotThere, ScreeningError
from screening.officers import Act, load_act, name_suppression, sign_act
from screening.store import Store
from screening.store.suppressions import approve_suppression, list_suppressions, load_suppression

_SALT_BYTES = 16
TOKEN_BYTES = 32


def compute_token(key: bytes, leaf: bytes, person: ComparedPerson) -> bytes:
    """Return the token of a decision and a guest: the same whenever and wherever that guest is compared."""
    number = normal_form(person.kind, person.number)
    names = sorted("\x1f".join((each.full, each.surname, each.given)) for each in person.names)
    said = "\x1e".join([person.kind, person.issuing_state, number, person.birth_date, person.sex, *names])
    return hmac.digest(key, make_context("suppression", leaf, said.encode()), hashlib.sha256)


def stretch_token(token: bytes, leaf: bytes) -> bytes:
    """Return the mark under which a token is kept; slow on purpose."""
    return stretch_number(token.hex(), leaf[:_SALT_BYTES])


def approve(store: Store, officers: Sequence[NoteVerifier], number: int, signer: NoteSigner, now: datetime) -> None:
    """Approve what an officer of the station found out; the office's officer is the second person.

    Raises: NotThere, OfficerRefused.
    """
    with store.writing() as connection:
        row = load_suppression(connection, number)
        if row is None:
            raise NotThere
        note = sign_act(Act.SUPPRESS, name_suppression(row.leaf, row.mark), now, signer, officers)
        if not approve_suppression(connection, number, note):
            raise NotThere


def load_marks(store: Store, officers: Sequence[NoteVerifier]) -> Mapping[bytes, Collection[bytes]]:
    """Return the marks of approved suppressions by decision; what no officer's signature approves does not count."""
    marks: dict[bytes, set[bytes]] = {}
    with store.reading() as connection:
        rows = list_suppressions(connection)
    for row in rows:
        try:
            act = load_act(row.approved, officers)
        except ScreeningError:
            continue
        if (act.act, act.subject) == (Act.SUPPRESS, name_suppression(row.leaf, row.mark)):
            marks.setdefault(row.leaf, set()).add(row.mark)
    return marks
