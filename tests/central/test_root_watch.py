"""A root file that changes while ingest runs, and what was sealed to the keys of an earlier one."""

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from central.ingest.accept import commit_deliveries, prepare_delivery
from central.ingest.app import make_app
from central.ingest.senders import Senders
from central.parts import open_parts, remember_named_keys
from central.root_watch import AGAIN_INTERVAL_S, LOOK_INTERVAL_S, RootWatch
from records.delivery import Item
from records.notes import NoteSigner
from records.receipt import Receipt, RefusalReason
from records.root import DisclosureKey, RootFile, RootKind, sign_root
from records.suite import HybridSecretKey
from tests.central.test_accept import read_refusal
from tests.central.town import COURT, OVERSIGHT, ROOT_SIGNER, Town, make_envelope, make_root, new_key

NEW_COURT, NEW_OVERSIGHT = (HybridSecretKey.from_bytes(os.urandom(96)).public for _ in range(2))
ROTATED = {
    "court_keys": (DisclosureKey("2026-04", NEW_COURT),),
    "oversight_keys": (DisclosureKey("2026-04", NEW_OVERSIGHT),),
}
NEW_KEYS = {"court_key": NEW_COURT.key_id, "oversight_key": NEW_OVERSIGHT.key_id}


@dataclass
class Ticks:
    """A monotonic clock in the test's hand."""

    now: float = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def ticks(town: Town) -> Ticks:
    """The town's ingest watches its root file by this clock."""
    made = Ticks()
    watch = RootWatch(town.settings, town.parts, tick=made)
    town.client = make_app(town.parts, lambda: town.now, watch).test_client()
    return made


def put_root(town: Town, signer: NoteSigner = ROOT_SIGNER, **changes: Any) -> str:
    """Write another root file in the place of the one that is there; return its text."""
    changes = {"receipt_key": town.parts.root.receipt_key, "now": town.now, **changes}
    note = sign_root(make_root(**changes), signer)
    fresh = town.settings.root.with_suffix(".new")
    fresh.write_text(note, encoding="utf-8")
    fresh.replace(town.settings.root)
    return note


def test_new_root_file_is_in_force_a_second_later(town: Town, ticks: Ticks) -> None:
    old = town.parts.root_note
    new = put_root(town, **ROTATED)
    ticks.now += LOOK_INTERVAL_S - 0.01
    assert town.client.get("/v1/root").text == old
    ticks.now += 0.01
    with capture_logs() as logs:
        assert town.client.get("/v1/root").text == new
    assert [line["event"] for line in logs] == ["new root file in force"]
    reply = town.deliver(make_envelope(1, **NEW_KEYS))
    assert reply.answers[0].receipt
    assert reply.root_digest == logs[0]["digest"]


def test_envelope_sealed_to_the_keys_of_an_earlier_root_file_is_accepted(town: Town, ticks: Ticks) -> None:
    put_root(town, **ROTATED)
    ticks.now += LOOK_INTERVAL_S
    assert town.deliver(make_envelope(1), make_envelope(2, **NEW_KEYS)).acknowledged_through == 2
    # Also after a start with the new file alone.
    town.parts.store.close()
    town.parts = open_parts(town.settings, town.now)
    assert (COURT.public.key_id, OVERSIGHT.public.key_id) not in town.parts.named_keys
    again = Town(town.settings_path, town.settings, town.parts)
    assert again.deliver(make_envelope(3), make_envelope(4, **NEW_KEYS)).acknowledged_through == 4


def test_deliveries_judged_by_two_root_files_can_share_a_commit(town: Town) -> None:
    new = replace(town.parts, named_keys=frozenset({(NEW_COURT.key_id, NEW_OVERSIGHT.key_id)}))
    remember_named_keys(new, town.now)
    senders = Senders(town.parts.store)
    # Each pair of keys is that of the other delivery's root file.
    prepared = [
        prepare_delivery(parts, senders, [Item(0, envelope.data)], town.now)
        for parts, envelope in ((new, make_envelope(1)), (town.parts, make_envelope(2, **NEW_KEYS)))
    ]
    answers = [answer for outcome in commit_deliveries(prepared) for answer in outcome.answers]
    assert [type(answer) for answer in answers] == [Receipt, Receipt]


def test_keys_of_two_root_files_are_no_pair(town: Town, ticks: Ticks) -> None:
    put_root(town, **ROTATED)
    ticks.now += LOOK_INTERVAL_S
    mixed = make_envelope(1, court_key=NEW_COURT.key_id)
    assert read_refusal(town, town.deliver(mixed).answers[0]).reason is RefusalReason.WRONG_KEYS


def test_process_that_has_the_old_file_still_accepts_what_another_one_knows(town: Town) -> None:
    put_root(town, **ROTATED)
    open_parts(town.settings, town.now).store.close()  # another machine's ingest has the new file already
    assert town.deliver(make_envelope(1, **NEW_KEYS)).answers[0].receipt


def test_keys_of_another_jurisdiction_are_not_taken(town: Town) -> None:
    elsewhere = replace(town.parts, root=replace(town.parts.root, jurisdiction="elsewhere"), named_keys=frozenset())
    there = Town(town.settings_path, town.settings, elsewhere)
    (answer,) = there.deliver(make_envelope(1)).answers
    assert read_refusal(town, answer).reason is RefusalReason.WRONG_KEYS


def break_signature(town: Town) -> None:
    put_root(town, NoteSigner(ROOT_SIGNER.name, new_key()))


BAD_FILES: dict[str, Callable[[Town], object]] = {
    "empty": lambda town: town.settings.root.write_text(""),
    "half a file": lambda town: town.settings.root.write_text(town.parts.root_note[:200]),
    "no text": lambda town: town.settings.root.write_bytes(b"\xff\xfe"),
    "gone": lambda town: town.settings.root.unlink(),
    "another's signature": break_signature,
    "another receipt key": lambda town: put_root(town, receipt_key=new_key().public),
    "another profile": lambda town: put_root(town, profile="00" * 32),
    "another kind": lambda town: put_root(town, kind=RootKind.REGISTRATION),
    "an older one put back": lambda town: put_root(town, valid_from=town.parts.root.valid_from - timedelta(days=1)),
    "not yet valid": lambda town: put_root(town, valid_from=town.now + timedelta(days=1)),
}


@pytest.mark.parametrize("case", BAD_FILES)
def test_bad_root_file_is_refused_and_the_old_one_stays_in_force(town: Town, ticks: Ticks, case: str) -> None:
    old: RootFile = town.parts.root
    BAD_FILES[case](town)
    with capture_logs() as logs:
        for sequence in range(1, 4):
            ticks.now += LOOK_INTERVAL_S
            reply = town.deliver(make_envelope(sequence))
            assert (reply.acknowledged_through, reply.root_digest) == (sequence, old.digest)
    assert [line["event"] for line in logs] == ["root file refused, the one before stays in force"]
    assert town.client.get("/v1/root").text == town.parts.root_note
    good = put_root(town, **ROTATED)
    ticks.now += LOOK_INTERVAL_S
    assert town.client.get("/v1/root").text == good


def test_root_file_that_was_put_there_early_is_in_force_when_its_time_comes(town: Town, ticks: Ticks) -> None:
    early = put_root(town, valid_from=town.now + timedelta(hours=1), **ROTATED)
    ticks.now += LOOK_INTERVAL_S
    assert town.client.get("/v1/root").text != early
    town.now += timedelta(hours=1)
    ticks.now += AGAIN_INTERVAL_S
    assert town.client.get("/v1/root").text == early
