"""What an entry of an audit log is about, said in words, in every service that shows its log."""

from collections.abc import Set

import pytest

from central.audit import ABOUT as CENTRAL
from central.audit import ACTS as CENTRAL_ACTS
from central.audit import CentralAct
from oversight.comparing.page.audit import ABOUT as OVERSIGHT
from oversight.comparing.page.audit import ACTS as OVERSIGHT_ACTS
from oversight.redress.audit import ABOUT as OFFICE
from oversight.redress.audit import ACTS as OFFICE_ACTS
from service.pages import load_words
from service.pages.subjects import COMMON, COUNTED, About, say_subject
from station.audit import ABOUT as STATION
from station.audit import ACTS as STATION_ACTS
from station.audit import StationAct

SERVICES = [
    ("central.console", CENTRAL, CENTRAL_ACTS), ("oversight.comparing.page", OVERSIGHT, OVERSIGHT_ACTS),
    ("oversight.redress", OFFICE, OFFICE_ACTS), ("station.console", STATION, STATION_ACTS),
]  # fmt: skip
# Whoever did them did them to no one thing.
WITHOUT = {
    "look at terminals", "look at enrolments", "look at audit log", "look at venues", "look at map", "look at areas",
    "look at accounts", "look at retention", "make next receipt key", "export venues", "look at board", "export board",
    "stop comparison", "list requests",
}  # fmt: skip


@pytest.mark.parametrize(("texts", "about", "acts"), SERVICES, ids=lambda each: each if isinstance(each, str) else "")
def test_every_act_of_a_service_says_what_it_was_done_to_in_both_languages(
    texts: str, about: About, acts: Set[str]
) -> None:
    whole = {**COMMON, **about}
    assert acts - whole.keys() <= WITHOUT
    for language in ("zh", "en"):
        words = load_words(texts, language)
        for kinds in whole.values():
            for kind in kinds:
                assert "{" in words(f"about.{kind.removeprefix(COUNTED)}")


def test_ids_numbers_and_codes_are_named() -> None:
    zh, en = (load_words("station.console", language) for language in ("zh", "en"))
    assert say_subject(zh, STATION, StationAct.LOOK, "0cf6") == "提醒 0cf6"
    assert say_subject(en, STATION, StationAct.OFFER, "0cf6 mori") == "alert 0cf6, account mori"
    assert say_subject(zh, {**COMMON, **STATION}, "read log", "0 to 67") == "第 0 至第 67 条"
    central = load_words("central.console", "zh")
    overdue = "1 places, 0 overdue, 0 opened, 3 keys left"
    assert say_subject(central, CENTRAL, CentralAct.CHECK_OVERDUE, overdue).endswith("剩余密钥 3 把")
    assert say_subject(central, CENTRAL, CentralAct.GIVE_ROLE, "anna terminal administrator") == "账号 anna，终端管理员"


def test_what_is_of_another_form_is_shown_as_it_stands() -> None:
    words = load_words("central.console", "en")
    assert say_subject(words, CENTRAL, CentralAct.CHECK_OVERDUE, "1 place") == "1 place"
    assert say_subject(words, CENTRAL, "unheard of", "x") == "x"
    assert say_subject(words, CENTRAL, CentralAct.ADD_TERMINAL, "") == ""
