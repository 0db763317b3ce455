"""What stands behind the pages: health and its limits, plots, totals of a day, figures in words."""

import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from central.console.overview import Received, Refusals, sum_received, sum_refusals
from central.console.place import is_origin_safe, require_console_place
from central.console.plots import Plot, Series, draw_fleet, draw_terminal
from central.console.wording import WORDING, say_age, say_clock, say_health, say_size, shorten_id
from central.fleet.states import FleetState, SeenTerminal
from central.health import (
    FEW_FREE_BYTES,
    FEW_KEY_DAYS,
    KEEPER_LATE_S,
    Grade,
    Health,
    check_keeper,
    check_room,
    check_root_file,
)
from central.store.fleet import SLOT_S
from central.store.totals import SLOTS_PER_DAY, FleetSlot, KeeperPass, SecondCopy
from records.errors import RootRefused
from service.pages import load_words
from tests.central.town import START, Town

WORDS = {language: load_words("central.console", language) for language in ("zh", "en")}
NOW_S = int(START.timestamp())
TODAY = NOW_S // 86_400


def find_codes(done: KeeperPass | None, **more: Any) -> set[str]:
    found = list(check_keeper(done, START, **{"is_demonstration": False, **more}))
    for words in WORDS.values():
        for each in found:
            assert say_health(words, each)
            assert each.grade is Grade.GOOD or words(f"health.do_{each.code}")
    return {each.code for each in found}


@pytest.mark.parametrize(
    ("done", "codes"),
    [
        (None, {"keeper_never"}),
        (KeeperPass(NOW_S - 60, TODAY + 8, SecondCopy.HERE), {"keeper_passed", "keys_ahead", "second_copy_here"}),
        (KeeperPass(NOW_S - KEEPER_LATE_S, TODAY + FEW_KEY_DAYS, SecondCopy.DIFFERS),
         {"keeper_passed", "keys_ahead", "second_copy_differs"}),
        (KeeperPass(NOW_S - KEEPER_LATE_S - 1, TODAY + FEW_KEY_DAYS - 1, SecondCopy.AWAY),
         {"keeper_late", "keys_few", "second_copy_away"}),
        (KeeperPass(NOW_S - 90_000, TODAY - 1, SecondCopy.NONE), {"keeper_late", "keys_none", "second_copy_none"}),
        (KeeperPass(NOW_S + 60, None, SecondCopy.HERE), {"keeper_passed", "keys_none", "second_copy_here"}),
    ],
)  # fmt: skip
def test_keepers_pass_is_judged_by_its_age_keys_and_copy(done: KeeperPass | None, codes: set[str]) -> None:
    assert find_codes(done) == codes


def test_demonstration_is_not_blamed_for_having_one_disk() -> None:
    done = KeeperPass(NOW_S, TODAY + 8, SecondCopy.NONE)
    assert "second_copy_demonstration" in find_codes(done, is_demonstration=True)


def test_root_file_is_judged_by_its_days_and_its_signature(sqlite_town: Town) -> None:
    settings = sqlite_town.settings

    def look(days: float) -> str:
        about, root = check_root_file(settings, START + timedelta(days=days))
        assert root is not None
        assert all(say_health(words, about) for words in WORDS.values())
        return about.code

    assert [look(days) for days in (0, 254.9, 255.1, 299.5, 300)] == [
        "root_valid", "root_valid", "root_expires", "root_expires", "root_expired",
    ]  # fmt: skip
    assert check_root_file(replace(settings, root=Path("/nowhere")), START)[0].code == "root_missing"
    settings.root.write_text(settings.root.read_text().replace("http", "hxtp"))
    assert check_root_file(settings, START)[0].code == "root_refused"


def test_little_room_is_told_before_there_is_none() -> None:
    assert check_room(FEW_FREE_BYTES, 1).code == "room_enough"
    assert check_room(FEW_FREE_BYTES - 1, 1).grade is Grade.WRONG


def test_every_code_of_health_that_needs_somebody_says_what_to_do() -> None:
    for words in WORDS.values():
        keys = {key.removeprefix("health.") for key in words.list_keys() if key.startswith("health.")}
        needs = {
            key
            for key in keys
            if not key.startswith("do_") and key.endswith(("_late", "_never", "_few", "_away", "_expired", "_missing"))
        }
        assert {f"do_{key}" for key in needs} <= keys


def make_slot(slot: int, records: int | None = 2) -> FleetSlot:
    return FleetSlot(slot, heard=9, silent=1, queue=0, oldest_s=7200, records=records)


def test_plot_of_the_fleet_has_gaps_where_nothing_was_summed_up() -> None:
    now_slot = NOW_S // SLOT_S
    plots = {plot.key: plot for plot in draw_fleet([make_slot(now_slot - 3), make_slot(now_slot - 1, None)], START)}
    heard, silent = plots["terminals"].series
    assert (heard.values[-3:], silent.values[-3:]) == ([9, None, 9], [1, None, 1])
    assert plots["records"].series[0].values[-3:] == [2, None, None]
    assert plots["records"].has_gaps
    assert plots["oldest"].series[0].values[-1] == 2.0
    assert len(heard.values) == len(plots["terminals"].times) == SLOTS_PER_DAY - 1
    assert draw_fleet([], START)[0].is_empty


def test_plot_of_a_terminal_counts_silence_as_silence() -> None:
    row = type("Row", (), {"slot": NOW_S // SLOT_S - 2, "beats": 5, "reader_down": 1, "oldest_s": 4000,
                           "clock_offset_s": 3, "free_disk_mib": 2048})  # fmt: skip
    plots = {plot.key: plot for plot in draw_terminal([row], START)}
    assert plots["beats"].series[0].values[-2:] == [5, 0]
    assert plots["oldest"].series[0].values[-2:] == [1.0, None]
    assert plots["disk"].series[0].values[-2] == 2.0
    assert "queue" not in plots
    assert all(plot.is_empty for plot in draw_terminal([], START))


def test_hours_of_a_plot_have_the_value_that_stands_for_them() -> None:
    times = [slot * SLOT_S for slot in range(24)]
    values = [None, *range(1, 24)]
    plot = Plot(
        "x", times, (Series("worst", list(values)), Series("least", list(values), min), Series("all", [1] * 24, sum))
    )
    assert [row for _, row in plot.list_hours()] == [[23, 12, 12], [11, 1, 12]]


def test_today_begins_at_midnight_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for zone, today in (("UTC", 22), ("Asia/Shanghai", 6), ("America/New_York", 18)):
        monkeypatch.setenv("TZ", zone)
        time.tzset()
        now = datetime(2026, 3, 10, 22, 0, tzinfo=UTC)
        last = int(now.timestamp()) // SLOT_S - 1
        slots = [make_slot(slot, 1) for slot in range(last - 400, last + 1)]
        found = sum_received(slots, now)
        assert (found.today, found.last_day) == (today * 12, SLOTS_PER_DAY - 1)
        assert found.until == now
    monkeypatch.undo()
    time.tzset()


def test_hidden_totals_stay_hidden_and_are_left_out_of_the_others() -> None:
    last = NOW_S // SLOT_S - 1
    assert sum_received([make_slot(last, None)], START).last_day is None
    assert sum_received([make_slot(last - 1, None), make_slot(last, 5)], START).last_day == 5
    assert sum_received([], START) == Received(None, None, None)


def test_refusals_are_summed_by_reason_and_nothing_else_is() -> None:
    counts = [(9, "refused: bad_signature", 2), (10, "refused: bad_signature", 1), (10, "refused heartbeat: full", 7),
              (10, "late", 1), (10, "keeper passes", 60)]  # fmt: skip
    assert sum_refusals(counts, 10) == [
        Refusals("heartbeat_full", 7, 7), Refusals("envelope_bad_signature", 1, 3), Refusals("late", 10, 10),
    ]  # fmt: skip


def test_figures_in_words() -> None:
    en = WORDS["en"]
    assert [say_age(en, each) for each in (0, 1, 59, 60, 3599, 7200, 86_400)] == [
        "0 seconds", "1 second", "59 seconds", "1 minute", "59 minutes", "2 hours", "1 day",
    ]  # fmt: skip
    assert [say_size(each) for each in (7, 1500, 2_500_000, 123_000_000_000)] == ["7 B", "1.5 kB", "2.5 MB", "123 GB"]
    assert shorten_id("5a" * 16) == "5a5a…5a5a"
    seen = SeenTerminal("", "", FleetState.ACTIVE, START, "1", None, 0, 0, -1, 0)
    assert say_clock(en, seen) == "1 second behind"
    assert say_health(en, Health("root", "root_expires", Grade.SOON, {"days": 1, "day": date(2026, 3, 1)})) == (
        "Expires in 1 day, on 1 March 2026."
    )
    assert all(callable(each) for each in WORDING.values())


@pytest.mark.parametrize(
    ("origin", "is_safe"),
    [("https://c.example.org", True), ("https://c.example.org:8443", True), ("http://127.0.0.1:8704", True),
     ("http://[::1]:8704", True), ("http://c.example.org", False), ("https://c.example.org/", False),
     ("https://", False), ("c.example.org", False), ("ftp://127.0.0.1", False), ("http://[", False)],
)  # fmt: skip
def test_password_may_cross_a_network_through_tls_alone(origin: str, is_safe: bool) -> None:
    assert is_origin_safe(origin) is is_safe


def test_console_listens_on_this_machine_alone(sqlite_town: Town) -> None:
    require_console_place(sqlite_town.settings)
    with pytest.raises(RootRefused):
        require_console_place(replace(sqlite_town.settings, address="0.0.0.0"))
