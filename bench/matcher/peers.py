"""The same pairs, judged by matchers of others: nomenklatura's logic-v1 and logic-v2, and rapidfuzz over names.

nomenklatura is no dependency of ours; where it is not installed, its columns are left out. Each peer is asked about a
name, a birth date and a number, as its own interface takes them, and judged at the threshold that its documents name.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

from rapidfuzz.fuzz import token_sort_ratio

from bench.matcher.pairs import draw
from bench.matcher.people import invent, spell_han
from bench.matcher.reading import Pair
from matcher.compare import compare_person
from matcher.names import compare_names
from matcher.person import Listed, Person, PersonName
from matcher.weights import WEIGHTS

Judge = Callable[[Listed, Person], bool]
LOGIC_THRESHOLD = 0.7
NAMES_ALONE = "Han characters against pinyin, names alone"
RATIO_THRESHOLD = 85.0


def judge(pairs: int, seed: int) -> None:
    """Print the share that each matcher takes for the same person, of each sort of pairs."""
    judges: dict[str, Judge] = {"ours": _judge_ours, "rapidfuzz token_sort_ratio >= 85": _judge_ratio}
    if find_spec("nomenklatura"):
        judges |= _load_logic()
    sorts = {
        "the same person, one slip, another spelling": list(draw("same", pairs, seed)),
        "... and one error": list(draw("spoiled", pairs, seed)),
        "a stranger one slip away": list(draw("stranger", pairs, seed)),
        NAMES_ALONE: _draw_pinyin(pairs, seed),
    }
    for title, drawn in sorts.items():
        if title == NAMES_ALONE:
            judges["ours"] = _judge_our_names
        print(f"{title} ({len(drawn)} pairs)")
        for name, decide in judges.items():
            print(f"  {name:34} {sum(decide(pair.listed, pair.guest) for pair in drawn) / len(drawn):7.1%}")


def _draw_pinyin(pairs: int, seed: int) -> list[Pair]:
    import random
    from dataclasses import replace

    chance = random.Random(f"pinyin {seed}")
    found = []
    for pair in draw("same", pairs * 12, seed):
        if pair.format == "han" and len(found) < pairs:
            person = invent("han", chance)
            listed = person.to_listed()
            name = spell_han(person, "joined", chance) or PersonName("X")
            # No birth date, and another number: nothing but the names is left to judge by.
            found.append(replace(pair, listed=listed, guest=replace(pair.guest, names=(name,), birth_date="")))
    return found


def _judge_ours(listed: Listed, guest: Person) -> bool:
    return compare_person(listed, guest).verdict != "cleared"


def _judge_our_names(listed: Listed, guest: Person) -> bool:
    return compare_names(listed.names, guest.names, WEIGHTS).bits > 0


def _judge_ratio(listed: Listed, guest: Person) -> bool:
    names = [_write(each) for each in (listed.names[0], guest.names[0])]
    return token_sort_ratio(*names) >= RATIO_THRESHOLD


def _write(name: PersonName) -> str:
    return (name.full or f"{name.given} {name.surname}").casefold()


def _load_logic() -> dict[str, Judge]:
    from followthemoney import model
    from nomenklatura.matching import get_algorithm
    from nomenklatura.matching.types import ScoringConfig

    def make(name: str) -> Judge:
        algorithm: Any = get_algorithm(name)
        assert algorithm is not None
        config = ScoringConfig.defaults()

        def decide(listed: Listed, guest: Person) -> bool:
            ours = _make_entity(model, "a", listed.names[0], listed.birth_date, listed.documents[0].number)
            theirs = _make_entity(model, "b", guest.names[0], guest.birth_date, guest.document.number)
            return bool(algorithm.compare(ours, theirs, config).score >= LOGIC_THRESHOLD)

        return decide

    return {f"nomenklatura {name}": make(name) for name in ("logic-v1", "logic-v2")}


def _make_entity(model: Any, key: str, name: PersonName, born: str, number: str) -> Any:
    properties = (
        {"name": [_write(name)], "birthDate": [born], "idNumber": [number]} if born else {"name": [_write(name)]}
    )
    return model.get_proxy({"id": key, "schema": "Person", "properties": properties})
