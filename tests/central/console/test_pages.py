"""The console's pages, as a browser without script gets them."""

import re
from datetime import timedelta
from html import unescape

import pytest
from flask.testing import FlaskClient

from central.audit import Look, open_audit
from central.console.looks import LooksOnce
from central.console.reading import READABLE
from central.console.roles import ADMINISTRATORS, AUDITORS, Role
from central.console.wording import shorten_id
from central.store.areas import AreaKind
from central.store.totals import FEWEST_HOUSES, SecondCopy
from records.notes import NoteSigner
from service.pages import load_words
from tests.central.console.small_fleet import COOKIE, SmallFleet, make_id, make_troubled, make_well
from tests.central.town import START, new_key
from tests.service.list_audit import ListAudit

EN, ZH = (load_words("central.console", language) for language in ("en", "zh"))


def read(client: FlaskClient, path: str, *, status: int = 200, **headers: str) -> str:
    """The text of a page, its markup as it is but for line breaks and runs of blanks."""
    answer = client.get(path, headers={name.replace("_", "-"): value for name, value in headers.items()})
    assert answer.status_code == status, answer.text
    return unescape(re.sub(r"\s+", " ", answer.text))


def list_ids(page: str) -> list[str]:
    """The terminals whose pages a page leads to, in its order."""
    return re.findall(r'href="/terminals/([0-9a-f]{32})"', page)


def test_fleet_that_is_well_is_said_to_be_well(fleet: SmallFleet) -> None:
    make_well(fleet, 6)
    page = read(fleet.open_client(*ADMINISTRATORS), "/")
    assert EN("overview.all_well") in page
    assert EN("health.second_copy_here") in page
    assert EN("refusal.other") not in page
    assert list_ids(page) == []


def test_overview_says_what_needs_somebody_and_what_to_do(any_fleet: SmallFleet) -> None:
    make_troubled(any_fleet, 8)
    page = read(any_fleet.open_client(*ADMINISTRATORS), "/")
    assert EN.count("overview.troubled", 11) in page
    assert EN.count("overview.service", 3) in page
    for code in ("keeper_late", "keys_few", "second_copy_away"):
        assert EN(f"health.do_{code}") in page
    assert EN("refusal.heartbeat_wrong_time") in page
    assert EN("refusal_do.delivery_truncated_delivery") in page
    assert EN("refusal.other") in page  # of a release that knows more reasons
    assert "keeper passes" not in page
    assert EN("event.sequence_conflict") in page
    # The one that has been silent for longest is first.
    assert list_ids(page)[0] == make_id(102).hex()


def test_empty_fleet_says_how_to_begin(fleet: SmallFleet) -> None:
    fleet.let_keeper_pass(copy=SecondCopy.NONE)
    client = fleet.open_client(*ADMINISTRATORS)
    page = read(client, "/")
    assert EN("overview.nothing_yet") in page
    assert EN("overview.nothing_yet_do") in page
    assert EN("overview.nothing_yet") in read(client, "/terminals")


@pytest.mark.parametrize("houses", [FEWEST_HOUSES - 1, FEWEST_HOUSES])
def test_records_received_are_shown_only_as_a_total_over_enough_houses(fleet: SmallFleet, houses: int) -> None:
    for number in range(12):
        fleet.add(number, house=number % houses)
    fleet.live_a_day(12)
    page = read(fleet.open_client(*ADMINISTRATORS), "/")
    hidden = EN("overview.received_hidden", houses=FEWEST_HOUSES) in page
    assert hidden is (houses < FEWEST_HOUSES)
    assert (EN("overview.last_day") in page) is not hidden


def test_auditor_sees_totals_and_no_terminal(fleet: SmallFleet) -> None:
    make_troubled(fleet, 8)
    page = read(fleet.open_client(*AUDITORS), "/")
    assert EN.count("overview.troubled", 11) in page
    assert list_ids(page) == []
    assert shorten_id(make_id(103).hex()) not in page
    assert "/terminals" not in page


def test_whoever_sees_an_area_gets_no_figure_of_the_whole(fleet: SmallFleet) -> None:
    """A figure of the area beside that of the whole would tell of the rest; there is none of either."""
    make_troubled(fleet, 12)
    station = fleet.add_area("Station", kind=AreaKind.STATION)
    for number in range(8):
        fleet.add_venue(number, station)
    whole = read(fleet.open_client(*ADMINISTRATORS), "/")
    within = read(fleet.open_client(*Role, name="berta", area=station), "/")
    for text in (EN("overview.received"), EN("overview.last_day"), EN("refusal.heartbeat_wrong_time"), 'id="plot-'):
        assert text in whole
        assert text not in within
    assert EN("overview.all_well") not in whole
    # Two of the terminals that need somebody stand in its houses.
    assert EN.count("overview.troubled", 11) in whole
    assert EN.count("overview.troubled", 2) in within
    assert {*list_ids(within)} == {make_id(101).hex(), make_id(102).hex()}


def test_table_is_filtered_sorted_and_cut_into_pages(fleet: SmallFleet) -> None:
    make_troubled(fleet, 20)
    for number in range(200, 290):
        fleet.add(number)
    client = fleet.open_client(*ADMINISTRATORS)
    first = read(client, "/terminals")
    assert len(list_ids(first)) == 100
    assert EN.count("terminals.found", 123) in first
    second = read(client, "/terminals?page=2")
    assert len(list_ids(second)) == 23
    assert not {*list_ids(first)} & {*list_ids(second)}
    assert read(client, "/terminals?page=99").count("<tr>") == second.count("<tr>")
    assert list_ids(read(client, "/terminals?show=revoked")) == [make_id(120).hex()]
    assert list_ids(read(client, f"/terminals?text={make_id(7).hex()[:12]}")) == [make_id(7).hex()]
    by_disk = list_ids(read(client, "/terminals?sort=disk"))
    assert by_disk[0] == make_id(105).hex()
    assert EN("terminals.none") in read(client, "/terminals?text=zz")


def test_address_that_makes_no_sense_shows_a_table_all_the_same(any_fleet: SmallFleet) -> None:
    any_fleet.add(1)
    client = any_fleet.open_client(*ADMINISTRATORS)
    for query in ("page=0", "page=-1", "page=x", "page=9999999999", "show=x", "sort=queue", "text=%00", "down=x"):
        read(client, f"/terminals?{query}")


def test_what_waits_is_told_in_steps_only(fleet: SmallFleet) -> None:
    terminal = fleet.add(1, queue=38, oldest_s=25_311).hex()
    client = fleet.open_client(*ADMINISTRATORS)
    for path in ("/", "/terminals", f"/terminals/{terminal}"):
        page = read(client, path)
        assert "50" in page
        assert not re.search(r"\b38\b", page)  # the database may well have 385 kB
        assert "7 hours" in page


def test_terminal_leads_to_its_house_by_name(any_fleet: SmallFleet) -> None:
    terminal = any_fleet.add(1)
    client = any_fleet.open_client(*ADMINISTRATORS)
    assert "Inn 1" not in read(client, f"/terminals/{terminal.hex()}")
    any_fleet.add_venue(1, any_fleet.add_area("Station", kind=AreaKind.STATION))
    page = read(client, f"/terminals/{terminal.hex()}")
    assert re.search(r'href="/venues/[0-9a-f]{32}">Inn 1<', page)


def test_terminal_has_its_day_and_words_for_what_to_do(any_fleet: SmallFleet) -> None:
    make_troubled(any_fleet, 8)
    client = any_fleet.open_client(*ADMINISTRATORS)
    page = read(client, f"/terminals/{make_id(5).hex()}")
    assert EN("terminal.nothing_to_do") in page
    for key in ("beats", "oldest", "clock", "disk"):
        assert f'id="plot-{key}"' in page
    assert 'id="plot-queue"' not in page
    assert 'id="plot-records"' not in page
    for number, key in (
        (100, "never_heard"),
        (102, "silent"),
        (103, "stuck"),
        (104, "reader_down"),
        (105, "clock_off"),
    ):
        assert EN(f"trouble.do_{key}") in read(client, f"/terminals/{make_id(number).hex()}")
    assert EN("event.sequence_conflict") in read(client, f"/terminals/{make_id(103).hex()}")
    assert EN("terminal.revoked_to_do") in read(client, f"/terminals/{make_id(120).hex()}")


def test_terminal_that_there_is_not_is_a_page_in_words(fleet: SmallFleet) -> None:
    client = fleet.open_client(*ADMINISTRATORS)
    before = len(fleet.read_acts())
    for wrong in ("zz", "A1" * 16, "a1" * 300, "a1" * 16 + "%0a"):
        assert EN("fault.s404") in read(client, f"/terminals/{wrong}", status=404)
    # Only an id can be the subject of a look.
    assert len(fleet.read_acts()) == before
    assert EN("fault.s404") in read(client, f"/terminals/{'00' * 16}", status=404)
    assert len(fleet.read_acts()) == before + 1


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_page_has_its_words_in_both_languages(fleet: SmallFleet, language: str) -> None:
    make_troubled(fleet, 6)
    client = fleet.open_client(*Role, language=language)
    other = {"en": r"[\u4e00-\u9fff]", "zh": r"\b(?:terminal|heard|waiting|received|refused|silent)\b"}
    station = fleet.add_area("A", kind=AreaKind.STATION)
    fleet.add_venue(103, station, name="B", address="C")
    own = ("/", "/terminals", f"/terminals/{make_id(103).hex()}", "/audit-log")
    venue = f"/venues/{make_id(103, 'house').hex()}"
    places = ("/venues", venue, "/venues/new", f"{venue}/change", "/hand-overs", "/venues/import", "/areas", "/map")
    for path in (*own, *places, "/accounts", "/accounts/anna", "/accounts/new", "/report"):
        page = read(client, path)
        text = re.sub(r"<[^>]*>", " ", page).replace("中文", "")
        assert not re.search(other[language], text)
        assert "sequence conflict" not in page


def test_both_languages_have_the_same_keys() -> None:
    assert EN.list_keys() == ZH.list_keys()


def test_page_that_refreshes_itself_gets_its_live_part_alone(fleet: SmallFleet) -> None:
    make_well(fleet, 6)
    client = fleet.open_client(*ADMINISTRATORS)
    for path in ("/", "/terminals?text=0", f"/terminals/{make_id(3).hex()}"):
        whole = read(client, path)
        part = read(client, path, HX_Request="true", HX_Target="live", Kjt_Poll="1")
        assert "<html" not in part
        assert part.strip() in whole
        assert f'hx-get="{path}"' in whole


def test_looking_on_is_one_entry_and_looking_again_later_another(fleet: SmallFleet) -> None:
    fleet.add(1)
    client = fleet.open_client(*Role)
    fleet_acts = len(fleet.read_acts())
    for seconds in (0, 15, 15, 600):
        fleet.now += timedelta(seconds=seconds)
        read(client, "/terminals")
        read(client, f"/terminals/{make_id(1).hex()}")
        read(client, "/")
    once = [("anna", "look at terminals", ""), ("anna", "look at terminal", make_id(1).hex())]
    assert fleet.read_acts()[fleet_acts:] == once * 2


def test_clock_that_was_ahead_hides_no_look(fleet: SmallFleet) -> None:
    audit, now = ListAudit(), [START + timedelta(days=365)]
    looks = LooksOnce(audit, lambda: now[0])
    looks.write("anna", Look.TERMINALS)
    now[0] = START
    looks.write("anna", Look.TERMINALS)
    looks.write("anna", Look.TERMINALS)
    assert audit.entries == [("anna", "look at terminals", "")] * 2


def test_look_of_another_person_at_the_same_thing_is_an_entry_of_its_own(fleet: SmallFleet) -> None:
    app = fleet.make_app()
    for name in ("anna", "berta"):
        client = app.test_client()
        client.set_cookie(COOKIE, fleet.sign_in(*Role, name=name))
        read(client, "/terminals")
    looks = [entry for entry in fleet.read_acts() if entry[1].startswith("look")]
    assert looks == [("anna", "look at terminals", ""), ("berta", "look at terminals", "")]


def test_audit_log_is_read_in_words_and_its_reading_is_in_it(any_fleet: SmallFleet) -> None:
    any_fleet.add(1)
    client = any_fleet.open_client(*Role)
    read(client, "/terminals")
    page = read(client, "/audit-log")
    assert EN("act.look_at_audit_log") in page
    assert EN("act.look_at_terminals") in page
    assert EN("act.account_added") in page
    only = read(client, "/audit-log?act=look+at+terminals")
    assert only.count("<tr>") == 2
    assert EN("audit.none") in read(client, "/audit-log?actor=nobody-of-that-name")
    read(client, "/audit-log?act=x&page=999&actor=%00")


def test_every_act_of_the_log_has_words(fleet: SmallFleet) -> None:
    for words in (EN, ZH):
        named = {act: words.name("act", act) for act in READABLE}
        assert [act for act, text in named.items() if text == words("act.other")] == []
        assert len({*named.values()}) == len(READABLE)


def test_filling_of_the_log_is_not_in_the_readers_way(fleet: SmallFleet) -> None:
    open_audit(fleet.store, lambda: fleet.now).make_checkpoint(NoteSigner("test/audit", new_key()))
    assert EN.count("audit.found", 2) in read(fleet.open_client(*AUDITORS), "/audit-log")  # the account, this reading


def test_database_that_fails_is_a_page_in_words(any_fleet: SmallFleet) -> None:
    client = any_fleet.open_client(*Role)
    with any_fleet.store.writing() as connection:
        connection.exec_driver_sql("DROP TABLE heartbeats")
    for path in ("/", "/terminals"):
        page = read(client, path, status=503)
        assert EN("fault.s503") in page
        assert "heartbeats" not in page
    with any_fleet.store.writing() as connection:
        connection.exec_driver_sql("DROP TABLE sessions")
    assert "503" not in read(client, "/", status=503)


def test_nothing_is_shown_that_could_not_be_written_into_the_audit_log(any_fleet: SmallFleet) -> None:
    any_fleet.add(1)
    client = any_fleet.open_client(*Role)
    with any_fleet.store.writing() as connection:
        connection.exec_driver_sql("DROP TABLE audit_entries")
    for _ in range(2):  # nor the second time
        page = read(client, "/terminals", status=503)
        assert shorten_id(make_id(1).hex()) not in page
