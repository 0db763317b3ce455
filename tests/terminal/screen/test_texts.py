"""The words of the screen: both languages are whole, nothing is left over, and every code has its words."""

import re
import tomllib
from pathlib import Path

import pytest

from drivers.errors import ERROR_CODES
from records.documents import DocumentKind, HowRead, Sex, ShownPaper, TypedBecause
from records.profile import ProfileField, load_profile
from records.receipt import RefusalReason
from records.service_notice import NoticeField, NoticeKind
from records.stays import Relation
from terminal import self_test
from terminal.codes import ProblemCode
from terminal.destinations.asked import GUEST_PARTS
from terminal.destinations.asked import FindingCode as AskedCode
from terminal.destinations.terms import Action
from terminal.screen import texts
from terminal.screen.setup import STEPS
from terminal.screen.texts import LANGUAGES, Words, load_words
from terminal.setup.enroller import STATUS_PROBLEMS
from terminal.state import Delivery
from terminal.store import KeyLoss
from terminal.trouble import TroubleCode
from terminal.typed.draft import FindingCode, TypedField

SCREEN = Path(texts.__file__).parent
# Families whose keys are codes; the test of codes says which.
PROBLEMS = {*ProblemCode, *ERROR_CODES, "internal", "other"}
ROOM_PROBLEMS = {f"rooms_{each}" for each in ("none", "range", "name", "twice", "many")}
LINE_PROBLEMS = {"unreachable", "asked_to_wait", "untrusted", "not_saved"}
SETUP_PROBLEMS = {*STATUS_PROBLEMS.values(), *ROOM_PROBLEMS, *LINE_PROBLEMS, "code_mistyped", "no_reader", "elsewhere"}
SETUP_PROBLEMS |= {"other"}
CHECK = re.compile(r""""((?:clock|disk|database|reader|central|key|root|printer|version)_[a-z]+)\"""")
SERVICE_CHECKS = set(re.findall(r'"(service_[a-z]+)"', Path(self_test.__file__).read_text("utf-8")))
CHECKS = set(CHECK.findall(Path(self_test.__file__).read_text("utf-8")))
FAMILIES: dict[str, set[str]] = {
    "problem": {str(code) for code in PROBLEMS},
    "remedy": {str(code) for code in PROBLEMS},
    "refusal": {reason.name.lower() for reason in RefusalReason} | {"other"},
    "lock": {
        "asked_to_wait",
        "unreachable",
        "untrusted",
        "unknown_terminal",
        "terminal_revoked",
        "terminal_suspended",
        "wrong_time",
        "other_share",
        "machine_changed",
        "lost",
        "other",
    },
    "key_damage": {*(str(loss) for loss in KeyLoss), "other"},
    "key_damage_remedy": {*(str(loss) for loss in KeyLoss), "other"},
    "notice_says": {*(kind.name.lower() for kind in NoticeKind), "field_wrong_record", "other"},
    "notice_remedy": {*(kind.name.lower() for kind in NoticeKind), "other"},
    "notice_field": {each.name.lower() for each in NoticeField},
    "trouble_is": {*TroubleCode},
    "trouble_do": {*TroubleCode},
    "kind": {kind.value for kind in DocumentKind},
    "sex": {sex.value for sex in Sex},
    "how_read": {how.value for how in HowRead},
    "because": {reason.value for reason in TypedBecause},
    "because_text": {reason.value for reason in TypedBecause},
    "paper": {paper.value for paper in ShownPaper},
    "relation": {relation.value for relation in Relation},
    "field": {name.value for name in TypedField},
    "hint": {name.value for name in TypedField} - {"shown", "lines", "sex", "relation"},
    "finding": {code.value for code in FindingCode},
    "setup_step": set(STEPS),
    "setup_problem": SETUP_PROBLEMS,
    "setup_remedy": SETUP_PROBLEMS,
    "trial": {"trying", "ready", "reading", "failed", "works"},
    "check_name": {"clock", "disk", "database", "reader", "central", "key", "root", "printer", "version"},
    "check_is": CHECKS,
    "check_do": {code for code in CHECKS if not code.endswith(("_ok", "_none", "_unknown", "_unreachable", "_is"))}
    | {"key_unknown"},
    "number_form": {kind.value for kind in DocumentKind} - {"x00"},
}
# Of a receiving service: keys that a destination's module, the profile's fields and the service's codes make.
SERVICE_FAMILIES = {"unverified_text", "no_receipts", "kept_law",
    "asked", "asked_hint", "asked_finding", "asked_about", "asked_option", "credential", "service_code", "sent",
}  # fmt: skip
SERVICE = "Alloggiati Web"
LITERAL = re.compile(r"""(?:\bw|words|t|self)(?:\.count)?\(\s*["']([a-z_]+\.[a-z_]+)["']""")
EITHER = re.compile(r"""["']([a-z_]+\.[a-z_]+)["'] (?:if|else)|else ["']([a-z_]+\.[a-z_]+)["']""")


def used_keys() -> set[str]:
    """Return every key that templates and source name, with the endings that counting and states add."""
    sources = [*SCREEN.glob("templates/*.html"), *SCREEN.glob("*.py")]
    found: set[str] = set()
    for path in sources:
        text = path.read_text("utf-8")
        found |= set(LITERAL.findall(text)) | {a or b for a, b in EITHER.findall(text)}
    states = {
        f"reader.{state}{end}"
        for state in ("ready", "key", "reading", "lift", "down")
        for end in ("", "_hint", "_short")
    }
    ages = {f"foot.{unit}" for unit in ("minutes", "hours", "days")}
    return {end for key in found | states | ages for end in (key, f"{key}_one", f"{key}_many")}


@pytest.fixture(params=LANGUAGES)
def words(request: pytest.FixtureRequest) -> Words:
    return load_words(request.param)


def test_both_languages_have_the_same_keys() -> None:
    zh, en = (load_words(language) for language in LANGUAGES)
    assert zh.list_keys() ^ en.list_keys() == set()


def test_both_languages_fill_the_same_placeholders() -> None:
    zh, en = (load_words(language) for language in LANGUAGES)
    dates = {"date.full", "date.short", "date.moment", "date.month"}
    assert [
        key
        for key in zh.list_keys() - dates
        if not key.endswith("_one") and set(re.findall(r"{\w+}", zh(key))) != set(re.findall(r"{\w+}", en(key)))
    ] == []


def test_no_text_is_empty(words: Words) -> None:
    assert [key for key in words.list_keys() if not words(key).strip()] == []


def test_english_is_free_of_chinese_characters_and_the_other_way_round() -> None:
    zh, en = (load_words(language) for language in LANGUAGES)
    assert [key for key in en.list_keys() if re.search(r"[\u3000-\u9fff\uff00-\uffef]", en(key))] == []
    neutral = {"date.moment", "date.short", "date.full", "list.separator"}
    assert [key for key in zh.list_keys() - neutral if not re.search(r"[\u4e00-\u9fff]", zh(key))] == []


def test_no_text_is_left_over(words: Words) -> None:
    families = {*FAMILIES, "country"}
    assert {key for key in words.list_keys() if key.split(".")[0] not in families} - used_keys() == set()


def test_every_text_that_is_named_exists(words: Words) -> None:
    named = {key for key in used_keys() if not key.endswith(("_one", "_many"))}
    words = load_words(words.language, SERVICE)
    assert [key for key in named if key not in words.list_keys() and f"{key}_many" not in words.list_keys()] == []


@pytest.mark.parametrize("family", FAMILIES)
def test_every_code_has_words_and_no_words_are_without_a_code(words: Words, family: str) -> None:
    assert {key.split(".")[1] for key in words.list_keys() if key.startswith(f"{family}.")} == FAMILIES[family]


def test_unknown_code_gets_words_that_say_what_to_do(words: Words) -> None:
    assert words.name("problem", "never_heard_of") == words("problem.other")
    assert words.name("country", "QQQ") == "QQQ"


def test_waiting_time_is_given_in_its_largest_unit() -> None:
    en = load_words("en")
    assert [en.age(s) for s in (5, 60, 320, 3600, 90_000, 200_000)] == [
        "under 1 min", "1 min", "5 min", "1 hour", "1 day", "2 days",
    ]  # fmt: skip


def test_words_of_a_receiving_service_are_the_same_keys_in_both_languages_and_name_it() -> None:
    zh, en = (load_words(language, SERVICE) for language in LANGUAGES)
    assert zh.list_keys() ^ en.list_keys() == set()
    assert [key for key in en.list_keys() if "{service}" in en(key) + zh(key)] == []
    assert SERVICE in en("delivery.received")
    assert SERVICE not in load_words("en")("delivery.received")


def test_words_of_a_receiving_service_are_all_used() -> None:
    en, plain = load_words("en", SERVICE), load_words("en")
    own = {key for key in en.list_keys() - plain.list_keys() if key.split(".")[0] not in SERVICE_FAMILIES}
    states = {f"delivery.{state}" for state in Delivery} | {f"service.{action}" for action in Action}
    states |= {"slip.unverified", "slip.not_due", "check_name.service"}
    states |= {f"check_is.{code}" for code in SERVICE_CHECKS}
    states |= {f"check_do.{code}" for code in SERVICE_CHECKS - {"service_ok", "service_down"}}
    assert own - used_keys() - states == set()


@pytest.mark.parametrize("language", sorted(path.stem for path in SCREEN.glob("texts/service/*.toml")))
def test_language_of_a_place_has_no_key_that_english_lacks(language: str) -> None:
    local, en = load_words(language, SERVICE), load_words("en", SERVICE)
    assert local.list_keys() - en.list_keys() == set()
    dates = {"date.full", "date.short", "date.moment", "date.month"}
    assert [
        key
        for key in local.list_keys() - dates
        if not key.endswith("_one") and set(re.findall(r"{\w+}", local(key))) != set(re.findall(r"{\w+}", en(key)))
    ] == []


def test_every_finding_of_a_form_has_words() -> None:
    en = load_words("en", SERVICE)
    assert [code for code in AskedCode if not en.knows("asked_finding", code)] == []
    assert [part for part in GUEST_PARTS if not en.knows("asked_about", part)] == []


# What a terminal that tells a receiving service never shows: words of central's, of its root file and its guest page,
# of guardians and of documents that no such profile takes, and what is the same in every language.
# Its notices come to heartbeats of terminals of its own alone, and "left" are receipts that it signed.
OF_CENTRAL = {
    "central_notice", "notice_says", "notice_remedy", "notice_field", "left",
    "refusal", "proof", "relation", "unreachable", "asked_to_wait", "certificate_expired", "certificate_early",
    "certificate_refused", "untrusted", "unknown_terminal", "terminal_revoked", "terminal_suspended", "wrong_time",
    "other_share",
}  # fmt: skip
# The page of a counter that cannot start knows no profile: it is in Chinese and English everywhere.
WITHOUT_PROFILE = {"trouble", "trouble_is", "trouble_do"}
NEVER_SHOWN = {
    "app.name", "list.separator", "finding.day", "finding.state", "check_is.version_is",
    "stay.proof", "stay.proof_text", "today.proof", "lock.other", "foot.offline_since", "foot.asked_to_wait",
    "alert.abandoned_one", "alert.abandoned_many", "alert.abandoned_remedy",
    "machine.root_ended", "machine.root_ended_remedy",
    "slip.what", "slip.what_text", "slip.what_minor", "slip.how_long_text", "slip.own", "slip.own_text", "slip.keep",
    "slip.qr", "notice.what_text", "notice.what_minor", "notice.how_long_text",
    "correct.guardian", "correct.guardian_text", "problem.guardian_needed", "remedy.guardian_needed",
    "field.guardian_name", "field.relation", "field.phone", "hint.guardian_name", "hint.phone", "finding.no_phone",
    "finding.number_date",
}  # fmt: skip
PLACES = {"it": "it", "cs": "cz", "es": "es", "hr": "hr"}
PROFILES = {language: load_profile(profile) for language, profile in PLACES.items()}
PREFIXES = {"alloggiati": "it", "ubyport": "cs", "ses_hospedajes": "es", "ses": "es", "evisitor": "hr"}


def is_shown_in(language: str, key: str) -> bool:
    """Tell whether a terminal in the place of a language can show a text."""
    family, _, code = key.partition(".")
    if key in NEVER_SHOWN or family in OF_CENTRAL or (family in ("lock", "problem", "remedy") and code in OF_CENTRAL):
        return False
    if family in WITHOUT_PROFILE:
        return False
    if family.startswith("check_") and code.split("_")[0] in ("clock", "central", "key", "root"):
        return False
    if family in ("kind", "number_form") and code not in {*PROFILES[language].document_kinds, "990", "411", "412"}:
        return False
    if family in ("asked", "asked_hint") and code in {field.value for field in ProfileField}:
        return code in {field.value for field in PROFILES[language].extra_fields}
    place = next((place for prefix, place in PREFIXES.items() if code == prefix or code.startswith(f"{prefix}_")), "")
    return place in ("", language)


@pytest.mark.parametrize("language", PLACES)
def test_language_of_a_place_has_words_of_its_own_for_everything_that_is_shown_there(language: str) -> None:
    path = SCREEN / "texts" / "service" / f"{language}.toml"
    sections = tomllib.loads(path.read_text("utf-8"))
    own = {f"{section}.{key}" for section, entries in sections.items() for key in entries}
    needed = {key for key in load_words("en", SERVICE).list_keys() if is_shown_in(language, key)}
    assert len(needed) > 1000
    assert sorted(needed - own) == []


@pytest.mark.parametrize("language", PLACES)
def test_what_a_place_does_not_show_is_little_and_said_why(language: str) -> None:
    keys = load_words("en", SERVICE).list_keys()
    assert len({key for key in keys if not is_shown_in(language, key)}) < 430
    assert NEVER_SHOWN - keys == set()
