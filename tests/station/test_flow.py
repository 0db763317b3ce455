"""The closed loop through the pages: steps, what officers write, timers, absence, hand-over, and who may see what."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from records.comparing.mail import Outcome
from service.accounts import Standing
from station.alerts.changes import NOTE_LENGTH, REPORT_LENGTH, TO_LENGTH
from station.alerts.snapshots import Written
from station.alerts.states import ABSENT_AFTER, IN_HAND, WAITING, EndedBecause, State
from station.console.progress import Reached, find_progress
from station.errors import AlertUnknown, StationsRefused
from station.stations import PoliceStation, Stations, load_stations, write_stations
from station.store.papers import keep_withdrawal
from tests.records.comparing import guest
from tests.records.comparing.guest import VENUE
from tests.service.role_matrix import build_path, list_doors
from tests.station.small_station import DISTRICT_OFFICER, OFFICER, OTHER_OFFICER, SUPERVISOR, SmallStation, change_place

OWN, DISTRICT = "yunxi", "district"
STRANGER = "nobody-yet"
SECRET = "behind the blue door"


@pytest.fixture
def small(tmp_path: Path) -> Iterator[SmallStation]:
    small = SmallStation(tmp_path)
    yield small
    small.close()


@pytest.fixture
def town(tmp_path: Path) -> Iterator[SmallStation]:
    """Two stations: one covers the sample's house, one supervises."""
    own = PoliceStation(OWN, "云溪派出所", "Yunxi station", frozenset({VENUE}))
    write_stations(tmp_path / "stations.toml", Stations((own, PoliceStation(DISTRICT, "分局", "District")), DISTRICT))
    town = SmallStation(tmp_path, stations=tmp_path / "stations.toml")
    for name in (OFFICER, OTHER_OFFICER, SUPERVISOR):
        town.put(name, OWN)
    town.put(DISTRICT_OFFICER, DISTRICT)
    yield town
    town.close()


def post(client: FlaskClient, path: str, **form: str) -> Any:
    return client.post(path, data=form, headers={"Origin": "http://localhost"})


def bring_to(small: SmallStation, state: State) -> bytes:
    """Raise an alert and have the officer work it up to a state."""
    alert, book = bytes.fromhex(small.raise_alert(len(small.list_acts()) + 1)), small.station.book
    if state in WAITING:
        if state is State.ESCALATED:
            small.wait(seconds=60)
            small.station.keeper.go_round()
        return alert
    book.accept(alert, OFFICER)
    if state in (State.DISPATCHED, State.HANDLING, State.REPORTED):
        book.dispatch(alert, OFFICER, Written("unit 2", SECRET))
    if state in (State.HANDLING, State.REPORTED):
        book.handle(alert, OFFICER)
    if state is State.REPORTED:
        book.report(alert, OFFICER, Written("", SECRET))
    return alert


def read_disk(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def test_alert_is_worked_through_every_step_each_in_the_log_before_it_shows(small: SmallStation) -> None:
    alert, client = small.raise_alert(), small.open_client()
    forms: tuple[tuple[str, dict[str, str]], ...] = (
        ("accept", {}), ("dispatch", {"to": "Unit 2", "note": SECRET}), ("handle", {}),
        ("report", {"report": "It was <b>somebody else</b>"}), ("close", {"outcome": "other-person"}),
    )  # fmt: skip
    for act, form in forms:
        assert post(client, f"/alerts/{alert}/{act}", **form).status_code == 303
    page = client.get(f"/alerts/{alert}").text
    assert "Sent: Unit 2." in page
    assert SECRET in page
    assert "It was &lt;b&gt;somebody else" in page
    assert page.count('class="done"') == 5
    assert "A match is a lead" not in page, "nothing is left to check"
    acts = [(act, subject) for actor, act, subject in small.list_acts() if actor == OFFICER and "look" not in act]
    assert acts == [(f"{act} alert", alert) for act in ("accept", "dispatch", "handle", "report", "close")]
    assert not any(SECRET in subject for _, _, subject in small.list_acts())


def test_what_was_written_lies_sealed_and_goes_with_the_snapshot(small: SmallStation) -> None:
    alert = bring_to(small, State.REPORTED)
    book = small.station.book
    row = book.find(alert)
    assert [each.written.text for each in book.list_steps(row) if each.written.text] == [SECRET, SECRET]
    small.reopen()
    assert SECRET.encode() not in read_disk(small.folder / "station")
    book = small.station.book
    book.close(alert, OFFICER, Outcome.OTHER_PERSON, ())
    book.slots.destroy(row.slot)
    with pytest.raises(AlertUnknown):
        book.list_steps(book.find(alert))
    small.wait(hours=25)
    small.station.keeper.go_round()
    with book.store.reading() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM steps").scalar_one() == 0


@pytest.mark.parametrize(
    ("act", "form"),
    [
        ("dispatch", {"to": ""}), ("dispatch", {"to": " \t"}), ("dispatch", {"to": "x" * (TO_LENGTH + 1)}),
        ("dispatch", {"to": "unit", "note": "x" * (NOTE_LENGTH + 1)}), ("report", {"report": " \n "}),
        ("report", {"report": "长" * (REPORT_LENGTH + 1)}), ("report", {}),
    ],
)  # fmt: skip
def test_text_that_is_missing_or_too_long_is_refused_and_nothing_was_done(
    small: SmallStation, act: str, form: dict[str, str]
) -> None:
    alert, client = small.raise_alert(), small.open_client()
    post(client, f"/alerts/{alert}/accept")
    answer = post(client, f"/alerts/{alert}/{act}", **form)
    assert answer.status_code == 409
    assert "missing or too long" in answer.text
    assert small.station.book.find(bytes.fromhex(alert)).state == State.ACCEPTED


def test_longest_texts_of_any_language_have_one_length_on_the_disk(small: SmallStation) -> None:
    alert = bring_to(small, State.ACCEPTED)
    small.station.book.dispatch(alert, OFFICER, Written("𠮷" * TO_LENGTH, "𠮷" * NOTE_LENGTH))
    small.station.book.report(alert, OFFICER, Written("", '"' * REPORT_LENGTH))
    with small.station.store.reading() as connection:
        lengths = connection.exec_driver_sql("SELECT DISTINCT length(locked) FROM steps WHERE locked IS NOT NULL")
        assert len(lengths.all()) == 1


def test_control_characters_and_turned_writing_are_left_out(small: SmallStation) -> None:
    alert, client = small.raise_alert(), small.open_client()
    post(client, f"/alerts/{alert}/accept")
    post(client, f"/alerts/{alert}/dispatch", to="unit\u202e 2\x00", note="a\tb")
    (step,) = [
        each for each in small.station.book.list_steps(small.station.book.find(bytes.fromhex(alert))) if each.written.to
    ]
    assert step.written == Written("unit 2", "a b")


@pytest.mark.parametrize("state", [State.RAISED, State.ESCALATED, *sorted(IN_HAND)])
@pytest.mark.parametrize("because", list(EndedBecause))
def test_withdrawal_and_expiry_end_an_alert_in_every_state_and_its_officer_is_told(
    small: SmallStation, state: State, because: EndedBecause
) -> None:
    client = small.open_client()
    alert = bring_to(small, state)
    assert small.station.book.find(alert).state == state
    decision = small.station.book.open(small.station.book.find(alert)).decision
    if because is EndedBecause.WITHDRAWN:
        with small.station.store.writing() as connection:
            keep_withdrawal(connection, decision.leaf, decision.court, 2**40)
    else:
        small.now = small.now.replace(year=decision.valid_until.year + 1)
    small.station.keeper.go_round()
    row = small.station.book.find(alert)
    assert (row.state, row.ended_because) == (State.WITHDRAWN, because)
    assert (row.holder == OFFICER) == (state in IN_HAND)
    client = small.open_client()
    page = client.get("/").text
    assert ("STOP: an alert that you hold is over" in page) == (state in IN_HAND)
    assert "STOP" not in small.open_client(OTHER_OFFICER).get("/").text
    if state in IN_HAND:
        assert post(small.open_client(OTHER_OFFICER), f"/alerts/{alert.hex()}/understood").status_code in (403, 409)
        assert post(client, f"/alerts/{alert.hex()}/understood").status_code == 303
        assert "STOP" not in client.get("/").text
        assert (OFFICER, "read that alert was withdrawn", alert.hex()) in small.list_acts()


def test_levels_are_called_out_once_also_by_a_process_that_was_down(town: SmallStation) -> None:
    alert = bytes.fromhex(town.raise_alert())
    town.wait(seconds=60)
    town.station.keeper.go_round()
    town.wait(seconds=1000)
    town.reopen()
    for _ in range(3):
        town.station.keeper.go_round()
    row = town.station.book.find(alert)
    assert (row.state, row.level, row.is_supervised) == (State.ESCALATED, 3, True)
    escalated = [subject for _, act, subject in town.list_acts() if act == "escalate alert"]
    assert escalated == [f"{alert.hex()} 1", f"{alert.hex()} 3"], "what was due meanwhile is one call"


def test_officer_who_does_nothing_is_called_and_then_the_supervising_station_sees_it(town: SmallStation) -> None:
    client = town.open_client()
    alert = bring_to(town, State.ACCEPTED)
    for minutes, level in ((5, 1), (5, 2), (4, 2)):
        town.wait(minutes=minutes)
        client.get("/")  # there, but nothing is done
        town.station.keeper.go_round()
        row = town.station.book.find(alert)
        assert (row.state, row.level, row.is_supervised) == (State.ACCEPTED, level, False)
    assert 'data-waiting="1"' in client.get("/").text
    assert post(client, f"/alerts/{alert.hex()}/go-on").status_code == 303
    assert 'data-waiting="0"' in client.get("/").text
    for _ in range(3):
        town.wait(minutes=5)
        client.get("/")
        town.station.keeper.go_round()
    assert town.station.book.find(alert).is_supervised
    assert alert.hex() in town.open_client(DISTRICT_OFFICER).get("/").text


def test_alerts_of_whoever_signs_out_is_disabled_or_is_not_heard_of_return(small: SmallStation) -> None:
    pages, book = small.station.pages, small.station.book

    def end_session() -> None:
        pages.sessions.close_all_of(OFFICER)

    def disable() -> None:
        pages.accounts.disable(OFFICER, by="test")

    def fall_silent() -> None:
        small.now += ABSENT_AFTER

    for leave in (end_session, fall_silent, disable):
        if pages.accounts.find(OFFICER) is not None:
            pages.accounts.enable(OFFICER, by="test")
        small.open_session(OFFICER)
        alert = bring_to(small, State.DISPATCHED)
        small.station.keeper.go_round()
        assert book.find(alert).holder == OFFICER, "there as long as nothing says otherwise"
        leave()
        small.station.keeper.go_round()
        row = book.find(alert)
        assert (row.state, row.holder, row.level) == (State.ESCALATED, "", 1), leave
        assert ("keeper", "return alert to queue", f"{alert.hex()} {OFFICER}") in small.list_acts()
        small.station.keeper.go_round()
        assert book.find(alert) == row, "once"
        book.withdraw(alert, EndedBecause.EXPIRED)


def test_restart_after_a_night_down_takes_nothing_from_whoever_is_there(small: SmallStation) -> None:
    token = small.open_session(OFFICER)
    alert = bring_to(small, State.HANDLING)
    small.wait(minutes=20)
    small.reopen()
    small.station.keeper.go_round()
    assert small.station.book.find(alert).holder == OFFICER, "its session lives, and nobody could be heard meanwhile"
    assert small.station.pages.sessions.find(token) is not None
    small.wait(minutes=10)
    small.station.pages.sessions.close_all_of(OFFICER)
    small.station.keeper.go_round()
    assert small.station.book.find(alert).holder == ""


def test_steps_of_before_an_alert_came_back_count_no_more_on_its_way(small: SmallStation) -> None:
    alert = bring_to(small, State.DISPATCHED)
    small.station.keeper.go_round()
    row = small.station.book.find(alert)
    assert row.holder == "", "nobody was signed in"
    stages = find_progress(row, small.station.book.list_steps(row))
    assert [each.reached for each in stages] == [Reached.NEXT, *[Reached.LATER] * 4]


def test_no_route_about_an_alert_answers_an_officer_of_another_station(town: SmallStation) -> None:
    town.open_session(DISTRICT_OFFICER)
    alert = bring_to(town, State.ACCEPTED)
    before = town.station.book.find(alert)
    town.station.pages.accounts.add(STRANGER, [*town.station.pages.roles], by="test", language="en")
    app = town.make_flask()
    clients = [town.open_client(DISTRICT_OFFICER, app), app.test_client()]
    clients[1].set_cookie(town.cookie, town.station.pages.sessions.open(STRANGER, Standing.FULL), domain="localhost")
    seen = 0
    for rule, method in list_doors(app):
        if "alert" not in rule.arguments:
            continue
        for client in clients:
            path = build_path(app, rule, {"alert": alert.hex()})
            answer = client.open(path, method=method, headers={"Origin": "http://localhost"})
            assert answer.status_code in (403, 404), f"{method} {path}"
            seen += 1
    assert seen >= 18
    assert town.station.book.find(alert) == before
    for client in clients:
        assert alert.hex() not in client.get("/").text
    assert "You belong to no station" in clients[1].get("/").text
    assert town.open_client(SUPERVISOR).get(f"/alerts/{alert.hex()}").status_code == 200


def test_alert_of_a_house_that_no_station_covers_goes_to_the_supervising_one_and_says_so(tmp_path: Path) -> None:
    own = PoliceStation(OWN, "云溪派出所", "Yunxi station")
    write_stations(tmp_path / "stations.toml", Stations((own, PoliceStation(DISTRICT, "分局", "District")), DISTRICT))
    town = SmallStation(tmp_path, stations=tmp_path / "stations.toml")
    town.put(OFFICER, OWN)
    town.put(DISTRICT_OFFICER, DISTRICT)
    alert = town.raise_alert()
    assert town.open_client().get(f"/alerts/{alert}").status_code == 404
    page = town.open_client(DISTRICT_OFFICER).get(f"/alerts/{alert}").text
    assert "Belongs to District." in page
    assert "No station covers this house" in page
    town.close()


def test_officer_who_is_put_elsewhere_loses_what_they_had(town: SmallStation) -> None:
    client = town.open_client()
    alert = bring_to(town, State.ACCEPTED)
    town.put(OFFICER, DISTRICT)
    assert client.get(f"/alerts/{alert.hex()}").status_code == 404
    town.station.keeper.go_round()
    assert town.station.book.find(alert).holder == ""


@pytest.mark.parametrize(
    "text",
    [
        'supervising = "a"\nstation = []', 'supervising = "x"\n[[station]]\ncode = "aa"\nname_zh = "甲"\nname_en = "A"',
        'supervising = "aa"\n[[station]]\ncode = "aa"\nname_zh = "甲"\nname_en = "A"\nvenues = ["00"]',
        'supervising = "aa"\n' + '[[station]]\ncode = "aa"\nname_zh = "甲"\nname_en = "A"\n' * 2,
        'supervising = "aa"\n' + "".join(
            f'[[station]]\ncode = "{code}"\nname_zh = "甲"\nname_en = "A"\nvenues = ["{"ab" * 16}"]\n'
            for code in ("aa", "bb")
        ),
        'supervising = "A A"\n[[station]]\ncode = "A A"\nname_zh = "甲"\nname_en = "A"',
    ],
)  # fmt: skip
def test_file_of_stations_that_does_not_add_up_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "stations.toml").write_text(text, encoding="utf-8")
    with pytest.raises(StationsRefused):
        load_stations(tmp_path / "stations.toml")


def test_file_of_stations_is_read_as_it_was_written(tmp_path: Path) -> None:
    stations = Stations((PoliceStation(OWN, '云"溪', "Yun\\xi", frozenset({VENUE, b"v" * 16})),), OWN)
    write_stations(tmp_path / "stations.toml", stations)
    assert load_stations(tmp_path / "stations.toml") == stations
    assert json.dumps(guest.PERSON.number) not in (tmp_path / "stations.toml").read_text("utf-8")


def test_short_delay_is_said_in_seconds(small: SmallStation) -> None:
    alert = small.raise_alert(place=change_place(checked_in_at=small.now, compared_at=small.now))
    assert "0 seconds" in small.open_client().get(f"/alerts/{alert}").text


def test_page_says_how_to_reach_the_court_or_that_nobody_put_it_down(
    small: SmallStation, monkeypatch: pytest.MonkeyPatch
) -> None:
    alert, client = bring_to(small, State.ACCEPTED), small.open_client()
    book = small.station.book
    assert "nobody has put it down for this court" in client.get(f"/alerts/{alert.hex()}").text
    monkeypatch.setitem(book.stations.courts, book.open(book.find(alert)).decision.court, "0000 000 0000")
    assert "How to reach the court:</strong> 0000 000 0000" in client.get(f"/alerts/{alert.hex()}").text


def test_file_of_stations_keeps_how_courts_are_reached(tmp_path: Path) -> None:
    made = Stations((PoliceStation("yunxi", "云溪派出所", "Yunxi"),), "yunxi", {"Court": "0000"})
    write_stations(tmp_path / "stations.toml", made)
    assert load_stations(tmp_path / "stations.toml") == made
