"""The set-up as a process: the same address and the same browser as the counter, which takes over when it is done."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import structlog

from drivers.csca_folder import load_store
from drivers.discovery import FoundReader, find_readers, open_reader
from drivers.proto.csca import CscaStore
from drivers.reader import Reader
from records.errors import RecordsError
from records.profile import load_profile
from records.root import RootFile
from terminal.clock import Clock, read_machine_clock
from terminal.demo_cards import SimulatorCards
from terminal.destinations.catalogue import find_destination
from terminal.jurisdiction import require_demonstration_limits
from terminal.keys import load_terminal_keys
from terminal.link import HttpLink
from terminal.opening import choose_secret_store
from terminal.root_watch import ROOT_FILE
from terminal.screen.setup import make_setup_screen
from terminal.screen.texts import Tongues
from terminal.serving import hold_folder, serve_screen
from terminal.settings import TerminalSettings
from terminal.setup.enroller import Enroller, load_any_root
from terminal.setup.installation import Installation
from terminal.setup.readers import ReaderBench
from terminal.setup.wizard import Wizard
from terminal.watchdog import ask_screen, find_service_manager, wait_watched

READ_TIMEOUT_S = 10.0
_LOOK_EVERY_S = 0.2


def run_setup(installation: Installation, stop: threading.Event) -> TerminalSettings | None:
    """Serve the set-up until the owner has finished, and return the settings; None where `stop` was set before.

    Raises: RecordsError, TerminalError, OSError.
    """
    clock = read_machine_clock()
    root = _load_root(installation, clock)
    require_demonstration_limits(root, is_simulated=True, addresses=(installation.central, installation.origin))
    installation.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    with hold_folder(installation.data):
        keys = load_terminal_keys(choose_secret_store(installation.data, is_demonstration=root.is_demonstration))
        link = HttpLink(installation.central, read_timeout_s=READ_TIMEOUT_S)
        enroller = Enroller(root, installation.root_verifier, installation.data, keys.signing, link, clock)
        tongues = _choose_tongues(installation)
        wizard = Wizard(installation.data, enroller, lambda: _make_bench(installation, root), tuple(tongues.names))
        cards = SimulatorCards(installation.demo_cards) if root.is_demonstration and installation.demo_cards else None
        wizard.start()
        try:
            with serve_screen(
                make_setup_screen(wizard, demo_cards=cards, own_origin=installation.origin, tongues=tongues),
                installation,
            ):
                structlog.get_logger().info("set-up", address=installation.origin, stage=wizard.state.stage.value)
                with _watched(installation.origin, stop):
                    while not (stop.is_set() or wizard.finished.wait(_LOOK_EVERY_S)):
                        pass
        finally:
            wizard.stop()
            link.close()
    return installation.complete(wizard.state) if wizard.finished.is_set() else None


def _choose_tongues(installation: Installation) -> Tongues:
    """Return the languages of the set-up: that of the place too, where a receiving service is told."""
    terms = load_profile(installation.profile).destination if installation.profile else None
    return Tongues() if terms is None else Tongues(terms.language, find_destination(terms.id).name)


@contextmanager
def _watched(origin: str, stop: threading.Event) -> Iterator[None]:
    """Tell the service manager that the set-up answers: it may take its owner a day, and would else be ended."""
    over = threading.Event()
    arguments = over, find_service_manager(), lambda: ask_screen(origin), stop.is_set
    thread = threading.Thread(target=wait_watched, args=arguments, name="watchdog", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(5.0)


def _load_root(installation: Installation, clock: Clock) -> RootFile:
    """Return the installed root file, or a later one that was taken here before. Raises: RootRefused, OSError."""
    root = load_any_root(installation.root.read_text(encoding="utf-8"), installation.root_verifier)
    with suppress(RecordsError, OSError, UnicodeDecodeError):
        note = (installation.data / ROOT_FILE).read_text(encoding="utf-8")
        stored = load_any_root(note, installation.root_verifier)
        is_same = (stored.kind, stored.jurisdiction) == (root.kind, root.jurisdiction)
        if is_same and root.valid_from <= stored.valid_from <= clock.now():
            return stored
    return root


def _make_bench(installation: Installation, root: RootFile) -> ReaderBench:
    folder = installation.country_certificates
    store = load_store(folder) if folder is not None else CscaStore([])
    given = [FoundReader(installation.reader, "")] if installation.reader else []

    def find() -> list[FoundReader]:
        # In the demonstration nothing real is so much as opened.
        return given if root.is_demonstration else [*given, *find_readers()]

    def open_one(url: str) -> Reader:
        reader = open_reader(url, store=store)
        require_demonstration_limits(root, is_simulated=reader.is_simulated, addresses=())
        return reader

    return ReaderBench(find, open_one)
