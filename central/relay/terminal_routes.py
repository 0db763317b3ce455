"""What terminals ask: whether there is comparing, the desk's blind evaluation, and a comparison."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Mapping

import msgspec

from central.relay.http import JSON, Answer, Refusal, Request
from central.relay.parts import RelayParts
from central.relay.passage import Outcome, Parcel
from records.comparing.comparison import COMPARISON_BYTES, parse_comparison, verify_comparison
from records.comparing.relay_wire import BLIND_PATH, COMPARE_PATH, COMPARING_PATH, SEAL_AGAIN, SETTLED, Comparing

# Handle, permit, 24 blinded elements.
BLIND_BYTES = 16 + 4 + 24 * 32
Routes = Mapping[tuple[str, str], tuple[int, Callable[[Request], Awaitable[Answer]]]]


def add_terminal_routes(parts: RelayParts) -> Routes:
    """Return the routes for terminals: method and path to the longest body, and what answers."""

    async def tell(_: Request) -> Answer:
        known = parts.published
        told = Comparing(
            parts.annex_note, known.desk.permit, known.desk.stop, known.passing_key, known.day_key,
            parts.passage.is_office_silent(),
        )  # fmt: skip
        return Answer(msgspec.json.encode(told), kind=JSON)

    async def blind(request: Request) -> Answer:
        terminal = await parts.callers.find_terminal(request)
        if len(request.body) != BLIND_BYTES:
            raise Refusal(400)
        if not parts.allowance.spend(terminal.id):
            raise Refusal(429)
        status, data = await parts.desk.evaluate(request.body)
        return Answer(data, status)

    async def compare(request: Request) -> Answer:
        comparison = parse_comparison(request.body)
        terminal = await parts.terminals.find(comparison.terminal)
        if terminal is None:
            raise Refusal(403)
        verify_comparison(comparison, terminal.key)
        outcome = await parts.passage.pass_on(
            Parcel(
                comparison.handle, terminal.id, terminal.venue, comparison.permit, comparison.passing_key_id,
                comparison.part, comparison.day_key_id, comparison.place, hashlib.sha256(request.body).digest(),
            )
        )  # fmt: skip
        return _ANSWERS[outcome]

    return {
        ("GET", COMPARING_PATH): (0, tell),
        ("POST", BLIND_PATH): (BLIND_BYTES, blind),
        ("POST", COMPARE_PATH): (COMPARISON_BYTES, compare),
    }


_ANSWERS = {
    Outcome.SETTLED: Answer(SETTLED),
    Outcome.SEAL_AGAIN: Answer(SEAL_AGAIN, 409),
    Outcome.LATER: Answer(b"", 503),
}
