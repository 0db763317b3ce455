"""Venues: what may be one, who changes which, how one changes stations; and lists of them as files."""

import io
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from central import areas as areas_module
from central import people as people_module
from central import venues as venues_module
from central.areas import AreaBook, may_see
from central.errors import AreaRefused, FileRefused, VenueRefused
from central.people import People
from central.store import Store, open_store
from central.store.areas import EVERYTHING, WHOLE, AreaKind, Scope, write_scope
from central.store.terminals import Terminal, revoke_terminal, write_terminal
from central.store.venues import WantedVenues, find_venues, give_to_station, list_venues, load_venue, update_venue
from central.venue_files import COLUMNS, read_file, write_file
from central.venue_import import VenueImport
from central.venue_rules import FIELDS, VenueFields, normalise_licence, read_kind, read_venue
from central.venues import MOVE_LASTS, VenueBook, describe
from records.profile import VenueKind
from service.sheets import defuse
from tests.central.databases import Database
from tests.central.town import new_key
from tests.service.list_audit import ListAudit

START = datetime(2026, 3, 10, 12, tzinfo=UTC)
HEAD = "licence,kind,name,address,latitude,longitude,rooms,station\n"


@dataclass(slots=True)
class Registry:
    """Two districts with a station each."""

    store: Store
    now: datetime = START
    audit: ListAudit = field(default_factory=ListAudit)
    book: VenueBook = field(init=False)
    areas: AreaBook = field(init=False)
    imports: VenueImport = field(init=False)
    north: Scope = field(init=False)
    south: Scope = field(init=False)
    stations: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.areas = AreaBook(self.store, self.audit)
        self.book = VenueBook(self.store, self.audit, lambda: self.now)
        self.imports = VenueImport(self.book)
        districts = [self.areas.add("x", EVERYTHING, AreaKind.DISTRICT, name, WHOLE) for name in ("North", "South")]
        self.north, self.south = map(Scope, districts)
        for name, district in zip(("First", "Second"), districts, strict=True):
            self.stations.append(self.areas.add("x", EVERYTHING, AreaKind.STATION, name, district))

    def fields(self, **changes: Any) -> VenueFields:
        plain = VenueFields("LIC-0001", VenueKind.HOTEL, "Harbour Inn", "1 Quay", None, None, 12, self.stations[0])
        return replace(plain, **changes)

    def load(self, venue: bytes) -> Any:
        with self.store.reading() as connection:
            return load_venue(connection, venue)

    def dump(self) -> list[VenueFields]:
        with self.store.reading() as connection:
            return [describe(row) for row in list_venues(connection, WantedVenues(), EVERYTHING)]


@pytest.fixture
def registry(tmp_path: Path, database: Database) -> Iterator[Registry]:
    store = open_store(database.address() or tmp_path / "central.db")
    yield Registry(store)
    store.close()


@pytest.fixture
def embedded(tmp_path: Path) -> Iterator[Registry]:
    store = open_store(tmp_path / "central.db")
    yield Registry(store)
    store.close()


def refused(kind: type[Any], why: str) -> Any:
    return pytest.raises(kind, check=lambda error: error.field == why)


TYPED = {
    "licence": "特字第 0123 号",
    "kind": "hotel",
    "name": "Inn",
    "address": "1 Quay",
    "rooms": "12",
    "station": "x",
}


def read(**changes: str) -> list[str]:
    return [each.key for each in read_venue({**TYPED, **changes}, read_kind, lambda _: bytes(16))[1]]


@pytest.mark.parametrize(
    "kind", ["", "private home", "home", "residence", "dormitory", "refuge", "私人住宅", "HOTEL", "x"]
)
def test_there_is_no_kind_for_a_home(kind: str) -> None:
    assert read(kind=kind) == ["kind_unknown" if kind else "kind_missing"]
    assert read() == []


@pytest.mark.parametrize("licence", ["", "  ", "none", "n/a", "无", "-", "12", "A1"])
def test_there_is_no_venue_without_a_licence(licence: str) -> None:
    assert read(licence=licence)[0].startswith("licence_")


@pytest.mark.parametrize(
    ("field_", "text", "why"),
    [
        ("name", "", "name_missing"), ("name", "x" * 81, "name_long"), ("name", "=1+1", "name_formula"),
        ("address", "＋cmd", "address_formula"), ("rooms", "0", "rooms_form"), ("rooms", "1e3", "rooms_form"),
        ("rooms", "٣", "rooms_form"), ("latitude", "12", "longitude_alone"), ("longitude", "12", "latitude_alone"),
    ],
)  # fmt: skip
def test_field_that_makes_no_sense_is_told(field_: str, text: str, why: str) -> None:
    assert why in read(**{field_: text})


def test_coordinates_have_bounds() -> None:
    assert read(latitude="90.1", longitude="0") == ["latitude_form"]
    assert read(latitude="nan", longitude="1e5") == ["latitude_form", "longitude_form"]
    found, _ = read_venue({**TYPED, "latitude": "-31.2304161", "longitude": "121"}, read_kind, lambda _: bytes(16))
    assert found is not None
    assert (found.latitude, found.longitude) == (-31_230_416, 121_000_000)


def test_licence_is_there_once_however_it_is_written(embedded: Registry) -> None:
    embedded.book.add("anna", EVERYTHING, embedded.fields(licence=normalise_licence("lic 00 01")))
    with refused(VenueRefused, "licence_taken"):
        embedded.book.add("anna", embedded.south, embedded.fields(licence=normalise_licence("ＬＩＣ０００１"),
                                                                 station=embedded.stations[1]))  # fmt: skip


def test_venue_is_seen_and_changed_within_its_area_alone(registry: Registry) -> None:
    venue = registry.book.add("anna", registry.north, registry.fields())
    with registry.store.writing() as connection:
        write_scope(connection, "anna", registry.north.area or b"")
        write_scope(connection, "berta", registry.south.area or b"")
    assert may_see(registry.store, "anna", venue)
    assert not may_see(registry.store, "berta", venue)
    assert not may_see(registry.store, "nobody", venue)
    for change in (
        lambda: registry.book.change("berta", registry.south, venue, registry.fields(name="Mine")),
        lambda: registry.book.close("berta", registry.south, venue),
        lambda: registry.book.reopen("berta", registry.south, venue),
        lambda: registry.book.propose_move("berta", registry.south, venue, registry.stations[1]),
        lambda: registry.book.drop_move("berta", registry.south, venue),
        lambda: registry.book.close("x", Scope(), venue),
    ):
        with refused(VenueRefused, "unknown"):
            change()
    with refused(VenueRefused, "station"):
        registry.book.add("berta", registry.south, registry.fields(licence="LIC-0002"))
    with registry.store.reading() as connection:
        counts = [
            find_venues(connection, WantedVenues(), scope)[1] for scope in (registry.north, registry.south, Scope())
        ]
    assert counts == [1, 0, 0]


def test_venue_with_a_terminal_is_not_closed(embedded: Registry) -> None:
    venue = embedded.book.add("anna", embedded.north, embedded.fields())
    with embedded.store.writing() as connection:
        write_terminal(connection, Terminal(b"t" * 16, venue, new_key().public))
    with refused(VenueRefused, "terminals"):
        embedded.book.close("anna", embedded.north, venue)
    with embedded.store.writing() as connection:
        revoke_terminal(connection, b"t" * 16)
    embedded.book.close("anna", embedded.north, venue)
    with refused(VenueRefused, "closed"):
        embedded.book.change("anna", embedded.north, venue, embedded.fields(name="New"))
    embedded.book.reopen("anna", embedded.north, venue)
    assert not embedded.load(venue).is_closed


def test_venue_changes_stations_by_two_people(registry: Registry) -> None:
    book = registry.book
    venue = book.add("anna", registry.north, registry.fields())
    with refused(VenueRefused, "hand_over"):
        book.change("anna", EVERYTHING, venue, registry.fields(station=registry.stations[1]))
    book.propose_move("anna", registry.north, venue, registry.stations[1])
    with refused(VenueRefused, "waits"):
        book.propose_move("berta", registry.north, venue, registry.stations[1])
    with refused(VenueRefused, "own"):
        book.accept_move("anna", EVERYTHING, venue)
    with refused(VenueRefused, "unknown"):
        book.accept_move("berta", registry.north, venue)  # not the receiving side
    assert registry.load(venue).station == registry.stations[0]
    book.accept_move("berta", registry.south, venue)
    assert registry.load(venue).station == registry.stations[1]
    with refused(VenueRefused, "unknown"):
        book.accept_move("berta", registry.south, venue)
    assert [entry[:2] for entry in registry.audit.entries[-2:]] == [
        ("anna", "propose hand-over of venue"), ("berta", "accept hand-over of venue"),
    ]  # fmt: skip


def test_hand_over_lapses_and_can_be_dropped_on_either_side(embedded: Registry) -> None:
    book = embedded.book
    venue = book.add("anna", embedded.north, embedded.fields())
    book.propose_move("anna", embedded.north, venue, embedded.stations[1])
    embedded.now += MOVE_LASTS
    with refused(VenueRefused, "unknown"):
        book.accept_move("berta", embedded.south, venue)
    book.propose_move("anna", embedded.north, venue, embedded.stations[1])
    book.drop_move("berta", embedded.south, venue)
    with refused(VenueRefused, "unknown"):
        book.accept_move("berta", embedded.south, venue)


def test_area_that_holds_something_stays(embedded: Registry) -> None:
    areas, scope = embedded.areas, embedded.north
    embedded.book.add("anna", EVERYTHING, embedded.fields())
    for area in (embedded.stations[0], scope.area or b""):
        with refused(AreaRefused, "in_use"):
            areas.remove("anna", EVERYTHING, area)
    with refused(AreaRefused, "below_station"):
        areas.add("anna", EVERYTHING, AreaKind.STATION, "Below", embedded.stations[0])
    with refused(AreaRefused, "unknown"):
        areas.add("anna", scope, AreaKind.STATION, "Third", embedded.south.area or b"")
    with refused(AreaRefused, "unknown"):
        areas.rename("anna", scope, embedded.stations[1], "Mine")
    with refused(AreaRefused, "taken"):
        areas.add("anna", EVERYTHING, AreaKind.DISTRICT, "North", WHOLE)
    with refused(AreaRefused, "name"):
        areas.add("anna", EVERYTHING, AreaKind.DISTRICT, "a/b", WHOLE)


GOOD = HEAD + "LIC-0001,hotel,Inn,1 Quay,31.2,-121.5,12,First\nLIC-0002,民宿,二号,码头 2 号,,,3,South / Second\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_list_is_checked_first_and_then_taken_whole(embedded: Registry, encoding: str) -> None:
    plan, draft = embedded.imports.check("anna", EVERYTHING, GOOD.encode(encoding))
    assert (len(plan.new), plan.bad) == (2, [])
    assert embedded.dump() == []
    assert draft is not None
    with refused(FileRefused, "draft"):
        embedded.imports.take("berta", EVERYTHING, draft)
    embedded.imports.take("anna", EVERYTHING, draft)
    assert [each.name for each in embedded.dump()] == ["Inn", "二号"]
    again, draft = embedded.imports.check("anna", EVERYTHING, GOOD.encode(encoding))
    assert (again.same, again.new, again.changed, draft) == (2, [], [], None)
    changed, draft = embedded.imports.check("anna", EVERYTHING, GOOD.replace("Inn", "Hotel").encode(encoding))
    assert [each.fields for each in changed.changed] == [["name"]]
    embedded.imports.take("anna", EVERYTHING, draft or b"")
    assert embedded.dump()[0].name == "Hotel"
    assert embedded.audit.entries[-1] == ("anna", "import venues", "0 new, 1 changed, 1 unchanged")


def test_every_bad_row_is_told_and_nothing_is_taken(embedded: Registry) -> None:
    embedded.book.add("x", EVERYTHING, embedded.fields(licence="LIC-9000", station=embedded.stations[1]))
    rows = [
        "LIC-0001,hotel,Inn,1 Quay,,,12,First", ",hotel,No licence,1 Quay,,,12,First",
        "LIC-0003,private home,Home,1 Quay,,,12,First", "LIC-0001,hotel,Twice,1 Quay,,,12,First",
        "LIC-0005,hotel,Nowhere,1 Quay,,,12,Third", "LIC-9000,hotel,Elsewhere,1 Quay,,,12,First",
        "LIC-0007,hotel,=HYPERLINK(1),1 Quay,91,x,none,First", f"LIC-0008,hotel,{'x' * 501},1 Quay,,,1,First",
        "LIC-0009,hotel,More,1 Quay,,,1,First,more",
    ]  # fmt: skip
    plan, draft = embedded.imports.check("anna", embedded.north, (HEAD + "\n".join(rows)).encode())
    told = {each.line: [problem.key for problem in each.problems] for each in plan.bad}
    assert told == {
        3: ["licence_missing"], 4: ["kind_unknown"], 5: ["licence_twice"], 6: ["station_unknown"],
        7: ["licence_elsewhere"], 8: ["name_formula", "latitude_form", "longitude_form", "rooms_form"],
        9: ["cell_long"], 10: ["row_extra"],
    }  # fmt: skip
    assert draft is None
    assert len(embedded.dump()) == 1


def test_import_moves_no_venue_and_opens_none(embedded: Registry) -> None:
    venue = embedded.book.add("x", EVERYTHING, embedded.fields())
    moved = HEAD + "LIC-0001,hotel,Harbour Inn,1 Quay,,,12,Second\n"
    assert embedded.imports.check("anna", EVERYTHING, moved.encode())[0].bad[0].problems[0].key == "station_hand_over"
    embedded.book.close("x", EVERYTHING, venue)
    same = HEAD + "LIC-0001,hotel,Harbour Inn,1 Quay,,,12,First\n"
    assert embedded.imports.check("anna", EVERYTHING, same.encode())[0].bad[0].problems[0].key == "licence_closed"


def test_what_changed_since_the_check_stops_the_whole_import(registry: Registry) -> None:
    draft = registry.imports.check("anna", EVERYTHING, GOOD.encode())[1] or b""
    registry.book.add("x", EVERYTHING, registry.fields(licence="LIC-0002", station=registry.stations[1]))
    with refused(FileRefused, "meanwhile"):
        registry.imports.take("anna", EVERYTHING, draft)
    assert [each.licence for each in registry.dump()] == ["LIC-0002"]


def test_import_that_would_undo_what_somebody_changed_since_is_not_taken(embedded: Registry) -> None:
    book = embedded.book
    venue = book.add("x", EVERYTHING, embedded.fields())
    lines = f"{HEAD}LIC-0001,hotel,Harbour Inn,1 Quay,,,20,First\n"
    draft = embedded.imports.check("anna", EVERYTHING, lines.encode())[1] or b""
    book.change("berta", EVERYTHING, venue, embedded.fields(name="Harbour Palace"))
    with refused(FileRefused, "meanwhile"):
        embedded.imports.take("anna", EVERYTHING, draft)
    assert embedded.load(venue).name == "Harbour Palace"


def test_change_that_comes_late_takes_no_venue_back(registry: Registry) -> None:
    venue = registry.book.add("anna", registry.north, registry.fields())
    with registry.store.writing() as connection:
        give_to_station(connection, venue, registry.stations[1], 0)
    with registry.store.writing() as connection:  # what was checked a moment before
        assert not update_venue(connection, venue, registry.fields(name="New"), 0)
    assert (registry.load(venue).station, registry.load(venue).name) == (registry.stations[1], "Harbour Inn")


def make_sheet(rows: list[list[Any]]) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def test_spreadsheet_is_read_like_a_list(embedded: Registry) -> None:
    rows = [HEAD.strip().split(","), ["LIC-0001", "hotel", "Inn", "1 Quay", 31.2, -121.5, 12, "First"], [None] * 8]
    plan, _ = embedded.imports.check("anna", EVERYTHING, make_sheet(rows))
    assert [(line, fields.rooms, fields.longitude) for line, fields in plan.new] == [(2, 12, -121_500_000)]


def test_a_row_that_nobody_saw_refuses_the_list_and_is_named(embedded: Registry) -> None:
    book = openpyxl.load_workbook(io.BytesIO(make_sheet([HEAD.strip().split(","), ["LIC-0001"], ["LIC-0002"]])))
    book.active.row_dimensions[3].hidden = True
    out = io.BytesIO()
    book.save(out)
    with refused(FileRefused, "hidden_row") as caught:
        embedded.imports.check("anna", EVERYTHING, out.getvalue())
    assert caught.value.place == "3"


@pytest.mark.parametrize(
    ("cell", "why"),
    [("=1+1", "cell_formula"), (1234567890123456, "cell_rounded"), (date(2026, 1, 1), "cell_not_text")],
)
def test_cell_that_a_spreadsheet_has_spoilt_is_told(embedded: Registry, cell: Any, why: str) -> None:
    rows = [HEAD.strip().split(","), [cell, "hotel", "Inn", "1 Quay", None, None, 12, "First"]]
    assert embedded.imports.check("anna", EVERYTHING, make_sheet(rows))[0].bad[0].problems[0].key == why


def zip_up(**members: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return out.getvalue()


def with_member(sheet: bytes, name: str, data: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(sheet)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for each in old.namelist():
            new.writestr(each, data if each == name else old.read(each))
    return out.getvalue()


SHEET = make_sheet([HEAD.strip().split(","), ["LIC-0001", "hotel", "Inn", "1 Quay", None, None, 12, "First"]])
LAUGHS = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><worksheet>&b;</worksheet>'
WIDE = HEAD.strip() + "," * 40


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "empty"), (b" \n", "empty"), (HEAD.encode(), "empty"), (b"\0\1\2", "not_text"),
        (b"\xff\xff\xff", "not_text"),
        (b"x" * (4 * 1024 * 1024 + 1), "large"), (WIDE.encode(), "many_columns"), (b'licence,"kind', "not_csv"),
        (b"licence,kind,name\n1,2,3", "columns_missing"), (HEAD.replace("kind", "name").encode(), "columns_twice"),
        (HEAD.replace("kind", "guest").encode(), "columns_unknown"),
        ((HEAD + "1\n" * 20_001).encode(), "many_rows"),
        (b"PK\3\4 no zip", "broken"), (zip_up(**{"a.txt": b"x"}), "not_sheet"),
        (zip_up(**{"xl/workbook.xml": b"x"}), "broken"), (zip_up(**{"xl/workbook.xml": bytes(30_000_000)}), "bomb"),
        (with_member(SHEET, "xl/worksheets/sheet1.xml", LAUGHS), "bomb"), (SHEET[:-30], "broken"),
    ],
)  # fmt: skip
def test_file_that_is_no_list_is_refused_as_a_whole(data: bytes, why: str) -> None:
    with refused(FileRefused, why):
        read_file(data)


def test_entities_are_found_whatever_the_sheet_is_called() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(SHEET)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            data = LAUGHS if name == "xl/worksheets/sheet1.xml" else old.read(name)
            new.writestr(name.replace("sheet1.xml", "sheet1.dat"), data.replace(b"sheet1.xml", b"sheet1.dat"))
    with refused(FileRefused, "bomb"):
        read_file(out.getvalue())


def test_member_that_does_not_unpack_is_refused() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b"many words " * 500)
    at = out.getvalue().index(b"xl/workbook.xml") + len("xl/workbook.xml")
    spoilt = out.getvalue()[:at] + b"\xff" * 8 + out.getvalue()[at + 8 :]
    with refused(FileRefused, "broken"):
        read_file(spoilt)


def test_sheet_that_claims_to_be_endless_is_read_to_our_limits_alone() -> None:
    far = make_sheet([HEAD.strip().split(","), ["x"]])
    with zipfile.ZipFile(io.BytesIO(far)) as archive:
        xml = archive.read("xl/worksheets/sheet1.xml")
    far = with_member(
        far, "xl/worksheets/sheet1.xml", xml.replace(b'r="2"', b'r="1048576"').replace(b"A2", b"XFD1048576")
    )
    with refused(FileRefused, "empty"):
        read_file(far)


@given(data=st.binary(max_size=300) | st.binary(max_size=60).map(lambda tail: HEAD.encode() + tail))
@settings(max_examples=80, deadline=None)
def test_any_bytes_are_rows_or_a_refusal(data: bytes) -> None:
    try:
        rows = read_file(data)
    except FileRefused:
        return
    assert all(set(row.cells) <= set(FIELDS) for row in rows)


CELLS = st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)


@given(cell=CELLS)
def test_no_cell_that_goes_out_can_be_calculated(cell: str) -> None:
    out = defuse(cell)
    assert not out.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
    assert out in (cell, f"'{cell}")


def test_exported_list_comes_back_unchanged(embedded: Registry) -> None:
    embedded.book.add(
        "x", EVERYTHING, embedded.fields(name='He said "x", then', latitude=-1_500_000, longitude=-70_000_001)
    )
    with embedded.store.reading() as connection:
        rows = [(describe(row), "North / First") for row in list_venues(connection, WantedVenues(), EVERYTHING)]
    text = "".join(write_file(rows))
    assert ",'-1.5,'-70.000001," in text
    plan, _ = embedded.imports.check("anna", EVERYTHING, text.encode())
    assert (plan.same, plan.bad) == (1, [])


def test_columns_are_known_in_both_languages() -> None:
    assert set(COLUMNS.values()) == set(FIELDS)


@pytest.mark.parametrize("what", ["venue", "account", "area"])
def test_area_is_not_removed_while_something_comes_to_belong_to_it(
    registry: Registry, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """Whoever removes it at this very moment waits, and finds it in use."""
    station = registry.stations[0]
    if what != "venue":
        station = registry.areas.add("x", EVERYTHING, AreaKind.DISTRICT, "New", WHOLE)
    refusals: list[str] = []

    def remove() -> None:
        try:
            registry.areas.remove("y", EVERYTHING, station)
        except AreaRefused as error:
            refusals.append(error.field)

    remover = threading.Thread(target=remove)
    place, name = {"venue": (venues_module, "insert_venues"), "account": (people_module, "write_scope"),
                   "area": (areas_module, "insert_area")}[what]  # fmt: skip
    insert = getattr(place, name)

    def insert_while_removed(*values: Any) -> Any:
        monkeypatch.setattr(place, name, insert)
        remover.start()
        remover.join(0.3)  # on PostgreSQL it has begun by now, or comes later: either way it finds what is added here
        return insert(*values)

    monkeypatch.setattr(place, name, insert_while_removed)
    if what == "venue":
        registry.book.add("x", EVERYTHING, registry.fields())
    elif what == "area":
        registry.areas.add("x", EVERYTHING, AreaKind.STATION, "Third", station)
    else:
        people = People(registry.store, Mock(add=lambda *_, **__: "password"), registry.audit, lambda: registry.now)
        people.add("x", EVERYTHING, "nora", [], station)
    remover.join(20)
    assert refusals == ["in_use"]
