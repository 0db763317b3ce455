"""The page's texts: both languages whole, nothing missing, nothing left over."""

import json
import re
from typing import Any

import pytest

from oversight.page.digest import SCRIPTS, STATIC
from oversight.redress.states import Reason, State
from records.documents import ChipVerdict, DocumentKind, HowRead, Sex, ShownPaper, TypedBecause
from records.requests import RequestKind
from records.stays import EventKind, Relation


def read_script(name: str) -> str:
    return (STATIC / name).read_text("utf-8")


def read_table(name: str, constant: str) -> dict[str, Any]:
    """The tables are written as JSON, so that this test reads what the browser reads."""
    match = re.search(rf"^export const {constant} = (\{{.*?^\}});", read_script(name), re.MULTILINE | re.DOTALL)
    assert match is not None
    return dict(json.loads(match[1]))


TEXTS = read_table("texts.js", "TEXTS")
WORDS = read_table("words.js", "WORDS")


def flatten(table: dict[str, Any], path: str = "") -> dict[str, str]:
    flat = {}
    for name, value in table.items():
        flat.update(flatten(value, f"{path}{name}.") if isinstance(value, dict) else {path + name: value})
    return flat


@pytest.mark.parametrize("table", [TEXTS, WORDS], ids=["texts", "words"])
def test_both_languages_say_the_same_things_and_none_is_empty(table: dict[str, Any]) -> None:
    zh, en = flatten(table["zh"]), flatten(table["en"])
    assert list(zh) == list(en)
    for name in zh:
        assert zh[name].strip()
        assert en[name].strip()
        assert sorted(re.findall(r"\{\w+\}", zh[name])) == sorted(re.findall(r"\{\w+\}", en[name])), name


@pytest.mark.parametrize("table", [TEXTS, WORDS], ids=["texts", "words"])
def test_no_text_is_left_in_the_other_language(table: dict[str, Any]) -> None:
    han = re.compile(r"[\u4e00-\u9fff]")
    for name, text in flatten(table["en"]).items():
        assert name == "switch" or not han.search(text), name
    for name, text in flatten(table["zh"]).items():
        assert name in ("switch", "list_separator") or han.search(text), name


def test_every_text_is_used_and_every_text_used_exists() -> None:
    script = read_script("page.js") + read_script("requests.js")
    used = set(re.findall(r'"([a-z]+(?:_[a-z]+)*)"', script))
    used |= {f"{name}_title" for name in re.findall(r'notice\("(\w+)"', script)}
    used |= {f"request_{state}" for state in State} | {f"reason_{reason}" for reason in Reason}
    used |= {f"kind_{kind}" for kind in RequestKind}
    assert set(TEXTS["en"]) - used == set()
    asked = set(re.findall(r'\bt\("(\w+)"', script)) | {
        f"{name}_title" for name in re.findall(r'notice\("(\w+)"', script)
    }
    assert asked - set(TEXTS["en"]) == set()


def test_every_code_of_a_record_has_a_word() -> None:
    codes = {"event": EventKind, "kind": DocumentKind, "sex": Sex, "how_read": HowRead, "chip": ChipVerdict} | {
        "because": TypedBecause,
        "shown": ShownPaper,
        "relation": Relation,
    }
    for name, enumeration in codes.items():
        assert set(WORDS["zh"][name]) == {str(member.value) for member in enumeration}, name


@pytest.mark.parametrize("name", SCRIPTS)
def test_script_has_no_way_to_make_markup_or_to_store_anything(name: str) -> None:
    forbidden = (
        r"innerHTML|outerHTML|insertAdjacent|document\.write|eval\(|Function\(|\.cookie|Storage|indexedDB|https?://"
    )
    assert re.search(forbidden, read_script(name)) is None
