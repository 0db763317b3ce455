"""Oversight's page: one decision at a time, 200 a day, the permit, the stop that asks nobody, and going on with two."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from oversight.comparing import countersigning
from oversight.comparing.list_files import LIST_FILE, read_leaves
from oversight.comparing.page.audit import ACTS, PageAct
from oversight.comparing.page.roles import Role
from records.comparing.lists import load_list
from records.comparing.permits import load_permit
from records.comparing.withdrawals import Withdrawal, WithdrawalReason, sign_withdrawal
from service.audit.errors import AuditUnavailable
from service.audit.log import AuditLog
from service.pages import load_words
from service.pages.log_reading import list_readable
from tests.oversight.comparing.desk_world import give_permit, make_batch
from tests.oversight.comparing.small_oversight import AUDITOR, BORN, OFFICER, OTHER_OFFICER, SmallOversight
from tests.records.comparing import world
from tests.service.role_matrix import EVERYBODY, check_matrix

OFFICERS, ALL = {"oversight officer"}, {"oversight officer", "auditor"}
ROUTES = {
    "decisions": OFFICERS, "next_decision": OFFICERS, "decision": OFFICERS, "agree": OFFICERS, "refuse": OFFICERS,
    "list_draft": OFFICERS, "sign_list": OFFICERS, "permits": OFFICERS, "permit": OFFICERS, "propose": OFFICERS,
    "go_on": OFFICERS, "stop": ALL, "silences": ALL, "stop_now": ALL, "figures": ALL, "figures_csv": ALL,
    "acts_csv": ALL, "logs": ALL, "verify_log": ALL, "audit_log": {"auditor"}, "health": EVERYBODY,
}  # fmt: skip
PEOPLE = ("王小明", "WANG", BORN)


@pytest.fixture
def small(tmp_path: Path) -> Iterator[SmallOversight]:
    small = SmallOversight(tmp_path)
    yield small
    small.close()


def open_next(client: FlaskClient) -> TestResponse:
    return client.post("/decisions/next", follow_redirects=True)


def agree(client: FlaskClient, leaf: str, born: str = BORN) -> TestResponse:
    return client.post(f"/decisions/{leaf}/agree", data={"born": born}, follow_redirects=True)


def find_root(page: str) -> str:
    found = re.search(r"/list/([0-9a-f]{64})/sign", page)
    assert found
    return found[1]


def sign(client: FlaskClient) -> TestResponse:
    return client.post(f"/list/{find_root(client.get('/list').text)}/sign", follow_redirects=True)


def make_list(small: SmallOversight, client: FlaskClient) -> str:
    """Bring one decision, agree, sign; return the list's root."""
    leaf = small.bring()
    open_next(client)
    agree(client, leaf)
    assert "List 1 is signed" in sign(client).text
    return find_form(client)["root"]


def find_form(client: FlaskClient) -> dict[str, str]:
    page = client.get("/permits").text
    found = re.search(r'name="root" value="([0-9a-f]{64})"', page)
    assert found
    return {"root": found[1], "hours": "24", "most": "5000", "looked": "yes"}


def find_proposal(client: FlaskClient) -> str:
    found = re.search(r'name="proposal" value="([0-9a-f]{64})"', client.get("/permits").text)
    return found[1] if found else ""


def go_on(client: FlaskClient) -> TestResponse:
    return client.post("/permits/go-on", data={"proposal": find_proposal(client)})


def switch_on(small: SmallOversight, **changes: str) -> None:
    """Give the first permit: one person proposes, and another agrees."""
    client, other = small.open_client(), small.open_client(OTHER_OFFICER)
    client.post("/permits/propose", data=find_form(client) | changes)
    assert go_on(other).status_code == 303


def is_on(small: SmallOversight) -> bool:
    return bool(small.ask_desk(command="standing")["is_on"])


def test_every_route_is_for_the_roles_that_the_table_says(small: SmallOversight) -> None:
    app = small.make_app()
    values = {"leaf": "0" * 64, "root": "0" * 64, "place": 0, "name": "oversight.css"}
    assert check_matrix(app, small.open_parts().pages, ROUTES, values) > 200


def test_decision_is_shown_whole_and_what_is_countersigned_stands_in_words(small: SmallOversight) -> None:
    small.bring()
    page = open_next(small.open_client()).text
    for shown in (
        "王小明", "WANG", "XIAOMING", "7 March 1990", "male", "CHN", "UTO L898902C3", world.COURT, "(2026) Demo 17",
        "armed robbery", "2 November 2026", "2 November 2027", "365 days", "demo/judge-1", "demo/judge-2",
        "with this one person, 王小明", "and with nobody else", "DEMONSTRATION",
    ):  # fmt: skip
        assert shown in page, shown
    assert make_number_shown() in page


def make_number_shown() -> str:
    return world.make_decision().documents[0].number


def test_yes_needs_the_date_of_birth_that_stands_in_the_decision(small: SmallOversight) -> None:
    leaf = small.bring()
    client = small.open_client()
    open_next(client)
    for wrong in ("", "19900308", "on", "yes", "1990-3-7"):
        answer = agree(client, leaf, wrong)
        assert answer.status_code == 409
        assert "Nothing was agreed to" in answer.text
    assert not small.open_parts().sitting.book.seen  # type: ignore[union-attr]
    assert agree(client, leaf, "1990-03-07").status_code == 200
    assert {each.hex() for each in small.open_parts().sitting.book.seen} == {leaf}  # type: ignore[union-attr]


def test_nothing_is_agreed_to_that_was_not_opened_and_one_decision_is_open_at_a_time(small: SmallOversight) -> None:
    first, second = small.bring("1"), small.bring("2")
    client = small.open_client()
    assert agree(client, first).status_code == 409
    assert open_next(client).request.path == f"/decisions/{first}"
    assert open_next(client).request.path == f"/decisions/{first}", "the same one, and counted once"
    assert client.get(f"/decisions/{second}").status_code == 404
    assert agree(client, second).status_code == 409
    assert small.open_parts().sitting.count_room() == countersigning.MOST_NEW_A_DAY - 1  # type: ignore[union-attr]
    other = small.open_client(OTHER_OFFICER)
    assert agree(other, first).status_code == 409, "open to somebody else"
    assert open_next(other).request.path == f"/decisions/{second}", "two people have two decisions"


def test_no_more_than_the_days_measure_is_opened_whatever_is_answered(
    small: SmallOversight, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert countersigning.MOST_NEW_A_DAY == 200
    monkeypatch.setattr(countersigning, "MOST_NEW_A_DAY", 3)
    leaves = small.bring_many(5)
    client, other = small.open_client(), small.open_client(OTHER_OFFICER)
    open_next(client)
    client.post(f"/decisions/{leaves[0]}/refuse")
    open_next(other)
    agree(other, leaves[1])
    open_next(client)
    assert agree(client, leaves[2]).status_code == 200
    refused = open_next(client)
    assert (refused.status_code, refused.request.path) == (409, "/decisions/next")
    assert "No more decisions are shown today" in refused.text
    assert client.get(f"/decisions/{leaves[3]}").status_code == 404
    assert agree(client, leaves[3]).status_code == 409
    small.wait(days=1)
    # What was said no to is asked again, before the rest.
    assert open_next(small.open_client()).request.path == f"/decisions/{leaves[0]}"


def test_two_hundred_are_shown_in_a_day_and_the_next_one_is_refused(small: SmallOversight) -> None:
    leaf = small.bring()
    book = small.open_parts().sitting.book  # type: ignore[union-attr]
    for _ in range(199):
        book.note_shown(small.now.date())
    client = small.open_client()
    assert open_next(client).request.path == f"/decisions/{leaf}"
    agree(client, leaf)
    small.bring("another")
    assert open_next(client).status_code == 409
    # Another process of the same folder has the same measure.
    from oversight.comparing.book import Book

    assert countersigning.count_room(Book(small.settings.offline), small.now.date()) == 0  # type: ignore[arg-type]


def test_list_is_of_what_was_agreed_to_and_a_withdrawn_one_leaves_it(small: SmallOversight) -> None:
    client = small.open_client()
    leaves = [small.bring("1"), small.bring("2"), small.bring("3")]
    for leaf in leaves[:2]:
        open_next(client)
        agree(client, leaf)
    page = client.get("/list").text
    assert "Decisions on it: 2, each of which somebody here read in full" in page
    assert "are not on this list: 1" in page
    assert sign(client).status_code == 200
    assert {each.hex() for each in read_leaves(small.folder / "list" / "leaves.txt")} == set(leaves[:2])
    withdrawn = Withdrawal(
        world.make_annex().jurisdiction,
        world.COURT,
        "1",
        bytes.fromhex(leaves[0]),
        small.now.date(),
        WithdrawalReason.MISTAKE,
    )
    (small.folder / "withdrawn" / "1.note").write_text(sign_withdrawal(withdrawn, world.FIRST_JUDGE), encoding="utf-8")
    assert sign(client).status_code == 200
    made = load_list((small.folder / "list" / LIST_FILE).read_text(encoding="utf-8"), world.load_sample_annex())
    assert (made.number, made.count) == (2, 1)


def test_another_list_than_was_shown_is_not_signed(small: SmallOversight) -> None:
    client = small.open_client()
    leaf = small.bring()
    root = find_root(client.get("/list").text)
    open_next(client)
    agree(client, leaf)
    answer = client.post(f"/list/{root}/sign")
    assert answer.status_code == 409
    assert not (small.folder / "list").exists()


def test_refused_files_are_named_with_their_reason_and_never_shown(small: SmallOversight) -> None:
    leaf = small.bring()
    path = next((small.folder / "brought").iterdir())
    path.write_text(path.read_text(encoding="utf-8").replace("王小明", "王小红"), encoding="utf-8")
    page = small.open_client().get("/").text
    assert "0000.note:1" in page
    assert "a signature does not fit the text" in page
    assert "王小红" not in page
    assert leaf not in page


def test_permit_says_what_it_contains_and_is_given_for_the_list_that_was_shown(small: SmallOversight) -> None:
    client = small.open_client()
    make_list(small, client)
    page = client.get("/permits").text
    assert "The permit would name list 1. Decisions on it: 1." in page
    assert "armed robbery" in page
    assert "&lt; 5" in page, "small counts are not told"
    assert "Switch comparison on" in page
    form = find_form(client)
    for wrong in ({"looked": ""}, {"hours": "37"}, {"hours": "0"}, {"most": "5001"}, {"most": "x"}, {"root": "0" * 64}):
        assert client.post("/permits/propose", data={**form, **wrong}).status_code == 409 or "root" in wrong, wrong
        assert go_on(small.open_client(OTHER_OFFICER)).status_code == 409, wrong
        assert not is_on(small)
    switch_on(small, most="40")
    told = load_permit(small.ask_desk(command="standing")["permit"], world.load_sample_annex())
    assert (told.list_number, told.max_comparisons, told.valid_until) == (1, 40, small.now + timedelta(hours=24))
    assert "Comparison is ON: permit 1" in client.get("/permits").text
    for guests, shown in ((1, "&lt; 5"), (4, "&lt; 5"), (7, "5")):
        while small.desk.read_standing().compared < guests:
            small.desk.evaluate(make_batch(1, os.urandom(16)))
        standing = client.get("/permits").text.partition('id="standing"')[2]
        assert f"</meter> {shown} / 40" in standing, guests


def test_one_person_renews_what_is_on_and_nobody_alone_switches_on_what_is_off(small: SmallOversight) -> None:
    client = small.open_client()
    make_list(small, client)
    form = find_form(client)
    refused = client.post("/permits/permit", data=form)
    assert refused.status_code == 409
    assert "two people switch it on" in refused.text
    assert not is_on(small)
    switch_on(small)
    assert client.post("/permits/permit", data=form).status_code == 303
    assert load_permit(small.ask_desk(command="standing")["permit"], world.load_sample_annex()).number == 2
    # Nobody stopped it: it ran out.
    small.wait(hours=25)
    client = small.open_client()
    assert client.post("/permits/permit", data=form).status_code == 409
    assert not is_on(small)


def test_page_without_the_list_key_permits_nothing_and_says_where_the_key_is(small: SmallOversight) -> None:
    client = small.open_client()
    make_list(small, client)
    switch_on(small)
    key = small.folder / "offline" / "list.key"
    data = key.read_bytes()
    key.unlink()
    refused = client.post("/permits/permit", data=find_form(client))
    assert refused.status_code == 409
    assert "The list key cannot be used" in refused.text
    assert client.post("/stop").status_code == 200, "the stop needs no second key"
    assert not is_on(small)
    key.write_bytes(data)


def test_stop_is_one_press_of_one_person_and_going_on_takes_two(small: SmallOversight) -> None:
    client, other, auditor = (small.open_client(name) for name in (OFFICER, OTHER_OFFICER, AUDITOR))
    root = make_list(small, client)
    form = find_form(client)
    switch_on(small)
    assert is_on(small)
    answer = auditor.post("/stop")
    assert answer.status_code == 200
    assert "Comparison is STOPPED" in answer.text
    assert not is_on(small)
    refused = client.post("/permits/permit", data=form)
    assert refused.status_code == 409
    assert "two people switch it on" in refused.text
    client.post("/permits/propose", data=form)
    assert "Another person must agree" in client.get("/permits").text
    assert go_on(client).status_code == 409, "not the same person"
    assert not is_on(small)
    assert auditor.post("/permits/go-on").status_code == 403
    assert go_on(other).status_code == 303
    assert is_on(small)
    assert [each for each in small.list_acts() if each[1] in (PageAct.STOP, PageAct.PROPOSE, PageAct.GO_ON)] == [
        (OFFICER, PageAct.PROPOSE, root), (OTHER_OFFICER, PageAct.GO_ON, root),
        (AUDITOR, PageAct.STOP, ""), (OFFICER, PageAct.PROPOSE, root), (OFFICER, PageAct.GO_ON, root),
        (OTHER_OFFICER, PageAct.GO_ON, root),
    ]  # fmt: skip


def test_whoever_agrees_to_go_on_agrees_to_what_was_shown(small: SmallOversight) -> None:
    client, other = small.open_client(), small.open_client(OTHER_OFFICER)
    make_list(small, client)
    form = find_form(client)
    switch_on(small)
    client.post("/stop")
    client.post("/permits/propose", data={**form, "hours": "1", "most": "10"})
    shown = find_proposal(other)
    # Before the second person presses, the first exchanges it for the most that can be proposed.
    client.post("/permits/propose", data={**form, "hours": "36", "most": "5000"})
    for said in (shown, "", "0" * 64):
        refused = other.post("/permits/go-on", data={"proposal": said})
        assert refused.status_code == 409
        assert "something else than you were shown" in refused.text
        assert not is_on(small)
    assert go_on(other).status_code == 303
    assert is_on(small)


def test_proposal_ends_after_half_an_hour_and_with_another_stop(small: SmallOversight) -> None:
    client, other = small.open_client(), small.open_client(OTHER_OFFICER)
    make_list(small, client)
    form = find_form(client)
    switch_on(small)
    client.post("/stop")
    client.post("/permits/propose", data=form)
    small.wait(minutes=31)
    client, other = small.open_client(), small.open_client(OTHER_OFFICER)
    assert go_on(other).status_code == 409
    client.post("/permits/propose", data=form)
    assert go_on(other).status_code == 303
    assert is_on(small)


def test_whoever_was_sent_away_meanwhile_is_no_second_person(small: SmallOversight) -> None:
    client, other = small.open_client(), small.open_client(OTHER_OFFICER)
    make_list(small, client)
    client.post("/permits/propose", data=find_form(client))
    shown = find_proposal(other)
    small.open_parts().pages.accounts.disable(OFFICER, by="test")
    assert other.post("/permits/go-on", data={"proposal": shown}).status_code == 409
    assert not is_on(small)


def test_list_is_not_made_while_the_folder_of_withdrawals_is_away(small: SmallOversight) -> None:
    client = small.open_client()
    make_list(small, client)
    (small.folder / "withdrawn").rename(small.folder / "elsewhere")
    for path in ("/", "/list"):
        assert client.get(path).status_code == 409, path
    (small.folder / "elsewhere").rename(small.folder / "withdrawn")
    assert client.get("/").status_code == 200


def test_stop_does_not_wait_for_the_audit_log(small: SmallOversight, monkeypatch: pytest.MonkeyPatch) -> None:
    client = small.open_client()
    make_list(small, client)
    switch_on(small)

    def fail(*_: Any) -> None:
        raise AuditUnavailable

    monkeypatch.setattr(AuditLog, "write", fail)
    answer = client.post("/stop")
    assert answer.status_code == 200
    assert "could not be written into the audit log" in answer.text
    assert not is_on(small)


def test_desk_that_began_anew_after_a_stop_still_asks_for_two(small: SmallOversight) -> None:
    from oversight.comparing.desk.counts import DeskBook
    from oversight.comparing.desk.desk import Desk
    from oversight.comparing.errors import NeedsTwo

    client = small.open_client()
    make_list(small, client)
    switch_on(small)
    client.post("/stop")
    small.wait(days=3)
    again = Desk(world.load_sample_annex(), world.PERMIT, DeskBook(small.folder / "desk"), small.read_clock)
    note = (small.folder / "list" / LIST_FILE).read_text(encoding="utf-8")
    leaves = read_leaves(small.folder / "list" / "leaves.txt")
    for agreed in ((), (OFFICER,), (OFFICER, OFFICER), (OFFICER, "")):
        with pytest.raises(NeedsTwo):
            give_permit(again, note, leaves, timedelta(hours=1), 10, agreed)
    assert give_permit(again, note, leaves, timedelta(hours=1), 10, (OFFICER, OTHER_OFFICER)).number == 2


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"}, {"Origin": "http://localhost:81"}, {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {},
    ],
)  # fmt: skip
def test_hostile_tab_can_neither_permit_nor_stop_nor_agree(small: SmallOversight, headers: dict[str, str]) -> None:
    leaf = small.bring()
    client = small.open_client()
    open_next(client)
    del client.environ_base["HTTP_ORIGIN"]
    for path in (
        f"/decisions/{leaf}/agree",
        "/permits/permit",
        "/permits/propose",
        "/permits/go-on",
        "/stop",
        "/decisions/next",
    ):
        assert client.post(path, data={"born": BORN}, headers=headers).status_code == 403, path
    assert not small.open_parts().sitting.book.seen  # type: ignore[union-attr]


def test_name_that_points_to_this_machine_is_not_ours_and_the_page_is_in_no_frame(small: SmallOversight) -> None:
    client = small.open_client()
    assert client.get("/", headers={"Host": "rebound.example"}).status_code == 421
    answer = client.get("/")
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Cache-Control"] == "no-store"


def test_look_is_in_the_log_before_the_decision_is_shown_and_the_log_names_nobody(
    small: SmallOversight, monkeypatch: pytest.MonkeyPatch
) -> None:
    leaf = small.bring()
    client = small.open_client()
    assert open_next(client).status_code == 200
    assert (OFFICER, PageAct.LOOK, leaf) in small.list_acts()
    agree(client, leaf)
    sign(client)
    acts = small.list_acts()
    assert (OFFICER, PageAct.AGREE, leaf) in acts
    assert not any(person in text for person in PEOPLE for act in acts for text in act)
    small.bring("2")

    def fail(*_: Any) -> None:
        raise AuditUnavailable

    monkeypatch.setattr(AuditLog, "write", fail)
    assert "王小明" not in open_next(client).text


def test_settings_for_one_half_show_that_half_alone(small: SmallOversight) -> None:
    from msgspec.structs import replace

    small.settings = replace(small.settings, desk=None)
    offline = small.open_client()
    assert "/permits" not in offline.get("/").text
    assert offline.get("/permits").status_code == 404
    assert offline.post("/stop").status_code in (403, 404)


def test_every_word_is_there_in_both_languages() -> None:
    keys = [load_words("oversight.comparing.page", language).list_keys() for language in ("zh", "en")]
    assert keys[0] == keys[1]
    texts = tomllib.loads((Path("oversight/comparing/page/texts/en.toml")).read_text("utf-8"))
    assert set(texts["role"]) == {str(role).replace(" ", "_") for role in Role}
    assert {str(act).replace(" ", "_").replace(":", "") for act in list_readable(ACTS)} <= set(texts["act"])
