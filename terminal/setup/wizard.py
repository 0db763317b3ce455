"""The set-up as the screen sees it: what is shown, what can be done, and what goes on meanwhile.

language → code → waiting → reader → rooms → done; "waiting" leads back to "code" where nothing comes of the code.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import structlog
from msgspec import structs

from records.enrolment import EnrolmentAnswer, EnrolmentStatus, SignedEnrolmentRequest, spell_fingerprint
from records.errors import MalformedBytes
from terminal.setup.enroller import STATUS_PROBLEMS, Enroller, make_terminal_id, read_request
from terminal.setup.readers import ReaderBench, Trial
from terminal.setup.rooms import RoomsRefused, expand_rooms
from terminal.setup.state import SetupStage, SetupState, read_setup, write_setup

ASK_EVERY_S = 3.0
LANGUAGES = ("zh", "en")


class SetupRefused(Exception):
    """What the owner wanted cannot be done. `code` names the reason; the screen has the words."""

    def __init__(self, code: str, about: str = "") -> None:
        super().__init__(code)
        self.code, self.about = code, about


@dataclass(frozen=True, slots=True)
class SetupView:
    """Everything the screen shows."""

    state: SetupState
    is_demonstration: bool
    problem: str = ""
    is_proved: bool = False  # central has said that the code was right
    words: tuple[tuple[str, tuple[str, ...]], ...] = ()  # by language
    trials: tuple[Trial, ...] = ()
    now: datetime | None = None  # this machine's time, where it is to be compared
    central_now: datetime | None = None


class Wizard:
    """One terminal's set-up. Methods may be called from any thread."""

    def __init__(
        self,
        folder: Path,
        enroller: Enroller,
        make_bench: Callable[[], ReaderBench],
        languages: Collection[str] = LANGUAGES,
    ) -> None:
        self._languages = languages
        self._folder, self._enroller, self._make_bench = folder, enroller, make_bench
        self._lock = threading.RLock()
        self._state = read_setup(folder)
        self._problem, self._is_proved = "", False
        self._has_root = False  # whether central's present root file was seen
        self._central_now: datetime | None = None
        self._bench: ReaderBench | None = None
        self._stopping, self.finished = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="enrolment", daemon=True)

    def start(self) -> None:
        """Go on where the last start ended."""
        self._thread.start()

    def stop(self) -> None:
        """Stop asking, and close the readers."""
        self._stopping.set()
        with self._lock:
            bench, self._bench = self._bench, None
        if bench is not None:
            bench.stop()
        if self._thread.is_alive():
            self._thread.join(1.0)

    @property
    def state(self) -> SetupState:
        """How far it has come."""
        return self._state

    def view(self) -> SetupView:
        """Return what there is to show."""
        with self._lock:
            request = read_request(self._state.request) if self._state.stage is SetupStage.WAITING else None
            behind = self._state.stage is SetupStage.CODE and self._enroller.is_clock_behind
            problem = self._problem or ("wrong_time" if behind else "")
            return SetupView(
                self._state,
                self._enroller.root.is_demonstration,
                problem,
                self._is_proved,
                tuple((each, spell_fingerprint(request.request, each)) for each in LANGUAGES) if request else (),
                tuple(self._bench.list_trials()) if self._bench else (),
                self._enroller.clock.now() if problem == "wrong_time" else None,
                self._central_now if problem == "wrong_time" else None,
            )

    def choose_language(self, language: str) -> None:
        """Take the language of the screen; also later, without losing the place."""
        if language not in self._languages:
            raise SetupRefused("other")
        with self._lock:
            stage = SetupStage.CODE if self._state.stage is SetupStage.LANGUAGE else self._state.stage
            self._keep(language=language, stage=stage)

    def take_code(self, groups: list[str]) -> None:
        """Prove a typed code to central. Raises: SetupRefused(code_mistyped, wrong_time, not_saved)."""
        with self._lock:
            self._require(SetupStage.CODE)
            if self._enroller.is_clock_behind:
                raise SetupRefused("wrong_time")
            terminal = bytes.fromhex(self._state.terminal) if self._state.terminal else make_terminal_id()
            try:
                request = self._enroller.make_request(groups, terminal)
            except MalformedBytes:
                raise SetupRefused("code_mistyped") from None
            self._problem, self._is_proved = "", False
            # Kept before it is sent: a power cut in between must not use the code up for nothing.
            self._keep(stage=SetupStage.WAITING, terminal=terminal.hex(), request=request.data.hex())
        self._ask(request)

    def drop_code(self) -> None:
        """Go back to typing another code."""
        with self._lock:
            self._require(SetupStage.WAITING)
            self._problem, self._is_proved = "", False
            # Another id, too: somebody may still approve what was begun under this one.
            self._keep(stage=SetupStage.CODE, request="", terminal="")

    def choose_reader(self, url: str) -> None:
        """Take one of the readers that were found. Raises: SetupRefused(no_reader)."""
        with self._lock:
            self._require(SetupStage.READER)
            if not any(each.found.url == url and each.state != "down" for each in self.view().trials):
                raise SetupRefused("no_reader")
            self._keep(stage=SetupStage.ROOMS, reader=url)

    def choose_again(self) -> None:
        """Go back to the readers."""
        with self._lock:
            self._require(SetupStage.ROOMS)
            self._keep(stage=SetupStage.READER)

    def take_rooms(self, typed: str) -> None:
        """Take the names of the rooms; the set-up is complete then. Raises: SetupRefused."""
        with self._lock:
            self._require(SetupStage.ROOMS)
            try:
                rooms = expand_rooms(typed)
            except RoomsRefused as refused:
                raise SetupRefused(refused.code, refused.name) from None
            self._keep(stage=SetupStage.DONE, rooms=" ".join(rooms))
        self.finished.set()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._attend()
            except Exception as error:
                # The thread must live: the owner waits for it.
                structlog.get_logger().error("set-up met a fault", error=type(error).__name__)
            self._stopping.wait(ASK_EVERY_S)

    def _attend(self) -> None:
        """Do what the stage asks for beside what the owner does."""
        state = self._state
        if state.stage is SetupStage.WAITING:
            request = read_request(state.request)
            if request is None:
                with self._lock:
                    self._keep(stage=SetupStage.CODE, request="")
                return
            self._ask(request)
        elif state.stage is SetupStage.CODE and not self._has_root:
            problem = self._enroller.refresh_root()
            with self._lock:
                self._has_root = not problem
                if self._problem in ("", "unreachable", "untrusted", "asked_to_wait"):
                    self._problem = problem
        self._mind_readers()

    def _ask(self, request: SignedEnrolmentRequest) -> None:
        answer = self._enroller.ask(request)
        with self._lock:
            # Meanwhile the owner may have gone back.
            if self._state.stage is SetupStage.WAITING and self._state.request == request.data.hex():
                self._take_answer(answer)

    def _take_answer(self, answer: EnrolmentAnswer | str) -> None:
        if isinstance(answer, str):
            self._problem = answer
            return
        self._problem, self._central_now = "", answer.answered_at
        if answer.status is EnrolmentStatus.WAITING:
            self._is_proved = True
            house = answer.house
            if (house.name, house.kind) != (self._state.venue_name, self._state.venue_kind):
                self._keep(venue_name=house.name, venue_kind=house.kind)
        elif answer.status is EnrolmentStatus.ACTIVE:
            house = answer.house
            self._keep(
                stage=SetupStage.READER, venue_id=answer.venue.hex(), venue_name=house.name,
                venue_address=house.address, venue_kind=house.kind,
            )  # fmt: skip
        else:
            structlog.get_logger().info("enrolment ended", status=answer.status.name.lower())
            self._problem, self._is_proved = STATUS_PROBLEMS[answer.status], False
            self._has_root = self._has_root and answer.status is not EnrolmentStatus.WRONG_ROOT
            self._keep(stage=SetupStage.CODE, request="", terminal="")

    def _mind_readers(self) -> None:
        """Hold the readers open while they are tested, and let go of them afterwards."""
        with self._lock:
            is_wanted = self._state.stage is SetupStage.READER and not self._stopping.is_set()
            bench = self._bench
            if is_wanted and bench is None:
                self._bench = self._make_bench()
                self._bench.start()
            elif not is_wanted:
                self._bench = None
        if bench is not None and not is_wanted:
            bench.stop()

    def _require(self, stage: SetupStage) -> None:
        if self._state.stage is not stage:
            raise SetupRefused("elsewhere")

    def _keep(self, **changes: object) -> None:
        state = structs.replace(self._state, **changes)
        try:
            write_setup(self._folder, state)
        except OSError:
            raise SetupRefused("not_saved") from None
        self._state = state
