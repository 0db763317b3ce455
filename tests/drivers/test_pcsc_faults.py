"""What goes wrong between a card and us, over the real PC/SC daemon: each trouble has its own error."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Any

import pytest

from drivers.card import CardLifted, CardPut, CardTransport, SlotUp
from drivers.discovery import open_reader
from drivers.errors import CardMute, CardRemoved, CardReset, DamagedFrame, ReaderError, UnsupportedReader
from drivers.io import pcsc
from drivers.pcsc_card import CardThread, PcscLimits, PcscTransport
from drivers.pcsc_slot import PcscSlot
from drivers.reader import DocumentFailed, DocumentRead, DocumentRemoved, KeyNeeded, ReaderUp
from drivers.sim.emrtd_slot import ChipFault
from tests.drivers.pcscd import PrivateDaemon, wait_for_cards
from tests.drivers.test_pcsc import FIRST, PATIENT, SECOND, WAIT_S, Watch, give, give_now, make_reader

scard = pytest.importorskip("smartcard.scard") if pcsc.is_available() else None
GET_CHALLENGE = bytes.fromhex("0084000008")


@contextmanager
def connect(limits: PcscLimits = PATIENT) -> Iterator[PcscTransport]:
    transport = PcscTransport(FIRST, threading.Event().wait, limits)
    try:
        yield transport
    finally:
        transport.close()


@contextmanager
def foreign_program(share: str = "SCARD_SHARE_SHARED", leave: str = "SCARD_LEAVE_CARD") -> Iterator[None]:
    """Be another program that has the card in the first slot, and lets go of it in the end."""
    result, context = scard.SCardEstablishContext(scard.SCARD_SCOPE_SYSTEM)
    assert result == 0
    try:
        result, card, _ = scard.SCardConnect(context, FIRST, getattr(scard, share), scard.SCARD_PROTOCOL_ANY)
        assert result == 0
        yield
        assert scard.SCardDisconnect(card, getattr(scard, leave)) == 0
    finally:
        scard.SCardReleaseContext(context)


def ask_for_ever(transport: CardTransport) -> None:
    while True:
        transport.transmit(GET_CHALLENGE)


def reset_card() -> None:
    with foreign_program(leave="SCARD_RESET_CARD"):
        pass


@pytest.mark.parametrize("after", range(9))
def test_card_lifted_at_any_command_is_removed(pcscd: PrivateDaemon, watch: Watch, after: int) -> None:
    watcher = watch(make_reader())
    pcscd.slots[FIRST].put("chip-aes-128")
    watcher.expect(KeyNeeded, WAIT_S)
    transport = pcscd.slots[FIRST].transport
    assert transport is not None
    transport.set_fault(ChipFault.REMOVED, after)
    give_now(watcher, "chip-aes-128")
    assert watcher.expect(DocumentFailed, WAIT_S).error.code == "card_removed"
    watcher.expect(DocumentRemoved, WAIT_S)


def test_removal_is_told_within_a_second(pcscd: PrivateDaemon) -> None:
    """The best of some tries, in the middle of a read."""
    took_s = []
    slot = PcscSlot(FIRST, PATIENT)
    for event in slot.events():
        match event:
            case SlotUp() | CardLifted():
                pcscd.slots[FIRST].put("chip-bac")
            case CardPut(transport):
                transport.transmit(GET_CHALLENGE)
                began = monotonic()
                pcscd.slots[FIRST].remove()
                with pytest.raises(CardRemoved):
                    ask_for_ever(transport)
                took_s.append(monotonic() - began)
                transport.close()
                if took_s[-1] < 1 or len(took_s) == 4:
                    slot.close()
    assert min(took_s) < 1


def test_mute_card_ends_at_its_limit_while_the_other_slot_reads(pcscd: PrivateDaemon, watch: Watch) -> None:
    limits = PcscLimits(transmit_s=2.0, lift_s=10.0)
    mute, other = watch(make_reader(FIRST, limits)), watch(make_reader(SECOND))
    pcscd.slots[FIRST].set_fault(ChipFault.MUTE)
    pcscd.slots[FIRST].put("chip-bac")
    mute.expect(KeyNeeded, WAIT_S)
    pcscd.slots[SECOND].put("chip-bac")
    other.expect(KeyNeeded, WAIT_S)
    give_now(mute, "chip-bac")
    give_now(other, "chip-bac")
    other.expect(DocumentRead, WAIT_S)
    assert "DocumentFailed" not in mute.names()
    assert mute.expect(DocumentFailed, WAIT_S).error.code == "card_mute"
    pcscd.slots[FIRST].remove()
    mute.expect(DocumentRemoved, WAIT_S)
    pcscd.slots[FIRST].put("chip-bac")
    give(mute, "chip-bac")
    mute.expect(DocumentRead, WAIT_S)


def test_answer_without_a_byte_hangs_the_driver_and_the_watch_ends_it(pcscd: PrivateDaemon) -> None:
    """vpcd waits for the content of an empty message for ever; a driver that passes it on is the next test's."""
    pcscd.slots[FIRST].set_fault(ChipFault.EMPTY)
    pcscd.slots[FIRST].put("chip-bac")
    wait_for_cards(FIRST)
    with connect(PcscLimits(transmit_s=0.3, close_s=5.0)) as transport:
        with pytest.raises(CardMute):
            transport.transmit(GET_CHALLENGE)
        # No second command is sent to a card whose answer is still out.
        with pytest.raises(CardMute):
            transport.transmit(GET_CHALLENGE)
        pcscd.slots[FIRST].remove()


def test_answer_without_a_byte_that_a_driver_passes_on_is_damaged(
    pcscd: PrivateDaemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    pcscd.slots[FIRST].put("chip-bac")
    wait_for_cards(FIRST)
    with connect(PcscLimits(lift_s=0.01, connect_s=20, transmit_s=20)) as transport:
        monkeypatch.setattr(pcsc.scard, "SCardTransmit", lambda *_: (0, []))
        with pytest.raises(DamagedFrame):
            transport.transmit(GET_CHALLENGE)


def test_reset_by_another_program_ends_the_conversation(pcscd: PrivateDaemon) -> None:
    pcscd.slots[FIRST].put("chip-bac")
    wait_for_cards(FIRST)
    with connect(PcscLimits(lift_s=0.01, connect_s=20, transmit_s=20)) as transport:
        transport.transmit(GET_CHALLENGE)
        reset_card()
        with pytest.raises(CardReset):
            transport.transmit(GET_CHALLENGE)
        # It is not talked to again in the middle of what was said before.
        with pytest.raises(CardReset):
            transport.transmit(GET_CHALLENGE)


def test_reset_by_another_program_before_the_first_command_does_no_harm(pcscd: PrivateDaemon, watch: Watch) -> None:
    watcher = watch(make_reader())
    pcscd.slots[FIRST].put("chip-aes-128")
    watcher.expect(KeyNeeded, WAIT_S)
    reset_card()
    give_now(watcher, "chip-aes-128")
    watcher.expect(DocumentRead, WAIT_S)


def test_card_that_another_program_holds_alone_is_told_as_busy(pcscd: PrivateDaemon, watch: Watch) -> None:
    pcscd.slots[FIRST].put("chip-bac")
    wait_for_cards(FIRST)
    with foreign_program("SCARD_SHARE_EXCLUSIVE"):
        watcher = watch(make_reader(limits=PcscLimits(busy_s=0.2, connect_s=20)))
        assert watcher.expect(DocumentFailed, WAIT_S).error.code == "reader_busy"
    pcscd.slots[FIRST].remove()
    watcher.expect(DocumentRemoved, WAIT_S)
    pcscd.slots[FIRST].put("chip-bac")
    give(watcher, "chip-bac")
    watcher.expect(DocumentRead, WAIT_S)


def test_card_that_another_program_holds_for_a_moment_is_read(pcscd: PrivateDaemon, watch: Watch) -> None:
    pcscd.slots[FIRST].put("chip-bac")
    wait_for_cards(FIRST)
    with foreign_program("SCARD_SHARE_EXCLUSIVE"):
        watcher = watch(make_reader(limits=PcscLimits(busy_s=20, connect_s=20, transmit_s=20)))
        watcher.expect(ReaderUp, WAIT_S)
        watcher.expect_nothing(0.3)
    give(watcher, "chip-bac")
    watcher.expect(DocumentRead, WAIT_S)


def test_bad_answer_to_reset_is_unreadable_and_the_next_card_is_read(pcscd: PrivateDaemon, watch: Watch) -> None:
    watcher = watch(make_reader(limits=PcscLimits(lift_s=0.01, connect_s=20, transmit_s=20)))
    pcscd.slots[FIRST].set_fault(ChipFault.BAD_ATR)
    pcscd.slots[FIRST].put("chip-bac")
    assert watcher.expect(DocumentFailed, WAIT_S).error.code == "card_unreadable"
    pcscd.slots[FIRST].remove()
    watcher.expect(DocumentRemoved, WAIT_S)
    pcscd.slots[FIRST].put("chip-bac")
    give(watcher, "chip-bac")
    watcher.expect(DocumentRead, WAIT_S)


def test_daemon_that_stops_in_the_middle_of_a_read_has_its_own_error(pcscd: PrivateDaemon) -> None:
    pcscd.slots[FIRST].put("chip-bac")
    wait_for_cards(FIRST)
    with connect() as transport:
        transport.transmit(GET_CHALLENGE)
        pcscd.stop()
        with pytest.raises(ReaderError) as failed:
            transport.transmit(GET_CHALLENGE)
    assert failed.value.code == "card_service_gone"


def test_call_that_never_returns_keeps_nobody_and_its_thread_ends_with_it() -> None:
    returns, cleaned = threading.Event(), threading.Event()
    thread = CardThread("test-card", cleaned.set)
    assert thread.run(lambda: 7, WAIT_S) == 7
    with pytest.raises(CardMute):
        thread.run(returns.wait, 0.05)
    assert not cleaned.is_set()
    returns.set()
    assert cleaned.wait(WAIT_S)


def test_missing_binding_is_said_in_plain_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pcsc, "scard", None)
    with pytest.raises(UnsupportedReader, match="libpcsclite-dev"):
        open_reader("pcsc:")


@pytest.mark.skipif(not pcsc.is_available(), reason="pyscard is not built")
@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("SCARD_W_REMOVED_CARD", "card_removed"),
        ("SCARD_W_RESET_CARD", "card_reset"),
        ("SCARD_W_UNRESPONSIVE_CARD", "card_unreadable"),
        ("SCARD_E_NOT_TRANSACTED", "damaged_frame"),
        ("SCARD_E_SHARING_VIOLATION", "reader_busy"),
        ("SCARD_W_SECURITY_VIOLATION", "reader_forbidden"),
        ("SCARD_E_READER_UNAVAILABLE", "reader_gone"),
        ("SCARD_E_NO_SERVICE", "card_service_gone"),
    ],
)
def test_every_trouble_of_the_service_has_its_error(name: str, code: str) -> None:
    value: Any = getattr(scard, name)
    assert pcsc.translate(value).code == code
    assert pcsc.translate(value - (1 << 32) if value > 0 else value + (1 << 32)).code == code
