"""What central may set at a terminal from afar: a closed list of harmless things (FORMAT.md, "Remote settings").

Never code, root file, profile, reader or an address: those are the machine's, and a release's.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from records.errors import MalformedBytes, RecordsError
from records.notes import NoteSigner, NoteVerifier, join_lines, open_note, parse_unique_fields, sign_note
from records.suite import SigningKey, VerifyKey

SETTINGS_PATH = "/v1/terminal-settings/"
FIRST_LINE = "kuaijietong terminal settings v1"
SIGNER = "kuaijietong/central"
AS_INSTALLED = ""
LANGUAGES = ("zh", "en")
LOG_LEVELS = ("debug", "info", "warning", "error")
# MiB of free disk below which the counter tells somebody.
DISK_WARNINGS = ("256", "512", "1024", "2048", "4096", "8192")
MAX_NUMBER = 2**32 - 1
_ALLOWED = {"language": LANGUAGES, "log-level": LOG_LEVELS, "disk-warning": DISK_WARNINGS}
_NAMES = frozenset({"terminal", "number", "made-at", "least-key", *_ALLOWED})
_ID = re.compile("[0-9a-f]{32}")
_COUNT = re.compile("[1-9][0-9]{0,9}")
_NOTHING = "-"


@dataclass(frozen=True, slots=True)
class RemoteSettings:
    """The settings of one terminal, numbered from 1. "" is: as it was installed."""

    terminal: bytes
    number: int
    made_at: datetime  # aware UTC, whole seconds
    language: str = AS_INSTALLED  # of the screen until somebody chooses another
    log_level: str = AS_INSTALLED
    disk_warning: str = AS_INSTALLED  # MiB
    least_key: int = 1  # a terminal whose signing key has a lower number renews it now


def sign_settings(found: RemoteSettings, key: SigningKey) -> str:
    """Return the settings as a note that central has signed. Raises: MalformedBytes for what a reader would refuse."""
    lines = [
        FIRST_LINE,
        f"terminal: {found.terminal.hex()}",
        f"number: {found.number}",
        f"made-at: {found.made_at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
        f"least-key: {found.least_key}",
        f"language: {found.language or _NOTHING}",
        f"log-level: {found.log_level or _NOTHING}",
        f"disk-warning: {found.disk_warning or _NOTHING}",
    ]
    note = sign_note(join_lines(lines), NoteSigner(SIGNER, key))
    open_settings(note, (key.public,))
    return note


def open_settings(note: str, keys: tuple[VerifyKey, ...]) -> RemoteSettings:
    """Verify and parse settings signed by one of central's keys. Raises: MalformedBytes, BadSignature."""
    failure: RecordsError = MalformedBytes("settings")
    for key in keys:
        try:
            return parse_settings(open_note(note, NoteVerifier(SIGNER, key)))
        except RecordsError as error:
            failure = error
    raise failure


def parse_settings(text: str) -> RemoteSettings:
    """Parse the text of settings. Raises: MalformedBytes naming the field."""
    fields = parse_unique_fields(text, FIRST_LINE, _NAMES)
    for name, allowed in _ALLOWED.items():
        if fields[name] not in (_NOTHING, *allowed):
            raise MalformedBytes(name)
    values = {name: "" if fields[name] == _NOTHING else fields[name] for name in _ALLOWED}
    if not _ID.fullmatch(fields["terminal"]):
        raise MalformedBytes("terminal")
    try:
        made_at = datetime.strptime(fields["made-at"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except ValueError:
        raise MalformedBytes("made-at") from None
    return RemoteSettings(
        bytes.fromhex(fields["terminal"]), _read_count(fields, "number"), made_at, values["language"],
        values["log-level"], values["disk-warning"], _read_count(fields, "least-key"),
    )  # fmt: skip


def _read_count(fields: dict[str, str], name: str) -> int:
    if not _COUNT.fullmatch(fields[name]) or int(fields[name]) > MAX_NUMBER:
        raise MalformedBytes(name)
    return int(fields[name])
