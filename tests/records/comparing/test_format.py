"""Sizes and names that FORMAT.md states are those of the code."""

from __future__ import annotations

import re
from pathlib import Path

from records.comparing import alerts, answers, comparison, day_keys, decisions, mail, places
from records.comparing.acts import Act
from records.comparing.mail import Outcome
from records.comparing.withdrawals import WithdrawalReason

FORMAT = Path(comparison.__file__).with_name("FORMAT.md").read_text("utf-8")
SIZES = [
    comparison.COMPARISON_BYTES, comparison.PART_BYTES, comparison.OPENED_PART_BYTES, places.SEALED_PLACE_BYTES,
    answers.ANSWER_BYTES, answers.SEALED_BLOCK_BYTES, alerts.BLOCK_BYTES, alerts.MAX_REASON_BYTES,
    decisions.MAX_NOTE_BYTES, mail.LETTER_BYTES, mail.CONTENT_BYTES, day_keys.SIGNED_KEY_BYTES,
]  # fmt: skip


def test_sizes_are_those_of_the_code() -> None:
    stated = {int(number) for number in re.findall(r"\d+", FORMAT)}
    assert stated.issuperset(SIZES)


def test_closed_lists_are_those_of_the_code() -> None:
    for member in (*Act, *Outcome, *WithdrawalReason):
        assert f"`{member}`" in FORMAT


def test_every_section_of_the_table_is_there() -> None:
    links = re.findall(r"\[\d+\]\(#([a-z0-9-]+)\)", FORMAT)
    headings = [
        re.sub(r"[^a-z0-9 ]", "", line[3:].lower()).replace(" ", "-")
        for line in FORMAT.split("\n")
        if line.startswith("## ")
    ]
    assert links == headings
