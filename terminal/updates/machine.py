"""What updating needs of the machine: the terminal as a unit of systemd, and central as the source of releases."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from records.release import Release, SignedRelease
from terminal.link import HttpLink, fetch_head
from terminal.version import IDLE_HEADER, VERSION_HEADER

_LOOK_AGAIN_S = 0.5
_RESTART_TIMEOUT_S = 90


@dataclass(frozen=True, slots=True)
class SystemdTerminal:
    """The terminal as a unit that the service manager runs; it answers at `origin` on loopback."""

    origin: str
    restart_unit: Callable[[], None]
    clock: Callable[[], float] = time.monotonic
    wait: Callable[[float], None] = time.sleep
    answer_timeout_s: float = 5.0  # of one answer, as a whole

    def restart(self) -> None:
        """Start the terminal anew. Raises: OSError."""
        self.restart_unit()

    def is_idle(self) -> bool:
        """Tell whether nobody waits at the counter; one that does not answer serves nobody either."""
        found = self._ask()
        return found is None or found.get(IDLE_HEADER) != "no"

    def wait_for(self, version: str, timeout_s: float) -> bool:
        """Wait until the terminal answers under this version."""
        until = self.clock() + timeout_s
        while self.clock() < until:
            found = self._ask()
            if found is not None and found.get(VERSION_HEADER) == version:
                return True
            self.wait(_LOOK_AGAIN_S)
        return False

    def _ask(self) -> Mapping[str, str] | None:
        # The terminal has fewer rights than we, and must neither fill our memory nor hold us, with a byte now and then.
        return fetch_head(f"{self.origin}/health", self.answer_timeout_s)


@dataclass(frozen=True, slots=True)
class CentralReleases:
    """Central, as the source of releases for one terminal."""

    link: HttpLink
    terminal: bytes

    def fetch_release(self) -> SignedRelease | None:
        """Return what is offered to this terminal, if anything. Raises: Unreachable, Untrusted."""
        return self.link.fetch_offer(self.terminal)

    def fetch_wheel(self, release: Release) -> bytes:
        """Return the wheel. Raises: Unreachable, Untrusted."""
        return self.link.fetch_wheel(release.wheel)


def restart_systemd_unit(unit: str) -> None:
    """Restart a unit of systemd. Raises: OSError where systemd does not take the request."""
    try:
        subprocess.run(["systemctl", "restart", unit], check=True, timeout=_RESTART_TIMEOUT_S)
    except subprocess.SubprocessError:
        # A release that does not start may fail the restart as well: what counts is whether it answers.
        return
