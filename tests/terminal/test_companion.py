"""What may run beside a demonstration's counter, and that nothing runs beside any other."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import EntryPoint, EntryPoints
from pathlib import Path

import pytest

from records.profile import load_profile
from records.root import RootKind
from terminal import companion
from terminal.clock import read_machine_clock
from terminal.companion import CompanionContext, NoCompanion, find_companion
from terminal.notice import describe_notice
from tests.terminal.kit import KEYS, ROOT_SIGNER, TERMINAL, VENUE, make_root


class Beside(NoCompanion):
    """A companion that only speaks."""

    def __init__(self, context: CompanionContext) -> None:
        self.context = context

    def describe(self) -> Mapping[str, str]:
        return {"zh": "有", "en": "on"}


def make_context(folder: Path, kind: RootKind) -> CompanionContext:
    return CompanionContext(
        terminal=TERMINAL,
        venue=VENUE,
        find_signing=lambda: KEYS.signing,
        data=folder,
        root=make_root(kind),
        root_verifier=ROOT_SIGNER.verifier,
        clock=read_machine_clock(),
        zone=None,
        list_house=list,
        find_clock_offset_s=lambda: None,
    )


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a companion be installed."""
    found = EntryPoints([EntryPoint(companion.NAME, f"{__name__}:Beside", companion.GROUP)])
    monkeypatch.setattr(EntryPoint, "load", lambda _: Beside)
    monkeypatch.setattr(companion, "entry_points", lambda **wanted: found.select(**wanted))


@pytest.mark.usefixtures("installed")
def test_an_installed_companion_runs_beside_the_demonstration(tmp_path: Path) -> None:
    assert isinstance(find_companion(make_context(tmp_path, RootKind.EPHEMERAL)), Beside)


@pytest.mark.usefixtures("installed")
def test_no_companion_runs_beside_a_real_counter_though_one_is_installed(tmp_path: Path) -> None:
    found = find_companion(make_context(tmp_path, RootKind.REGISTRATION))
    assert type(found) is NoCompanion
    assert not found.describe()


def test_nothing_runs_beside_the_demonstration_where_nothing_is_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(companion, "entry_points", lambda **_: EntryPoints([]))
    assert type(find_companion(make_context(tmp_path, RootKind.EPHEMERAL))) is NoCompanion


def test_companion_that_cannot_be_loaded_keeps_no_counter_from_starting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = EntryPoints([EntryPoint(companion.NAME, "terminal.nowhere:make", companion.GROUP)])
    monkeypatch.setattr(companion, "entry_points", lambda **wanted: found.select(**wanted))
    assert type(find_companion(make_context(tmp_path, RootKind.EPHEMERAL))) is NoCompanion


def test_the_notice_says_what_the_companion_says_and_nothing_else_changes() -> None:
    plain, told = (describe_notice(load_profile("demo"), each) for each in ({}, {"zh": "有", "en": "on"}))
    assert told.pop("comparison") == {"zh": "有", "en": "on"}
    assert told == plain
