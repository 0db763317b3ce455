"""Deliveries past the web framework get, byte for byte, the answer that they would get through it."""

import random
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from central.errors import Busy
from central.ingest.app import make_app
from central.ingest.grouping import GroupedCommits
from central.store import Outage
from records.delivery import DELIVERY_PATH, DIGEST_HEADER, Item, compute_content_digest, encode_delivery
from tests.central.town import Town, make_envelope, make_void, new_key

Send = Callable[[FlaskClient], TestResponse]


def make_bodies(chance: random.Random) -> list[bytes]:
    envelopes = [
        make_envelope(1).data, make_envelope(2).data, make_envelope(2).data, make_envelope(5).data, make_void(4).data,
        make_envelope(3, key=new_key()).data, make_envelope(6, court_key=bytes(8)).data, b"noise", b"",
    ]  # fmt: skip
    bodies = [
        encode_delivery([Item(chance.randrange(9), each) for each in chance.sample(envelopes, chance.randint(1, 5))])
        for _ in range(25)
    ]
    return [*bodies, bodies[0][:-1], bodies[0] + b"\0", b"KRB1\0\0", b"", b"hello"]


def make_request(chance: random.Random, body: bytes) -> Send:
    """A delivery, as it should be or with one thing about it changed."""
    digest = {DIGEST_HEADER: compute_content_digest(body)}
    changes: list[dict[str, object]] = [
        *[{} for _ in range(6)],
        {"headers": {}}, {"headers": {DIGEST_HEADER: "sha-256=:é:"}}, {"method": chance.choice(["GET", "PUT", "HEAD"])},
        {"path": chance.choice(["/v1/envelopes/", "/v1//envelopes", "/V1/envelopes"])}, {"query_string": "a=1"},
        {"environ_overrides": {"CONTENT_LENGTH": chance.choice(["", "x", "-1", "3", str(len(body) + 1), "9" * 9])}},
        {"environ_overrides": {"HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input_terminated": True}},
    ]  # fmt: skip
    request = {"path": DELIVERY_PATH, "method": "POST", "data": body, "headers": digest, **chance.choice(changes)}
    return lambda client: client.open(**request)


def describe(response: TestResponse) -> tuple[int, list[tuple[str, str]], bytes]:
    return response.status_code, sorted(response.headers.items()), response.data


def open_clients(town: Town) -> list[FlaskClient]:
    plain = make_app(town.parts, lambda: town.now)
    del plain.wsgi_app  # the framework's own is back
    return [town.client, plain.test_client()]


@pytest.mark.parametrize("seed", range(3))
def test_every_request_is_answered_as_the_framework_would(
    town: Town, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Each application counts its own: a forgery that one refuses might be put off by the other.
    monkeypatch.setattr("central.ingest.senders.LOOK_AGAIN_S", 0.0)
    chance, clients, statuses = random.Random(seed), open_clients(town), set()
    bodies = make_bodies(chance)
    for body in chance.choices(bodies, k=80):
        send = make_request(chance, body)
        # Whichever comes first stores it, and the other repeats the receipt.
        one, other = (describe(send(client)) for client in chance.sample(clients, 2))
        assert one == other
        statuses.add(one[0])
    assert {200, 400, 404, 405, 413} <= statuses
    assert len(town.dump()["envelopes"]) > 2


@pytest.mark.parametrize("error", [Busy(), Outage("", {}, Exception()), ValueError("what was sent")], ids=type)
def test_whatever_goes_wrong_is_answered_as_the_framework_would(
    town: Town, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail(*_: object) -> None:
        raise error

    body = encode_delivery([Item(0, make_envelope().data)])
    clients = open_clients(town)
    monkeypatch.setattr(GroupedCommits, "commit", fail)
    headers = {DIGEST_HEADER: compute_content_digest(body)}
    one, other = (describe(client.post(DELIVERY_PATH, data=body, headers=headers)) for client in clients)
    assert one == other
    assert one[0] in (500, 503)
    assert b"what was sent" not in one[2]
