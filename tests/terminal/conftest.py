"""Fixtures of the terminal's tests."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from records import suite
from tests.terminal.kit import Kit
from tests.terminal.stand_in_central import StandIn, serve_stand_in


@pytest.fixture
def kit(tmp_path: Path) -> Iterator[Kit]:
    """A terminal over an empty data folder."""
    kit = Kit(tmp_path)
    yield kit
    kit.close()


@pytest.fixture
def central() -> Iterator[StandIn]:
    """A stand-in for central."""
    with serve_stand_in() as central:
        yield central


@pytest.fixture
def quick_stretching(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the two slow functions quick, where a test is about something else. All other sealing stays real."""
    monkeypatch.setattr(suite, "stretch_number", _stretch_quickly)
    monkeypatch.setattr(suite, "stretch_guest_secret", _stretch_quickly)


def _stretch_quickly(secret: str, salt: bytes) -> bytes:
    return hashlib.sha256(salt + secret.encode("ascii")).digest()


@pytest.fixture(autouse=True)
def logs_as_before() -> Iterator[None]:
    """Undo what a test set up for logging; handlers of the standard library included."""
    handlers, level = logging.root.handlers[:], logging.root.level
    yield
    structlog.reset_defaults()
    logging.root.handlers[:], logging.root.level = handlers, level
