"""Typed documents on the screen: from form fields to a draft, and from findings to words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from functools import cache

from werkzeug.datastructures import MultiDict

from records.documents import DocumentKind, ShownPaper, TypedBecause
from records.stays import Relation
from terminal.screen.texts import LANGUAGES, Words, load_words
from terminal.screen.view import View
from terminal.state import CounterState
from terminal.typed.draft import LINES_KIND, Finding, FindingCode, Tone, TypedDraft, TypedField
from terminal.typed.forms import list_fields

_STATES = (TypedField.ISSUING_STATE, TypedField.NATIONALITY)
_MAX_TEXT = 400
# What a person may say that the document really says, although a rule says otherwise.
DOUBTABLE = (TypedField.LINES, TypedField.NUMBER, TypedField.BIRTH_DATE, TypedField.SEX)


def read_fields(form: MultiDict[str, str]) -> dict[TypedField, str]:
    """Return the fields of a form, states as codes."""
    values = {name: form.get(name, "")[:_MAX_TEXT] for name in TypedField if name in form}
    return values | {name: find_state(values[name]) for name in _STATES if name in values}


def read_draft(form: MultiDict[str, str]) -> TypedDraft:
    """Return a form as it stands."""
    return TypedDraft(
        because=form.get("because", ""),
        kind=form.get("kind", ""),
        values=read_fields(form),
        kept=frozenset(form.getlist("really")),
        adult=form.get("adult", ""),
    )


def find_state(text: str) -> str:
    """Return the code of a state by its code or its name in either language; what is none stays as it is."""
    typed = " ".join(text.split()).casefold()
    return _load_states().get(typed, text.strip())


def say_findings(findings: Iterable[Finding], words: Words, today: date) -> dict[str, dict[str, str]]:
    """Return tone and words for each field: of several findings the gravest."""
    gravest: dict[TypedField, Finding] = {}
    order = [Tone.GOOD, Tone.KEPT, Tone.DOUBT, Tone.MISSING, Tone.WRONG]
    for finding in findings:
        known = gravest.get(finding.about)
        if known is None or order.index(finding.tone) > order.index(known.tone):
            gravest[finding.about] = finding
    return {name: {"tone": each.tone, "text": _say(each, words, today)} for name, each in gravest.items()}


def draw_typing(state: CounterState, view: View, words: Words) -> dict[str, object]:
    """Return what the window needs: which of its steps it is at, and the choices there."""
    rules = state.typing
    can_be_without = DocumentKind.NONE.value in rules.kinds
    reasons = [reason for reason in TypedBecause if reason is not TypedBecause.NO_DOCUMENT or can_be_without]
    is_without = view.because == TypedBecause.NO_DOCUMENT
    kinds = [DocumentKind.NONE.value] if is_without else [kind for kind in rules.kinds if kind != DocumentKind.NONE]
    has_kind = view.because in reasons and (view.kind in kinds or (view.kind == LINES_KIND and not is_without))
    step = "reason"
    if view.because in reasons:
        step = ("fields" if view.adult else "adult") if is_without else ("fields" if has_kind else "kind")
    shown: dict[str, object] = {"step": step, "reasons": reasons, "kinds": kinds}
    if step == "adult":
        shown["adults"] = [guest for guest in state.house if not guest.is_minor]
    if step == "fields":
        kind = DocumentKind.NONE.value if is_without else view.kind
        papers = [ShownPaper.OTHER_PAPER, ShownPaper.NOTHING] if is_without else [ShownPaper.DOCUMENT, ShownPaper.COPY]
        shown |= {
            "kind": kind,
            "fields": list_fields(kind, rules),
            "papers": papers,
            "doubtable": DOUBTABLE,
            "adult": next((guest for guest in state.house if guest.stay == view.adult), None),
            "states": sorted(_list_names(words.language)),
        }
    return shown


def list_guardian_fields(state: CounterState) -> dict[str, object]:
    """Return what is asked of a guardian: nothing where the profile does not ask."""
    return {"is_asked": state.typing.with_guardian, "relations": [relation.value for relation in Relation]}


def _say(finding: Finding, words: Words, today: date) -> str:
    values: dict[str, object] = dict(finding.values)
    day = values.get("day")
    if isinstance(day, date):
        age = today.year - day.year - ((today.month, today.day) < (day.month, day.day))
        values["day"] = words.full_date(day)
        if finding.about is TypedField.BIRTH_DATE and finding.code is FindingCode.DAY:
            values["day"] = f"{values['day']} · {words('guest.age', age=age)}"
    if "state" in values:
        values["state"] = words.name("country", str(values["state"]))
    if "kind" in values:
        values["form"] = words.name("number_form", str(values["kind"]))
        values["kind"] = words.name("kind", str(values["kind"]))
    text = words(f"finding.{finding.code}").format(**values)
    return f"{text} {words('type.kept')}" if finding.tone is Tone.KEPT else text


@cache
def _load_states() -> Mapping[str, str]:
    states: dict[str, str] = {}
    for language in LANGUAGES:
        for code, name in _list_countries(language):
            states |= {code.casefold(): code, name.casefold(): code}
    return states


@cache
def _list_names(language: str) -> tuple[str, ...]:
    return tuple(name for _, name in _list_countries(language))


def _list_countries(language: str) -> list[tuple[str, str]]:
    words = load_words(language)
    keys = (key for key in words.list_keys() if key.startswith("country."))
    return [(key.removeprefix("country."), words(key)) for key in keys]
