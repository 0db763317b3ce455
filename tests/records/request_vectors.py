"""Makes records/vectors/requests.json: see `tests.records.make_vectors`."""

from __future__ import annotations

from datetime import date
from typing import Any

from records.privacy_key import PrivacySecretKey
from records.requests import (
    MOST_REQUESTS,
    Answer,
    GuestRequest,
    RequestKind,
    derive_answer_key,
    derive_request_id,
    post_request,
    seal_answer,
    seal_request,
)
from tests.records import samples

SLIP_KEY = samples.make_bytes("slip key of a guest who asks", 16)
KEY = PrivacySecretKey.from_bytes(samples.make_bytes("privacy key", 128))
ANSWER = Answer("Your name is now right.\n您的姓名已更正。", is_correction=True, answered_on=date(2026, 12, 1))
SALT = samples.make_bytes("salt of an answer", 16)


def make_requests() -> dict[str, Any]:
    """Return what follows from a slip key, a request in both its layers, and its answer."""
    request, answer_key = derive_request_id(SLIP_KEY, 1), derive_answer_key(SLIP_KEY, 1)
    asked = GuestRequest(RequestKind.WRONG, "en", "My name is misspelt.\n我的姓名写错了。", answer_key)
    posted = post_request(asked, request, KEY.public)
    return {
        "comment": "A guest's request and its answer. Ids, answer keys, mark and answer are deterministic; the two "
        'layers are sealed afresh each time, to be opened (FORMAT.md, "Guests\' requests").',
        "slip_key": SLIP_KEY.hex(),
        "privacy_key": {"secret_key": KEY.hybrid.data.hex(), "browser_secret_key": KEY.browser.data.hex()},
        "derived": [
            {
                "comment": "what the slip key alone gives",
                "number": number,
                "request": derive_request_id(SLIP_KEY, number).hex(),
                "answer_key": derive_answer_key(SLIP_KEY, number).hex(),
            }
            for number in range(1, MOST_REQUESTS + 1)
        ],
        "request": {
            "comment": "posted by the browser, and passed on by the page",
            "kind": asked.kind,
            "language": asked.language,
            "text": asked.text,
            "mark": posted.mark.hex(),
            "posted": posted.to_bytes().hex(),
            "passed_on": seal_request(posted, KEY.public).to_bytes().hex(),
        },
        "answer": {
            "comment": "sealed with this salt",
            "salt": SALT.hex(),
            "text": ANSWER.text,
            "is_correction": ANSWER.is_correction,
            "answered_on": ANSWER.answered_on.isoformat(),
            "sealed": seal_answer(ANSWER, request, answer_key, lambda _: SALT).hex(),
        },
    }
