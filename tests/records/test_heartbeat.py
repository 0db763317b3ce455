"""Heartbeats: the published vectors, held against records/ and the second implementation, and what is refused."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from records.errors import BadSignature, MalformedBytes, RecordsError
from records.heartbeat import (
    HEARTBEAT_BYTES,
    Heartbeat,
    HeartbeatReply,
    ReaderCode,
    decode_heartbeat_reply,
    encode_heartbeat_reply,
    parse_heartbeat,
    sign_heartbeat,
    verify_heartbeat,
)
from records.suite import SigningKey
from tests.records import samples, second
from tests.records.test_vectors import NAMES, SECOND_NAMES, load

VECTORS = load("heartbeats.json")
SEED = bytes.fromhex(VECTORS["terminal_secret_key"])
KEY = SigningKey.from_bytes(SEED)
BEAT = Heartbeat(
    samples.TERMINAL, KEY.public.key_id, samples.CAPTURED_AT, "0.1.0", ReaderCode.READY,
    queue=1, oldest_s=2, clock_offset_s=0, free_disk_mib=4,
)  # fmt: skip


@pytest.mark.parametrize("vector", VECTORS["heartbeats"], ids=lambda each: each["comment"])
def test_heartbeat_agrees_in_both_directions(vector: dict[str, Any]) -> None:
    data = bytes.fromhex(vector["data"])
    signed = parse_heartbeat(data)
    verify_heartbeat(signed, KEY.public)
    assert sign_heartbeat(signed.heartbeat, KEY) == signed
    beat, offset = signed.heartbeat, -(2**31) if vector["offset"] is None else vector["offset"]
    theirs = {
        "terminal": bytes.fromhex(vector["terminal"]),
        "terminal_key": bytes.fromhex(vector["terminal_key"]),
        "version": vector["version"].encode(),
        "offset": offset,
    } | {name: vector[name] for name in ("sent_at", "reader", "queue", "oldest", "disk", "notice", "settings")}
    assert second.read_heartbeat(data, KEY.public.data) == theirs
    assert second.write_heartbeat(theirs, SEED) == data
    assert (beat.terminal, beat.version, beat.queue) == (theirs["terminal"], vector["version"], vector["queue"])
    assert (beat.oldest_s, beat.clock_offset_s) == (vector["oldest"], vector["offset"])
    assert (beat.free_disk_mib, beat.reader) == (vector["disk"], vector["reader"])
    assert (beat.notice_seen, beat.settings) == (vector["notice"], vector["settings"])
    assert beat.sent_at == datetime.fromtimestamp(vector["sent_at"], UTC)


@pytest.mark.parametrize("case", VECTORS["cases"], ids=lambda each: each["comment"])
def test_spoiled_heartbeat_is_refused_for_its_reason(case: dict[str, Any]) -> None:
    data = bytearray.fromhex(VECTORS["heartbeats"][0]["data"])
    if case["length"] is not None:
        data = bytearray(bytes(data)[: case["length"]].ljust(case["length"], b"\0"))
    for offset, value in case["edits"]:
        data[offset : offset + len(value) // 2] = bytes.fromhex(value)
    if case["sign_again"]:
        data[-64:] = second.sign(SEED, second.ctx("heartbeat", bytes(data[:-64])))
    with pytest.raises(RecordsError) as caught:
        verify_heartbeat(parse_heartbeat(bytes(data)), KEY.public)
    assert type(caught.value) is NAMES[case["expect"]]
    with pytest.raises(SECOND_NAMES[case["expect"]]):
        second.read_heartbeat(bytes(data), KEY.public.data)


def test_heartbeat_of_an_earlier_program_is_taken_and_names_neither_notice_nor_settings() -> None:
    body = b"KHB1" + sign_heartbeat(BEAT, KEY).data[4:69]
    data = body + second.sign(SEED, second.ctx("heartbeat", body))
    signed = parse_heartbeat(data)
    verify_heartbeat(signed, KEY.public)
    assert signed.heartbeat == BEAT
    read = second.read_heartbeat(data, KEY.public.data)
    assert (read["notice"], read["settings"]) == (0, 0)
    with pytest.raises(BadSignature):
        verify_heartbeat(parse_heartbeat(data[:68] + b"\1" + data[69:]), KEY.public)


def test_signature_of_another_format_is_no_signature_of_a_heartbeat() -> None:
    body = sign_heartbeat(BEAT, KEY).data[:-64]
    with pytest.raises(BadSignature):
        verify_heartbeat(parse_heartbeat(body + KEY.sign(second.ctx("envelope", body))), KEY.public)


def test_figures_beyond_their_field_are_cut_and_the_length_stays() -> None:
    big = replace(BEAT, queue=2**40, oldest_s=2**40, clock_offset_s=2**40, free_disk_mib=2**40)
    signed = sign_heartbeat(big, KEY)
    assert len(signed.data) == HEARTBEAT_BYTES
    found = signed.heartbeat
    assert (found.queue, found.oldest_s, found.free_disk_mib) == (2**32 - 1,) * 3
    assert found.clock_offset_s == 2**31 - 1


@pytest.mark.parametrize("version", ["", "a b", "1.0\n", "一", "1" * 17])
def test_version_that_would_be_refused_is_never_signed(version: str) -> None:
    with pytest.raises(MalformedBytes):
        sign_heartbeat(replace(BEAT, version=version), KEY)


def test_reply_goes_there_and_back_and_another_form_is_refused() -> None:
    reply = HeartbeatReply(1_800_000_000, "no", 3, ("S1NOMQ==",))
    assert decode_heartbeat_reply(encode_heartbeat_reply(reply)) == reply
    for data in (b"", b"[]", b'{"time":"now"}', b"{}", b"\xff"):
        with pytest.raises(MalformedBytes):
            decode_heartbeat_reply(data)
