"""The annex stands beside one demonstration's root file and beside nothing else."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from records.comparing.annex import Annex, draft_annex, load_annex, sign_annex
from records.comparing.errors import AnnexRefused
from records.notes import NoteSigner, sign_note
from records.root import RootFile, RootKind
from records.suite import HybridPublicKey
from tests.records import samples
from tests.records.comparing import world
from tests.records.comparing.world import NOW, make_annex

_, ROOT_FILE = world.make_root()
GOOD = make_annex()


def refuse(annex: Annex | str, root: RootFile = ROOT_FILE, now: datetime = NOW) -> str:
    note = sign_annex(annex, world.ROOT) if isinstance(annex, Annex) else annex
    with pytest.raises(AnnexRefused) as caught:
        load_annex(note, world.ROOT.verifier, root, now)
    return caught.value.field


def test_an_annex_comes_back_as_it_was_signed() -> None:
    loaded = world.load_sample_annex()
    assert replace(loaded, digest="") == GOOD
    assert len(loaded.digest) == 64


def test_it_is_refused_beside_a_root_for_registration() -> None:
    root = samples.make_root(RootKind.REGISTRATION)
    assert refuse(replace(GOOD, root_digest="0" * 64), replace(root, digest="0" * 64)) == "root"


def test_it_is_refused_beside_another_demonstrations_root() -> None:
    assert refuse(replace(GOOD, root_digest="1" * 64)) == "root"
    assert refuse(GOOD, replace(ROOT_FILE, digest="")) == "root"


def test_it_is_refused_beyond_this_machine() -> None:
    assert refuse(GOOD, replace(ROOT_FILE, guest_page="https://guests.example/slip")) == "address"


def test_it_is_refused_for_another_jurisdiction() -> None:
    assert refuse(replace(GOOD, jurisdiction="elsewhere")) == "jurisdiction"


@pytest.mark.parametrize("signer", [world.LIST, world.OFFICE, world.FIRST_JUDGE])
def test_it_is_refused_when_another_signed_it(signer: NoteSigner) -> None:
    assert refuse(sign_annex(GOOD, signer)) == "note"


def test_it_is_not_in_force_before_its_time_nor_after() -> None:
    assert refuse(GOOD, now=GOOD.valid_from - timedelta(seconds=1)) == "not yet valid"
    assert refuse(GOOD, now=GOOD.valid_until) == "expired"


OTHER_ROOT_KEY = NoteSigner("demo/other", world.ROOT.key).verifier
COURT = GOOD.courts[0]
OFFICE_HALF = HybridPublicKey.from_bytes(GOOD.office_box.data[:1184] + GOOD.station_box.data[1184:])
BEYOND: list[tuple[str, dict[str, Any], str]] = [
    ("a day too long", {"valid_until": GOOD.valid_from + timedelta(days=31, seconds=1)}, "valid-until"),
    ("ending before it begins", {"valid_until": GOOD.valid_from}, "valid-until"),
    ("too many decisions", {"max_decisions": 20_001}, "max-decisions"),
    ("no decisions", {"max_decisions": 0}, "max-decisions"),
    ("too many comparisons", {"max_comparisons_per_day": 100_001}, "max-comparisons-per-day"),
    ("no court", {"courts": ()}, "court-box"),
    ("one court twice", {"courts": (COURT, COURT)}, "court-box"),
    ("a court without a name", {"courts": (replace(COURT, label=""),)}, "court-box"),
    ("a court with one key", {"courts": (replace(COURT, keys=COURT.keys[:1]),)}, "court-key"),
    ("the list key as the permit key", {"permit_key": GOOD.list_key}, "one key for two holders"),
    ("the office as the station", {"station_key": GOOD.office_key}, "one key for two holders"),
    ("the root's key", {"list_key": OTHER_ROOT_KEY}, "one key for two holders"),
    ("the root file's notice key", {"list_key": samples.NOTICE_SIGNER.verifier}, "one key for two holders"),
    ("a judge's key twice", {"courts": (replace(COURT, keys=COURT.keys[:1] * 2),)}, "one key for two holders"),
    ("a judge's key at the office", {"office_key": COURT.keys[0]}, "one key for two holders"),
    ("one box for two", {"office_box": GOOD.station_box}, "one key for two holders"),
    ("half a box for two", {"office_box": OFFICE_HALF}, "one key for two holders"),
    ("the root's disclosure key as a box", {"office_box": samples.COURT.public}, "one key for two holders"),
]


@pytest.mark.parametrize(("what", "changes", "field"), BEYOND, ids=[row[0] for row in BEYOND])
def test_an_annex_is_refused_with(what: str, changes: dict[str, Any], field: str) -> None:
    assert refuse(replace(GOOD, **changes)) == field


def test_a_field_that_it_does_not_have_is_refused() -> None:
    text = draft_annex(GOOD)
    assert refuse(sign_note(text + "terminal-key: x\n", world.ROOT)) == "form"
    first, second, *rest = text.split("\n")
    assert refuse(sign_note("\n".join([first, rest[0], second, *rest[1:]]), world.ROOT)) == "form"


@pytest.mark.parametrize("at", range(0, 4000, 211))
def test_no_changed_byte_loads(at: int) -> None:
    note = bytearray(sign_annex(GOOD, world.ROOT).encode())
    note[at] ^= 1
    assert refuse(note.decode(errors="replace"))


def test_it_does_not_outlast_its_root_file() -> None:
    """Registration goes on under a root file that has expired; comparison does not."""
    root = replace(ROOT_FILE, valid_until=GOOD.valid_until - timedelta(seconds=1))
    assert refuse(GOOD, root) == "valid-until"
