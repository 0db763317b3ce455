"""Faces of chips: measured before they are decoded, drawn anew apart from us, and left out where anything is wrong."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from zlib import compress, crc32

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import drivers
from drivers.chip_reader import ChipReader
from drivers.errors import ChipDamaged
from drivers.faces import draw_face_apart
from drivers.proto.face_record import IMAGE_BYTES_MAX, ImageSize, find_face, measure_image
from drivers.proto.tlv import encode_tlv
from drivers.reader import DocumentRead, Face, KeyNeeded
from drivers.sim import emrtd_specimens
from drivers.sim.emrtd_slot import SimulatedSlot
from drivers.sim.emrtd_specimens import CHIP_SPECIMENS, build_chip, build_face
from tests.drivers.chips import ALL, EXAMINER

FACES = Path(emrtd_specimens.__file__).parent / "faces"
JPEG, JP2 = (FACES / "first.jpg").read_bytes(), (FACES / "second.jp2").read_bytes()
CODESTREAM = JP2[JP2.index(b"\xff\x4f\xff\x51") :]
PORTRAIT = ImageSize(360, 480, 3)
HUGE = (60_000).to_bytes(2, "big")
FRAME_AT = JPEG.index(b"\xff\xc0")
BOMB_JPEG = JPEG[: FRAME_AT + 5] + HUGE + HUGE + JPEG[FRAME_AT + 9 :]
SIZE_AT = JP2.index(b"ihdr") + 4
STREAM_AT = JP2.index(b"\xff\x4f\xff\x51")
HUGE_4 = (60_000).to_bytes(4, "big")
# The box says small and the codestream huge, and the other way round.
BOMB_JP2 = JP2[: STREAM_AT + 8] + HUGE_4 + HUGE_4 + JP2[STREAM_AT + 16 :]
BOMB_BOX = JP2[:SIZE_AT] + HUGE_4 + HUGE_4 + JP2[SIZE_AT + 8 :]


@pytest.mark.parametrize("image", [JPEG, JP2, CODESTREAM, build_face(40_000, "third.jpg")], ids=range(4))
def test_size_is_read_without_decoding(image: bytes) -> None:
    assert measure_image(image) == PORTRAIT


@pytest.mark.parametrize("image", [BOMB_JPEG, BOMB_JP2, BOMB_BOX], ids=["jpeg", "codestream", "box"])
def test_image_that_claims_to_be_huge_is_told_so_and_never_decoded(image: bytes) -> None:
    size = measure_image(image)
    assert size is not None
    assert size.width * size.height == 60_000 * 60_000
    assert draw_face_apart(image) is None


@pytest.mark.parametrize(
    "image", [b"", b"\xff\xd8\xff", JPEG[:FRAME_AT], JP2[:40], CODESTREAM[:41], b"GIF89a", b"\xff\xd8\xff\xda\x00\x02"]
)
def test_image_that_does_not_tell_its_size_is_none(image: bytes) -> None:
    assert measure_image(image) is None
    assert draw_face_apart(image) is None


@given(data=st.binary(max_size=80), image=st.sampled_from([JPEG, JP2, CODESTREAM]), at=st.integers(0, 600))
@example(data=b"\xff\xff\xff\xff", image=JPEG, at=2)
@example(data=b"\xff\xe0\x00\x00", image=JPEG, at=2)
def test_any_header_is_measured_or_not_and_nothing_else(data: bytes, image: bytes, at: int) -> None:
    measure_image(image[:at] + data + image[at + len(data) :])
    measure_image(image[:3] + data)


def build_png(width: int, height: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return len(data).to_bytes(4, "big") + kind + data + crc32(kind + data).to_bytes(4, "big")

    header = width.to_bytes(4, "big") + height.to_bytes(4, "big") + b"\x08\x02\x00\x00\x00"
    points = compress((b"\x00" + b"\x80" * 3 * width) * height)
    parts = [(b"IHDR", header), (b"tEXt", b"Comment\x00secret"), (b"IDAT", points), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(kind, data) for kind, data in parts)


def test_image_that_a_decoder_of_other_photos_made_is_drawn_too() -> None:
    face = draw_face_apart(build_png(102, 126))
    assert face is not None
    assert measure_image(face.image) == ImageSize(102, 126, 3)
    assert b"secret" not in face.image
    # A bomb: 16 million points in 60 kB.
    bomb = build_png(4001, 4000)
    assert len(bomb) < IMAGE_BYTES_MAX
    assert draw_face_apart(bomb) is None


@pytest.mark.parametrize("photo", [b"", bytes(1024), b"WLf\x00" + bytes(1020)])
def test_photo_in_a_modules_own_form_starts_no_process(photo: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subprocess, "run", None)
    assert draw_face_apart(photo) is None


@pytest.mark.parametrize("image", [JPEG, JP2, CODESTREAM], ids=["jpeg", "jp2", "codestream"])
def test_face_is_drawn_anew_as_a_small_image_without_anything_else(image: bytes) -> None:
    face = draw_face_apart(image)
    assert face is not None
    assert face.mime == "image/jpeg"
    assert measure_image(face.image) == PORTRAIT
    assert len(face.image) < 60_000
    # Neither comments nor camera facts: only what a decoder needs.
    markers = {face.image[at + 1] for at in range(len(face.image) - 1) if face.image[at] == 0xFF} - {0x00}
    assert not markers & {0xFE, *range(0xE1, 0xF0)}


def test_comment_inside_a_face_does_not_reach_the_screen() -> None:
    secret = b"<script>secret</script>"
    image = JPEG[:2] + b"\xff\xfe" + (len(secret) + 2).to_bytes(2, "big") + secret + JPEG[2:]
    face = draw_face_apart(image)
    assert face is not None
    assert secret not in face.image


def test_broken_face_costs_the_face_alone() -> None:
    assert draw_face_apart(JPEG[:400]) is None
    assert draw_face_apart(JP2[:600]) is None
    assert draw_face_apart(JPEG + bytes(IMAGE_BYTES_MAX)) is None


def test_worker_can_open_nothing_and_start_nobody() -> None:
    code = (
        "import socket, sys; from drivers.face_worker import limit_process; limit_process()\n"
        "for act in (lambda: open('/dev/null'), lambda: socket.socket(), lambda: bytearray(1 << 30)):\n"
        "    try:\n        act()\n"
        "    except (OSError, MemoryError): pass\n"
        "    else: sys.exit(1)\n"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_decoder_that_never_ends_is_ended() -> None:
    assert draw_face_apart(JPEG, limit_s=0.001) is None


def test_process_that_cannot_be_started_costs_the_face_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nonexistent/python")
    assert draw_face_apart(JPEG) is None


def test_decoders_are_loaded_by_the_worker_alone() -> None:
    code = (
        "import sys, drivers.discovery, terminal.process; sys.exit(any(m.split('.')[0] == 'PIL' for m in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_face_in_a_record_of_the_newer_standard_is_found() -> None:
    version, data = encode_tlv(0x80, b"\x00"), encode_tlv(0xA1, encode_tlv(0xA0, encode_tlv(0x80, JP2)))
    block = encode_tlv(0x65, encode_tlv(0xA0, version) + encode_tlv(0xA1, encode_tlv(0x30, data)))
    face = encode_tlv(0x7F60, encode_tlv(0xA1, b"") + encode_tlv(0x7F2E, block))
    assert find_face(encode_tlv(0x75, encode_tlv(0x7F61, encode_tlv(0x02, b"\x01") + face))) == JP2


def test_record_nested_without_end_is_not_followed_without_end() -> None:
    data = JPEG
    for _ in range(60):
        data = encode_tlv(0x30, data)
    face = encode_tlv(0x7F60, encode_tlv(0x7F2E, data))
    assert find_face(encode_tlv(0x75, encode_tlv(0x7F61, face))) == b""


@given(data=st.binary(max_size=120))
def test_any_record_is_a_face_or_none_or_damage(data: bytes) -> None:
    for content in (data, encode_tlv(0x75, encode_tlv(0x7F61, encode_tlv(0x7F60, encode_tlv(0x7F2E, data))))):
        try:
            find_face(content)
        except ChipDamaged:
            continue


def test_reader_hands_over_the_drawn_face_and_not_what_lay_on_the_chip() -> None:
    drawn = Face(b"drawn", "image/png")
    slot, seen = SimulatedSlot(), []
    slot.put_card(build_chip(CHIP_SPECIMENS["chip-bac"]))

    def draw(image: bytes) -> Face:
        seen.append(image)
        return drawn

    reader = ChipReader("sim:emrtd:test", slot, EXAMINER, is_simulated=True, parts=ALL, draw_face=draw)
    for event in reader.events():
        match event:
            case KeyNeeded():
                reader.give_key(CHIP_SPECIMENS["chip-bac"].text)
            case DocumentRead(raw):
                assert (raw.photo, raw.face) == (b"", drawn)
                assert "drawn" not in repr(event)
                reader.close()
    assert seen == [build_face(portrait="first.jpg")]


def test_face_is_drawn_by_the_release_that_runs_and_not_by_the_program_installed_before(tmp_path: Path) -> None:
    release = tmp_path / "releases" / "9.0.0"
    shutil.copytree(Path(drivers.__file__).parent, release / "drivers", ignore=shutil.ignore_patterns("__pycache__"))
    (release / "drivers" / "face_worker.py").write_text(
        "import sys\ndef main():\n    sys.stdout.buffer.write(b'\\xff\\xd8\\xff of 9.0.0')\n"
    )
    (tmp_path / "current").symlink_to(release)
    ask = "import sys; from drivers.faces import draw_face_apart; print(draw_face_apart(sys.stdin.buffer.read()).image)"
    done = subprocess.run(
        [sys.executable, "-c", ask], input=JPEG, env={"PYTHONPATH": str(tmp_path / "current")}, cwd=tmp_path,
        capture_output=True, check=True, timeout=60,
    )  # fmt: skip
    assert done.stdout.strip() == repr(b"\xff\xd8\xff of 9.0.0").encode()
