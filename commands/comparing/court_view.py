"""A decision as a judge sees it before signing: everything in it, what it causes, and what it replaces."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from commands.comparing.court_words import choose, say
from commands.comparing.screen_text import COLUMNS, draw_fields, measure, wrap
from oversight.comparing.register import KeptDecision
from oversight.comparing.standing import find_earlier, list_standing
from records.comparing.acts import describe_act
from records.comparing.decisions import Decision, ListedDocument, ListedName, describe_kind
from records.documents import Sex

# Told of the earlier one anyway.
COMMAS = {"zh": "，", "en": ", "}
_ALWAYS_NEW = ("number", "decided")


def draw_decision(
    decision: Decision,
    kept: Sequence[KeptDecision],
    today: date,
    language: str,
    *,
    place: tuple[int, int] = (1, 1),
    is_second: bool = False,
) -> Iterator[str]:
    """Yield the lines; `place` is which decision of how many."""
    title = say("view.title", language, which=place[0], count=place[1])
    yield f"== {title} " + "=" * (COLUMNS - 4 - measure(title))
    yield from wrap(
        say("view.demonstration", language, jurisdiction=decision.jurisdiction, court=decision.court), COLUMNS
    )
    heads = {code: say(f"view.{code}", language) for code in (
        "number", "decided", "person", "born", "document", "act", "escaped", "until", "causes", "replaces",
    )}  # fmt: skip
    facts = _list_facts(decision, language)
    fields = [(heads[code] if n == 0 else "", value) for code, values in facts for n, value in enumerate(values)]
    fields.append((heads["causes"], say("view.causes_what", language)))
    earlier = [_compare(each, decision, kept, today, language) for each in find_earlier(decision, kept)]
    for n, line in enumerate(earlier or [say("view.replaces_none", language)]):
        fields.append((heads["replaces"] if n == 0 else "", line))
    yield from draw_fields(fields)
    if is_second:
        yield from wrap(say("view.second", language), COLUMNS)


def _list_facts(decision: Decision, language: str) -> list[tuple[str, list[str]]]:
    """Return every fact of a decision by the code of its head, in the order in which they are read."""
    days = (decision.valid_until - decision.decided_on).days
    facts = [
        ("number", [decision.number]),
        ("decided", [decision.decided_on.isoformat()]),
        ("person", [_say_name(each, language) for each in decision.names]),
        ("born", [COMMAS[language].join((decision.born.isoformat(), _say_sex(decision.sex, language)))]),
        ("document", [_say_document(each, language) for each in decision.documents]),
        ("act", [choose(describe_act(decision.act), language)]),
    ]
    if decision.escaped_from is not None:
        facts.append(("escaped", [choose(describe_act(decision.escaped_from), language)]))
    return [*facts, ("until", [say("view.days", language, day=decision.valid_until, days=days)])]


def _compare(
    earlier: KeptDecision, decision: Decision, kept: Sequence[KeptDecision], today: date, language: str
) -> str:
    """Return which decision this one follows, how that one stands, and every fact that differs."""
    before = dict(_list_facts(earlier.decision, language))
    after = dict(_list_facts(decision, language))
    changes = [
        say(
            "view.changed", language, field=say(f"view.{code}", language),
            before="; ".join(before.get(code, [])) or "-",
        )
        for code in [*before, *(each for each in after if each not in before)]
        if code not in _ALWAYS_NEW and before.get(code) != after.get(code)
    ]  # fmt: skip
    dues = list_standing(kept, today, timedelta(0))
    standing = next(each.standing for each in dues if each.decision.leaf == earlier.decision.leaf)
    return say(
        "view.replaces_one", language,
        number=earlier.decision.number, decided=earlier.decision.decided_on, until=earlier.decision.valid_until,
        standing=say(f"standing.{standing}", language),
        changes=("；" if language == "zh" else "; ").join(changes) or say("view.changes_none", language),
    )  # fmt: skip


def _say_name(name: ListedName, language: str) -> str:
    if name.full:
        return name.full
    code = "view.name" if name.given else "view.surname"
    return say(code, language, surname=name.surname, given=name.given)


def _say_sex(sex: str, language: str) -> str:
    return say("view.male" if sex == Sex.MALE else "view.female", language)


def _say_document(document: ListedDocument, language: str) -> str:
    kind = choose(describe_kind(document.kind), language)
    return f"{kind}{COMMAS[language]}{document.issuing_state} {document.number}"
