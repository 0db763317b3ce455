"""The watch over PC/SC slots, against a service that says what no real one can be made to say."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import islice
from typing import ClassVar

import pytest

from drivers import pcsc_slot
from drivers.card import CardLifted, CardPut, SlotDown, SlotUp
from drivers.errors import ReaderForbidden
from drivers.io.pcsc import SlotState, is_available
from drivers.pcsc_card import PcscLimits
from drivers.pcsc_slot import PcscSlot

pytestmark = pytest.mark.skipif(not is_available(), reason="pyscard is not built: ./kjt test builds it")
PRESENT, EMPTY = 0x20, 0x10
FAST = PcscLimits(retry_s=0.01, look_s=0.01)


class ScriptedService:
    """Says of its one slot what it is told to; then nothing changes any more."""

    states: ClassVar[list[int]] = []

    def list_readers(self) -> tuple[str, ...]:
        return ("slot",)

    def wait_for_change(self, known: Mapping[str, SlotState], timeout_s: float) -> dict[str, SlotState]:
        return {"slot": SlotState(self.states.pop(0))} if self.states else dict(known)

    def close(self) -> None: ...


@pytest.fixture
def say(monkeypatch: pytest.MonkeyPatch) -> Callable[..., PcscSlot]:
    monkeypatch.setattr(pcsc_slot, "CardService", ScriptedService)
    monkeypatch.setattr(pcsc_slot, "PcscTransport", lambda *_: object())

    def say(*states: int) -> PcscSlot:
        ScriptedService.states = list(states)
        return PcscSlot("", FAST)

    return say


def test_card_exchanged_between_two_looks_is_lifted_and_put(say: Callable[..., PcscSlot]) -> None:
    events = islice(say(PRESENT | 1 << 16, PRESENT | 3 << 16).events(), 4)
    assert [type(event) for event in events] == [SlotUp, CardPut, CardLifted, CardPut]


def test_card_that_only_changes_hands_stays(say: Callable[..., PcscSlot]) -> None:
    in_use = 0x100
    events = islice(say(PRESENT | 1 << 16, PRESENT | in_use | 1 << 16, EMPTY | 2 << 16).events(), 3)
    assert [type(event) for event in events] == [SlotUp, CardPut, CardLifted]


def test_service_that_refuses_twice_is_told_as_refusing(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise ReaderForbidden

    monkeypatch.setattr(pcsc_slot, "CardService", refuse)
    told = [event.error.code for event in islice(PcscSlot("", FAST).events(), 2) if isinstance(event, SlotDown)]
    assert told == ["card_service_gone", "reader_forbidden"]
