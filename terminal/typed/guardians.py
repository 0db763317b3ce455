"""Who can be reached about a minor: checked as it is typed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from records.stays import Guardian, Relation
from terminal.codes import ProblemCode
from terminal.errors import NotTaken
from terminal.typed.draft import Finding, FindingCode, Tone, TypedField, is_ready
from terminal.typed.fields import judge_phone, read_name


def check_guardian(values: Mapping[TypedField, str]) -> tuple[Finding, ...]:
    """Return what is to be said of name, relation and telephone."""
    return tuple(_check(values))


def make_guardian(values: Mapping[TypedField, str]) -> Guardian:
    """Return the guardian that was typed. Raises: NotTaken(TYPED_INCOMPLETE)."""
    if not is_ready(check_guardian(values)):
        raise NotTaken(ProblemCode.TYPED_INCOMPLETE)
    name, _ = read_name(values[TypedField.GUARDIAN_NAME], is_latin=False)
    return Guardian(name, Relation(values[TypedField.RELATION]), " ".join(values[TypedField.PHONE].split()))


def _check(values: Mapping[TypedField, str]) -> Iterator[Finding]:
    name, phone = (values.get(each, "").strip() for each in (TypedField.GUARDIAN_NAME, TypedField.PHONE))
    if not name:
        yield Finding(TypedField.GUARDIAN_NAME, Tone.MISSING, FindingCode.MISSING)
    elif problem := read_name(name, is_latin=False)[1]:
        yield Finding(TypedField.GUARDIAN_NAME, Tone.WRONG, problem)
    if values.get(TypedField.RELATION, "") not in set(Relation):
        yield Finding(TypedField.RELATION, Tone.MISSING, FindingCode.MISSING)
    if not phone:
        yield Finding(TypedField.PHONE, Tone.MISSING, FindingCode.MISSING)
    elif not judge_phone(phone):
        yield Finding(TypedField.PHONE, Tone.WRONG, FindingCode.NO_PHONE)
