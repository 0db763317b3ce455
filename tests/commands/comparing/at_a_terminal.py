"""A judge at a real terminal of 80 columns: what is shown, and what is typed once it is asked for."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import sys
import termios
import time
from pathlib import Path

LONGEST_S = 60.0


class AtTerminal:
    """A command in a pseudo-terminal of its own session."""

    def __init__(self, command: list[object], environment: dict[str, str], folder: Path | None = None) -> None:
        self.shown = ""
        self._seen = 0
        self._pid, self._terminal = pty.fork()
        if self._pid == 0:
            os.chdir(folder or ".")
            os.execve(sys.executable, [sys.executable, "-P", "-m", "commands", *map(str, command)], environment)
        fcntl.ioctl(self._terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 80, 0, 0))

    def wait_for(self, text: str) -> str:
        """Return what came since the last wait, up to this text."""
        deadline = time.monotonic() + LONGEST_S
        while (at := self.shown.find(text, self._seen)) < 0:
            is_there = time.monotonic() < deadline and self._read()
            assert is_there, f"no {text!r} in {self.shown[self._seen :]!r}"
        before, self._seen = self.shown[self._seen : at], at + len(text)
        return before

    def wait_for_any(self, texts: list[str]) -> str | None:
        """Return which text comes next, or None at the end."""
        while True:
            found = [(at, text) for text in texts if (at := self.shown.find(text, self._seen)) >= 0]
            if found:
                at, text = min(found)
                self._seen = at + len(text)
                return text
            if not self._read():
                return None

    def type(self, text: str) -> None:
        """Type a line."""
        os.write(self._terminal, text.encode() + b"\n")

    def answer(self, question: str, text: str) -> str:
        """Wait for a question and type the answer. Return what was shown before."""
        before = self.wait_for(question)
        self.type(text)
        return before

    def kill(self) -> None:
        """End it as a power cut would."""
        os.kill(self._pid, 9)
        self.end()

    def end(self) -> int:
        """Wait for the end. Return the exit status."""
        while self._read():
            pass
        os.close(self._terminal)
        _, status = os.waitpid(self._pid, 0)
        return os.waitstatus_to_exitcode(status)

    def _read(self) -> bool:
        if not select.select([self._terminal], [], [], LONGEST_S)[0]:
            return False
        try:
            data = os.read(self._terminal, 65536)
        except OSError:  # Linux says so when the other side has closed
            return False
        self.shown += data.decode(errors="replace").replace("\r\n", "\n")
        return bool(data)
