"""House shares at central: who gets theirs, who gets none, and that nothing else moves."""

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from werkzeug.test import TestResponse

from central.fleet.shares import answer_share_request
from central.store import seed_terminal
from central.store.terminals import revoke_terminal
from records.errors import CannotOpen
from records.house_share import (
    HOUSE_SHARE_PATH,
    REQUEST_BYTES,
    ShareRequest,
    SignedShareRequest,
    open_share,
    sign_share_request,
)
from records.receipt import RefusalReason, parse_refusal
from records.suite import HybridSecretKey, SigningKey
from tests.central.town import OTHER_KEY, OTHER_TERMINAL, START, TERMINAL, TERMINAL_KEY, VENUE, Town, new_key

REPLY_KEY = HybridSecretKey.from_bytes(os.urandom(96))


def make_request(key: SigningKey = TERMINAL_KEY, **changes: Any) -> SignedShareRequest:
    request = ShareRequest(TERMINAL, key.public.key_id, START.replace(microsecond=0), REPLY_KEY.public)
    return sign_share_request(replace(request, **changes), key)


def post(town: Town, data: bytes) -> TestResponse:
    return town.client.post(HOUSE_SHARE_PATH, data=data)


def ask(town: Town, signed: SignedShareRequest) -> bytes:
    response = post(town, signed.data)
    assert response.status_code == 200
    return open_share(response.data, signed, REPLY_KEY, town.parts.receipt_key.public)


def ask_in_vain(town: Town, signed: SignedShareRequest) -> RefusalReason:
    response = post(town, signed.data)
    assert response.status_code == 200
    refusal = parse_refusal(response.data, town.parts.receipt_key.public)
    assert refusal.digest == signed.digest
    return refusal.reason


def later(seconds: int) -> dict[str, Any]:
    return {"sent_at": START + timedelta(seconds=seconds)}


def test_terminal_gets_the_same_share_ever_after_and_another_gets_another(town: Town) -> None:
    first = ask(town, make_request())
    assert (len(first), ask(town, make_request(**later(1)))) == (32, first)
    other = ask(town, make_request(OTHER_KEY, terminal=OTHER_TERMINAL))
    assert other != first
    assert town.dump()["house_shares"] == [
        (TERMINAL, first, int(START.timestamp()) + 1),
        (OTHER_TERMINAL, other, int(START.timestamp())),
    ]


def test_share_stays_when_a_terminal_is_seeded_again(town: Town) -> None:
    first, key = ask(town, make_request()), new_key()
    seed_terminal(town.settings.database, terminal=TERMINAL, venue=VENUE, public_key=key.public.data)
    assert ask_in_vain(town, make_request(**later(1))) is RefusalReason.BAD_SIGNATURE
    assert ask(town, make_request(key, **later(1))) == first


@pytest.mark.parametrize("has_share", [False, True])
def test_revoked_terminal_gets_nothing_from_the_very_next_request_on(town: Town, has_share: bool) -> None:
    if has_share:
        ask(town, make_request())
    with town.parts.store.writing() as connection:
        revoke_terminal(connection, TERMINAL)
    before = town.dump()
    assert ask_in_vain(town, make_request(**later(2))) is RefusalReason.TERMINAL_REVOKED
    assert town.dump() == before
    assert town.count("refused house share: terminal_revoked") == 1


REFUSED = {
    "unknown terminal": (RefusalReason.UNKNOWN_TERMINAL, make_request(terminal=bytes.fromhex("ee" * 16))),
    "another terminal's key": (RefusalReason.BAD_SIGNATURE, make_request(OTHER_KEY)),
    "a stranger's key": (RefusalReason.BAD_SIGNATURE, make_request(new_key())),
    "eleven minutes old": (RefusalReason.WRONG_TIME, make_request(**later(-660))),
    "eleven minutes ahead": (RefusalReason.WRONG_TIME, make_request(**later(660))),
}


@pytest.mark.parametrize("case", REFUSED)
def test_false_request_is_refused_under_our_signature_and_makes_no_share(town: Town, case: str) -> None:
    reason, signed = REFUSED[case]
    before = town.dump()
    assert ask_in_vain(town, signed) is reason
    assert town.dump() == before


def test_strangers_do_not_make_central_write(town: Town) -> None:
    before = town.dump(counters=True)
    for _, signed in (REFUSED["unknown terminal"], REFUSED["a stranger's key"]):
        ask_in_vain(town, signed)
    for noise in (b"", b"hello", bytes(REQUEST_BYTES), make_request().data + b"x", make_request().data[:-1]):
        assert post(town, noise).status_code == 400
    assert town.dump(counters=True) == before


def test_terminal_that_asks_in_vain_again_and_again_keeps_nobody_from_writing(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(town, make_request())
    with monkeypatch.context() as patched:
        patched.setattr(type(town.parts.store), "writing", lambda _: pytest.fail("written"))
        for changes in ({}, later(-1), later(660)):
            assert ask_in_vain(town, make_request(**changes)) is RefusalReason.WRONG_TIME
    assert town.count("refused house share: wrong_time") == 3


def test_request_that_is_sent_again_is_answered_once_and_brings_whoever_sent_it_nothing(town: Town) -> None:
    signed = make_request()
    reply = post(town, signed.data).data
    assert ask_in_vain(town, signed) is RefusalReason.WRONG_TIME
    assert ask_in_vain(town, make_request(**later(-1))) is RefusalReason.WRONG_TIME
    thief = HybridSecretKey.from_bytes(os.urandom(96))
    with pytest.raises(CannotOpen):
        open_share(reply, signed, thief, town.parts.receipt_key.public)


def test_first_requests_at_the_same_time_get_one_share(town: Town) -> None:
    requests = [make_request(**later(second)) for second in range(8)]
    key = town.parts.receipt_key.public
    with ThreadPoolExecutor(8) as pool:
        answers = list(
            pool.map(lambda each: answer_share_request(town.parts, each.data, START, town.book.tally), requests)
        )
    # Those overtaken by a later one are refused; a terminal asks one at a time.
    opened = [
        open_share(answer, signed, REPLY_KEY, key)
        for answer, signed in zip(answers, requests, strict=True)
        if answer[:4] == b"KHS1"
    ]
    assert opened
    assert len(set(opened)) == 1


def test_share_is_in_no_log(town: Town, capfd: pytest.CaptureFixture[str]) -> None:
    share = ask(town, make_request())
    with town.parts.store.writing() as connection:
        revoke_terminal(connection, TERMINAL)
    ask_in_vain(town, make_request(**later(1)))
    logged = "".join(capfd.readouterr())
    assert "revoked terminal asks" in logged
    assert share.hex() not in logged
