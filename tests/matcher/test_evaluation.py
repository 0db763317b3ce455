"""The evaluation in `bench/`: its files, its commands, the tag path against a comparison of all pairs, and a sample."""

from __future__ import annotations

import io
import json
import random
import sys
from pathlib import Path

import pytest

from bench.matcher import __main__ as program
from bench.matcher.evaluate import Share, count_found
from bench.matcher.fit import BOUNDS, collect, count_wrong, keeps_order, search
from bench.matcher.formats import BadLine, Entry, Guest, parse_guest, parse_listed, read_file, write_guest, write_listed
from bench.matcher.oracle import check_tags
from bench.matcher.pairs import draw, make_same
from bench.matcher.run import Tagger, find_matches, index_people
from bench.matcher.strangers import STRANGERS, make_stranger
from bench.matcher.treatment import compare_groups, loosen, treat
from matcher.numbers import SLIPS, grade_check, grade_number, grade_sequence
from matcher.texts import TEXTS
from matcher.weights import WEIGHTS

HEAD = json.dumps({"synthetic": "made by hand for a test"}) + "\n"
PERSON = {
    "id": "p1",
    "names": ["王小明", {"surname": "WANG", "given": "XIAOMING"}],
    "documents": [{"kind": "111", "number": "990101199003078519"}],
    "birth_date": "1990-03-07",
    "sex": "1",
}
GUEST = {
    "id": "g1",
    "names": ["WANG XIAOMING"],
    "document": {"kind": "111", "number": "990101199003078579"},
    "birth_date": "1990-03-07",
    "sex": "1",
}


def write_files(folder: Path, guests: list[dict[str, object]]) -> list[str]:
    """Write both files, and return the arguments that compare them."""
    people, others = folder / "people.jsonl", folder / "guests.jsonl"
    people.write_text(HEAD + json.dumps(PERSON) + "\n", "utf-8")
    others.write_text(HEAD + "".join(json.dumps(each) + "\n" for each in guests), "utf-8")
    return ["compare", "--people", str(people), "--guests", str(others)]


def run(monkeypatch: pytest.MonkeyPatch, arguments: list[str]) -> int:
    monkeypatch.setattr(sys, "argv", ["bench.matcher", *arguments])
    return program.main()


def test_files_are_compared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, write_files(tmp_path, [GUEST])) == 0
    match = json.loads(capsys.readouterr().out)
    assert set(match) == {"guest", "entry", "verdict", "score", "reasons"}
    assert (match["guest"], match["entry"], match["verdict"]) == ("g1", "p1", "strong")
    assert set(match["reasons"][0]) == {"feature", "verdict", "weight", "text_zh", "text_en"}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"nationality": "UTO"}, "unknown field"),
        ({"birth_date": "1990-02-30"}, "birth_date"),
        ({"document": {"kind": "414", "number": "12"}}, "number"),
        ({"document": {"kind": "414", "number": "A" * 24}}, "number"),
        ({"sex": "M"}, "sex"),
        ({"names": []}, "names"),
        ({"names": [{"nick": "x"}]}, "names"),
        ({"document": "414"}, "documents"),
    ],
)
def test_bad_line_is_refused_with_its_number_and_field(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    change: dict[str, object],
    field: str,
) -> None:
    arguments = write_files(tmp_path, [GUEST, {**GUEST, **change}, {**GUEST, "id": "g3"}])
    assert run(monkeypatch, arguments) == 2
    assert f"line 3: {field}" in capsys.readouterr().err
    assert run(monkeypatch, [*arguments, "--skip-bad"]) == 2
    captured = capsys.readouterr()
    assert f"line 3: {field}" in captured.err
    assert [json.loads(line)["guest"] for line in captured.out.splitlines()] == ["g1", "g3"]


@pytest.mark.parametrize("head", ["", "{}\n", '{"synthetic": ""}\n', json.dumps(GUEST) + "\n", "[]\n", "x\n"])
def test_file_that_does_not_say_it_is_synthetic_is_refused(head: str) -> None:
    with pytest.raises(BadLine, match="synthetic"):
        list(read_file(io.StringIO(head + json.dumps(GUEST) + "\n"), parse_guest))


def test_pair_is_explained_in_both_languages(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, ["explain", "--person", json.dumps(PERSON), "--guest", json.dumps(GUEST)]) == 0
    told = capsys.readouterr().out
    assert "出生日期相同" in told
    assert "The birth date is the same." in told


def test_what_is_written_is_read_again() -> None:
    pair = make_same(random.Random(5))
    assert parse_listed(json.loads(write_listed(Entry("1", pair.listed)))) == Entry("1", pair.listed)
    assert parse_guest(json.loads(write_guest(Guest("1", pair.guest)))) == Guest("1", pair.guest)


def test_tags_find_exactly_whom_a_comparison_of_all_pairs_finds() -> None:
    found = check_tags(100, 11)
    assert found.seen >= 60
    assert found.differing == 0


def test_same_name_and_birth_date_with_another_number_is_never_seen() -> None:
    chance = random.Random(12)
    tagger = Tagger()
    for _ in range(100):
        one, other = make_same(chance), make_same(chance)
        namesake = Guest("g", type(one.guest)(one.listed.names, other.guest.document, one.listed.birth_date, "1"))
        kept, index = index_people([Entry("p", one.listed)], tagger)
        assert list(find_matches(kept, index, tagger, namesake)) == []


@pytest.mark.parametrize(
    ("make", "least", "most"), [("same", 0.998, 1.0), ("spoiled", 0.985, 1.0), ("stranger", 0.0, 0.001)]
)
def test_seeded_sample_is_judged_as_the_figures_say(make: str, least: float, most: float) -> None:
    found = count_found(draw(make, 1500, 3))[("all", "")]
    assert least <= found.value <= most


@pytest.mark.parametrize("how", STRANGERS)
def test_stranger_of_every_sort_is_another_person_one_slip_away(how: str) -> None:
    chance = random.Random(13)
    for _ in range(60):
        pair = make_stranger(chance, how=how)
        listed, document = pair.listed, pair.guest.document
        assert grade_number(listed.documents[0], document) in SLIPS
        assert (listed.names, listed.birth_date) != (pair.guest.names, pair.guest.birth_date)


def test_neighbours_carry_valid_numbers_in_sequence() -> None:
    chance = random.Random(14)
    for _ in range(60):
        pair = make_stranger(chance, how="twin")
        assert grade_check(pair.listed.documents[0], pair.guest, "wrong_character") == "both_valid"
        assert grade_sequence(pair.listed.documents[0], pair.guest.document, "wrong_character") == "at_end"


def test_seeded_sample_treats_every_name_format_and_birth_date_alike() -> None:
    assert treat(1500, 5)


def test_fitting_moves_the_weights_the_way_the_pairs_say_and_keeps_the_order_of_grades() -> None:
    cases = collect(300, 1500)
    weights = search(cases, WEIGHTS)
    assert keeps_order(weights)
    assert keeps_order(WEIGHTS)
    assert all(least <= weights[f][g] <= most for (f, g), (least, most) in BOUNDS.items())
    assert sum(wrong for make, wrong in count_wrong(cases, weights) if make == "same") < 10
    assert weights == search(cases, weights)


def test_interval_holds_the_share() -> None:
    low, high = Share(0, 1000).interval()
    assert low == 0.0
    assert 0.002 < high < 0.006


def test_group_that_is_troubled_more_often_is_seen() -> None:
    groups = {"a": [5.0] * 300 + [0.0] * 700, "b": [5.0] * 200 + [0.0] * 800}
    needed = loosen(groups)
    assert needed == 5.0
    assert [round(each.ratio, 2) for each in compare_groups(groups, needed)] == [1.5, 0.67]


def test_every_grade_with_a_weight_has_its_sentences() -> None:
    silent = {
        ("number_says", "silent"),
        ("sequence", "silent"),
        ("sex", "silent"),
        ("check", "untold"),
        ("kind", "same"),
    }
    features = ("number", "check", "sequence", "kind", "number_says", "birth_date", "sex")
    graded = {(feature, grade) for feature in features for grade in WEIGHTS[feature]} - silent
    graded |= {("name", grade) for grade in (*WEIGHTS["name_part"], *WEIGHTS["name"]) if not grade.startswith("most")}
    assert graded <= set(TEXTS)
    assert all(chinese.strip() and english.strip() for chinese, english in TEXTS.values())
    assert set(WEIGHTS["name_part"]) == set(WEIGHTS["name_part_rarity"])
