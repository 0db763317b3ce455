"""An order for one record, from the court's signature to the guest's notice, through the commands."""

import base64
import hashlib
import itertools
import json
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from commands.audit import audit
from commands.court import court
from commands.oversight import oversight
from oversight.court import OrderNotAllowed, draft_order, list_marks, pass_on
from oversight.disclosure import OpenedRecord, describe_event, describe_record, find_records, open_records
from oversight.errors import NotSigned, OutsideOrder
from oversight.keys import Role, load_disclosure_keys, write_private
from oversight.log import Step, read_log
from oversight.notices import find_notices
from oversight.order_files import (
    Found,
    FoundRecord,
    Marked,
    MarkedRecord,
    SealedRecord,
    Stripped,
    StrippedRecord,
    read_passed,
    write_passed,
)
from records.envelope import sign_envelope
from records.log_keys import LogVerifier
from records.notes import NoteSigner
from records.orders import sign_order
from records.part import strip_court_layer
from records.stays import StayEvent
from records.suite import HybridSecretKey, SigningKey
from service.audit.verify import verify_export
from tests.oversight.world import (
    CAPTURED,
    COURT,
    HOUSE,
    MONTH,
    NOTICES,
    NOW,
    NUMBER,
    ORDERS,
    OTHER_HOUSE,
    OTHER_NUMBER,
    OVERSIGHT,
    ROOT_SIGNER,
    TERMINAL,
    find_stay,
    load_test_root,
    make_root_note,
    parse_record,
)

TODAY = NOW.date()
DAY = CAPTURED.date()


def write_signer(folder: Path, role: Role, signer: NoteSigner) -> None:
    write_private(folder / f"{role}.key", signer.key.data)
    (folder / f"{role}.pub").write_text(signer.verifier.to_text())


def describe_sealed(data: bytes, key: SigningKey = TERMINAL) -> dict[str, str]:
    """One line of what central hands over."""
    fields = {"envelope": data, "terminal_key": key.public.data}
    return {name: base64.b64encode(value).decode() for name, value in fields.items()}


@dataclass
class Desk:
    """The folders of court and oversight, and their commands."""

    folder: Path

    def run(self, group: object, *arguments: str | Path, typed: str = "") -> Result:
        return CliRunner().invoke(group, [str(each) for each in arguments], input=typed)  # type: ignore[arg-type]

    def order(self, *more: str, number: str = NUMBER, venue: str = HOUSE.id, name: str = "order") -> Result:
        return self.run(
            court, "order", "--keys", self.folder / "court", "--venue", venue, "--from", str(DAY), "--to", str(DAY),
            "--court", "云溪镇法院", "--ground", "抢劫案", "--order", "2026-7", "--out", self.folder / name,
            *(more or ("--yes",)), typed=f"{number}\n",
        )  # fmt: skip

    def hand_over(self, *stays: str, order: str = "order") -> None:
        lines = [{"order": (self.folder / order / "order.note").read_text()}]
        lines += [describe_sealed(data) for stay in stays for data in find_stay(stay).envelopes]
        (self.folder / "handed-over.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))

    def strip(self, order: str = "order", number: str = "order") -> Result:
        return self.run(
            court, "strip", "--keys", self.folder / "court", "--order", self.folder / order / "order.note", "--number",
            self.folder / number / "number.json", "--records", self.folder / "handed-over.jsonl", "--out",
            self.folder / "marks.json",
        )  # fmt: skip

    def find(self, order: str = "order", number: str = "order") -> Result:
        return self.run(
            oversight, "find", "--keys", self.folder / "oversight", "--root", self.folder / "root.note",
            "--root-verifier", ROOT_SIGNER.verifier.to_text(), "--order", self.folder / order / "order.note",
            "--number", self.folder / number / "number.json", "--marks", self.folder / "marks.json",
            "--notices", self.folder / "notices", "--out", self.folder / "found.json",
        )  # fmt: skip

    def pass_on(self, order: str = "order", number: str = "order") -> Result:
        return self.run(
            court, "pass-on", "--keys", self.folder / "court", "--order", self.folder / order / "order.note",
            "--number", self.folder / number / "number.json", "--records", self.folder / "handed-over.jsonl",
            "--found", self.folder / "found.json", "--out", self.folder / "stripped.json",
        )  # fmt: skip

    def find_and_pass_on(self, order: str = "order") -> Result:
        """Go all steps from the records handed over to the record passed on."""
        for step in (self.strip, self.find):
            done = step(order, order)
            assert done.exit_code == 0, done.output
        return self.pass_on(order, order)

    def open(self, order: str = "order", number: str = "order") -> Result:
        return self.run(
            oversight, "open", "--keys", self.folder / "oversight", "--root", self.folder / "root.note",
            "--root-verifier", ROOT_SIGNER.verifier.to_text(), "--order", self.folder / order / "order.note",
            "--number", self.folder / number / "number.json", "--stripped", self.folder / "stripped.json",
            "--notices", self.folder / "notices", "--page-notices", self.folder / "page-notices",
        )  # fmt: skip


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    for holder, key in (("court", COURT), ("oversight", OVERSIGHT)):
        (tmp_path / holder).mkdir()
        write_private(tmp_path / holder / f"disclosure-{MONTH}.key", key.data)
    write_signer(tmp_path / "court", Role.ORDER, ORDERS)
    write_signer(tmp_path / "oversight", Role.NOTICE, NOTICES)
    (tmp_path / "root.note").write_text(make_root_note())
    return Desk(tmp_path)


def expect_refusal(result: Result, words: str) -> None:
    assert result.exit_code == 1, result.output
    assert words in result.output
    for personal in (NUMBER, OTHER_NUMBER, "欧阳明月"):
        assert personal not in result.output


def test_order_opens_the_very_guest_and_nobody_else(desk: Desk) -> None:
    assert desk.order().exit_code == 0
    desk.hand_over("ordered", "other guest", "no number")
    assert "Looked at 4 sealed records; 4 marks" in desk.strip().output
    assert "Looked at 4 marks; 2 are the ordered guest's" in desk.find().output
    assert "2 passed on" in desk.pass_on().output
    passed = {record.envelope for record in read_passed(desk.folder / "stripped.json", Stripped).records}
    assert passed == set(find_stay("ordered").envelopes)
    opened = desk.open()
    assert opened.exit_code == 0, opened.output
    for words in ("欧阳明月", NUMBER, "云溪客栈", "302", "415", "check-in", "move", "出生日期 born", "房间 room"):
        assert words in opened.output
    assert "司马清风" not in opened.output


def test_opening_leaves_a_notice_for_the_guest_and_a_line_without_personal_data(desk: Desk) -> None:
    desk.order()
    desk.hand_over("ordered")
    desk.find_and_pass_on()
    desk.open()
    stay = find_stay("ordered")
    for folder in (desk.folder / "notices", desk.folder / "page-notices"):
        (notice,), refused = find_notices(folder, stay.tag, NOTICES.verifier, TODAY)
        assert (notice.court, notice.ground, notice.order, refused) == ("云溪镇法院", "抢劫案", "2026-7", 0)
    lines = read_log(desk.folder / "notices" / "openings.log")
    assert [(line.step, line.records) for line in lines] == [(Step.LOOK, 2), (Step.OPEN, 2)]
    lines = read_log(desk.folder / "court" / "orders.log")
    assert [(line.step, line.records) for line in lines] == [(Step.LOOK, 2), (Step.HAND_ON, 2)]
    log = (desk.folder / "notices" / "openings.log").read_text()
    for personal in (NUMBER, "欧阳", stay.tag.hex(), HOUSE.id, "2026-7"):
        assert personal not in log


def test_what_was_done_for_an_order_stands_in_a_log_that_an_auditor_can_prove(desk: Desk) -> None:
    desk.order()
    desk.hand_over("ordered")
    desk.find_and_pass_on()
    desk.open()
    note = (desk.folder / "order" / "order.note").read_text()
    order = hashlib.sha256(note.rpartition("\n\n")[0].encode()).hexdigest()
    for folder, steps in (("notices/openings", [Step.LOOK, Step.OPEN]), ("court/orders", [Step.LOOK, Step.HAND_ON])):
        out = desk.folder / "log.tar"
        made = desk.run(audit, "export-own", desk.folder / f"{folder}.audit", "--out", out)
        assert made.exit_code == 0, made.output
        keys = [word for key in made.stdout.split() for word in ("--key", key)]
        assert desk.run(audit, "verify", out, *keys).exit_code == 0
        entries = verify_export(out.read_bytes(), LogVerifier.from_texts(made.stdout.split())).entries
        done = [each for each in entries if each.act in set(Step)]
        assert [(each.actor, each.act, each.subject) for each in done] == [
            ("command line", step, f"{order} 2") for step in steps
        ]
        for personal in (NUMBER, "欧阳", HOUSE.id, "2026-7"):
            assert personal.encode() not in out.read_bytes()
        (desk.folder / "less.tar").write_bytes(out.read_bytes().replace(f"{order} 2".encode(), f"{order} 1".encode()))
        assert desk.run(audit, "verify", desk.folder / "less.tar", *keys).exit_code == 1
        out.unlink()


def test_without_the_log_no_record_is_looked_for_and_none_opened(desk: Desk) -> None:
    desk.order()
    desk.hand_over("ordered")
    desk.find_and_pass_on()
    (desk.folder / "notices" / "openings.audit-key").unlink()
    opened = desk.open()
    assert opened.exit_code == 1
    assert NUMBER not in opened.output
    (desk.folder / "found.json").unlink()
    assert desk.find().exit_code == 1
    assert not (desk.folder / "found.json").exists()


def test_number_with_a_wrong_check_digit_is_remarked_before_it_is_signed(desk: Desk) -> None:
    assert "CAREFUL" in desk.order("--show-from", str(TODAY), number="990101198512014328").output
    assert "CAREFUL" not in desk.order("--show-from", str(TODAY), number="L898902C3").output


def test_court_reads_in_plain_words_what_it_signs_and_may_say_no(desk: Desk) -> None:
    refused = desk.order("--show-from", str(TODAY + timedelta(days=30)))
    assert refused.exit_code == 1
    for words in (
        NUMBER,
        HOUSE.id,
        "抢劫案",
        "ONE guest",
        "after 30 days",
        "Sign this order?",
        "推迟 30 天",
        "签署这份命令吗？",
    ):
        assert words in refused.output
    assert not (desk.folder / "order").exists()


def test_number_stands_in_no_file_that_central_sees(desk: Desk) -> None:
    desk.order()
    assert NUMBER not in (desk.folder / "order" / "order.note").read_text()
    number = desk.folder / "order" / "number.json"
    assert NUMBER in number.read_text()
    assert number.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("stay", ["other guest", "other house", "no number"])
def test_record_of_another_number_or_house_is_not_passed_on(desk: Desk, stay: str) -> None:
    desk.order()
    desk.hand_over(stay)
    passed = desk.find_and_pass_on()
    assert passed.exit_code == 0
    assert "Nothing was passed on." in passed.output
    assert read_passed(desk.folder / "stripped.json", Stripped).records == ()
    assert "nothing to open" in desk.open().output


def test_record_of_another_day_is_left_aside(desk: Desk) -> None:
    desk.order()
    desk.hand_over("another day")
    assert "1 were captured on other days" in desk.strip().output


def test_number_that_the_court_did_not_sign_for_is_refused_by_both(desk: Desk) -> None:
    desk.order()
    desk.order(number=OTHER_NUMBER, name="other")
    desk.hand_over("ordered", "other guest")
    for step in (desk.strip, desk.find, desk.pass_on, desk.open):
        expect_refusal(step(number="other"), "not the number that the court signed")
        step()


def test_altered_order_is_refused_by_both(desk: Desk) -> None:
    desk.order()
    desk.hand_over("ordered")
    desk.find_and_pass_on()
    note = desk.folder / "order" / "order.note"
    note.write_text(note.read_text().replace(HOUSE.id, OTHER_HOUSE.id))
    for step in (desk.strip, desk.find, desk.pass_on, desk.open):
        expect_refusal(step(), "it was altered")


def test_order_that_another_key_signed_is_refused(desk: Desk) -> None:
    write_signer(desk.folder / "court", Role.ORDER, NoteSigner(ORDERS.name, SigningKey.from_bytes(b"x" * 32)))
    desk.order()
    desk.hand_over("ordered")
    assert desk.strip().exit_code == 0
    expect_refusal(desk.find(), "another key signed it")


def test_records_handed_over_under_another_order_are_refused(desk: Desk) -> None:
    desk.order()
    desk.order(name="second")
    desk.hand_over("ordered", order="second")
    expect_refusal(desk.strip(), "under another order")
    for step, next_step in itertools.pairwise((desk.strip, desk.find, desk.pass_on, desk.open)):
        step("second", "second")
        expect_refusal(next_step(), "under another order")


@pytest.mark.parametrize("holder", ["court", "oversight"])
def test_key_of_another_month_is_named(desk: Desk, holder: str) -> None:
    desk.order()
    desk.hand_over("ordered")
    if holder == "oversight":
        desk.find_and_pass_on()
    (desk.folder / holder / f"disclosure-{MONTH}.key").unlink()
    write_private(desk.folder / holder / "disclosure-2020-01.key", b"\x44" * 96)
    if holder == "oversight":
        expect_refusal(desk.find(), "month is not in this folder. (key")
    expect_refusal(desk.strip() if holder == "court" else desk.open(), f"month is not in this folder. ({MONTH}")


def test_damaged_record_does_not_hide_the_ordered_one(desk: Desk) -> None:
    desk.order()
    desk.hand_over("ordered")
    damaged = bytearray(find_stay("ordered").envelopes[0])
    damaged[400] ^= 1
    with (desk.folder / "handed-over.jsonl").open("a") as file:
        file.write(json.dumps(describe_sealed(damaged)) + "\n")
    output = desk.strip().output
    assert "Looked at 3 sealed records; 2 marks" in output
    assert "1 are damaged" in output
    desk.find()
    assert "2 passed on" in desk.pass_on().output


def test_hand_over_that_is_no_hand_over_is_refused(desk: Desk) -> None:
    desk.order()
    (desk.folder / "handed-over.jsonl").write_text('{"envelope": "AA=="}\n')
    expect_refusal(desk.strip(), "handed-over.jsonl, line 1")


def test_fourth_order_of_a_day_is_refused_by_both(desk: Desk) -> None:
    for name in ("first", "second", "third"):
        desk.order(name=name)
        desk.hand_over("ordered", order=name)
        desk.find_and_pass_on(name)
        assert desk.open(order=name, number=name).exit_code == 0
    desk.find_and_pass_on("third")
    assert desk.open(order="third", number="third").exit_code == 0, "the same order again is counted once"
    desk.order(name="fourth")
    desk.hand_over("ordered", order="fourth")
    expect_refusal(desk.strip(order="fourth", number="fourth"), "no more orders today")
    (desk.folder / "court" / "orders.log").unlink()
    desk.strip(order="fourth", number="fourth")
    expect_refusal(desk.find(order="fourth", number="fourth"), "no more orders today")
    assert len(read_log(desk.folder / "notices" / "openings.log")) == 8


@pytest.mark.parametrize("lie", ["another guest's record", "another key"])
def test_court_passes_on_nothing_that_oversight_names_wrongly(desk: Desk, lie: str) -> None:
    desk.order()
    desk.hand_over("ordered", "other guest")
    desk.strip()
    desk.find()
    found = read_passed(desk.folder / "found.json", Found)
    header = parse_record(find_stay("other guest").envelopes[0]).header
    first = found.records[0]
    if lie == "another guest's record":
        wrong = FoundRecord(header.terminal, header.record, first.mark_key)
    else:
        wrong = FoundRecord(first.terminal, first.record, b"\x01" * 32)
    (desk.folder / "found.json").unlink()
    write_passed(desk.folder / "found.json", Found(found.order, (wrong,)))
    output = desk.pass_on().output
    assert "0 passed on" in output
    assert "CAREFUL: oversight named 1" in output


@pytest.mark.parametrize("stay", ["other house", "another day"])
def test_oversight_finds_nobody_in_a_house_or_on_a_day_that_no_order_names(stay: str) -> None:
    """A court that shows the marks of other houses, with central's help, must not learn where somebody slept."""
    order, ordered = draft()
    note, marked = sign_order(order, ORDERS), []
    for data in find_stay(stay).envelopes:
        envelope = parse_record(data)
        layer = strip_court_layer(envelope.part, envelope.header.scope, COURT)
        scope = envelope.header.scope
        marked.append(MarkedRecord(scope.terminal, scope.record, OVERSIGHT.public.key_id, layer.mark, layer.mark_box))
    keys = {OVERSIGHT.public.key_id: OVERSIGHT}
    assert marked
    assert find_records(Marked(note, tuple(marked)), ordered, note=note, root=load_test_root(), keys=keys) == ()


def open_passed(stay: str, *, venue: str = HOUSE.id, key: SigningKey = TERMINAL) -> tuple[OpenedRecord, ...]:
    """Open what a court passed on although its own tool would not have: oversight must see it by itself."""
    order, ordered = draft(number=NUMBER, venue=venue)
    note = sign_order(order, ORDERS)
    records = []
    for data in find_stay(stay).envelopes:
        envelope = parse_record(data)
        layer = strip_court_layer(envelope.part, envelope.header.scope, COURT)
        records.append(StrippedRecord(data, key.public.data, layer.sealed_key))
    keys = {OVERSIGHT.public.key_id: OVERSIGHT}
    return open_records(Stripped(note, tuple(records)), ordered, note=note, root=load_test_root(), keys=keys)[1]


@pytest.mark.parametrize(("stay", "where"), [("other house", "another venue"), ("another day", "captured")])
def test_oversight_refuses_what_the_court_should_not_have_passed_on(stay: str, where: str) -> None:
    with pytest.raises(OutsideOrder, match=where):
        open_passed(stay)


def test_record_that_its_terminal_did_not_sign_goes_no_further(desk: Desk) -> None:
    desk.order()
    desk.hand_over("other guest")
    forger = SigningKey.from_bytes(b"\x66" * 32)
    with (desk.folder / "handed-over.jsonl").open("a") as file:
        file.write(json.dumps(describe_sealed(find_stay("ordered").envelopes[0], forger)) + "\n")
    output = desk.strip().output
    assert "Looked at 2 sealed records; 1 marks" in output
    assert "1 are damaged" in output
    with pytest.raises(NotSigned):
        open_passed("ordered", key=forger)


def test_opened_record_names_the_key_that_signed_it_as_a_slip_does() -> None:
    shown = "\n".join(describe_record(open_passed("other house", venue=OTHER_HOUSE.id)[0]))
    assert f"terminal key {find_stay('ordered').fragment.rpartition('.')[2]}\n" in shown


def test_order_of_a_house_opens_the_records_of_that_house() -> None:
    (opened,) = open_passed("other house", venue=OTHER_HOUSE.id)
    assert opened.event == find_stay("other house").events[0]


def seal_all(envelopes: tuple[bytes, ...]) -> list[SealedRecord]:
    return [SealedRecord(data, TERMINAL.public.data) for data in envelopes]


def draft(**values: object) -> tuple:  # type: ignore[type-arg]
    whole = {
        "jurisdiction": "demo", "order": "1", "court": "c", "ground": "g", "venue": HOUSE.id, "first_day": DAY,
        "last_day": DAY, "ordered_on": TODAY, "show_from": TODAY, "number": NUMBER,
    }  # fmt: skip
    return draft_order(**{**whole, **values})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"number": " - "}, "document number"),
        ({"court": "a\nb"}, "one line"),
        ({"ground": ""}, "must be given"),
        ({"venue": "aa"}, "32 hexadecimal"),
        ({"first_day": DAY - timedelta(days=7)}, "at most 7 days"),
        ({"first_day": TODAY, "last_day": DAY}, "first before the last"),
        ({"last_day": TODAY + timedelta(days=1)}, "days to come"),
        ({"show_from": TODAY + timedelta(days=91)}, "at most 90 days"),
        ({"show_from": TODAY - timedelta(days=1)}, "at most 90 days"),
    ],
)
def test_order_beyond_a_limit_is_not_signed(values: dict[str, object], words: str) -> None:
    with pytest.raises(OrderNotAllowed, match=words):
        draft(**values)


def test_fifteen_digit_number_is_looked_for_in_its_long_form() -> None:
    assert draft(number="990101900307123")[1].number.startswith("99010119900307123")


def test_order_over_several_days_finds_the_records_of_each() -> None:
    order, ordered = draft(first_day=DAY - timedelta(days=6))
    envelopes = find_stay("ordered").envelopes + find_stay("another day").envelopes
    note, court_keys = sign_order(order, ORDERS), {COURT.public.key_id: COURT}
    marked = list_marks(order, seal_all(envelopes), court_keys).marked
    keys = {OVERSIGHT.public.key_id: OVERSIGHT}
    found = find_records(Marked(note, marked), ordered, note=note, root=load_test_root(), keys=keys)
    report = pass_on(order, ordered, seal_all(envelopes), found, court_keys)
    assert {record.envelope for record in report.passed} == set(envelopes)
    assert report.refused == 0


def test_unreadable_record_under_the_same_ids_does_not_hide_the_ordered_one() -> None:
    order, ordered = draft()
    envelopes, court_keys = find_stay("ordered").envelopes, {COURT.public.key_id: COURT}
    note, oversight_keys = sign_order(order, ORDERS), {OVERSIGHT.public.key_id: OVERSIGHT}
    marked = list_marks(order, seal_all(envelopes), court_keys).marked
    found = find_records(Marked(note, marked), ordered, note=note, root=load_test_root(), keys=oversight_keys)
    record, forger = parse_record(envelopes[0]), SigningKey.from_bytes(b"\x7f" * 32)
    assert record.part is not None
    header = replace(record.header, terminal_key=forger.public.key_id)
    forged = sign_envelope(header, replace(record.part, order_wrap=bytes(len(record.part.order_wrap))), forger)
    handed_over = [SealedRecord(forged.data, forger.public.data), *seal_all(envelopes)]
    report = pass_on(order, ordered, handed_over, found, court_keys)
    assert {each.envelope for each in report.passed} == set(envelopes)


def test_characters_that_a_terminal_obeys_are_not_printed() -> None:
    event: StayEvent = find_stay("ordered").events[0]
    doctored = replace(event, stay=replace(event.stay, room="\x1b[2J302"))
    assert "\x1b" not in "\n".join(describe_event(doctored))


def test_commands_make_the_keys_of_both_holders_and_a_root(tmp_path: Path) -> None:
    run = CliRunner().invoke
    assert run(court, ["keys", "--out", str(tmp_path / "court")]).exit_code == 0
    assert run(oversight, ["keys", "--out", str(tmp_path / "oversight")]).exit_code == 0
    assert "already" in run(court, ["keys", "--out", str(tmp_path / "court")]).output
    arguments = ["--keys", tmp_path / "oversight", "--court-keys", tmp_path / "court", "--guest-page"]
    receipt_key = base64.b64encode(b"k" * 32).decode()
    made = run(
        oversight,
        [
            "root",
            *map(str, arguments),
            "http://127.0.0.1:1/",
            "--receipt-key",
            receipt_key,
            "--out",
            str(tmp_path / "r"),
        ],
    )
    assert made.exit_code == 0, made.output
    assert (tmp_path / "r").read_text().startswith("kuaijietong root file v1\nkind: ephemeral\n")


def test_months_are_chosen_by_key_id_and_not_by_the_calendar(tmp_path: Path) -> None:
    other = HybridSecretKey.from_bytes(b"\x21" * 96)
    write_private(tmp_path / f"disclosure-{MONTH}.key", other.data)
    write_private(tmp_path / f"disclosure-{date(2031, 1, 1):%Y-%m}.key", COURT.data)
    order, _ = draft()
    report = list_marks(order, seal_all(find_stay("ordered").envelopes), load_disclosure_keys(tmp_path))
    assert len(report.marked) == 2
