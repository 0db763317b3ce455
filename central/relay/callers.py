"""Who asks: a terminal by its key in central's tables, a party by its key in the annex."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from central.relay.http import Refusal, Request
from central.relay.terminals import TerminalBook
from central.store.terminals import Terminal
from records.comparing.annex import Annex, CourtOfDecisions
from records.comparing.mail import Letter, Role
from records.comparing.requests import check_request, parse_header
from records.errors import BadSignature, RecordsError
from records.suite import VerifyKey

_TERMINAL = "terminal:"
_ROLES: Mapping[str, Role] = {
    "office": Role.OFFICE, "station": Role.STATION, "court": Role.COURT, "oversight": Role.OVERSIGHT,
}  # fmt: skip


class Callers:
    """Checks the signatures of requests."""

    def __init__(self, annex: Annex, terminals: TerminalBook, clock: Callable[[], datetime]) -> None:
        self._annex, self._terminals, self._clock = annex, terminals, clock

    async def find_terminal(self, request: Request) -> Terminal:
        """Return the active terminal that signed a request. Raises: Refusal(403)."""
        party = _read_party(request)
        terminal_id = bytes.fromhex(party.removeprefix(_TERMINAL)) if party.startswith(_TERMINAL) else b""
        terminal = await self._terminals.find(terminal_id) if terminal_id else None
        if terminal is None:
            raise Refusal(403)
        self._check(request, party, [terminal.key])
        return terminal

    def require_party(self, request: Request, party: str) -> None:
        """Check that this party signed a request. Raises: Refusal(403)."""
        if _read_party(request) != party:
            raise Refusal(403)
        self._check(request, party, self._list_keys(_ROLES[party]))

    def find_box(self, request: Request) -> str:
        """Return the box whose letters the signer of a request may fetch. Raises: Refusal(403)."""
        role = _ROLES.get(party := _read_party(request))
        if role is None:
            raise Refusal(403)
        key = self._check(request, party, self._list_keys(role))
        if role is not Role.COURT:
            return name_box(role, self._find_box_id(role))
        return name_box(role, self._find_court(key).box.key_id)

    def find_sender_key(self, letter: Letter) -> VerifyKey:
        """Return the key that a letter says it is signed by. Raises: Refusal(403) where its sender has none such."""
        keys = [each for each in self._list_keys(letter.sender) if each.key_id == letter.sender_key_id]
        if not keys:
            raise Refusal(403)
        return keys[0]

    def name_writer(self, letter: Letter) -> str:
        """Return the box of the party that wrote a letter, whichever of its keys it says. Raises: Refusal(403)."""
        key = self.find_sender_key(letter)
        if letter.sender is not Role.COURT:
            return name_box(letter.sender, self._find_box_id(letter.sender))
        return name_box(Role.COURT, self._find_court(key).box.key_id)

    def check_receiver(self, letter: Letter) -> str:
        """Return the box that a letter goes to. Raises: Refusal(400) where there is none such."""
        boxes = {self._find_box_id(letter.receiver)}
        if letter.receiver is Role.COURT:
            boxes = {each.box.key_id for each in self._annex.courts}
        if letter.box_id not in boxes:
            raise Refusal(400)
        return name_box(letter.receiver, letter.box_id)

    def _find_court(self, key: VerifyKey) -> CourtOfDecisions:
        return next(each for each in self._annex.courts if key in [verifier.key for verifier in each.keys])

    def _find_box_id(self, role: Role) -> bytes:
        boxes = {
            Role.OFFICE: self._annex.office_box, Role.STATION: self._annex.station_box,
            Role.OVERSIGHT: self._annex.oversight_box,
        }  # fmt: skip
        return boxes[role].key_id if role in boxes else b""

    def _list_keys(self, role: Role) -> Sequence[VerifyKey]:
        annex = self._annex
        if role is Role.COURT:
            return [verifier.key for court in annex.courts for verifier in court.keys]
        keys = {
            Role.OFFICE: [annex.office_key], Role.STATION: [annex.station_key],
            # Whoever of oversight asks for its mail signs with a key of the annex.
            Role.OVERSIGHT: [annex.permit_key, annex.list_key],
        }  # fmt: skip
        return [verifier.key for verifier in keys[role]]

    def _check(self, request: Request, party: str, keys: Sequence[VerifyKey]) -> VerifyKey:
        """Return which of these keys signed the request. Raises: Refusal(403)."""
        for key in keys:
            try:
                check_request(
                    request.signature, request.method, request.path, request.body, self._clock(),
                    functools.partial(_find_one, party, key),
                )  # fmt: skip
                return key
            except BadSignature:
                continue
        raise Refusal(403)


def name_box(role: Role, box_id: bytes) -> str:
    """Return the name of a mailbox."""
    return f"{role.name.lower()}:{box_id.hex()}"


def _find_one(party: str, key: VerifyKey, name: str) -> Sequence[VerifyKey]:
    return [key] if name == party else []


def _read_party(request: Request) -> str:
    try:
        return parse_header(request.signature).party
    except RecordsError:
        raise Refusal(403) from None
