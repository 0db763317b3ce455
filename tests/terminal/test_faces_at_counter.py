"""The face from a chip at the counter: there while its guest waits, and gone from memory afterwards."""

from __future__ import annotations

import gc
import sys
import threading
import weakref
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from drivers.chip_reader import ChipReader
from drivers.document_chip import Examiner, Part
from drivers.proto.sam_text import decode_text
from drivers.reader import DocumentPresent, DocumentRead, Face, RawDocument, ReaderEvent, ReaderUp
from drivers.sim.emrtd_issuer import UTOPIA
from drivers.sim.emrtd_slot import SimulatedSlot
from drivers.sim.emrtd_specimens import ACCESS_NUMBER, CHIP_SPECIMENS, build_face
from drivers.sim.specimens import SPECIMENS, build_card
from terminal.chip_key import compose_key
from terminal.counter import Counter
from terminal.faces import KEPT_S, WaitingFaces
from terminal.state import CounterError, PendingGuest
from tests.terminal.kit import Kit
from tests.terminal.test_chip_at_counter import await_state, place

pytestmark = pytest.mark.usefixtures("quick_stretching")
MARK = b"\xff\xd8\xff a face that nobody may keep"


@pytest.fixture
def slot() -> SimulatedSlot:
    return SimulatedSlot()


@pytest.fixture
def drawn() -> list[weakref.ref[Face]]:
    """Every face that was ever made, without holding it."""
    return []


@pytest.fixture
def images() -> list[bytes]:
    """Every image that was handed over to be drawn."""
    return []


@pytest.fixture
def counter(kit: Kit, slot: SimulatedSlot, drawn: list[weakref.ref[Face]], images: list[bytes]) -> Iterator[Counter]:
    def draw(image: bytes) -> Face:
        images.append(image)
        face = Face(MARK, "image/jpeg")
        drawn.append(weakref.ref(face))
        return face

    examiner, parts = Examiner(UTOPIA.store, kit.desk.clock.now), frozenset({Part.PHOTO})
    reader = ChipReader("sim:emrtd:test", slot, examiner, is_simulated=True, parts=parts, draw_face=draw)
    counter = Counter(kit.desk, reader)
    counter.start()
    yield counter
    counter.stop()


def read_guest(counter: Counter, slot: SimulatedSlot, specimen: str = "chip-bac") -> PendingGuest:
    place(counter, slot, specimen)
    counter.scan(CHIP_SPECIMENS[specimen].text)
    guest = await_state(counter, lambda state: state.reader.state == "lift").pending[-1]
    slot.remove()
    await_state(counter, lambda state: state.reader.state == "ready")
    return guest


def assert_gone(drawn: list[weakref.ref[Face]]) -> None:
    gc.collect()
    assert drawn
    assert [face() for face in drawn] == [None] * len(drawn)


def test_face_waits_with_its_guest_and_is_gone_once_they_have_a_room(
    counter: Counter, slot: SimulatedSlot, drawn: list[weakref.ref[Face]], tmp_path: Path
) -> None:
    guest = read_guest(counter, slot)
    assert guest.has_face
    face = counter.face(guest.id)
    assert face is not None
    assert (face.image, face.mime) == (MARK, "image/jpeg")
    assert "nobody" not in repr([face, counter.state()])
    del face
    stay = counter.check_in(guest.id, "101", 1).stay
    assert counter.face(guest.id) is None
    assert_gone(drawn)
    # Not in anything that was written either, and a check-in that is taken back has no face any more.
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and MARK in path.read_bytes()]
    again = counter.undo(stay)
    assert not next(guest for guest in counter.state().pending if guest.id == again).has_face
    assert counter.face(again) is None


def test_image_as_it_lay_on_the_chip_is_held_by_nobody_after_the_reading(
    counter: Counter, slot: SimulatedSlot, images: list[bytes]
) -> None:
    read_guest(counter, slot)
    gc.collect()
    (image,) = images
    assert len(image) > 10_000
    # The list, this name, and the question itself.
    assert sys.getrefcount(image) == 3


def test_face_of_who_is_not_the_same_goes_with_the_document(
    counter: Counter, slot: SimulatedSlot, drawn: list[weakref.ref[Face]]
) -> None:
    guest = read_guest(counter, slot)
    counter.discard(guest.id)
    assert counter.face(guest.id) is None
    assert counter.state().house == ()
    assert_gone(drawn)


def test_second_reading_of_a_document_leaves_one_face(
    counter: Counter, slot: SimulatedSlot, drawn: list[weakref.ref[Face]]
) -> None:
    guest = read_guest(counter, slot)
    assert read_guest(counter, slot).id == guest.id
    gc.collect()
    assert [face() is None for face in drawn] == [True, False]


def test_typed_access_number_opens_the_chip(counter: Counter, slot: SimulatedSlot) -> None:
    place(counter, slot, "chip-card")
    counter.give_key(ACCESS_NUMBER)
    assert await_state(counter, lambda state: bool(state.pending)).pending[0].chip == "verified"


def test_wrong_access_number_is_denied_and_the_next_right_one_opens(counter: Counter, slot: SimulatedSlot) -> None:
    place(counter, slot, "chip-card")
    counter.give_key("654321")
    state = await_state(counter, lambda state: state.reader.state == "lift")
    assert (state.failure, state.pending) == ("access_denied", ())
    slot.remove()
    await_state(counter, lambda state: state.reader.state == "ready")
    place(counter, slot, "chip-card")
    counter.give_key(ACCESS_NUMBER)
    assert await_state(counter, lambda state: bool(state.pending)).failure is None


def test_key_without_a_chip_that_waits_is_refused_and_opens_none_later(counter: Counter, slot: SimulatedSlot) -> None:
    with pytest.raises(CounterError) as refused:
        counter.give_key(ACCESS_NUMBER)
    assert refused.value.code == "no_chip_waits"
    place(counter, slot, "chip-card")
    assert counter.state().reader.state == "key"
    with pytest.raises(CounterError) as refused:
        counter.give_key("nonsense")
    assert refused.value.code == "key_incomplete"


def test_copied_chip_is_shown_as_failed(counter: Counter, slot: SimulatedSlot) -> None:
    assert read_guest(counter, slot, "chip-copied").chip == "failed"
    assert read_guest(counter, slot, "chip-cam").chip == "verified"


@pytest.mark.parametrize(
    ("fields", "key"),
    [
        (("123456", "", "", ""), "123456"),
        (("12345", "", "", ""), ""),
        (("１２３４５６", "", "", ""), ""),
        (("", "l898902c3", "12 AUG 1974", "2032-04-15"), "L898902C3,740812,320415"),
        (("", "L898902C3", "740812", "320415"), ""),
        (("", "", "1974-08-12", "2032-04-15"), ""),
        (("", "", "", ""), ""),
    ],
)
def test_key_is_put_together_from_what_is_typed(fields: tuple[str, str, str, str], key: str) -> None:
    assert compose_key(*fields) == key


def test_faces_are_kept_for_who_waits_alone() -> None:
    faces = WaitingFaces(lambda: 0.0)
    faces.put("a", Face(b"1", "image/png"))
    faces.put("b", Face(b"2", "image/png"))
    faces.put("b", None)
    faces.keep_only(["b"])
    assert (faces.find("a"), faces.find("b")) == (None, None)


def test_face_that_nobody_took_up_again_goes_by_itself() -> None:
    now = 1000.0
    faces = WaitingFaces(lambda: now)
    faces.put("a", Face(b"1", "image/png"))
    held = weakref.ref(faces.find("a") or Face(b"", ""))
    now += KEPT_S
    assert faces.find("a") is not None
    now += 1
    assert faces.find("a") is None
    gc.collect()
    assert held() is None


class OneDocument:
    """A reader on which one document lies, with a photo that an installed decoder made an image of."""

    url, is_simulated = "sim:test", True

    def __init__(self, raw: RawDocument) -> None:
        self._raw, self._closed = raw, threading.Event()

    def events(self) -> Iterator[ReaderEvent]:
        yield ReaderUp("test")
        yield DocumentPresent()
        yield DocumentRead(self._raw)
        self._closed.wait()

    def close(self) -> None:
        self._closed.set()


@pytest.mark.parametrize(("photo", "has_face"), [(build_face(portrait="fourth.jpg"), True), (bytes(1024), False)])
def test_photo_of_another_card_is_shown_where_somebody_made_an_image_of_it(
    kit: Kit, photo: bytes, has_face: bool
) -> None:
    card = build_card(SPECIMENS["wang"])
    raw = replace(RawDocument(*decode_text(card[:256])), photo=photo)
    counter = Counter(kit.desk, OneDocument(raw))
    counter.start()
    guest = await_state(counter, lambda state: bool(state.pending)).pending[0]
    assert guest.has_face == has_face
    counter.stop()
