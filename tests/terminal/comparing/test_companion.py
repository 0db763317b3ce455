"""Each guest is compared once or never, whatever relay, desk or central do."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from msgspec import structs

from records.comparing.comparison import Comparison
from records.comparing.passing_keys import MAX_CLOCK_ERROR, sign_passing_key
from records.comparing.places import open_place
from records.comparing.relay_wire import SEAL_AGAIN, SETTLED
from records.documents import DocumentKind, HowRead
from terminal.comparing.companion import MOST_TRIES, TOLD_LASTS_S, ComparingCompanion
from terminal.comparing.line import Reply
from terminal.comparing.told import Off
from terminal.comparing.words import say_whether
from tests.records.comparing import world
from tests.records.comparing.world import NOW, digest
from tests.terminal.comparing.kit import DAY_SECRET, PASSING_SECRET, Kit, make_permit


@pytest.fixture
def kit(tmp_path: Path) -> Iterator[Kit]:
    kit = Kit(tmp_path)
    yield kit
    kit.companion.stop()


def always(reply: Reply) -> object:
    return lambda _: reply


def test_guest_is_compared_once_after_the_receipt(kit: Kit) -> None:
    stay = kit.check_in(has_receipt=False)
    kit.look(3)
    assert kit.relay.blinds == [], "nothing leaves before the receipt"
    kit.receive(stay)
    kit.look(5)
    (comparison,) = kit.relay.comparisons
    assert kit.why(stay) == "settled"
    place = open_place(comparison.place, DAY_SECRET, comparison.handle, 12)
    assert (place.room, place.checked_in_at) == ("203", NOW)
    kit.restart()
    kit.look(3)
    assert len(kit.relay.comparisons) == len(kit.relay.blinds) == 1


@pytest.mark.parametrize(
    "guest",
    [
        {"born": date(2008, 11, 23)},
        {"how_read": HowRead.TYPED},
        {"kind": DocumentKind.NONE, "number": ""},
        {"kind": DocumentKind.OTHER, "number": "A1234567"},
        {"number": "A1"},
        {"number": "11010119900307123X"},
        {"kind": DocumentKind.PASSPORT, "number": "L898902C3"},
    ],
    ids=["minor", "typed", "no document", "other document", "number too short", "a real number", "a real state"],
)
@pytest.mark.parametrize("is_open", [True, False], ids=["known at once", "known later"])
def test_some_are_never_compared_nor_their_numbers_asked_about(
    kit: Kit, guest: dict[str, object], is_open: bool
) -> None:
    stay = kit.check_in(is_open=is_open, **guest)
    kit.look(3)
    kit.open_house(stay, **guest)
    kit.look(3)
    assert kit.relay.blinds == []
    assert kit.why(stay) == "never"


def test_who_comes_of_age_today_is_compared(kit: Kit) -> None:
    assert kit.why(kit.check_in(born=date(2008, 11, 22))) == "settled"


def test_who_checked_in_without_a_permit_is_never_compared(kit: Kit) -> None:
    kit.relay.permit = None
    stay = kit.check_in()
    kit.permit(13)
    kit.pass_time(61)
    assert kit.why(stay) == "no permit"
    assert kit.relay.blinds == []
    assert kit.why(kit.check_in(2)) == "settled", "who comes later is compared"


def test_guest_who_comes_before_the_offices_key_waits_for_seconds_and_not_for_a_minute(kit: Kit) -> None:
    kit.relay.has_keys = False
    stay = kit.check_in()
    assert kit.companion._find_pause_s() <= 10
    kit.relay.has_keys = True
    kit.pass_time(11)
    assert kit.why(stay) == "settled"
    # What is gone from the house keeps nobody awake.
    kit.relay.has_keys = False
    kit.pass_time(11)
    kit.check_in(2)
    kit.house.clear()
    kit.look()
    kit.clock.pass_time(11)
    assert kit.companion._find_pause_s() > 10


def test_who_was_seen_too_late_is_never_compared(kit: Kit) -> None:
    """As after the loss of the companion's own file, or where it was added to a counter with guests."""
    kit.relay.answer = lambda _: Reply(503, b"")
    stay = kit.check_in()
    kit.companion.stop()
    (kit.folder / "comparing.db").unlink()
    for rest in kit.folder.glob("comparing.db-*"):
        rest.unlink()
    kit.clock.pass_time(121)
    kit.open()
    kit.relay.comparisons.clear()
    kit.look(3)
    assert kit.why(stay) == "no permit"
    assert kit.relay.comparisons == []


def wait_for_answers(kit: Kit, reply: Reply = Reply(503, b"")) -> str:  # noqa: B008 - a frozen value
    """A guest whose comparison the relay does not settle."""
    kit.relay.answer = lambda _: reply
    stay = kit.check_in()
    assert len(kit.relay.comparisons) == 1
    kit.relay.comparisons.clear()
    return stay


def test_another_permit_settles_for_good_also_when_the_first_comes_back(kit: Kit) -> None:
    stay, first = wait_for_answers(kit), kit.relay.permit
    kit.permit(13)
    kit.pass_time(61)
    kit.relay.permit = first
    kit.pass_time(61)
    kit.pass_time(3600)
    assert kit.relay.comparisons == []
    assert kit.why(stay) == "other permit"
    assert len(kit.relay.blinds) == 1


def test_guest_is_not_compared_under_a_second_permit_of_the_same_number(kit: Kit) -> None:
    stay = wait_for_answers(kit)
    kit.permit(12, list_root=digest("another list"))
    kit.pass_time(61)
    kit.pass_time(3600)
    assert (kit.relay.comparisons, kit.why(stay)) == ([], "")


def test_second_permit_under_one_number_compares_nobody(kit: Kit) -> None:
    kit.check_in(1)
    kit.permit(12, list_root=digest("another list"))
    kit.clock.pass_time(11)
    assert kit.why(kit.check_in(2)) == "no permit"
    assert len(kit.relay.comparisons) == 1


def test_relay_that_rewinds_to_an_earlier_permit_gets_nothing(kit: Kit) -> None:
    kit.permit(13)
    kit.check_in(1)
    kit.permit(12)
    kit.clock.pass_time(61)
    assert kit.why(kit.check_in(2)) == "no permit"
    assert [each.permit for each in kit.relay.comparisons] == [13]


def test_what_was_stopped_is_never_made_up_for(kit: Kit) -> None:
    stay = wait_for_answers(kit)
    kit.relay.say_stop()
    kit.pass_time(61)
    assert kit.why(stay) == "stopped"
    kit.relay.stop = ""
    assert kit.why(kit.check_in(2)) == "no permit", "a stop that is withheld again is still a stop"
    kit.restart()
    assert kit.why(kit.check_in(3)) == "no permit", "also after a restart"
    kit.permit(13)
    kit.pass_time(61)
    assert kit.relay.comparisons == []


def test_after_a_day_nobody_is_compared(kit: Kit) -> None:
    kit.permit(12, valid_until=NOW + timedelta(hours=34))
    stay = wait_for_answers(kit)
    kit.pass_time(timedelta(hours=23, minutes=59).seconds)
    assert len(kit.relay.comparisons) == 1
    kit.pass_time(60)
    kit.pass_time(3600)
    assert kit.why(stay) == "late"
    assert len(kit.relay.comparisons) == 1


def test_who_has_left_is_not_compared(kit: Kit) -> None:
    stay = wait_for_answers(kit)
    kit.change(stay, departed_at=kit.clock.now)
    kit.pass_time(600)
    assert kit.why(stay) == "left"
    kit.change(stay, departed_at=None)
    kit.pass_time(600)
    assert kit.relay.comparisons == []
    kit.house.clear()
    kit.look()
    assert kit.companion._ledger.list_all() == {}


def test_number_that_was_corrected_meanwhile_is_not_asked_about_again(kit: Kit) -> None:
    stay = wait_for_answers(kit)
    kit.open_house(stay, number=world.make_number(date(1990, 3, 7), sequence=31))
    kit.receive(stay)
    kit.pass_time(61)
    assert (kit.why(stay), kit.relay.comparisons, len(kit.relay.blinds)) == ("never", [], 1)


def test_nothing_of_a_guest_stays_in_memory_once_they_are_gone(kit: Kit) -> None:
    wait_for_answers(kit)
    comparer = kit.companion._comparer
    assert comparer is not None
    assert len(comparer._numbers) == 1
    kit.house.clear()
    kit.look()
    assert comparer._numbers == {}
    kit.relay.answer = lambda _: Reply(200, SETTLED)
    kit.check_in(2)
    assert comparer._numbers == {}


def test_there_are_at_most_twenty_tries_all_under_one_handle_and_one_evaluation(kit: Kit) -> None:
    stay = wait_for_answers(kit)
    for _ in range(40):
        kit.pass_time(601)
    assert len(kit.relay.comparisons) == MOST_TRIES - 1
    assert kit.why(stay) == "given up"
    assert len({(each.handle, each.permit) for each in kit.relay.comparisons}) == 1
    assert len(kit.relay.blinds) == 1
    assert len({each.part for each in kit.relay.comparisons}) == MOST_TRIES - 1, "sealed anew each time"


def test_who_was_tried_in_vain_for_minutes_is_compared_seconds_after_all_runs_again(kit: Kit) -> None:
    stay = wait_for_answers(kit)
    for _ in range(50):
        kit.pass_time(4)
    assert kit.why(stay) == "", "there are tries left"
    kit.relay.answer = lambda _: Reply(200, SETTLED)
    for _ in range(5):
        kit.pass_time(4)
    assert kit.why(stay) == "settled"


def test_tries_are_counted_across_restarts_and_the_handle_stays(kit: Kit) -> None:
    stay = wait_for_answers(kit)
    handle = kit.companion._ledger.list_all()[stay].handle
    for _ in range(30):
        kit.restart()
        kit.pass_time(601)
    assert {each.handle for each in kit.relay.comparisons} == {handle}
    assert len(kit.relay.comparisons) == MOST_TRIES - 1


def test_seal_again_is_the_same_handle_under_another_passing_key(kit: Kit) -> None:
    stay = wait_for_answers(kit, Reply(409, SEAL_AGAIN))
    kit.relay.answer = lambda _: Reply(200, SETTLED)
    kit.pass_time(61)
    (again,) = kit.relay.comparisons
    assert again.handle == kit.companion._ledger.list_all()[stay].handle
    assert kit.why(stay) == "settled"
    assert len(kit.relay.blinds) == 1


@pytest.mark.parametrize(
    "reply", [Reply(200, b""), Reply(200, b"settled\n"), Reply(409, b"settled"), Reply(500, SETTLED), Reply(302, b"")]
)
def test_only_the_very_answer_settles(kit: Kit, reply: Reply) -> None:
    assert kit.why(wait_for_answers(kit, reply)) == ""


@pytest.mark.parametrize("fault", ["other secret", "bent", "cut", "refused"])
def test_evaluation_that_is_not_proved_under_the_permit_is_never_sent(kit: Kit, fault: str) -> None:
    if fault == "other secret":
        kit.relay.secret = bytes(31) + b"\x02"
    else:
        bent = {"bent": Reply(200, bytes(24 * 32 + 64)), "cut": Reply(200, b""), "refused": Reply(409, b"")}
        kit.relay.blind_answer = lambda _: bent[fault]
    stay = kit.check_in()
    for _ in range(30):
        kit.pass_time(601)
    assert kit.relay.comparisons == []
    assert kit.why(stay) == "given up"
    assert len(kit.relay.blinds) == MOST_TRIES
    assert len(set(kit.relay.blinds)) == 1, "the desk is asked for one batch of a handle, again and again"


def test_desk_that_refuses_again_and_again_is_not_asked_twenty_times(kit: Kit) -> None:
    kit.relay.blind_answer = lambda _: Reply(429, b"")
    stay = kit.check_in()
    for _ in range(30):
        kit.pass_time(601)
    assert (kit.why(stay), len(kit.relay.blinds)) == ("given up", 3)


@pytest.mark.parametrize(
    "annex",
    [
        world.make_annex(valid_from=NOW - timedelta(days=2)),
        world.make_annex(max_decisions=7),
        world.make_annex(root_digest="0" * 64),
        world.make_annex(valid_until=NOW),
    ],
    ids=["earlier", "another of the same time", "another root", "expired"],
)
def test_another_annex_compares_nobody(kit: Kit, annex: object) -> None:
    kit.check_in(1)
    kit.relay.annex = annex  # type: ignore[assignment]
    kit.clock.pass_time(301)
    kit.check_in(2)
    kit.pass_time(61)
    assert len(kit.relay.comparisons) == 1


@pytest.mark.parametrize("offset_s", [121, -121])
def test_clock_that_is_off_compares_nobody_and_guests_are_told(kit: Kit, offset_s: int) -> None:
    kit.offset_s = offset_s
    stay = kit.check_in()
    assert kit.why(stay) == "no permit"
    assert kit.companion.describe() == say_whether(Off.CLOCK)
    kit.offset_s = 0
    kit.pass_time(61)
    assert kit.relay.blinds == []


def test_clock_that_goes_wrong_after_check_in_holds_the_comparison_back(kit: Kit) -> None:
    kit.offset_s = None
    stay = kit.check_in()
    kit.look(3)
    assert (kit.relay.blinds, kit.why(stay)) == ([], ""), "nobody has said yet whether the clock is right"
    kit.offset_s = 300
    kit.pass_time(61)
    assert kit.relay.blinds == []
    kit.offset_s = 3
    kit.pass_time(61)
    assert kit.why(stay) == "settled"


def test_clock_that_is_set_back_behind_what_was_signed_compares_nobody(kit: Kit) -> None:
    kit.check_in(1)
    kit.clock.now -= MAX_CLOCK_ERROR + timedelta(minutes=2)
    assert kit.why(kit.check_in(2)) == "no permit"
    assert len(kit.relay.comparisons) == 1


def test_silent_relay_takes_the_permit_away_after_five_minutes(kit: Kit) -> None:
    kit.check_in(1)
    kit.relay.is_down = True
    kit.clock.pass_time(120)
    second = kit.check_in(2)
    assert kit.why(second) == ""
    assert kit.companion.describe() == say_whether(None)
    kit.clock.pass_time(300)
    assert kit.why(kit.check_in(3)) == "no permit"
    assert kit.companion.describe() == say_whether(Off.SILENT)
    kit.relay.is_down = False
    kit.pass_time(61)
    assert kit.why(second) == "settled"


def test_office_without_keys_is_waited_for(kit: Kit) -> None:
    kit.relay.has_keys = False
    stay = kit.check_in()
    assert (kit.why(stay), kit.relay.blinds) == ("", [])
    kit.relay.has_keys = True
    kit.pass_time(61)
    assert kit.why(stay) == "settled"


def test_family_is_compared_each_for_themselves(kit: Kit) -> None:
    for number in range(6):
        kit.check_in(number, born=date(1980, 1, number + 1), has_receipt=False)
    for stay in kit.house:
        kit.receive(stay)
    kit.look(6)
    assert len({each.handle for each in kit.relay.comparisons}) == len(kit.relay.comparisons) == 6


def test_nothing_of_a_person_is_on_the_disk(kit: Kit, caplog: pytest.LogCaptureFixture) -> None:
    stay = wait_for_answers(kit)
    kit.check_in(2, born=date(2010, 1, 1))
    number = kit.house[stay][1].guest.document.number  # type: ignore[union-attr]
    for each in kit.folder.rglob("*"):
        data = each.read_bytes()
        for secret in ("王小明", "小明", number, "1990", "203", "云溪"):
            assert secret.encode() not in data, each.name
        assert each.stat().st_mode & 0o077 == 0
    assert not any("王" in record.getMessage() or number in record.getMessage() for record in caplog.records)


def test_notice_says_whether_it_is_on_and_never_speaks_of_anybody(kit: Kit) -> None:
    assert kit.companion.describe() == say_whether(Off.SILENT), "before anything was heard"
    kit.look()
    on = kit.companion.describe()
    assert set(on) == {"zh", "en"}
    assert "已开启" in on["zh"]
    kit.check_in(1)
    kit.check_in(2, born=date(2010, 1, 1))
    assert kit.companion.describe() == on, "the same whoever is in house"
    kit.relay.say_stop()
    kit.pass_time(61)
    assert kit.companion.describe() == say_whether(Off.STOPPED)
    kit.permit(13)
    kit.relay.permit = replace(make_permit(13), valid_until=kit.clock.now + timedelta(minutes=2))
    kit.pass_time(61)
    assert kit.companion.describe() == on
    kit.clock.pass_time(60)
    assert "未开启" in kit.companion.describe()["zh"]
    for off in Off:
        assert all(say_whether(off)[language].strip() for language in ("zh", "en"))


def test_without_settings_nobody_is_compared_and_the_notice_says_so(kit: Kit) -> None:
    from terminal.comparing import make_companion

    kit.companion.stop()
    kit.companion = make_companion(kit.context)
    assert isinstance(kit.companion, ComparingCompanion)
    kit.companion.start()
    stay = kit.check_in()
    assert kit.why(stay) == "no permit"
    assert kit.companion.describe() == say_whether(Off.NOT_SET_UP)


def test_comparison_names_what_the_permit_covers(kit: Kit) -> None:
    kit.check_in()
    (comparison,) = kit.relay.comparisons
    assert isinstance(comparison, Comparison)
    assert comparison.permit == 12


def test_try_that_waited_for_a_thread_does_not_go_by_older_words_of_the_relay(kit: Kit) -> None:
    stay = kit.check_in(has_receipt=False)
    kit.receive(stay)
    told, told_at_s = kit.companion._told, kit.companion._told_at_s
    kit.clock.pass_time(TOLD_LASTS_S + 1)
    kit.relay.say_stop()
    kit.companion._try(stay, told, told_at_s)
    assert (kit.relay.blinds, kit.relay.comparisons) == ([], [])
    kit.pass_time(61)
    assert kit.why(stay) == "stopped"


def test_office_shuts_no_counter_for_longer_than_the_annex(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it signs for years to come would otherwise make every clock look wrong for years."""
    honest = kit.relay.read_comparing
    far = sign_passing_key(12, NOW + timedelta(days=3650), PASSING_SECRET.public, world.OFFICE.key)
    with monkeypatch.context() as patch:
        patch.setattr(kit.relay, "read_comparing", lambda: structs.replace(honest(), passing_key=far))
        kit.check_in(1)
    kit.pass_time(61)
    assert kit.why(kit.check_in(2)) == "settled"
