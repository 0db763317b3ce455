"""What the screening office asks: it leaves its passing key, fetches batches, brings answers."""

from __future__ import annotations

import msgspec

from central.relay.http import JSON, Answer, Refusal, Request
from central.relay.parts import RelayParts
from central.relay.passage import MAX_BATCH
from central.relay.terminal_routes import Routes
from records.comparing.answers import ANSWER_BYTES, parse_answer
from records.comparing.relay_wire import OFFICE_ANSWERS_PATH, OFFICE_BATCH_PATH, OFFICE_KEYS_PATH, HandedOn

MAX_KEY_BYTES = 4096
OFFICE = "office"


def add_office_routes(parts: RelayParts) -> Routes:
    """Return the routes for the office: method and path to the longest body, and what answers."""

    async def take_key(request: Request) -> Answer:
        parts.callers.require_party(request, OFFICE)
        parts.published.passing_key = request.body
        return Answer(b"ok")

    async def give_batch(request: Request) -> Answer:
        parts.callers.require_party(request, OFFICE)
        batch = await parts.passage.fetch_batch()
        told = [HandedOn(each.handle, each.permit, each.passing_key_id, each.part) for each in batch]
        return Answer(msgspec.json.encode(told), kind=JSON)

    async def take_answers(request: Request) -> Answer:
        parts.callers.require_party(request, OFFICE)
        count, rest = divmod(len(request.body), ANSWER_BYTES)
        if rest or not count:
            raise Refusal(400)
        cut = (request.body[n * ANSWER_BYTES : (n + 1) * ANSWER_BYTES] for n in range(count))
        await parts.passage.answer([parse_answer(each) for each in cut])
        return Answer(b"committed")

    return {
        ("POST", OFFICE_KEYS_PATH): (MAX_KEY_BYTES, take_key),
        ("POST", OFFICE_BATCH_PATH): (0, give_batch),
        ("POST", OFFICE_ANSWERS_PATH): (MAX_BATCH * ANSWER_BYTES, take_answers),
    }
