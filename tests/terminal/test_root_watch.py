"""Root files that change while the terminal runs: taken when they are later and good, and nothing lost on the way."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from drivers.sim.scripted import CardsReader
from records.notes import NoteSigner
from records.profile import load_profile
from records.root import DisclosureKey, RootFile, RootKind, choose_disclosure_keys, sign_root
from records.suite import HybridSecretKey, SigningKey
from terminal.clock import read_machine_clock
from terminal.jurisdiction import Jurisdiction
from terminal.link import HttpLink
from terminal.process import open_terminal
from terminal.root_watch import ROOT_FILE, RootWatch, choose_jurisdiction
from terminal.state import Delivery
from tests.terminal.kit import (
    COURT,
    NOW,
    OVERSIGHT,
    ROOT_SIGNER,
    Kit,
    TurnedClock,
    make_bytes,
    make_root,
    make_settings,
    sign_test_root,
)
from tests.terminal.stand_in_central import StandIn
from tests.terminal.test_process import reader, wait_until

__all__ = ["reader"]

pytestmark = pytest.mark.usefixtures("quick_stretching")

VERIFIER = ROOT_SIGNER.verifier.to_text()
NEW_COURT = HybridSecretKey.from_bytes(make_bytes("court of another month", 96))
LATER = make_root(valid_from=NOW - timedelta(hours=1), court_keys=(DisclosureKey("2026-11", NEW_COURT.public),))
STRANGER = NoteSigner("root.test", SigningKey.from_bytes(make_bytes("another root", 32)))


class Watched:
    """A watch over a stand-in's root file, and what it took."""

    def __init__(self, folder: Path, central: StandIn) -> None:
        self.clock = TurnedClock()
        self.taken: list[Jurisdiction] = []
        self.path = folder / ROOT_FILE
        self.link = HttpLink(central.url)
        self.first = Jurisdiction(make_root(digest="00" * 32), load_profile("demo"))
        self.watch = RootWatch(
            self.first, self.path, VERIFIER, "guesthouse", self.link, self.clock.as_clock(),  # type: ignore[arg-type]
            on_change=self.taken.append,
        )  # fmt: skip


@pytest.fixture
def watched(tmp_path: Path, central: StandIn) -> Any:
    watched = Watched(tmp_path, central)
    yield watched
    watched.link.close()


def test_later_root_is_taken_stored_and_in_force_after_a_restart(watched: Watched, central: StandIn) -> None:
    central.root_note = sign_test_root(LATER)
    watched.watch.follow(central.root_digest)
    (taken,) = watched.taken
    assert choose_disclosure_keys(taken.root, NOW)[0] == NEW_COURT.public
    again = choose_jurisdiction(watched.first, watched.path, VERIFIER, "guesthouse", NOW)  # type: ignore[arg-type]
    assert again == taken
    watched.watch.follow(central.root_digest)
    assert central.root_requests == 1


def _by_a_stranger(root: RootFile) -> str:
    return sign_root(root, STRANGER)


@pytest.mark.parametrize(
    "make_note",
    [
        lambda: sign_test_root(replace(LATER, valid_from=NOW - timedelta(days=2))),
        lambda: sign_test_root(replace(LATER, valid_from=NOW + timedelta(hours=1))),
        lambda: sign_test_root(replace(LATER, kind=RootKind.REGISTRATION)),
        lambda: sign_test_root(replace(LATER, jurisdiction="icao")),
        lambda: sign_test_root(replace(LATER, profile="00" * 32)),
        lambda: _by_a_stranger(LATER),
        lambda: sign_test_root(LATER)[:-9],
        lambda: "<html>sign in to the wireless network</html>",
    ],
    ids=["older", "not yet valid", "kind", "jurisdiction", "profile", "stranger", "cut", "no root file"],
)
def test_bad_root_is_refused_and_the_old_one_stays(
    watched: Watched, central: StandIn, make_note: Callable[[], str]
) -> None:
    central.root_note = make_note()
    watched.watch.follow(central.root_digest)
    assert (watched.taken, watched.path.exists(), central.root_requests) == ([], False, 1)
    watched.watch.follow(central.root_digest)
    assert central.root_requests == 1, "the same one is not asked for again at once"
    watched.clock.pass_time(601)
    watched.watch.follow(central.root_digest)
    assert central.root_requests == 2
    # A good one is taken at once.
    central.root_note = sign_test_root(LATER)
    watched.watch.follow(central.root_digest)
    assert len(watched.taken) == 1


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"kuaijietong root file v1\n"])
def test_stored_root_that_is_damaged_is_left_aside(watched: Watched, content: bytes) -> None:
    watched.path.write_bytes(content)
    found = choose_jurisdiction(watched.first, watched.path, VERIFIER, "guesthouse", NOW)  # type: ignore[arg-type]
    assert found is watched.first


def test_installed_root_that_is_later_than_the_stored_one_wins(watched: Watched) -> None:
    watched.path.write_text(sign_test_root(replace(LATER, valid_from=NOW - timedelta(days=9))), encoding="utf-8")
    found = choose_jurisdiction(watched.first, watched.path, VERIFIER, "guesthouse", NOW)  # type: ignore[arg-type]
    assert found is watched.first


def test_disk_that_refuses_leaves_the_old_root_in_force(
    watched: Watched, central: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: int) -> None:
        raise OSError

    central.root_note = sign_test_root(LATER)
    monkeypatch.setattr(os, "fsync", refuse)
    watched.watch.follow(central.root_digest)
    assert (watched.taken, watched.path.exists()) == ([], False)


def test_guest_refused_for_old_keys_arrives_under_the_new_ones_once(
    tmp_path: Path, central: StandIn, reader: CardsReader
) -> None:
    clock = read_machine_clock()
    new = make_root(valid_from=clock.now() - timedelta(hours=1), court_keys=LATER.court_keys)
    central.root_note = sign_test_root(new)
    central.named_keys = {(NEW_COURT.public.key_id, OVERSIGHT.public.key_id)}
    settings = make_settings(tmp_path, central=central.url)
    old = make_root(valid_from=clock.now() - timedelta(days=1), valid_until=clock.now() + timedelta(days=9))
    settings.root.write_text(sign_test_root(old), encoding="utf-8")
    with open_terminal(settings, clock) as parts:
        reader.put("wang")
        (pending,) = wait_until(lambda: parts.counter.state().pending)
        parts.counter.check_in(pending.id, "101", 2)
        wait_until(lambda: parts.counter.state().house[0].delivery is Delivery.RECEIVED)
        assert parts.counter.state().queue.waiting == 0
    assert (len(central.records), central.voids) == (1, [1])
    (accepted,) = (e for e in central.accepted.values() if e.part is not None)
    assert accepted.header.court_key == NEW_COURT.public.key_id != COURT.public.key_id
    # After a restart the first record is sealed to the new keys at once.
    reader_again = CardsReader()
    reader.events, reader.close, reader.put = reader_again.events, reader_again.close, reader_again.put  # type: ignore[method-assign]
    with open_terminal(settings, clock) as parts:
        reader.put("li")
        (pending,) = wait_until(lambda: parts.counter.state().pending)
        parts.counter.check_in(pending.id, "101", 1)
        wait_until(lambda: parts.counter.state().house[-1].delivery is Delivery.RECEIVED)
    assert (len(central.records), central.voids) == (2, [1])


def test_new_month_takes_new_keys_without_a_new_root(kit: Kit) -> None:
    december = HybridSecretKey.from_bytes(make_bytes("court of december", 96))
    keys = (*make_root().court_keys, DisclosureKey("2026-12", december.public))
    kit.desk.adopt(Jurisdiction(make_root(court_keys=keys), load_profile("demo")))
    kit.clock.pass_time(10 * 86_400)
    assert choose_disclosure_keys(kit.desk.book.jurisdiction.root, kit.clock.now)[0] == december.public
