"""The public's figures: what the desk counts and the station tells, small counts never, and nobody in them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from central.keys import count_days
from central.reports import Report, write_report
from central.store.reports import ReportDay
from oversight.comparing.central_report import read_central_report
from oversight.comparing.figures import (
    FEWEST_FOR_SHARE,
    NAMES,
    OFFICE,
    STATION,
    STATION_ACTS,
    gather_figures,
    write_acts_csv,
    write_csv,
)
from oversight.comparing.keys import KeyFile
from oversight.comparing.page.care import fetch_counts, fetch_silences, keep_acts, keep_report
from oversight.comparing.page.figure_pages import load_figures
from oversight.comparing.page.public import write_public
from oversight.comparing.store.figures import ReportedRow, replace_court
from oversight.errors import FileRefused
from oversight.keys import write_private
from oversight.log import LogLine, Step
from records.comparing.acts import Act
from records.comparing.counts import (
    ActsReport,
    CountName,
    CountsReport,
    ReportedCount,
    decode_acts,
    decode_counts,
    encode_acts,
    encode_counts,
    make_acts_report,
    make_report,
)
from records.comparing.mail import (
    CONTENT_BYTES,
    LetterKind,
    QuietNotice,
    Role,
    encode_quiet,
    open_letter,
    parse_letter,
    seal_letter,
)
from records.errors import MalformedBytes
from records.small_counts import FEWEST
from tests.commands.comparing.small_relay import run_relay
from tests.oversight.comparing.small_oversight import SmallOversight
from tests.records.comparing import world
from tests.records.comparing.bad_letters import make_bad_letters
from tests.records.comparing.world import NOW

counted = st.dictionaries(
    st.tuples(st.sampled_from(CountName), st.just(""), st.none()), st.integers(0, 10_000), max_size=len(CountName)
)


@pytest.fixture
def small(tmp_path: Path) -> Iterator[SmallOversight]:
    small = SmallOversight(tmp_path)
    yield small
    small.close()


@given(counts=counted)
def test_no_letter_tells_a_small_count_or_an_exact_one(counts: dict[tuple[CountName, str, Act | None], int]) -> None:
    report = make_report("2026-11", counts)
    assert decode_counts(encode_counts(report)) == report
    for each in report.counts:
        exact = counts[each.name, each.court, each.act]
        assert each.n is None if 0 < exact < FEWEST else each.n == exact // 5 * 5


@given(counts=counted, name=st.sampled_from(CountName))
def test_one_alert_more_changes_a_letter_by_a_step_or_not_at_all(
    counts: dict[tuple[CountName, str, Act | None], int], name: CountName
) -> None:
    before = {each.name: each.n for each in make_report("2026-11", counts).counts}
    more = {**counts, (name, "", None): counts.get((name, "", None), 0) + 1}
    after = {each.name: each.n for each in make_report("2026-11", more).counts}
    changed = {each for each in after if after[each] != before.get(each, 0)}
    assert changed <= {name}
    assert (after[name] or 0) - (before.get(name) or 0) in (0, 5)


@pytest.mark.parametrize("n", [1, 4, 6, -5, 2**32])
def test_letter_with_a_number_that_tells_too_much_is_none(n: int) -> None:
    report = CountsReport("2026-11", (ReportedCount(CountName.ENDED, n),))
    with pytest.raises(MalformedBytes):
        encode_counts(report)


@pytest.mark.parametrize("month", ["2026-13", "2026-1", "26-01", "2026-11-22", ""])
def test_letter_is_of_one_month(month: str) -> None:
    with pytest.raises(MalformedBytes):
        encode_counts(CountsReport(month, ()))


def test_letter_has_no_place_for_anything_but_counts() -> None:
    twice = ReportedCount(CountName.ENDED, 5)
    with pytest.raises(MalformedBytes):
        encode_counts(CountsReport("2026-11", (twice, twice)))
    with pytest.raises(MalformedBytes):
        encode_counts(CountsReport("2026-11", (replace(twice, court="two\nlines"),)))
    with pytest.raises(MalformedBytes):
        encode_counts(CountsReport("2026-11", (replace(twice, act=Act.TORTURE),)))
    text = b'{"month":"2026-11","counts":[],"note":"x"}'
    with pytest.raises(MalformedBytes):
        decode_counts((len(text).to_bytes(2, "big") + text).ljust(CONTENT_BYTES, b"\0"))


def test_counts_are_a_letter_of_the_station_to_oversight_and_of_nobody_else() -> None:
    content = encode_counts(make_report("2026-11", {(CountName.ENDED, "", None): 12}))
    keys = {"box": world.OVERSIGHT_BOX.public, "key": world.STATION.key}
    letter = parse_letter(seal_letter(LetterKind.COUNTS, Role.STATION, Role.OVERSIGHT, content, **keys))
    assert decode_counts(open_letter(letter, world.OVERSIGHT_BOX)).counts[0].n == 10
    for sender, receiver in ((Role.OFFICE, Role.OVERSIGHT), (Role.STATION, Role.COURT), (Role.OVERSIGHT, Role.STATION)):
        with pytest.raises(MalformedBytes):
            seal_letter(LetterKind.COUNTS, sender, receiver, content, **keys)


def test_figures_are_summed_by_month_and_unknown_is_not_nothing() -> None:
    days = {"2026-11-01": {"evaluated": 100, "permits": 1}, "2026-11-02": {"evaluated": 50, "stops": 2, "stranger": 7}}
    lines = [LogLine(NOW, "a", Step.LOOK, 1)] * 3 + [LogLine(NOW, each, Step.OPEN, 1) for each in "bcdefg"]
    told = [ReportedRow("station", "2026-11", name, "", "", n) for name, n in (("ended", 40), ("confirmed", None))]
    now, before = gather_figures(days, told, lines, {}, NOW).months[:2]
    assert {name: now.figures[name].write() for name in NAMES if now.figures[name].write() not in ("", "0")} == {
        "compared": "150", "permits": "<5", "stops": "<5", "refused_questions": "5", "ended": "40", "confirmed": "<5",
        "orders": "<5", "openings": "5",
    }  # fmt: skip
    assert before.figures["ended"].write() == ""
    assert before.figures["compared"].write() == "0"
    alone = gather_figures(None, [], None, {}, NOW).months[0]
    assert {each.write() for each in alone.figures.values()} == {""}


def test_share_confirmed_is_told_of_many_alone() -> None:
    def tell(confirmed: int, other: int) -> int | None:
        counts = {"confirmed": confirmed, "other-person": other}
        rows = [ReportedRow("station", "2026-11", name, "", "", n) for name, n in counts.items()]
        return gather_figures({}, rows, [], {}, NOW).months[0].precision

    assert FEWEST_FOR_SHARE == 20
    assert tell(10, 5) is None
    assert tell(15, 5) == 75


def test_courts_sum_does_not_give_a_small_act_away() -> None:
    on_list = {("Court", "torture"): 3, ("Court", "armed-robbery"): 13}
    found = {each.act: each.decisions.write() for each in gather_figures({}, [], [], on_list, NOW).per_act}
    # Nor does it with the exact sum that a permit tells, 16: the greater one may be 12, 13 or 14.
    assert found == {"": "15", "torture": "<5", "armed-robbery": "10"}


def test_public_files_hold_figures_and_nobody(small: SmallOversight, tmp_path: Path) -> None:
    leaf = small.bring()
    client = small.open_client()
    client.post("/decisions/next")
    client.post(f"/decisions/{leaf}/agree", data={"born": "19900307"})
    root = client.get("/list").text.partition("/list/")[2][:64]
    assert client.post(f"/list/{root}/sign").status_code == 303
    parts = small.open_parts()
    keep_report(parts, make_report("2026-11", {(CountName.ENDED, "", None): 37, (CountName.WITHDRAWN, "", None): 3}))
    made = write_public(parts, tmp_path / "public")
    texts = {path.name: path.read_text(encoding="utf-8") for path in made}
    assert set(texts) == {"comparison.csv", "comparison-by-act.csv", "comparison.zh.html", "comparison.en.html"}
    for text in texts.values():
        assert not any(mark in text for mark in ("王小明", "XIAOMING", "1990", "Demo 17", leaf, "<script"))
    rows = list(csv.DictReader(io.StringIO(texts["comparison.csv"])))
    assert (rows[0]["month"], rows[0]["ended"], rows[0]["withdrawn"]) == ("2026-11", "35", "<5")
    assert "DEMONSTRATION" in texts["comparison.en.html"]
    assert write_csv(gather_figures({}, [], [], {}, NOW)) != texts["comparison.csv"]


@pytest.mark.parametrize("kind", [LetterKind.COUNTS, LetterKind.QUIET])
def test_the_page_sets_aside_what_the_station_got_wrong_and_reads_on(
    small: SmallOversight, monkeypatch: pytest.MonkeyPatch, kind: LetterKind
) -> None:
    monkeypatch.setattr("tests.commands.comparing.small_relay.check_request", lambda *_: "oversight")  # NOW is not now
    write_private(small.folder / "desk" / f"{KeyFile.PERMIT}.key", world.PERMIT.key.data)
    write_private(small.folder / "desk" / "box.key", world.OVERSIGHT_BOX.data)
    for name, text in (
        (f"{KeyFile.PERMIT}.pub", world.PERMIT.verifier.to_text()),
        ("box.pub", world.OVERSIGHT_BOX.public.data.hex()),
    ):
        (small.folder / "desk" / name).write_text(text + "\n", encoding="utf-8")
    bad = make_bad_letters(kind, Role.STATION, Role.OVERSIGHT, world.OVERSIGHT_BOX.public, world.STATION.key)
    counts = encode_counts(make_report("2026-11", {(CountName.ENDED, "", None): 30}))
    quiet = encode_quiet(QuietNotice(world.COURT, None, "", 1, 2, 20, NOW.date()))
    letters: dict[str, Any] = {"box": world.OVERSIGHT_BOX.public, "key": world.STATION.key}
    good = [
        seal_letter(each, Role.STATION, Role.OVERSIGHT, content, **letters)
        for each, content in ((LetterKind.COUNTS, counts), (LetterKind.QUIET, quiet))
    ]
    with run_relay([]) as (relay, address):
        relay.waiting = dict(enumerate([*bad, *good], 1))
        parts = replace(small.open_parts(), settings=structs.replace(small.settings, relay=address))
        with structlog.testing.capture_logs() as logged:
            assert (fetch_counts(parts), fetch_silences(parts)) == (1, 1)
        assert not relay.waiting
    assert logged == [
        {
            "event": "letters_set_aside", "log_level": "warning", "kind": kind.name, "sender": "STATION",
            "count": len(bad),
        }
    ]  # fmt: skip


def test_what_office_and_station_tell_is_kept_apart_and_shown_by_act(small: SmallOversight) -> None:
    parts = small.open_parts()
    keep_report(parts, make_report("2026-11", {(CountName.ALERTED, "", None): 31}), OFFICE)
    keep_report(parts, make_report("2026-11", {(CountName.RAISED, "", None): 26}))
    counts = {(Act.TORTURE, CountName.RAISED): 27, (Act.TORTURE, CountName.ENDED): 26}
    counts |= {(Act.TORTURE, CountName.CONFIRMED): 21, (Act.TORTURE, CountName.OTHER_PERSON): 5}
    counts |= {(Act.ARMED_ROBBERY, CountName.RAISED): 2, (Act.TORTURE, CountName.ALERTS_DELETED): 12}
    for _ in range(2):  # the newest letter of a month and a court stands for it
        keep_acts(parts, decode_acts(encode_acts(make_acts_report("2026-11", world.COURT, counts))))
    another = make_acts_report("2026-11", "Another court", {(Act.TORTURE, CountName.RAISED): 10})
    with pytest.raises(MalformedBytes):  # which the annex does not name
        keep_acts(parts, another)
    with parts.store.writing() as connection:  # told of before it left the annex
        row = ReportedRow(STATION_ACTS, "2026-10", CountName.RAISED, "Another court", str(Act.TORTURE), 5)
        replace_court(connection, STATION_ACTS, "2026-10", "Another court", [row])
    keep_acts(parts, another)
    for month in ("2025-11", "2026-12", "2099-01"):  # which the page does not show
        with pytest.raises(MalformedBytes):
            keep_acts(parts, make_acts_report(month, world.COURT, counts))
        with pytest.raises(MalformedBytes):
            keep_report(parts, make_report(month, {(CountName.RAISED, "", None): 26}))
    found = load_figures(parts)
    now = found.months[0].figures
    assert (now["alerted"].n, now["raised"].n, now["cleared"].write()) == (30, 25, "")
    rows = {(each.court, each.act): each for each in found.per_act}
    torture = rows[world.COURT, "torture"]
    assert (torture.raised.n, torture.confirmed.n, torture.other_person.n, torture.deleted.n) == (25, 20, 5, 10)
    assert torture.precision == 80
    assert rows[world.COURT, "armed-robbery"].raised.write() == "<5"
    # The court's sum is that of what is told: it gives the small one away by no difference.
    assert rows[world.COURT, ""].raised.n == 25
    assert rows["Another court", ""].raised.n == 15
    lines = write_acts_csv(found).splitlines()
    assert lines[0].startswith("court,act,decisions,raised")
    assert f"{world.COURT},torture,0,25,25,20,5,10,80" in lines
    page = small.open_client().get("/figures").text
    assert page.count("plot-line") == 5 * 3


def test_a_letter_with_counts_that_are_not_its_senders_is_refused(small: SmallOversight) -> None:
    parts = small.open_parts()
    for name, sender in ((CountName.ENDED, OFFICE), (CountName.COMPARED, STATION)):
        with pytest.raises(MalformedBytes):
            keep_report(parts, make_report("2026-11", {(name, "", None): 10}), sender)
    for spoiled in (
        ActsReport("2026-11", "", {}), ActsReport("2026-11", "Court", {Act.TORTURE: (5,)}),
        ActsReport("2026-11", "Court", {Act.TORTURE: (7, 0, 0, 0, 0, 0, 0)}),
        ActsReport("2026-11", "Court", {Act.TORTURE: (0,) * 7, Act.ARMED_ROBBERY: (0,) * 7}),
    ):  # fmt: skip
        with pytest.raises(MalformedBytes):
            encode_acts(spoiled)


def test_longest_letter_by_act_fits() -> None:
    counts = {(act, name): 10_000_000 for act in Act for name in CountName}
    report = make_acts_report("2026-11", "法" * 60, counts)
    assert decode_acts(encode_acts(report)) == report


def test_registration_services_report_is_read_as_it_is_published_and_nothing_else(
    small: SmallOversight, tmp_path: Path
) -> None:
    path = tmp_path / "report.csv"
    report = Report([
        ReportDay(count_days(date(2026, 10, 31)), 90, 95, 100, 100, 40),
        ReportDay(count_days(date(2026, 11, 1)), 100, 90, 95, 100, None),
        ReportDay(count_days(date(2026, 11, 2)), 300, 80, 95, 100, 20),
        ReportDay(count_days(date(2026, 11, 3)), None, None, None, None, None),
    ])  # fmt: skip
    path.write_text("".join(write_report(report)), encoding="utf-8", newline="")
    months = read_central_report(path)
    assert (months["2026-11"].received, months["2026-11"].deleted, months["2026-11"].within_minute) == (400, 20, 80)
    figures = gather_figures({}, [], [], {}, NOW, months)
    assert [figures.months[0].figures[name].n for name in ("records_received", "records_deleted")] == [400, 20]
    assert figures.months[0].uploaded == 80
    assert figures.months[2].figures["records_deleted"].write() == ""
    for spoiled in ("day,received\n2026-11-01,5\n", "noise", path.read_text("utf-8-sig").replace("300", "-3")):
        path.write_text(spoiled, encoding="utf-8")
        if spoiled != "noise":
            with pytest.raises(FileRefused):
                read_central_report(path)
    small.settings = structs.replace(small.settings, central_report=path)
    assert load_figures(small.open_parts()).months[0].figures["records_received"].write() == ""
