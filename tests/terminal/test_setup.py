"""The set-up by the owner, against central's own code: every step, every mistake, and a restart in between each."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from central.enrolment import IssuedCode
from central.fleet.enrolment import answer_enrolment
from drivers.discovery import FoundReader
from drivers.errors import ReaderError, ReaderGone
from drivers.reader import Reader
from drivers.sim.scripted import CardsReader
from drivers.sim.specimens import SPECIMENS
from records.enrolment import write_code
from terminal.clock import Clock
from terminal.errors import SettingsRefused, TerminalError, Unreachable, Untrusted
from terminal.keys import FileSecretStore, load_terminal_keys
from terminal.screen.guard import TOKEN_HEADER
from terminal.screen.setup import make_setup_screen
from terminal.settings import TerminalSettings
from terminal.setup.enroller import Enroller, load_any_root
from terminal.setup.installation import Installation, find_settings
from terminal.setup.readers import ReaderBench
from terminal.setup.rooms import MOST_ROOMS, RoomsRefused, expand_rooms
from terminal.setup.state import SETUP_FILE, SetupStage, SetupState, read_setup, write_setup
from terminal.setup.wizard import SetupRefused, Wizard
from tests.central.test_enrolment import HOUSE, Office, open_office
from tests.central.town import ROOT_SIGNER, build_town

ORIGIN = "http://127.0.0.1:8471"


@dataclass
class Line:
    """A line to central that can fail as lines do."""

    office: Office
    failure: TerminalError | None = None
    changed: Callable[[bytes], bytes] = lambda answer: answer
    root: str = ""
    sent: list[bytes] = field(default_factory=list)

    def enrol(self, data: bytes) -> bytes:
        self.sent.append(data)
        if self.failure:
            raise self.failure
        return self.changed(answer_enrolment(self.office.town.parts, data, self.office.town.now)[1])

    def fetch_root(self) -> str:
        if self.failure:
            raise self.failure
        return self.root or self.office.town.parts.root_note


@dataclass
class Counter:
    """A machine that its owner sets up; it can be switched off and on."""

    folder: Path
    line: Line
    behind: timedelta = timedelta(0)
    reader: CardsReader = field(default_factory=CardsReader)
    wizards: list[Wizard] = field(default_factory=list)

    def start(self) -> Wizard:
        office, verifier = self.line.office, ROOT_SIGNER.verifier.to_text()
        clock = Clock(lambda: office.town.now - self.behind, lambda: 0.0, "boot")
        root = load_any_root(office.town.parts.root_note, verifier)
        key = load_terminal_keys(FileSecretStore(self.folder)).signing
        wizard = Wizard(self.folder, Enroller(root, verifier, self.folder, key, self.line, clock), self._make_bench)
        self.wizards.append(wizard)
        return wizard

    def _make_bench(self) -> ReaderBench:
        return ReaderBench(lambda: [FoundReader("sim:cards", "")], lambda _: self.reader)


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    town = build_town(tmp_path_factory.mktemp("town") / "central")
    yield open_office(town)
    town.parts.store.close()


@pytest.fixture
def counter(tmp_path: Path, office: Office) -> Iterator[Counter]:
    made = Counter(tmp_path / "terminal", Line(office))
    made.folder.mkdir()
    yield made
    for each in made.wizards:
        each.stop()


def wait_until(is_so: Callable[[], bool], wizard: Wizard) -> None:
    """Let the wizard attend until something is so; each turn is one of its own."""
    for _ in range(500):
        wizard._attend()
        if is_so():
            return
        wizard._stopping.wait(0.01)
    raise AssertionError("it never was")


def issue(office: Office) -> IssuedCode:
    return office.book.issue("anna", HOUSE)


def test_set_up_goes_on_where_it_was_after_a_restart_at_every_step(counter: Counter, office: Office) -> None:
    counter.start().choose_language("en")
    issued = issue(office)
    counter.start().take_code(list(issued.groups))
    waiting = counter.start()
    waiting._attend()
    view = waiting.view()
    assert (view.state.stage, view.is_proved, view.state.venue_name) == (SetupStage.WAITING, True, HOUSE.details.name)
    found = office.book.find(issued.enrolment)
    assert found is not None
    assert dict(view.words) == {language: found.spell(language) for language in ("zh", "en")}
    office.book.approve("boris", issued.enrolment)
    reading = counter.start()
    wait_until(lambda: any(each.state == "ready" for each in reading.view().trials), reading)
    counter.reader.put(next(iter(SPECIMENS)))
    wait_until(lambda: any(each.works for each in reading.view().trials), reading)
    reading.choose_reader("sim:cards")
    naming = counter.start()
    naming.take_rooms("101-103 A1")
    assert naming.finished.is_set()
    done = read_setup(counter.folder)
    assert (done.stage, done.language, done.rooms) == (SetupStage.DONE, "en", "101 102 103 A1")
    settings = make_installation(counter.folder).complete(done)
    assert (settings.venue_id, settings.venue_name, settings.reader) == (
        HOUSE.venue.hex(), "Yunxi Guesthouse", "sim:cards",
    )  # fmt: skip
    assert office.find_state(bytes.fromhex(settings.terminal)) is not None


def test_code_is_in_no_file_of_the_machine(counter: Counter, office: Office) -> None:
    counter.start().choose_language("zh")
    issued = issue(office)
    counter.start().take_code(list(issued.groups))
    kept = b"".join(path.read_bytes() for path in counter.folder.rglob("*") if path.is_file())
    assert not [group for group in issued.groups if group.encode() in kept]


def begin(counter: Counter) -> Wizard:
    wizard = counter.start()
    wizard.choose_language("en")
    return wizard


def test_mistyped_group_is_noticed_before_anything_is_sent(counter: Counter, office: Office) -> None:
    groups = list(issue(office).groups)
    groups[3] = f"{(int(groups[3]) + 1) % 1_000_000:06}"
    with pytest.raises(SetupRefused) as refused:
        begin(counter).take_code(groups)
    assert refused.value.code == "code_mistyped"
    assert counter.line.sent == []


@pytest.mark.parametrize("case", ["unknown_code", "code_expired", "code_used", "refused", "wrong_time", "wrong_root"])
def test_code_that_brings_nothing_says_why_and_another_one_works(counter: Counter, office: Office, case: str) -> None:
    wizard, issued = begin(counter), issue(office)
    groups = list(issued.groups)
    if case == "unknown_code":
        groups = list(write_code(hashlib.sha256(counter.folder.name.encode()).digest()[:14]))
    elif case == "code_expired":
        office.wait(15 * 60 + 1)
    elif case == "code_used":
        office.prove(issued, seed=77)
    elif case == "refused":
        office.book.refuse("anna", issued.enrolment)
    elif case == "wrong_time":
        counter.behind = timedelta(hours=1)
    else:
        wizard._enroller.root = load_any_root(office.town.parts.root_note, ROOT_SIGNER.verifier.to_text())
        object.__setattr__(wizard._enroller.root, "digest", "ab" * 32)
    wizard.take_code(groups)
    view = wizard.view()
    assert (view.state.stage, view.problem, view.state.request) == (SetupStage.CODE, case, "")
    assert (view.central_now == office.town.now) is (case == "wrong_time")
    counter.behind = timedelta(0)
    wizard = counter.start()
    wizard.take_code(list(issue(office).groups))
    assert wizard.view().is_proved


@pytest.mark.parametrize(
    ("failure", "problem"),
    [(Unreachable("t"), "unreachable"), (Untrusted("status 503"), "unreachable"), (Untrusted("form"), "untrusted")],
)
def test_line_that_fails_is_told_and_the_same_request_is_sent_again(
    counter: Counter, office: Office, failure: TerminalError, problem: str
) -> None:
    wizard, counter.line.failure = begin(counter), failure
    wizard.take_code(list(issue(office).groups))
    view = wizard.view()
    assert (view.state.stage, view.problem, view.is_proved) == (SetupStage.WAITING, problem, False)
    counter.line.failure = None
    again = counter.start()
    again._attend()
    assert (again.view().problem, again.view().is_proved) == ("", True)
    assert len(set(counter.line.sent)) == 1


def test_answer_that_central_did_not_sign_is_not_believed(counter: Counter, office: Office) -> None:
    counter.line.changed = lambda answer: answer[:36] + b"\2" + answer[37:]  # "active"
    wizard = begin(counter)
    wizard.take_code(list(issue(office).groups))
    assert (wizard.view().problem, wizard.view().state.stage) == ("untrusted", SetupStage.WAITING)


def test_root_file_of_somebody_else_is_not_taken(counter: Counter, office: Office) -> None:
    wizard = begin(counter)
    counter.line.root = office.town.parts.root_note.replace("orders-per-day: ", "orders-per-day: 1")
    wizard._attend()
    assert wizard.view().problem == "untrusted"
    assert wizard._enroller.root.digest == office.town.parts.root.digest


def test_clock_from_before_the_root_file_is_told_before_a_code_is_wasted(counter: Counter, office: Office) -> None:
    counter.behind = timedelta(days=900)
    wizard = begin(counter)
    assert wizard.view().problem == "wrong_time"
    with pytest.raises(SetupRefused, match="wrong_time"):
        wizard.take_code(list(issue(office).groups))


def test_owner_can_go_back_to_another_code_and_another_reader(counter: Counter, office: Office) -> None:
    wizard = begin(counter)
    wizard.take_code(list(issue(office).groups))
    wizard.drop_code()
    assert wizard.view().state.stage is SetupStage.CODE
    write_setup(counter.folder, SetupState(stage=SetupStage.ROOMS, reader="sim:cards"))
    wizard = counter.start()
    wizard.choose_again()
    assert wizard.view().state.stage is SetupStage.READER
    with pytest.raises(SetupRefused, match="no_reader"):
        wizard.choose_reader("sim:other")


def test_half_written_state_changes_nothing_and_a_full_disk_is_told(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    wizard = begin(counter)
    (counter.folder / f"{SETUP_FILE}.new").write_bytes(b'{"stage":"do')
    assert read_setup(counter.folder).stage is SetupStage.CODE

    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("terminal.setup.state.os.fsync", refuse)
    with pytest.raises(SetupRefused, match="not_saved"):
        wizard.choose_language("zh")
    assert read_setup(counter.folder).language == wizard.state.language == "en"


def test_reader_that_cannot_be_opened_or_is_gone_says_why() -> None:
    def refuse(_: str) -> Reader:
        raise ReaderGone

    bench = ReaderBench(lambda: [FoundReader("sam:/dev/gone", "")], refuse)
    bench.start()
    for _ in range(500):
        if bench.list_trials() and bench.list_trials()[0].problem:
            break
        bench._stopping.wait(0.01)
    (trial,) = bench.list_trials()
    assert (trial.state, trial.works, trial.problem) == ("down", False, ReaderGone().code)
    bench.stop()
    assert issubclass(ReaderGone, ReaderError)


@pytest.mark.parametrize(
    ("typed", "rooms"),
    [
        ("101", ("101",)), ("101-103", ("101", "102", "103")), ("08 - 11", ("08", "09", "10", "11")),
        ("A1-A3，B2", ("A1", "A2", "A3", "B2")), ("１０１—１０２ 竹园", ("101", "102", "竹园")),
        ("A09-11", ("A09", "A10", "A11")),
    ],
)  # fmt: skip
def test_rooms_are_typed_quickly(typed: str, rooms: tuple[str, ...]) -> None:
    assert expand_rooms(typed) == rooms


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        (" , ", "rooms_none"), ("112-101", "rooms_range"), ("A1-B3", "rooms_range"), ("1-2-3", "rooms_range"),
        ("1-999999", "rooms_range"), ("101 101", "rooms_twice"), ("x" * 17, "rooms_name"),
        (f"1-{MOST_ROOMS} A1", "rooms_many"), ("101\x07", "rooms_name"),
    ],
)  # fmt: skip
def test_rooms_that_cannot_be_meant_are_refused(typed: str, code: str) -> None:
    with pytest.raises(RoomsRefused) as refused:
        expand_rooms(typed)
    assert refused.value.code == code


def make_installation(folder: Path, **changes: Any) -> Installation:
    values: dict[str, Any] = {
        "data": folder, "root": folder / "root.note", "root_verifier": "x", "central": "http://127.0.0.1:8701",
        "reader": "sim:cards", **changes,
    }  # fmt: skip
    return Installation(**values)


LINES = 'data = "{folder}"\nroot = "r"\nroot_verifier = "v"\ncentral = "http://127.0.0.1:8701"\n'
NAMED = 'rooms = "1"\nvenue_kind = "hotel"\nreader = "sim:cards"\nvenue_name = "A"\n'
NAMED += 'terminal = "{id}"\nvenue_id = "{id}"\n'


def test_file_that_names_a_terminal_is_as_it_was_and_one_that_does_not_waits_for_the_owner(tmp_path: Path) -> None:
    path, lines = tmp_path / "t.toml", LINES.format(folder=tmp_path)
    path.write_text(lines + NAMED.format(id="5a" * 16))
    assert isinstance(find_settings(path), TerminalSettings)
    path.write_text(lines)
    assert isinstance(find_settings(path), Installation)
    chosen = SetupState(
        SetupStage.DONE, "en", "5a" * 16, "", "b0" * 16, "Fresh Inn", "1 New Lane", "guesthouse", "sim:cards", "1 2"
    )
    write_setup(tmp_path, chosen)
    settings = find_settings(path)
    assert isinstance(settings, TerminalSettings)
    assert (settings.room_names, settings.language, settings.venue.name) == (("1", "2"), "en", "Fresh Inn")


@pytest.mark.parametrize(
    "line", ['central = "http://far.example"', 'venue_name = "A"', 'address = "10.0.0.1"', "port = 0"]
)
def test_installation_that_would_be_unsafe_or_half_is_refused(tmp_path: Path, line: str) -> None:
    path = tmp_path / "t.toml"
    kept = [each for each in LINES.format(folder=tmp_path).splitlines() if not each.startswith(line.split(" ")[0])]
    path.write_text("\n".join([*kept, line]))
    with pytest.raises(SettingsRefused):
        find_settings(path)


def test_damaged_state_is_refused_and_never_taken_for_a_fresh_machine(tmp_path: Path) -> None:
    path = tmp_path / "t.toml"
    path.write_text(LINES.format(folder=tmp_path))
    (tmp_path / SETUP_FILE).write_text("{")
    with pytest.raises(SettingsRefused):
        find_settings(path)


def test_page_of_somebody_else_can_neither_act_nor_be_the_screen(counter: Counter) -> None:
    wizard = begin(counter)
    client = make_setup_screen(wizard, demo_cards=None, own_origin=ORIGIN).test_client()
    own = {"Host": "127.0.0.1:8471", "Origin": ORIGIN, "Sec-Fetch-Site": "same-origin"}
    page = client.get("/", headers={"Host": "127.0.0.1:8471"})
    assert page.status_code == 200
    for headers in ({**own}, {**own, TOKEN_HEADER: "x"}, {**own, "Origin": "http://evil.example"}):
        assert client.post("/setup/language", data={"language": "zh"}, headers=headers).status_code == 403
    assert client.get("/", headers={"Host": "evil.example"}).status_code == 421
    assert wizard.state.language == "en"
    token = page.text.partition('data-token="')[2].partition('"')[0]
    answer = client.post("/setup/language", data={"language": "zh"}, headers={**own, TOKEN_HEADER: token})
    assert (answer.status_code, wizard.state.language) == (200, "zh")
    assert client.post("/demo/put", data={"card": "x"}, headers={**own, TOKEN_HEADER: token}).status_code == 404
