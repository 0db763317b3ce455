"""The words of the shared pages: whole in both languages, nothing left over, every problem in words."""

import re

import pytest

from service.accounts import errors
from service.accounts.errors import AccountsError
from service.pages.faults import STATUSES_WITH_WORDS
from service.pages.texts import LANGUAGES, OWN_TEXTS, Words, load_words
from tests.test_layering import ROOT

PAGES = ROOT / "service" / "pages"
CODES = {each.code for each in vars(errors).values() if isinstance(each, type) and issubclass(each, AccountsError)}
# Of commands, never of a page.
UNSEEN = {"name_refused", "name_taken", "account_unknown", "key_refused"}
DONE = ("password", "key", "key_removed", "app_removed", "other")
USES = ("factor", "codes", "key", "remove_key", "remove_app")
LITERAL = re.compile(r"""\bwords(?:\.count)?\(\s*["']([a-z_]+\.[a-z_]+)["']""")
IN_MACROS = re.compile(r"""["']((?:sign_in|first|account|factor|wait|keys|confirm)\.[a-z_]+)["']""")


def used_keys() -> set[str]:
    found: set[str] = set()
    for path in [*PAGES.glob("templates/pages/*.html"), *PAGES.glob("*.py")]:
        text = path.read_text("utf-8")
        found |= set(LITERAL.findall(text)) | set(IN_MACROS.findall(text))
    found |= {f"problem.{code}" for code in CODES - UNSEEN} | {f"done.{done}" for done in DONE}
    found |= {f"fault.s{status}{end}" for status in (*STATUSES_WITH_WORDS, 400, 500) for end in ("", "_title")}
    found |= {f"confirm.{kind}_{use}" for kind in ("title", "why") for use in USES}
    found |= {"date.full", "date.moment", "date.months"}
    # The words of the page of an audit log are each service's own, as its name is.
    found = {key for key in found if not key.startswith(("audit.", "about."))} - {"service.name", "keys.js"}
    return {key for key in found if not key.endswith("_")}


@pytest.fixture(params=LANGUAGES)
def words(request: pytest.FixtureRequest) -> Words:
    return load_words(OWN_TEXTS, request.param)


def test_both_languages_have_the_same_keys_and_placeholders() -> None:
    zh, en = (load_words(OWN_TEXTS, language) for language in LANGUAGES)
    assert zh.list_keys() ^ en.list_keys() == set()
    assert [
        key
        for key in zh.list_keys()
        if not key.startswith("date.") and set(re.findall(r"{\w+}", zh(key))) != set(re.findall(r"{\w+}", en(key)))
    ] == []


def test_texts_are_those_that_are_used(words: Words) -> None:
    expected = {end for key in used_keys() for end in ((f"{key}_one", f"{key}_many") if is_counted(key) else (key,))}
    assert words.list_keys() == expected


def is_counted(key: str) -> bool:
    return key in ("account.codes_left", "wait.seconds", "wait.minutes")


def test_no_text_is_empty_or_in_the_other_language() -> None:
    zh, en = (load_words(OWN_TEXTS, language) for language in LANGUAGES)
    assert [key for key in en.list_keys() if re.search(r"[\u3000-\u9fff\uff00-\uffef]", en(key))] == []
    assert [key for key in zh.list_keys() if not re.search(r"[\u4e00-\u9fff]", zh(key))] == []


def test_services_own_texts_come_beside_ours() -> None:
    small = load_words("tests.service.small_service", "en")
    assert small("service.name") == "Small service"
    assert small("sign_in.title") == load_words(OWN_TEXTS, "en")("sign_in.title")
    assert small.name("role", "night watch") == "Night watch"
    assert small.name("role", "unheard of") == "unheard of"
    assert small.wait(60) == "60 seconds"
    assert small.wait(61) == "2 minutes"
