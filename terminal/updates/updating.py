"""One step of updating: look for a release, check it, try it, and keep it or go back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

import structlog

from records.cosignature import WitnessKey
from records.errors import MalformedBytes, RecordsError
from records.log_keys import LogVerifier
from records.notes import NoteVerifier
from records.release import Release, SignedRelease, read_version, verify_release, verify_wheel
from terminal.errors import AskedToWait, TerminalError, Unreachable, UpdateRefused
from terminal.updates.folder import ReleaseFolder, Trial

# A terminal on an old PC is up within seconds; a database of months is looked through at a start.
START_TIMEOUT_S = 120.0


class Outcome(StrEnum):
    """How a step ended."""

    NOTHING_NEW = "nothing new"
    NOT_REACHED = "not reached"
    REFUSED = "refused"  # the offer is not one that may run here
    BUSY = "busy"  # somebody stands at the counter: at the next step
    UPDATED = "updated"
    WENT_BACK = "went back"  # the release did not start


class ReleaseSource(Protocol):
    """Where offers come from. Nothing it says is believed."""

    def fetch_release(self) -> SignedRelease | None:
        """Return what is offered to this terminal, if anything. Raises: Unreachable, Untrusted."""

    def fetch_wheel(self, release: Release) -> bytes:
        """Return the wheel. Raises: Unreachable, Untrusted."""


class TerminalService(Protocol):
    """The terminal's process, as this machine runs it."""

    def restart(self) -> None:
        """Start the terminal anew, under the release that the link names. Raises: OSError."""

    def is_idle(self) -> bool:
        """Tell whether nobody waits at the counter; also when the terminal does not answer."""

    def wait_for(self, version: str, timeout_s: float) -> bool:
        """Wait until the terminal answers under this version and has registered ready. False after the time-out."""


@dataclass(frozen=True, slots=True)
class TrustedKeys:
    """Who may release, and the log that releases stand in; set up with the machine, never by central."""

    release: NoteVerifier
    log: LogVerifier
    witnesses: tuple[WitnessKey, ...] = ()  # each of them must have cosigned the log


@dataclass(frozen=True, slots=True)
class Installed:
    """What the machine has beside the releases."""

    version: str  # of the installed program, which runs where the link names nothing
    packages: str  # SHA-256 of the lock file its packages were installed from, hexadecimal
    store: int  # the form of the terminal's database


@dataclass(frozen=True, slots=True)
class Updater:
    """Does one step at a time; at most one process may."""

    folder: ReleaseFolder
    keys: TrustedKeys
    installed: Installed
    source: ReleaseSource
    service: TerminalService
    start_timeout_s: float = START_TIMEOUT_S
    log: Callable[..., None] = structlog.get_logger().info

    def step(self) -> Outcome:
        """Finish what a power cut has interrupted, or look for something new. Raises: OSError."""
        trial = self.folder.load_trial()
        if trial.version:
            return self._finish(trial)
        if self._is_installed_newer():
            return self._go_to_installed()
        try:
            signed = self.source.fetch_release()
            if signed is None:
                return Outcome.NOTHING_NEW
            release = verify_release(signed, self.keys.release, self.keys.log, self.keys.witnesses)
            if read_version(release.version) <= read_version(self._find_running()):
                return Outcome.NOTHING_NEW
            self._check_fits(release, trial)
            if not self.service.is_idle():
                return Outcome.BUSY
            wheel = self.source.fetch_wheel(release)
            verify_wheel(release, wheel)
            self.folder.stage(release.version, wheel)
        except (AskedToWait, Unreachable):
            return Outcome.NOT_REACHED
        except (RecordsError, TerminalError) as error:
            self.log("release refused", reason=str(error))
            return Outcome.REFUSED
        return self._try(release, trial)

    def _find_running(self) -> str:
        return self.folder.find_current() or self.installed.version

    def _is_installed_newer(self) -> bool:
        try:
            return read_version(self.installed.version) > read_version(self._find_running())
        except MalformedBytes:
            return False

    def _go_to_installed(self) -> Outcome:
        """Leave a release that is older than what a person has installed since: it would hide it for ever."""
        if not self.service.is_idle():
            return Outcome.BUSY
        self.folder.switch("")
        self.service.restart()
        self.log("release left for the installed program", version=self.installed.version)
        return Outcome.UPDATED

    def _check_fits(self, release: Release, trial: Trial) -> None:
        """Raises: UpdateRefused for a release that could not run here, or from which there were no way back."""
        if release.version in trial.failed:
            raise UpdateRefused("did not start here")
        if release.packages != self.installed.packages:
            raise UpdateRefused("other packages")
        # The database is written in the new form at the first start. The release before could not read it.
        if release.store != self.installed.store:
            raise UpdateRefused("other database")

    def _try(self, release: Release, trial: Trial) -> Outcome:
        previous = self.folder.find_current()
        # On the disk before the switch: whoever finds a trial after a power cut knows where back is.
        self.folder.save_trial(_change_trial(trial, version=release.version, previous=previous))
        self.folder.switch(release.version)
        self.service.restart()
        return self._finish(self.folder.load_trial())

    def _finish(self, trial: Trial) -> Outcome:
        """Keep the version being tried if it runs; else go back to the one before."""
        if self.folder.find_current() != trial.version:
            # The power went before the switch: nothing has been tried yet.
            self.folder.save_trial(_change_trial(trial))
            return Outcome.NOTHING_NEW
        if self.service.wait_for(trial.version, self.start_timeout_s):
            self.folder.save_trial(_change_trial(trial))
            self.folder.discard_others({trial.version, trial.previous})
            self.log("release kept", version=trial.version)
            return Outcome.UPDATED
        self.folder.switch(trial.previous)
        self.service.restart()
        failed = (*trial.failed, trial.version)
        self.folder.save_trial(Trial(failed=failed))
        self.folder.discard_others({trial.previous})
        self.log("release taken back", version=trial.version)
        return Outcome.WENT_BACK


def _change_trial(trial: Trial, *, version: str = "", previous: str = "") -> Trial:
    return Trial(version, previous, trial.failed)
