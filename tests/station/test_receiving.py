"""What the station refuses: whatever hostile relays or altered offices bring, nobody sees it, and oversight hears."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from records.comparing.annex import sign_annex
from records.comparing.errors import AlertFault, AnnexRefused
from records.comparing.mail import LetterKind, Role, decode_refusal, open_letter, parse_letter, verify_letter
from records.comparing.passing_keys import sign_passing_key
from records.comparing.people import ComparedName
from records.comparing.permits import Stop, sign_permit, sign_stop
from records.comparing.relay_wire import SealedAlert
from records.errors import RootRefused
from records.root import RootKind
from station.alerts import receiving
from station.alerts.standing import RELAY_SILENT_AFTER_S, Standing, StandingBoard
from station.errors import KeysRefused
from station.parts import open_station
from station.store.papers import START, list_letters
from tests.records.comparing import guest, world
from tests.records.comparing.guest import PERMIT
from tests.records.comparing.world import NOW, digest
from tests.service.small_service import WEAK
from tests.station.small_station import PERMIT_NOTE, SmallStation, change_place

OTHER_HANDLE = digest("other")[:16]
STRANGER = replace(guest.PERSON, names=(ComparedName("李四"),), number=world.make_number(world.date(1971, 1, 2)))


@pytest.fixture
def small(tmp_path: Path) -> Iterator[SmallStation]:
    small = SmallStation(tmp_path)
    yield small
    small.close()


def list_reports(small: SmallStation) -> list[AlertFault]:
    """What oversight reads, after the letters were sent."""
    small.station.post.send(small.relay)  # type: ignore[arg-type]
    found = []
    for body in small.relay.posted:
        letter = parse_letter(body)
        assert (letter.receiver, letter.kind) == (Role.OVERSIGHT, LetterKind.REFUSAL_REPORT)
        verify_letter(letter, world.STATION.key.public)
        report = decode_refusal(open_letter(letter, world.OVERSIGHT_BOX))
        assert report.day == small.now.date()
        found.append(report.fault)
    return found


def take(small: SmallStation, row: SealedAlert) -> AlertFault | None:
    """Have a row come; returns why it was refused."""
    assert small.station.receiver.take([row]) == [row.id], "the relay may forget it in either case"
    reports = list_reports(small)
    assert bool(reports) != bool(small.station.book.list_open())
    return reports[-1] if reports else None


def test_alert_that_holds_is_kept(small: SmallStation) -> None:
    assert take(small, small.make_row()) is None


def _withdrawn_place(small: SmallStation) -> SealedAlert:
    """A relay that puts the place of another guest beside the alert."""
    return structs.replace(small.make_row(), place=small.make_row(person=STRANGER).place)


def _cut(small: SmallStation) -> SealedAlert:
    row = small.make_row()
    return structs.replace(row, block=row.block[:-1])


def _under_old_key(small: SmallStation) -> SealedAlert:
    row = small.make_row()
    small.wait(days=4)
    small.station.keeper.go_round()
    return row


HOSTILE: dict[str, tuple[Callable[[SmallStation], SealedAlert], AlertFault]] = {
    "another house": (lambda s: s.make_row(venue=digest("house")[:16]), AlertFault.VENUE),
    "another guest's place": (_withdrawn_place, AlertFault.PERSON),
    "a listed person's data over another guest": (
        lambda s: s.make_row(place=guest.place_for(STRANGER)), AlertFault.PERSON,
    ),
    "another handle": (lambda s: s.make_row(handle=OTHER_HANDLE, **{"block": s.make_row().block}), AlertFault.FORM),
    "cut short": (_cut, AlertFault.FORM),
    "unknown key": (lambda s: s.make_row(day_key_id=bytes(8)), AlertFault.FORM),
    "key destroyed": (_under_old_key, AlertFault.FORM),
    "no decision within a slip": (
        lambda s: s.make_row(person=STRANGER, place=guest.place_for(STRANGER)), AlertFault.DOCUMENT,
    ),
    "unsigned decision": (
        lambda s: s.make_row(decision_note=guest.DECISION.note.replace("Demo 17", "Demo 18")), AlertFault.DECISION,
    ),
    "not under the permit": (lambda s: s.make_row(leaf_index=3), AlertFault.INCLUSION),
    "a reason of a kind that there is not": (
        lambda s: s.make_row(reasons=(replace(guest.REASON, feature="ethnicity"),)), AlertFault.FORM,
    ),
    "compared before check-in": (
        lambda s: s.make_row(place=change_place(checked_in_at=NOW - timedelta(minutes=5))), AlertFault.CHECK_IN,
    ),
    "compared in time to come": (
        lambda s: s.make_row(place=change_place(compared_at=NOW + timedelta(minutes=9))), AlertFault.CLOCK,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_alert_that_does_not_hold_is_refused_counted_and_reported(small: SmallStation, name: str) -> None:
    make, fault = HOSTILE[name]
    assert take(small, make(small)) is fault
    assert small.station.book.read_count("refused:") == 1
    assert ("keeper", "refuse alert", str(fault)) in small.list_acts()


def test_alert_under_a_permit_that_nobody_issued_is_refused(tmp_path: Path) -> None:
    small = SmallStation(tmp_path)
    small.station.close()
    (small.folder / "station" / "station.db").unlink()
    small.relay.told = structs.replace(small.relay.told, permit="")
    small.open()
    assert take(small, small.make_row()) is AlertFault.PERMIT
    small.close()


def test_alert_of_after_the_stop_is_refused_and_one_of_before_is_not(small: SmallStation) -> None:
    stop = sign_stop(Stop(PERMIT.jurisdiction, 12, NOW - timedelta(minutes=5)), world.PERMIT)
    small.hear(stop=stop)
    assert small.station.board.find() is Standing.STOPPED
    small.hear(stop="")
    assert small.station.board.find() is Standing.STOPPED, "a stop that is withheld again is still a stop"
    late = change_place(compared_at=NOW - timedelta(minutes=4))
    assert take(small, small.make_row(place=late)) is AlertFault.STOPPED
    small.relay.posted.clear()
    assert small.station.receiver.take([small.make_row(handle=OTHER_HANDLE)])
    assert len(small.station.book.list_open()) == 1


def test_stop_that_comes_before_its_permit_counts(small: SmallStation) -> None:
    later = replace(PERMIT, number=13)
    small.hear(permit="", stop=sign_stop(Stop(PERMIT.jurisdiction, 13, NOW), world.PERMIT))
    passing = sign_passing_key(13, NOW, world.make_box("passing key").public, world.OFFICE.key)
    small.hear(permit=sign_permit(later, world.LIST, world.PERMIT), stop="", passing_key=passing)
    assert small.station.board.find() is Standing.STOPPED


def test_second_permit_under_one_number_is_none(small: SmallStation) -> None:
    other = sign_permit(replace(PERMIT, list_root=digest("another list")), world.LIST, world.PERMIT)
    small.hear(permit=other)
    assert small.station.board.find() is Standing.NO_PERMIT
    assert take(small, small.make_row()) is None, "what the first one covers is covered"


def test_rubbish_does_not_fill_the_disk_with_reports(small: SmallStation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receiving, "MOST_REPORTS", 3)
    rubbish = [structs.replace(small.make_row(), block=b"", id=number) for number in range(7)]
    assert len(small.station.receiver.take(rubbish)) == 7
    assert small.station.book.read_count("refused:") == 7
    with small.station.store.reading() as connection:
        assert len(list_letters(connection, START, 50)) == 3


def test_report_of_a_refusal_names_nobody(small: SmallStation) -> None:
    take(small, small.make_row(venue=digest("house")[:16]))
    (body,) = small.relay.posted
    opened = open_letter(parse_letter(body), world.OVERSIGHT_BOX)
    for secret in ("王小明", guest.PERSON.number, "203", "云溪", "Demo 17"):
        assert secret.encode() not in opened


def find_standing(small: SmallStation, silent_s: float = 0.0, **changes: Any) -> Standing:
    times = iter([0.0, 0.0, silent_s])
    board = StandingBoard(NOW + timedelta(days=30), lambda: small.now, lambda: next(times))
    receiver = replace(small.station.receiver, board=board)
    receiver.hear(structs.replace(small.relay.told, **changes))
    return board.find()


def test_banner_says_why_comparison_is_off(small: SmallStation) -> None:
    fresh = sign_passing_key(12, small.now, world.make_box("passing key").public, world.OFFICE.key)
    old = sign_passing_key(12, small.now - timedelta(minutes=6), world.make_box("passing key").public, world.OFFICE.key)
    other = sign_passing_key(11, small.now, world.make_box("passing key").public, world.OFFICE.key)
    forged = sign_passing_key(12, small.now, world.make_box("passing key").public, world.STATION.key)
    assert find_standing(small) is Standing.ON
    assert find_standing(small, permit="") is Standing.NO_PERMIT
    assert find_standing(small, permit=PERMIT_NOTE.replace("decisions: 5", "decisions: 6")) is Standing.NO_PERMIT
    assert find_standing(small, passing_key=fresh) is Standing.ON
    for bad in (old, other, forged, b"", b"rubbish"):
        assert find_standing(small, passing_key=bad) is Standing.OFFICE_SILENT
    assert find_standing(small, is_office_silent=True) is Standing.OFFICE_SILENT
    assert find_standing(small, is_office_silent=True, permit="") is Standing.NO_PERMIT
    assert find_standing(small, silent_s=RELAY_SILENT_AFTER_S + 1) is Standing.RELAY_SILENT
    small.wait(hours=21)
    assert find_standing(small, passing_key=fresh) is Standing.NO_PERMIT, "it has run out"
    small.wait(days=31)
    assert find_standing(small) is Standing.ANNEX_ENDED


def test_nothing_heard_yet_is_not_on(small: SmallStation) -> None:
    board = StandingBoard(NOW + timedelta(days=30), lambda: small.now, lambda: 0.0)
    assert board.find() is Standing.STARTING


def test_station_opens_beside_a_demonstration_on_one_machine_alone(tmp_path: Path) -> None:
    small = SmallStation(tmp_path)
    small.close()
    settings = small.settings
    for change in ({"relay": "http://relay.example.org"}, {"address": "0.0.0.0"}, {"origin": "https://10.0.0.7"}):
        with pytest.raises(RootRefused):
            open_station(structs.replace(settings, **change), lambda: NOW, WEAK)
    note, _ = world.make_root(RootKind.REGISTRATION)
    (tmp_path / "root.note").write_text(note, encoding="utf-8")
    with pytest.raises((AnnexRefused, RootRefused)):
        open_station(settings, lambda: NOW, WEAK)
    small.write_files()
    annex = sign_annex(world.make_annex(station_key=world.make_signer("somebody").verifier), world.ROOT)
    (tmp_path / "annex.note").write_text(annex, encoding="utf-8")
    with pytest.raises(KeysRefused):
        open_station(settings, lambda: NOW, WEAK)
