"""Updating: what is offered is checked, tried, and taken back; at any power cut one whole release runs."""

from __future__ import annotations

import os
import stat
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from io import BytesIO
from pathlib import Path

import pytest

from records.cosignature import ED25519, Witness
from records.log_keys import LogVerifier
from records.log_proof import LogProof
from records.notes import NoteSigner
from records.release import Release, SignedRelease, add_cosignatures
from records.suite import SigningKey
from terminal.errors import Unreachable, UpdateRefused
from terminal.updates.folder import MAX_FILES, ReleaseFolder, Trial
from terminal.updates.updating import Installed, Outcome, TrustedKeys, Updater
from tests.terminal.kit import make_bytes
from tests.terminal.updates.releases import LOG_SIGNER, PACKAGES, RELEASER, make_release, make_wheel, publish

GOOD = make_wheel({"terminal/__init__.py": b"good", "kuaijietong-0.2.0.dist-info/METADATA": b"Version: 0.2.0\n"})
NEXT = make_wheel({"terminal/__init__.py": b"next", "kuaijietong-0.3.0.dist-info/METADATA": b"Version: 0.3.0\n"})


class PowerCut(BaseException):
    """The machine is gone at this moment."""


@dataclass
class Offers:
    """Central, offering what the test says."""

    signed: SignedRelease | None = None
    wheel: bytes = b""
    is_down: bool = False
    wheels_fetched: int = 0

    def fetch_release(self) -> SignedRelease | None:
        if self.is_down:
            raise Unreachable("test")
        return self.signed

    def fetch_wheel(self, release: Release) -> bytes:
        self.wheels_fetched += 1
        return self.wheel


@dataclass
class House:
    """A counter's machine: what it runs is what the link names."""

    folder: ReleaseFolder
    broken: set[str] = field(default_factory=set)
    is_busy: bool = False
    runs: str = ""
    restarts: int = 0

    def restart(self) -> None:
        self.restarts += 1
        self.runs = self.folder.find_current()

    def is_idle(self) -> bool:
        return not self.is_busy

    def wait_for(self, version: str, timeout_s: float) -> bool:
        return self.runs == version and version not in self.broken


@dataclass
class Machine:
    """Everything around one updater."""

    root: Path
    log: Path
    offers: Offers
    house: House
    updater: Updater

    @property
    def folder(self) -> ReleaseFolder:
        return self.updater.folder

    def offer(self, version: str, wheel: bytes = GOOD, **changes: str | int) -> None:
        release = replace(make_release(version, wheel), **changes)  # type: ignore[arg-type]
        self.offers.signed, self.offers.wheel = publish(release, self.log), wheel

    def read_program(self) -> bytes:
        return (self.root / "current" / "terminal" / "__init__.py").read_bytes()


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    folder, offers = ReleaseFolder(tmp_path / "updates"), Offers()
    house = House(folder)
    keys = TrustedKeys(RELEASER.verifier, LogVerifier((LOG_SIGNER.verifier,)))
    updater = Updater(folder, keys, Installed("0.1.0", PACKAGES, 2), offers, house, 1.0)
    return Machine(tmp_path / "updates", tmp_path / "log", offers, house, updater)


def test_release_is_installed_and_runs(machine: Machine) -> None:
    machine.offer("0.2.0")
    assert machine.updater.step() is Outcome.UPDATED
    assert (machine.house.runs, machine.read_program()) == ("0.2.0", b"good")
    assert machine.updater.step() is Outcome.NOTHING_NEW
    machine.offer("0.3.0", NEXT)
    assert machine.updater.step() is Outcome.UPDATED
    assert (machine.house.runs, machine.read_program(), machine.house.restarts) == ("0.3.0", b"next", 2)


def test_release_that_does_not_start_is_taken_back_and_never_tried_again(machine: Machine) -> None:
    machine.offer("0.2.0")
    machine.updater.step()
    machine.house.broken.add("0.3.0")
    machine.offer("0.3.0", NEXT)
    assert machine.updater.step() is Outcome.WENT_BACK
    assert (machine.house.runs, machine.read_program()) == ("0.2.0", b"good")
    fetched = machine.offers.wheels_fetched
    assert machine.updater.step() is Outcome.REFUSED
    assert machine.offers.wheels_fetched == fetched
    machine.offer("0.3.1", NEXT)
    assert machine.updater.step() is Outcome.UPDATED


def test_first_release_that_does_not_start_leaves_the_installed_program(machine: Machine) -> None:
    machine.house.broken.add("0.2.0")
    machine.offer("0.2.0")
    assert machine.updater.step() is Outcome.WENT_BACK
    assert machine.house.runs == "" == machine.folder.find_current()


def test_nothing_older_and_nothing_of_the_same_version_is_installed(machine: Machine) -> None:
    for version in ("0.1.0", "0.0.9"):
        machine.offer(version)
        assert machine.updater.step() is Outcome.NOTHING_NEW
    assert machine.house.restarts == machine.offers.wheels_fetched == 0


def test_program_that_a_person_installed_since_is_not_hidden_by_an_older_release(machine: Machine) -> None:
    machine.offer("0.2.0")
    machine.updater.step()
    machine.offers.is_down, newer = True, replace(machine.updater, installed=Installed("0.3.0", "f" * 64, 3))
    machine.house.is_busy = True
    assert newer.step() is Outcome.BUSY
    machine.house.is_busy = False
    assert newer.step() is Outcome.UPDATED
    assert machine.house.runs == "" == machine.folder.find_current()
    assert newer.step() is Outcome.NOT_REACHED


def test_nobody_is_interrupted_at_the_counter(machine: Machine) -> None:
    machine.offer("0.2.0")
    machine.house.is_busy = True
    assert machine.updater.step() is Outcome.BUSY
    assert machine.house.restarts == 0
    machine.house.is_busy = False
    assert machine.updater.step() is Outcome.UPDATED


def test_counter_that_names_a_witness_takes_nothing_that_it_has_not_cosigned(machine: Machine) -> None:
    machine.offer("0.2.0", GOOD)
    witness = Witness("witness.test/1", ED25519, bytes(32))
    keys = replace(machine.updater.keys, witnesses=(witness.key,))
    careful = replace(machine.updater, keys=keys)
    assert careful.step() is Outcome.REFUSED
    signed = machine.offers.signed
    assert signed is not None
    checkpoint = LogProof.from_text(signed.proof).checkpoint
    cosigned = checkpoint + witness.cosign(checkpoint.partition("\n\n")[0] + "\n", 1_800_000_000)
    machine.offers.signed = add_cosignatures(signed, cosigned, [witness.key])
    assert careful.step() is Outcome.UPDATED


def test_line_that_is_down_changes_nothing(machine: Machine) -> None:
    machine.offers.is_down = True
    assert machine.updater.step() is Outcome.NOT_REACHED


@pytest.mark.parametrize(
    "spoil",
    [
        lambda m: m.offer("0.2.0", packages="0" * 64),
        lambda m: m.offer("0.2.0", store=3),
        lambda m: (m.offer("0.2.0"), setattr(m.offers, "wheel", NEXT)),
        lambda m: setattr(m.offers, "signed", SignedRelease("noise\n", "noise\n")),
        lambda m: setattr(
            m.offers,
            "signed",
            publish(
                make_release("0.2.0", GOOD),
                m.log,
                NoteSigner(RELEASER.name, SigningKey.from_bytes(make_bytes("forger", 32))),
            ),
        ),
    ],
    ids=["other packages", "another database", "another wheel", "noise", "forged"],
)
def test_offer_that_may_not_run_here_is_refused(machine: Machine, spoil: Callable[[Machine], object]) -> None:
    spoil(machine)
    assert machine.updater.step() is Outcome.REFUSED
    assert machine.house.restarts == 0
    assert machine.folder.find_current() == ""


def make_entry(name: str, mode: int = 0) -> bytes:
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        entry = zipfile.ZipInfo(name)
        entry.external_attr = mode << 16
        archive.writestr(entry, b"/etc/passwd")
    return buffer.getvalue()


@pytest.mark.parametrize(
    "wheel",
    [
        make_entry("../outside"),
        make_entry("terminal/../../outside"),
        make_entry("/terminal/outside"),
        make_entry("terminal\\..\\outside"),
        make_entry("other/module.py"),
        make_entry("sitecustomize.py"),
        make_entry("terminal"),
        make_entry("terminal/link.py", stat.S_IFLNK | 0o777),
        make_wheel({f"terminal/{n}.py": b"" for n in range(MAX_FILES + 1)}),
        b"no archive",
    ],
    ids=["up", "up within", "absolute", "backslash", "foreign", "hook", "bare", "link", "too many", "noise"],
)
def test_wheel_that_is_not_only_our_files_is_refused(tmp_path: Path, wheel: bytes) -> None:
    with pytest.raises(UpdateRefused):
        ReleaseFolder(tmp_path / "updates").stage("0.2.0", wheel)
    assert not any(path.is_file() or path.is_symlink() for path in tmp_path.rglob("*"))


@dataclass
class Power:
    """Electricity for a number of calls."""

    calls: int

    def limit(self, original: Callable[..., object]) -> Callable[..., object]:
        def call(*args: object, **more: object) -> object:
            self.calls -= 1
            if self.calls < 0:
                raise PowerCut
            return original(*args, **more)

        return call


def test_power_cut_at_any_call_leaves_one_whole_release_and_the_next_step_finishes(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.offer("0.2.0")
    machine.updater.step()
    is_broken = True
    for version in (f"0.3.{n}" for n in range(1000)):
        machine.offer(version, NEXT)
        is_broken = not is_broken
        machine.house.broken = {version} if is_broken else set()
        before = machine.house.runs
        power = Power(int(version.rpartition(".")[2]) // 2)
        with monkeypatch.context() as patch:
            for owner, name in ((os, "rename"), (os, "fsync"), (machine.house, "restart"), (machine.house, "wait_for")):
                patch.setattr(owner, name, power.limit(getattr(owner, name)))
            try:
                machine.updater.step()
                was_cut = False
            except PowerCut:
                was_cut = True
        machine.house.restart()  # the machine starts again, whatever the link names
        assert machine.house.runs in (before, version)
        assert machine.read_program() in (b"good", b"next")
        for _ in range(2):
            machine.updater.step()
        assert machine.house.runs == (before if is_broken else version)
        assert machine.folder.load_trial().version == ""
        if not was_cut and not is_broken:
            return
    pytest.fail("the step never came to its end")


def test_damaged_note_of_the_trial_is_none(tmp_path: Path) -> None:
    folder = ReleaseFolder(tmp_path)
    folder.save_trial(Trial("0.2.0", "0.1.0", ("0.1.5",)))
    assert folder.load_trial() == Trial("0.2.0", "0.1.0", ("0.1.5",))
    (tmp_path / "trial.json").write_bytes(b"{")
    assert folder.load_trial() == Trial()
