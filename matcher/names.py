"""How the forms of a listed name compare with the forms on a guest's document."""

from __future__ import annotations

from collections.abc import Sequence

from rapidfuzz.distance import OSA

from matcher.compare_han import compare_dotted, compare_han
from matcher.compare_latin import compare_latin
from matcher.compare_scripts import compare_scripts
from matcher.findings import NameFinding, Part, pick_best, weigh_parts
from matcher.name_forms import NameForm, parse_name
from matcher.person import PersonName
from matcher.weights import Weights

_HAN = ("han", "dotted")


def compare_names(listed: Sequence[PersonName], guest: Sequence[PersonName], weights: Weights) -> NameFinding:
    """Return what the names say together.

    Where both have a form in Han characters, those are compared, because letters say less: many characters share one
    syllable. A form in letters can then only cast doubt on a difference. Else the two forms that agree most decide.
    """
    ours, theirs = [parse_name(each) for each in listed], [parse_name(each) for each in guest]
    direct = pick_best(_compare(a, b, weights) for a in ours for b in theirs if a.script in _HAN and b.script in _HAN)
    others = pick_best(
        _compare(a, b, weights) for a in ours for b in theirs if not (a.script in _HAN and b.script in _HAN)
    )
    if direct is None:
        return others or NameFinding("not_comparable", weights["name"]["not_comparable"])
    if direct.bits < 0 and others is not None and others.bits > 0 and _are_written_alike(ours, theirs, weights):
        return NameFinding("forms_disagree", weights["name"]["forms_disagree"])
    return direct


def _are_written_alike(ours: list[NameForm], theirs: list[NameForm], weights: Weights) -> bool:
    pairs = [(a, b) for a in ours for b in theirs if a.script == b.script == "latin"]
    return any(_compare(a, b, weights).bits > 0 for a, b in pairs)


def _compare(listed: NameForm, guest: NameForm, weights: Weights) -> NameFinding:
    parts = compare_forms(listed, guest)
    if parts == [Part("not_comparable")]:
        return NameFinding("not_comparable", weights["name"]["not_comparable"])
    return weigh_parts(parts, weights)


def compare_forms(listed: NameForm, guest: NameForm) -> list[Part]:
    """Return how two forms of a name compare, part by part."""
    scripts = (listed.script, guest.script)
    if "other" in scripts:
        return _compare_other(listed, guest)
    if scripts == ("latin", "latin"):
        return compare_latin(listed, guest)
    if scripts == ("han", "han"):
        return compare_han(listed, guest)
    if "latin" in scripts:
        return compare_scripts(guest, listed) if listed.script == "latin" else compare_scripts(listed, guest)
    return compare_dotted(listed, guest)


def _compare_other(listed: NameForm, guest: NameForm) -> list[Part]:
    """Compare names in writings that have no table here: as text, and only within one writing."""
    if listed.script != guest.script or not listed.text or not guest.text:
        return [Part("not_comparable")]
    if listed.text == guest.text:
        return [Part("same", 14.0)]
    is_near = min(len(listed.text), len(guest.text)) >= 4 and OSA.distance(listed.text, guest.text) == 1
    return [Part("typo", 14.0)] if is_near else [Part("different")]
