"""The chip of an electronic document: opened, its files read in as few commands as it allows, and examined."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

from drivers.card import CardTransport
from drivers.channel import PlainChannel, Traffic
from drivers.errors import ChipDamaged, ChipRefused, ChipUnsupported, LinesNeeded, ReaderError
from drivers.proto.access_key import AccessKey, AccessNumber
from drivers.proto.apdu import Answer, ApduChannel, Command, Sw
from drivers.proto.bac import open_by_bac
from drivers.proto.card_security import ChipProof, examine_chip
from drivers.proto.csca import CscaStore
from drivers.proto.face_record import find_face
from drivers.proto.lds import APPLICATION, Details, Issue, LdsFile, parse_dg1, parse_dg11, parse_dg12
from drivers.proto.mrz import parse_mrz
from drivers.proto.pace import ChipClaim, find_pace, open_by_pace
from drivers.proto.passive_auth import Proof, SecurityObject, examine, parse_security_object
from drivers.proto.secure_messaging import SecureChannel
from drivers.proto.tlv import encode_tlv, parse_header, parse_one
from drivers.reader import Layout, Progress, RawDocument
from records.documents import ChipVerdict

# A chip that claims more than this is not read to its end. Files with images in them are the large ones.
_FILE_BYTES_MAX = 1 << 17
_IMAGE_FILE_BYTES_MAX = 1 << 20
_IMAGE_FILES = (LdsFile.DG2, LdsFile.DG11, LdsFile.DG12)
_HEADER_BYTES_MAX = 8
# Fifteen bits of offset; beyond, the offset goes as a data object.
_SHORT_OFFSETS = 0x8000
_SELECT, _READ, _READ_FAR = 0xA4, 0xB0, 0xB1
_BY_SHORT_ID = 0x80
_OFFSET_OBJECT, _CONTENT_OBJECT = 0x54, 0x53
_MASTER_FILE = b"\x3f\x00"


class Part(StrEnum):
    """What may be read beside the printed lines; nothing of it unless asked for."""

    PHOTO = "photo"
    DETAILS = "details"  # DG11: full name, whole birth date, address
    ISSUE = "issue"  # DG12: day and office of issue


@dataclass(frozen=True, slots=True)
class Examiner:
    """Whom to believe, and when."""

    store: CscaStore
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class ChipReading:
    """What came of reading a chip. `files` are its files as they lay there, in memory alone."""

    raw: RawDocument
    proof: Proof
    access: str  # "BAC 3DES", "PACE AES-128", "PACE AES-256 CAM"
    traffic: Traffic
    files: Mapping[LdsFile, bytes] = field(repr=False)


class DocumentChip:
    """The files of a chip over any channel."""

    def __init__(self, channel: ApduChannel) -> None:
        self._channel = channel

    def select_application(self) -> None:
        """Select the travel document. Raises: ChipUnsupported when the card has none, ChipRefused."""
        answer = self._channel.send(Command(0x00, _SELECT, 0x04, 0x0C, APPLICATION))
        if answer.sw in (Sw.FILE_NOT_FOUND, Sw.INSTRUCTION_UNKNOWN, Sw.CLASS_UNKNOWN):
            raise ChipUnsupported
        _require_ok(answer)

    def select_master_file(self) -> None:
        """Go back to where a chip stands after it was placed. Whether it obeys shows in what comes next."""
        self._channel.send(Command(0x00, _SELECT, 0x00, 0x0C, _MASTER_FILE))

    def read_file(self, file: LdsFile) -> bytes:
        """Return a file, to the end of its outermost object. Raises: ChipRefused, ChipDamaged, as the channel does."""
        content = self._read_beginning(file)
        header = parse_header(content)
        limit = _IMAGE_FILE_BYTES_MAX if file in _IMAGE_FILES else _FILE_BYTES_MAX
        if header.tag != file.tag or header.total > limit:
            raise ChipDamaged(file.name)
        while len(content) < header.total:
            piece = self._read_at(len(content), min(self._channel.find_room(), header.total - len(content)))
            if not piece:
                raise ChipDamaged(file.name)
            content += piece
        return content[: header.total]

    def _read_beginning(self, file: LdsFile) -> bytes:
        """Return what the first command brings: mostly the whole file. Naming it by its short identifier selects it."""
        room = self._channel.find_room()
        answer = self._read(Command(0x00, _READ, _BY_SHORT_ID | file.short_id, 0, le=room))
        if answer.sw in (Sw.WRONG_PARAMETERS, Sw.FUNCTION_NOT_SUPPORTED, Sw.WRONG_OFFSET):
            _require_ok(self._channel.send(Command(0x00, _SELECT, 0x02, 0x0C, file.file_id.to_bytes(2, "big"))))
            answer = self._read(Command(0x00, _READ, 0, 0, le=room))
        return _require_content(answer)

    def _read_at(self, offset: int, length: int) -> bytes:
        if offset < _SHORT_OFFSETS:
            return _require_content(self._read(Command(0x00, _READ, offset >> 8, offset & 0xFF, le=length)))
        wanted = encode_tlv(_OFFSET_OBJECT, offset.to_bytes(3, "big"))
        # The answer carries its own header, which takes room too.
        length = min(length + _HEADER_BYTES_MAX, self._channel.find_room())
        answer = self._read(Command(0x00, _READ_FAR, 0, 0, wanted, length))
        return parse_one(_require_content(answer), _CONTENT_OBJECT)

    def _read(self, command: Command) -> Answer:
        answer = self._channel.send(command)
        if answer.sw >> 8 == 0x6C and not answer.data:  # the length that fits is named
            le = answer.sw & 0xFF or 256
            return self._channel.send(Command(command.cla, command.ins, command.p1, command.p2, command.data, le))
        return answer


def read_document(
    transport: CardTransport,
    key: AccessKey,
    examiner: Examiner,
    parts: frozenset[Part] = frozenset(),
    *,
    is_fresh: bool = True,
) -> ChipReading:
    """Open a chip and read what is asked for. `is_fresh` is False for a chip that was talked to since it was placed.

    Raises: AccessDenied when the chip does not take the key, LinesNeeded, ChipUnsupported, ChipRefused, ChipDamaged,
    MrzUnreadable, MrzCheckFailed, and what the transport raises.
    """
    steps = read_in_steps(transport, key, examiner, parts, is_fresh=is_fresh)
    while True:
        try:
            next(steps)
        except StopIteration as done:
            reading: ChipReading = done.value
            return reading


def read_in_steps(
    transport: CardTransport, key: AccessKey, examiner: Examiner, parts: frozenset[Part], *, is_fresh: bool = True
) -> Generator[Progress, None, ChipReading]:
    """Do what `read_document` does, and tell how far it has come."""
    plain = PlainChannel(transport)
    try:
        read = yield from _open_and_read(plain, key, parts, is_fresh=is_fresh)
    except ChipRefused as error:
        # Some chips know long answers in the open and refuse them under secure messaging.
        if error.sw != Sw.WRONG_LENGTH or not plain.is_extended:
            raise
        plain.is_extended = False
        read = yield from _open_and_read(plain, key, parts, is_fresh=False)
    opened, security, files = read
    traffic = plain.traffic
    facts = {
        "access": opened.access,
        "commands": str(traffic.apdus),
        "sent_bytes": str(traffic.sent_bytes),
        "received_bytes": str(traffic.received_bytes),
    }
    raw, proof = _understand(opened, security, files, examiner, facts)
    steps = _count_steps(parts)
    yield Progress(steps, steps)
    return ChipReading(raw, proof, opened.access, traffic, files)


@dataclass(frozen=True, slots=True)
class _Opened:
    """A chip whose application is selected, under secure messaging."""

    channel: SecureChannel
    access: str
    claim: ChipClaim | None = None
    card_security: bytes = field(default=b"", repr=False)


def _open_and_read(
    plain: PlainChannel, key: AccessKey, parts: frozenset[Part], *, is_fresh: bool
) -> Generator[Progress, None, tuple[_Opened, SecurityObject, dict[LdsFile, bytes]]]:
    """Open the chip, read the security object, which says what else there is, and then what is asked for of it."""
    steps = _count_steps(parts)
    opened = _open(plain, key, is_fresh=is_fresh)
    chip = DocumentChip(opened.channel)
    yield Progress(1, steps)
    files = {LdsFile.SOD: chip.read_file(LdsFile.SOD)}
    security = parse_security_object(files[LdsFile.SOD])
    yield Progress(2, steps)
    wanted = [file for part, file in _FILES_OF_PARTS.items() if part in parts and file.group in security.groups]
    for step, file in enumerate([LdsFile.DG1, *wanted], 3):
        files[file] = chip.read_file(file)
        yield Progress(step, steps)
    return opened, security, files


def _count_steps(parts: frozenset[Part]) -> int:
    return 4 + len(parts)  # opened, security object, printed lines, examined


def _open(plain: PlainChannel, key: AccessKey, *, is_fresh: bool) -> _Opened:
    """Return a channel to the selected application, and how it was opened."""
    chip = DocumentChip(plain)
    if not is_fresh:
        chip.select_master_file()
    card_access = _read_card_access(plain)
    info = find_pace(card_access) if card_access else None
    if info is not None:
        channel, claim = open_by_pace(plain, info, key, lambda order: 1 + secrets.randbelow(order - 1), os.urandom)
        # Beside the application, so it is read before that is selected.
        card_security = _read_card_security(channel) if claim else b""
        DocumentChip(channel).select_application()
        return _Opened(channel, info.label, claim, card_security)
    if isinstance(key, AccessNumber):
        raise LinesNeeded
    chip.select_application()
    return _Opened(open_by_bac(plain, key, os.urandom), "BAC 3DES")


def _read_card_security(channel: SecureChannel) -> bytes:
    """Return what the country signed about the chip, b"" where it is kept from us. Raises: what the channel raises."""
    try:
        return DocumentChip(channel).read_file(LdsFile.CARD_SECURITY)
    except ChipRefused as error:
        if error.sw == Sw.WRONG_LENGTH:
            raise
        return b""


def _read_card_access(plain: PlainChannel) -> bytes | None:
    """Return what the chip offers beside BAC, None where it offers nothing; learns whether it knows long answers."""
    try:
        return DocumentChip(plain).read_file(LdsFile.CARD_ACCESS)
    except ChipRefused as error:
        if error.sw != Sw.WRONG_LENGTH or not plain.is_extended:
            return None
    plain.is_extended = False
    return _read_card_access(plain)


def _understand(
    opened: _Opened,
    security: SecurityObject,
    files: Mapping[LdsFile, bytes],
    examiner: Examiner,
    facts: Mapping[str, str],
) -> tuple[RawDocument, Proof]:
    lines = parse_dg1(files[LdsFile.DG1])
    mrz = parse_mrz(lines)
    now = examiner.clock()
    proof = examine(security, files, mrz.issuing_state, examiner.store, now)
    chip_proof = ChipProof.NOT_PROVED if opened.claim else ChipProof.NOT_ASKED
    if opened.claim and opened.card_security:
        chip_proof = examine_chip(opened.claim, opened.card_security, mrz.issuing_state, examiner.store, now)
    if chip_proof is ChipProof.COPIED and proof.verdict is not ChipVerdict.FAILED:
        proof = Proof.COPIED
    details = parse_dg11(files[LdsFile.DG11]) if LdsFile.DG11 in files else Details()
    issue = parse_dg12(files[LdsFile.DG12]) if LdsFile.DG12 in files else Issue()
    fields = {
        "mrz": "\n".join(lines),
        "chip": proof.verdict.value,
        "proof": proof.value,
        "chip_proof": chip_proof.value,
        "read_on": now.date().isoformat(),
        "name": details.name,
        "birth": details.birth,
        "address": details.address,
        "issued_on": issue.day,
        "issued_by": issue.office,
        **facts,
    }
    return RawDocument(Layout.ICAO_CHIP, fields, _find_face(files)), proof


def _find_face(files: Mapping[LdsFile, bytes]) -> bytes:
    """Return the face as it lies on the chip, b"" for none. A face in a broken record costs the face, not the guest."""
    try:
        return find_face(files[LdsFile.DG2]) if LdsFile.DG2 in files else b""
    except ReaderError:
        return b""


def _require_ok(answer: Answer) -> None:
    if not answer.is_ok:
        raise ChipRefused(answer.sw)


def _require_content(answer: Answer) -> bytes:
    """Return the content, also where the file ended before what was asked for. Raises: ChipRefused."""
    if answer.sw not in (Sw.OK, Sw.END_OF_FILE):
        raise ChipRefused(answer.sw)
    return answer.data


_FILES_OF_PARTS = {Part.PHOTO: LdsFile.DG2, Part.DETAILS: LdsFile.DG11, Part.ISSUE: LdsFile.DG12}
