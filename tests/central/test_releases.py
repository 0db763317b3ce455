"""Releases at central: to a few, to a tenth, to all; nobody alone, nothing unsigned, and back at any time."""

from __future__ import annotations

import random
from contextlib import suppress
from http import HTTPStatus
from itertools import pairwise
from pathlib import Path

import pytest

from central.audit import CentralAct, open_audit
from central.errors import ReleaseRefused
from central.ingest.app import make_app
from central.releases import ReleaseShelf, Ring
from central.store.fleet import write_heartbeats
from central.store.schema import audit_tables
from central.store.terminals import Terminal, revoke_terminal, write_terminal
from records.log_keys import LogVerifier
from records.notes import NoteSigner
from records.release import OFFER_PATH, WHEEL_PATH, SignedRelease, decode_offer
from service.accounts import AccountAct
from service.store.audit import load_entries
from tests.central.console.small_fleet import WELL, SmallFleet, make_id
from tests.central.town import START, Town, new_key
from tests.terminal.updates.releases import LOG_SIGNER, RELEASER, make_release, make_wheel, publish

WHEEL = make_wheel({"terminal/__init__.py": b"good"})
TERMINALS = 120


@pytest.fixture
def shelf(town: Town) -> ReleaseShelf:
    """A shelf over a fleet of 120."""
    store = town.parts.store
    with store.writing() as connection:
        for number in range(TERMINALS):
            write_terminal(connection, Terminal(make_id(number), make_id(number, "venue"), new_key().public))
    return ReleaseShelf(store, town.parts.releases, open_audit(store, lambda: START), lambda: START)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "log"


def add(shelf: ReleaseShelf, log: Path, version: str = "0.2.0", wheel: bytes = WHEEL) -> str:
    signed = publish(make_release(version, wheel), log)
    return shelf.add("anna", signed, wheel, RELEASER.verifier, LogVerifier((LOG_SIGNER.verifier,)))


def count_offers(shelf: ReleaseShelf) -> int:
    return sum(shelf.find_offer(make_id(number)) is not None for number in range(TERMINALS))


def test_release_goes_to_a_few_then_to_a_tenth_then_to_all(shelf: ReleaseShelf, log: Path) -> None:
    version = add(shelf, log)
    known = shelf.list_progress()[0]
    assert (known.ring, known.offered, count_offers(shelf)) == (Ring.NOBODY, 0, 0)
    reached: set[bytes] = set()
    for actor, ring in (("anna", Ring.FEW), ("bo", Ring.TENTH), ("anna", Ring.ALL)):
        assert shelf.open_further(actor, version) is ring
        offered = {make_id(n) for n in range(TERMINALS) if shelf.find_offer(make_id(n)) is not None}
        assert reached < offered  # whoever had the offer keeps it
        reached = offered
        assert 0 <= shelf.list_progress()[0].offered - len(offered) <= 2  # the town has two of its own
    assert len(reached) == TERMINALS


def test_stranger_who_asks_costs_no_pass_over_the_fleet(
    shelf: ReleaseShelf, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf.open_further("anna", add(shelf, log))
    passes: list[object] = []
    monkeypatch.setattr("central.releases.list_active_terminals", lambda connection: passes.append(connection) or [])
    assert shelf.find_offer(b"stranger".ljust(16, b"!")) is None
    assert passes == []
    assert shelf.find_offer(make_id(0)) is None
    assert len(passes) == 1


def test_even_a_small_fleet_has_somebody_who_comes_first(town: Town, log: Path) -> None:
    store = town.parts.store
    shelf = ReleaseShelf(store, town.parts.releases, open_audit(store, lambda: START), lambda: START)
    shelf.open_further("anna", add(shelf, log))
    assert shelf.list_progress()[0].offered == 1


def test_highest_version_is_offered_and_a_revoked_terminal_gets_none(shelf: ReleaseShelf, log: Path) -> None:
    for version in ("0.9.0", "0.10.0"):
        add(shelf, log, version)
        for actor in ("anna", "bo", "anna"):
            shelf.open_further(actor, version)
    offer = shelf.find_offer(make_id(1))
    assert offer is not None
    assert "version: 0.10.0\n" in offer.note
    with shelf.store.writing() as connection:
        revoke_terminal(connection, make_id(1))
    assert shelf.find_offer(make_id(1)) is None
    shelf.withdraw("bo", "0.10.0")
    offer = shelf.find_offer(make_id(2))
    assert offer is not None
    assert "version: 0.9.0\n" in offer.note


def test_nobody_alone_brings_a_release_beyond_the_first_few(shelf: ReleaseShelf, log: Path) -> None:
    version, chance = add(shelf, log), random.Random(20261122)
    steps: list[tuple[str, Ring]] = []
    for _ in range(300):
        actor = chance.choice(["anna", "bo", "chen"])
        if chance.random() < 0.2:
            shelf.withdraw(actor, version)
            steps.clear()
        else:
            with suppress(ReleaseRefused):  # the same person again, or everywhere already
                steps.append((actor, shelf.open_further(actor, version)))
        ring = shelf.list_progress()[0].ring
        assert [each for _, each in steps] == [Ring(n) for n in range(1, ring + 1)]
        assert all(one != other for (one, _), (other, _) in pairwise(steps))


def test_account_that_the_first_one_made_opens_nothing_further(shelf: ReleaseShelf, log: Path) -> None:
    version = add(shelf, log)
    shelf.open_further("anna", version)
    shelf.audit.write("anna", AccountAct.ADDED, "puppet")
    with pytest.raises(ReleaseRefused, match="not independent"):
        shelf.open_further("puppet", version)
    assert shelf.open_further("bo", version) is Ring.TENTH


def test_only_what_the_releaser_signed_is_taken_in_and_once(shelf: ReleaseShelf, log: Path) -> None:
    signed = publish(make_release("0.2.0", WHEEL), log)
    keys = RELEASER.verifier, LogVerifier((LOG_SIGNER.verifier,))
    stranger = NoteSigner(RELEASER.name, new_key()).verifier
    for offer, wheel, key in (
        (signed, WHEEL + b"\0", RELEASER.verifier),
        (signed, WHEEL, stranger),
        (SignedRelease(signed.note, "noise"), WHEEL, RELEASER.verifier),
    ):
        with pytest.raises(ReleaseRefused, match="signature"):
            shelf.add("anna", offer, wheel, key, LogVerifier((LOG_SIGNER.verifier,)))
    assert shelf.list_progress() == []
    shelf.add("anna", signed, WHEEL, *keys)
    with pytest.raises(ReleaseRefused, match="known"):
        shelf.add("anna", signed, WHEEL, *keys)


def test_terminal_is_served_what_is_offered_and_nothing_else(shelf: ReleaseShelf, town: Town, log: Path) -> None:
    version = add(shelf, log)
    wheel_path = WHEEL_PATH + make_release(version, WHEEL).wheel
    client, one = town.client, make_id(3).hex()
    assert decode_offer(client.get(OFFER_PATH + one).data) is None
    assert client.get(wheel_path).status_code == HTTPStatus.NOT_FOUND
    for actor in ("anna", "bo", "anna"):
        shelf.open_further(actor, version)
    assert decode_offer(client.get(OFFER_PATH + one).data) == shelf.find_offer(make_id(3))
    assert client.get(wheel_path).data == WHEEL
    for odd in ("0" * 32, "zz", "..", one.upper()):
        assert decode_offer(client.get(OFFER_PATH + odd).data) is None
    for odd in ("0" * 64, "..%2Fcentral.db", "x"):
        assert client.get(WHEEL_PATH + odd).status_code == HTTPStatus.NOT_FOUND


def test_each_act_is_in_the_audit_log(shelf: ReleaseShelf, log: Path) -> None:
    version = add(shelf, log)
    shelf.open_further("anna", version)
    shelf.withdraw("bo", version)
    with shelf.store.reading() as connection:
        entries = load_entries(connection, audit_tables, 0, 10_000)
    written = [(each.actor, each.act, each.subject) for each in entries if each.subject.startswith(version)]
    assert written == [
        ("anna", CentralAct.ADD_RELEASE, version),
        ("anna", CentralAct.OPEN_RELEASE, f"{version} few"),
        ("bo", CentralAct.WITHDRAW_RELEASE, f"{version} nobody"),
    ]


def test_console_shows_how_far_a_release_has_gone(sqlite_town: Town, log: Path) -> None:
    fleet = SmallFleet(sqlite_town)
    shelf = ReleaseShelf(fleet.store, fleet.settings.releases, open_audit(fleet.store, lambda: START), lambda: START)
    with fleet.store.writing() as connection:
        for number in range(10):
            write_terminal(connection, Terminal(make_id(number), make_id(number, "venue"), new_key().public))
            beat = {**WELL, "version": "0.2.0" if number < 3 else "0.1.0"}
            row = {"terminal": make_id(number), "sent_at": fleet.now_s, "received_at": fleet.now_s, **beat}
            write_heartbeats(connection, [row], [])
    add(shelf, log)
    shelf.open_further("anna", "0.2.0")
    (found,) = shelf.list_progress()
    assert (found.ring, found.offered, found.running) == (Ring.FEW, 1, 3)


def test_wheel_goes_out_in_pieces_to_a_few_at_once(
    town: Town, shelf: ReleaseShelf, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("central.fleet.release_routes.WHEELS_AT_ONCE", 1)
    monkeypatch.setattr("central.fleet.release_routes.PIECE_BYTES", 100)
    wheel = make_wheel({"terminal/__init__.py": random.Random(1).randbytes(2000)})
    shelf.open_further("anna", add(shelf, log, "0.3.0", wheel))
    client = make_app(town.parts, lambda: START).test_client()
    path = WHEEL_PATH + make_release("0.3.0", wheel).wheel
    first = client.get(path, buffered=False)
    pieces = iter(first.response)
    assert len(next(iter(pieces))) == 100
    assert first.headers["Content-Length"] == str(len(wheel))
    put_off = client.get(path)
    assert (put_off.status_code, put_off.headers["Retry-After"]) == (HTTPStatus.SERVICE_UNAVAILABLE, "30")
    first.close()  # somebody who hangs up leaves their place
    for _ in range(3):
        assert client.get(path).data == wheel
