"""The officers' pages: who may see what, what an alert shows and what it never shows, and the log before each look."""

import re
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from records.comparing.acts import Act
from records.comparing.alerts import AlertVerdict
from records.comparing.mail import Outcome
from records.documents import ChipVerdict, DocumentKind, HowRead, Sex
from service.audit.errors import AuditUnavailable
from service.audit.log import AuditLog
from service.pages import load_words
from service.pages.log_reading import list_readable
from station.alerts.standing import Standing
from station.alerts.states import EndedBecause, State, Step
from station.audit import ACTS
from station.console.progress import Reached
from station.roles import Role
from tests.records.comparing import guest
from tests.records.comparing.world import digest
from tests.service.role_matrix import check_matrix
from tests.station.small_station import AUDITOR, OFFICER, OTHER_OFFICER, SUPERVISOR, SmallStation

OFFICERS = {"duty officer", "supervisor"}
EVERYBODY = {"duty officer", "supervisor", "auditor"}
ROUTES = {
    "alerts": OFFICERS, "signed_in": OFFICERS, "alert": OFFICERS, "note": OFFICERS, "accept": OFFICERS,
    "boards": {"supervisor", "auditor"},
    "confirm_clock": {"supervisor"},
    "boards_file": {"supervisor", "auditor"}, "second_looks": OFFICERS, "second_look": OFFICERS,
    "agree": OFFICERS, "disagree": OFFICERS,
    "close": OFFICERS, "dispatch": OFFICERS, "handle": OFFICERS, "report": OFFICERS, "go_on": OFFICERS,
    "confirm": OFFICERS, "send_back": OFFICERS,
    "understood": OFFICERS, "hand_over": OFFICERS, "offer_alerts": OFFICERS, "end_offers": OFFICERS,
    "take_alerts": OFFICERS, "take_over": {"supervisor"}, "search": EVERYBODY, "audit_log": {"auditor"},
    "health": {"nobody", "code", "refused", "password", "factor", "signed in"},
}  # fmt: skip


@pytest.fixture
def small(tmp_path: Path) -> Iterator[SmallStation]:
    small = SmallStation(tmp_path)
    yield small
    small.close()


def test_every_route_is_for_the_roles_that_the_table_says(small: SmallStation) -> None:
    app = small.make_flask()
    assert check_matrix(app, small.station.pages, ROUTES, {"alert": "0" * 32, "name": "station.css"}) > 150


def test_alert_shows_guest_and_decision_side_by_side_with_the_differences_marked(small: SmallStation) -> None:
    alert = small.raise_alert()
    page = small.open_client().get(f"/alerts/{alert}").text
    for shown in (
        "王小明", "WANG XIAOMING", guest.PERSON.number, "1990-03-07", "云溪客栈", "云溪路 1 号", "203", "armed robbery",
        "(2026) Demo 17", "Demonstration Court", "The document number is the same.", "+40.5",
        "A match is a lead, not a finding.", "It was read from its chip.", "The chip was proved genuine.",
        "DEMONSTRATION: specimens only", "10 minutes",
    ):  # fmt: skip
        assert shown in page, shown
    assert "<mark>WANG XIAOMING</mark>" in page, "a form of the name that only the decision has"
    assert "<mark>王小明</mark>" not in page


def test_character_that_was_misread_is_marked_on_both_sides(small: SmallStation) -> None:
    number = guest.PERSON.number
    misread = replace(guest.PERSON, number=number[:8] + ("7" if number[8] != "7" else "1") + number[9:])
    alert = small.raise_alert(person=misread, verdict=AlertVerdict.STRONG)
    page = small.open_client().get(f"/alerts/{alert}").text
    assert "Number differs by one slip" in page
    for text in (misread.number, number):
        assert f"{text[:8]}<mark>{text[8]}</mark>{text[9:]}" in page


def test_alert_shows_nothing_of_nationality_or_of_another_stay(small: SmallStation) -> None:
    small.raise_alert(1)
    alert = small.raise_alert(2)
    page = small.open_client().get(f"/alerts/{alert}").text
    assert re.search("nationality|ethnic|religio|国籍|民族|宗教", page) is None
    others = {row.id.hex() for row in small.station.book.list_open()} - {alert}
    assert not any(other in page for other in others)


def test_list_names_nobody_and_no_place(small: SmallStation) -> None:
    small.raise_alert()
    page = small.open_client().get("/").text
    assert "Same document number" in page
    for secret in ("王小明", guest.PERSON.number, "云溪客栈", "203", "Demo 17"):
        # Without digests and numbers of alerts, in which anything may stand.
        assert secret not in re.sub("[0-9a-f]{16,}", " ", page), secret


def test_look_is_in_the_log_before_it_is_shown(small: SmallStation, monkeypatch: pytest.MonkeyPatch) -> None:
    alert = small.raise_alert()
    client = small.open_client()
    client.get(f"/alerts/{alert}")
    assert (OFFICER, "look at alert", alert) in small.list_acts()

    def refuse(*_: object) -> None:
        raise AuditUnavailable

    monkeypatch.setattr(AuditLog, "write", refuse)
    answer = client.get(f"/alerts/{alert}")
    assert answer.status_code == 503
    assert "王小明" not in answer.text
    assert client.post(f"/alerts/{alert}/accept", headers={"Origin": "http://localhost"}).status_code == 503
    assert small.station.book.find(bytes.fromhex(alert)).state == State.RAISED


def post(client: object, path: str, **form: str) -> object:
    return client.post(path, data=form, headers={"Origin": "http://localhost"})  # type: ignore[attr-defined]


def test_alert_is_accepted_and_closed_with_an_outcome_and_only_so(small: SmallStation) -> None:
    alert = small.raise_alert()
    client, other = small.open_client(), small.open_client(OTHER_OFFICER)
    assert post(client, f"/alerts/{alert}/close", outcome="could-not-be-found").status_code == 409  # type: ignore[attr-defined]
    assert post(client, f"/alerts/{alert}/accept").status_code == 303  # type: ignore[attr-defined]
    late = post(other, f"/alerts/{alert}/accept")
    assert late.status_code == 409  # type: ignore[attr-defined]
    assert "lin has this alert" in late.text  # type: ignore[attr-defined]
    assert 'name="outcome"' not in other.get(f"/alerts/{alert}").text
    for wrong in ("", "whatever", "other person"):
        assert "Please choose an outcome" in post(client, f"/alerts/{alert}/close", outcome=wrong).text  # type: ignore[attr-defined]
    assert post(client, f"/alerts/{alert}/close", outcome="other-person").status_code == 303  # type: ignore[attr-defined]
    row = small.station.book.find(bytes.fromhex(alert))
    assert (row.state, row.outcome) == (State.CLOSED, Outcome.OTHER_PERSON)
    assert small.station.post.send(small.relay) == 2  # type: ignore[arg-type]


def test_ended_alert_is_for_who_held_it_and_the_supervisor(small: SmallStation) -> None:
    alert = small.raise_alert()
    client = small.open_client()
    post(client, f"/alerts/{alert}/accept")
    post(client, f"/alerts/{alert}/close", outcome="could-not-be-found")
    assert client.get(f"/alerts/{alert}").status_code == 200
    assert small.open_client(SUPERVISOR).get(f"/alerts/{alert}").status_code == 200
    assert small.open_client(OTHER_OFFICER).get(f"/alerts/{alert}").status_code == 403


def test_supervisor_takes_over_what_an_absent_officer_holds(small: SmallStation) -> None:
    alert = small.raise_alert()
    client, supervisor = small.open_client(), small.open_client(SUPERVISOR)
    post(client, f"/alerts/{alert}/accept")
    assert "Take over from lin" in supervisor.get(f"/alerts/{alert}").text
    assert "Take over" not in small.open_client(OTHER_OFFICER).get(f"/alerts/{alert}").text
    assert post(supervisor, f"/alerts/{alert}/take-over", held_by="mori").status_code == 409  # type: ignore[attr-defined]
    assert post(supervisor, f"/alerts/{alert}/take-over", held_by="lin").status_code == 303  # type: ignore[attr-defined]
    assert small.station.book.find(bytes.fromhex(alert)).holder == SUPERVISOR
    assert post(client, f"/alerts/{alert}/close", outcome="could-not-be-found").status_code == 409  # type: ignore[attr-defined]
    assert (SUPERVISOR, "take over alert", alert) in small.list_acts()


def test_note_for_whoever_was_stopped_names_neither_them_nor_the_decisions_person(small: SmallStation) -> None:
    alert = small.raise_alert()
    for language, ground in (("en", "lead, not an accusation"), ("zh", "不是指控")):
        token = small.open_session(OFFICER, language)
        client = small.make_flask().test_client()
        client.set_cookie(small.cookie, token, domain="localhost")
        page = client.get(f"/alerts/{alert}/note").text
        assert ground in page
        assert "(2026) Demo 17" in page
        for secret in ("王小明", "WANG", guest.PERSON.number, "1990", "云溪", "203", "robbery", "抢劫"):
            # Without the tags: their addresses carry digests, in which anything may stand.
            assert secret not in re.sub("<[^>]*>", " ", page), secret
    assert (OFFICER, "open note for whoever was stopped", alert) in small.list_acts()


# Between sentences of the templates, with what stands inside a line left out.
GAP = re.compile("[。；：！？，] +[^ <·]")


def test_no_space_stands_between_two_chinese_sentences(small: SmallStation) -> None:
    alert = small.raise_alert()
    client = small.make_flask().test_client()
    client.set_cookie(small.cookie, small.open_session(SUPERVISOR, "zh"), domain="localhost")
    post(client, f"/alerts/{alert}/accept")
    for path in (f"/alerts/{alert}", f"/alerts/{alert}/note", "/", "/boards", "/hand-over", "/search"):
        page = re.sub("</?(?:strong|span|a|time|mark)[^>]*>", "", client.get(path).text)
        assert GAP.findall(page.partition("<main")[2]) == [], path


def test_there_is_no_search_and_the_page_says_so(small: SmallStation) -> None:
    for name in (OFFICER, AUDITOR):
        page = small.open_client(name).get("/search").text
        assert "There is no search for guests here" in page
        assert "<form" not in page.split("<main")[1]
        assert "at most seven days, the court and the oversight body open it together" in page
    app = small.make_flask()
    assert {str(rule) for rule in app.url_map.iter_rules() if "<" in str(rule)} == {
        "/static/<path:name>", "/own/<path:name>", "/alerts/<id:alert>", "/alerts/<id:alert>/note",
        *(f"/alerts/<id:alert>/{act}" for act in (
            "accept", "close", "take-over", "dispatch", "handle", "report", "go-on", "understood", "second", "agree",
            "disagree", "confirm", "send-back",
        )),
    }  # fmt: skip


@pytest.mark.parametrize("path", ["/alerts/" + "0" * 32, "/alerts/x", "/alerts/" + "0" * 32 + "/note", "/print"])
def test_what_is_not_there_is_a_page_in_words(small: SmallStation, path: str) -> None:
    assert small.open_client().get(path).status_code == 404


def test_refused_alerts_are_a_number_and_nothing_else(small: SmallStation) -> None:
    small.station.receiver.take([small.make_row(venue=digest("house")[:16])])
    page = small.open_client().get("/").text
    assert "1 alert of today was refused" in page
    assert "王小明" not in page


def test_auditor_reads_who_looked_and_nothing_of_a_guest(small: SmallStation) -> None:
    alert = small.raise_alert()
    small.open_client().get(f"/alerts/{alert}")
    page = small.open_client(AUDITOR).get("/audit-log").text
    assert "looked at an alert" in page
    assert alert in page
    assert "王小明" not in page


def load_texts(language: str) -> dict[str, dict[str, str]]:
    return tomllib.loads((Path("station/console/texts") / f"{language}.toml").read_text("utf-8"))


def test_both_languages_have_the_same_texts_with_the_same_places_to_fill() -> None:
    zh, en = load_texts("zh"), load_texts("en")
    flat = {
        language: {f"{name}.{key}": text for name, texts in table.items() for key, text in texts.items()}
        for language, table in (("zh", zh), ("en", en))
    }
    assert flat["zh"].keys() == flat["en"].keys()
    for key, text in flat["en"].items():
        assert sorted(re.findall(r"\{\w+\}", text)) == sorted(re.findall(r"\{\w+\}", flat["zh"][key])), key
        assert not re.search("[\u4e00-\u9fff]", text), key


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_code_that_can_be_shown_has_words(language: str) -> None:
    words = load_words("station.console", language)
    keys = {f"standing.{each}" for each in Standing} | {f"state.{each}" for each in State}
    keys |= {f"standing.{each}_why" for each in Standing if each is not Standing.ON}
    keys |= {f"{name}.{each}" for each in Outcome for name in ("outcome", "effect")}
    keys |= {f"because.{each}" for each in EndedBecause} | {f"kind.{each}" for each in DocumentKind}
    keys |= {f"sex.{each}" for each in Sex} | {f"read.{each}" for each in HowRead}
    keys |= {f"chip.{each}" for each in ChipVerdict} | {"verdict.exact", "verdict.strong"}
    keys |= {f"role.{str(each).replace(' ', '_')}" for each in Role}
    keys |= {f"step.{str(each).replace(' ', '_')}" for each in Step}
    keys |= {f"reached.{str(each).replace(' ', '_')}" for each in Reached if each is not Reached.DONE}
    keys |= {f"act.{each.replace(' ', '_')}" for each in list_readable(ACTS)}
    assert keys - words.list_keys() == set()
    assert len(Act) == 10
