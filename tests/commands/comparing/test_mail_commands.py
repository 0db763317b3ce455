"""The mail of court and oversight, with a relay that keeps letters and reads none."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from commands.comparing.court import decisions
from commands.comparing.desk import desk
from oversight.comparing.errors import RelaySilent
from oversight.comparing.keys import KeyFile
from oversight.comparing.mailbox import Mailbox
from oversight.comparing.silences import fetch_silences, list_silences, open_mailbox
from oversight.keys import write_private
from records.comparing.annex import load_annex, sign_annex
from records.comparing.errors import AlertFault, DecisionFault
from records.comparing.mail import (
    LetterKind,
    Outcome,
    OutcomeReport,
    QuietNotice,
    RefusalReport,
    Role,
    decode_note,
    encode_outcome,
    encode_quiet,
    encode_refusal,
    open_letter,
    parse_letter,
    seal_letter,
    verify_letter,
)
from records.comparing.withdrawals import Withdrawal, WithdrawalReason, load_withdrawal, sign_withdrawal
from records.errors import RootRefused
from records.notes import NoteSigner
from records.root import RootFile, load_root, sign_root
from records.suite import HybridSecretKey
from service.settings import write_settings
from tests.commands.comparing.small_relay import Relay, run_relay
from tests.records import samples
from tests.records.comparing import world
from tests.records.comparing.bad_letters import make_bad_letters
from tests.records.comparing.world import digest

TODAY = datetime.now(UTC).date()


@pytest.fixture
def relay() -> Iterator[tuple[Relay, str]]:
    with run_relay([key.key.public for key in (world.FIRST_JUDGE, world.SECOND_JUDGE, world.PERMIT)]) as found:
        yield found


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Annex and keys as of now."""
    now = datetime.now(UTC).replace(microsecond=0)
    root = samples.replace(samples.make_root(), valid_from=now - timedelta(days=1), valid_until=now + timedelta(60))
    note = sign_root(root, world.ROOT)
    loaded: RootFile = load_root(note, world.ROOT.verifier, now)
    annex = world.make_annex(
        root_digest=loaded.digest, valid_from=now - timedelta(hours=1), valid_until=now + timedelta(days=1)
    )
    (tmp_path / "root.note").write_text(note, encoding="utf-8")
    (tmp_path / "annex.note").write_text(sign_annex(annex, world.ROOT), encoding="utf-8")
    put_keys(tmp_path / "judge", KeyFile.JUDGE, world.FIRST_JUDGE, world.COURT_BOX)
    put_keys(tmp_path / "desk", KeyFile.PERMIT, world.PERMIT, world.OVERSIGHT_BOX)
    return tmp_path


def put_keys(folder: Path, which: KeyFile, signer: NoteSigner, box: HybridSecretKey) -> None:
    folder.mkdir()
    write_private(folder / f"{which}.key", signer.key.data)
    write_private(folder / "box.key", box.data)
    (folder / "box.pub").write_text(box.public.data.hex() + "\n", encoding="utf-8")
    (folder / f"{which}.pub").write_text(signer.verifier.to_text() + "\n", encoding="utf-8")


def write_outcome(outcome: Outcome, signer: NoteSigner = world.STATION) -> bytes:
    report = OutcomeReport(digest("leaf"), "(2026) Demo 17", outcome, digest("tag"), TODAY)
    return seal_letter(
        LetterKind.OUTCOME, Role.STATION, Role.COURT, encode_outcome(report), box=world.COURT_BOX.public, key=signer.key
    )


def run_mail(folder: Path, relay: str, *more: object, language: str = "zh") -> str:
    from click.testing import CliRunner

    files = ("--annex", folder / "annex.note", "--root", folder / "root.note", "--keys", folder / "judge")
    others = ("--root-verifier", world.ROOT.verifier.to_text(), "--box", folder / "judge", "--relay", relay)
    words = [str(each) for each in (*files, *others, *more)]
    result = CliRunner().invoke(decisions, ["mail", "--language", language, *words])
    return result.output if result.exit_code == 0 else f"FAILED {result.output}"


def test_a_withdrawal_reaches_office_and_station(relay: tuple[Relay, str], folder: Path) -> None:
    kept, address = relay
    withdrawal = Withdrawal("demo", world.COURT, "17", digest("leaf"), TODAY, WithdrawalReason.MISTAKE)
    (folder / "17.note").write_text(sign_withdrawal(withdrawal, world.FIRST_JUDGE), encoding="utf-8")
    assert "已发送" in run_mail(folder, address, "--send", folder / "17.note")
    now = datetime.now(UTC)
    root = load_root((folder / "root.note").read_text("utf-8"), world.ROOT.verifier, now)
    annex = load_annex((folder / "annex.note").read_text("utf-8"), world.ROOT.verifier, root, now)
    for data, box in zip(kept.sent, (world.OFFICE_BOX, world.STATION_BOX), strict=True):
        letter = parse_letter(data)
        verify_letter(letter, world.FIRST_JUDGE.key.public)
        assert load_withdrawal(decode_note(open_letter(letter, box)), annex) == withdrawal


def test_a_withdrawal_goes_out_also_where_no_log_can_be_written_and_nothing_else_does(
    relay: tuple[Relay, str], folder: Path
) -> None:
    kept, address = relay
    withdrawal = Withdrawal("demo", world.COURT, "17", digest("leaf"), TODAY, WithdrawalReason.MISTAKE)
    (folder / "17.note").write_text(sign_withdrawal(withdrawal, world.FIRST_JUDGE), encoding="utf-8")
    assert "未能写入" not in run_mail(folder, address, "--send", folder / "17.note")
    for name in ("judge", "registry"):
        (folder / "judge" / f"{name}.audit-key").unlink()
    kept.waiting = {1: write_outcome(Outcome.CONFIRMED)}
    said = run_mail(folder, address, "--send", folder / "17.note")
    assert all(word in said for word in ("FAILED", "未能写入", "已发送", "没有其密钥"))
    assert len(kept.sent) == 4
    assert kept.waiting


def test_what_is_no_withdrawal_is_not_sent(relay: tuple[Relay, str], folder: Path) -> None:
    kept, address = relay
    withdrawal = Withdrawal("demo", world.COURT, "17", digest("leaf"), TODAY, WithdrawalReason.MISTAKE)
    (folder / "17.note").write_text(sign_withdrawal(withdrawal, world.OTHER_JUDGE), encoding="utf-8")
    assert "FAILED" in run_mail(folder, address, "--send", folder / "17.note")
    assert not kept.sent


def test_the_court_reads_outcomes_in_words_and_lets_them_go(relay: tuple[Relay, str], folder: Path) -> None:
    kept, address = relay
    letters = [write_outcome(outcome) for outcome in Outcome]
    forged = write_outcome(Outcome.CONFIRMED, world.OFFICE)
    kept.waiting = dict(enumerate([*letters, forged, b"x", forged[:-1] + b"x"], 1))
    letters = dict(kept.waiting)
    for language, words in (("zh", "是他人"), ("en", "it was another person")):
        kept.waiting = dict(letters)
        said = run_mail(folder, address, language=language)
        assert said.count("(2026) Demo 17") == len(Outcome)
        assert words in said
        assert not kept.waiting


def test_what_came_back_is_in_the_registry_once_before_the_relay_lets_it_go(
    relay: tuple[Relay, str], folder: Path
) -> None:
    kept, address = relay
    for _ in range(2):  # a letter that comes twice
        kept.waiting = {1: write_outcome(Outcome.COULD_NOT_BE_FOUND)}
        assert "FAILED" not in run_mail(folder, address)
    path = folder / "judge" / "outcomes.jsonl"
    assert path.read_text().count("could-not-be-found") == 1
    assert path.stat().st_mode & 0o077 == 0
    path.write_text("{")
    kept.waiting = {1: write_outcome(Outcome.CONFIRMED)}
    assert "FAILED" in run_mail(folder, address)
    assert kept.waiting  # not lost: the registry could not keep it


def test_a_letter_that_comes_between_two_looks_is_not_let_go_unread(relay: tuple[Relay, str], folder: Path) -> None:
    kept, address = relay
    mailbox = Mailbox(address, "court", world.FIRST_JUDGE.key, lambda: datetime.now(UTC))

    def look(kind: LetterKind) -> int:
        return len(mailbox.fetch(world.COURT_BOX, Role.STATION, kind, world.STATION.key.public, bytes))

    kept.waiting = {1: write_outcome(Outcome.OTHER_PERSON)}
    assert look(LetterKind.OUTCOME) == 1
    kept.waiting[2] = write_outcome(Outcome.CONFIRMED)
    assert look(LetterKind.QUIET) == 0
    mailbox.acknowledge()
    assert list(kept.waiting) == [2]
    assert look(LetterKind.OUTCOME) == 1


@pytest.mark.parametrize("answer", [b"", b"[", b"{}", b'[{"id": "x"}]', b"\xff"])
def test_a_relay_that_answers_something_else_is_told_in_a_sentence(
    relay: tuple[Relay, str], folder: Path, answer: bytes
) -> None:
    relay[0].answer = answer
    assert "does not answer" in run_mail(folder, relay[1], language="en")


def test_a_relay_elsewhere_or_silent_gets_nothing(folder: Path) -> None:
    def make(address: str) -> Mailbox:
        return Mailbox(address, "court", world.FIRST_JUDGE.key, lambda: datetime.now(UTC))

    with pytest.raises(RootRefused):
        make("https://relay.example")
    with pytest.raises(RelaySilent):
        make("http://127.0.0.1:9").send(b"")


def test_oversight_reads_what_the_station_refused(relay: tuple[Relay, str], folder: Path) -> None:
    from click.testing import CliRunner

    kept, address = relay
    for number, report in enumerate(
        (RefusalReport(AlertFault.INCLUSION, None, 12, TODAY),
         RefusalReport(AlertFault.DECISION, DecisionFault.SAME_KEY, 12, TODAY)), 1
    ):  # fmt: skip
        kept.waiting[number] = seal_letter(
            LetterKind.REFUSAL_REPORT, Role.STATION, Role.OVERSIGHT, encode_refusal(report),
            box=world.OVERSIGHT_BOX.public, key=world.STATION.key,
        )  # fmt: skip
    write_desk_settings(folder)
    result = CliRunner().invoke(desk, ["refusals", "--settings", str(folder / "desk.toml"), "--relay", address])
    assert result.exit_code == 0, result.output
    assert "the decision is not on the permit's list" in result.output
    assert "both signatures are by one key" in result.output
    assert not kept.waiting


@pytest.mark.parametrize("kind", [LetterKind.OUTCOME, LetterKind.QUIET])
def test_the_court_sets_aside_what_the_station_got_wrong_and_reads_on(
    relay: tuple[Relay, str], folder: Path, kind: LetterKind
) -> None:
    kept, address = relay
    bad = make_bad_letters(kind, Role.STATION, Role.COURT, world.COURT_BOX.public, world.STATION.key)
    court = write_notice(QuietNotice(world.COURT, None, "", 1, 2, 20, TODAY), Role.COURT, world.COURT_BOX)
    for language, words in (("en", f"{len(bad)} letters from the station could not be read"), ("zh", "已搁置")):
        kept.waiting = dict(enumerate([*bad, write_outcome(Outcome.CONFIRMED), court], 1))
        said = run_mail(folder, address, language=language)
        assert words in said
        assert "(2026) Demo 17" in said
        assert "notice 1: 2 of 20 closed alerts were false" in said
        assert not kept.waiting


@pytest.mark.parametrize("kind", [LetterKind.REFUSAL_REPORT, LetterKind.QUIET])
def test_oversight_sets_aside_what_the_station_got_wrong_and_reads_on(
    relay: tuple[Relay, str], folder: Path, kind: LetterKind
) -> None:
    from click.testing import CliRunner

    kept, address = relay
    bad = make_bad_letters(kind, Role.STATION, Role.OVERSIGHT, world.OVERSIGHT_BOX.public, world.STATION.key)
    report = encode_refusal(RefusalReport(AlertFault.INCLUSION, None, 12, TODAY))
    good = seal_letter(
        LetterKind.REFUSAL_REPORT, Role.STATION, Role.OVERSIGHT, report, box=world.OVERSIGHT_BOX.public,
        key=world.STATION.key,
    )  # fmt: skip
    court = write_notice(QuietNotice(world.COURT, None, "", 1, 2, 20, TODAY), Role.OVERSIGHT, world.OVERSIGHT_BOX)
    kept.waiting = dict(enumerate([*bad, good, court], 1))
    settings = write_desk_settings(folder)
    result = CliRunner().invoke(desk, ["refusals", "--settings", str(settings), "--relay", address])
    assert result.exit_code == 0, result.output
    assert f"{len(bad)} letters could not be read" in result.output
    assert "the decision is not on the permit's list" in result.output
    assert "notice 1: 2 of 20 closed alerts were false" in result.output
    assert not kept.waiting


def write_notice(notice: QuietNotice, receiver: Role, box: HybridSecretKey) -> bytes:
    return seal_letter(
        LetterKind.QUIET, Role.STATION, receiver, encode_quiet(notice), box=box.public, key=world.STATION.key
    )


def write_desk_settings(folder: Path) -> Path:
    write_settings(
        folder / "desk.toml",
        {
            "address": "127.0.0.1", "port": 0, "folder": folder / "desk", "root": folder / "root.note",
            "root_verifier": world.ROOT.verifier.to_text(), "annex": folder / "annex.note",
            "relay_key": base64.b64encode(world.OTHER_JUDGE.key.public.data).decode(),
        },
    )  # fmt: skip
    return folder / "desk.toml"


def test_oversights_command_shows_silences_also_when_the_page_has_read_them_first(
    relay: tuple[Relay, str], folder: Path
) -> None:
    from click.testing import CliRunner

    kept, address = relay
    settings = write_desk_settings(folder)
    one = QuietNotice(world.COURT, digest("leaf"), "(2026) Demo 17", 0, 3, 0, TODAY)
    court = QuietNotice(world.COURT, None, "", 1, 2, 20, TODAY)
    letters = [write_notice(each, Role.OVERSIGHT, world.OVERSIGHT_BOX) for each in (one, one, court)]
    kept.waiting = dict(enumerate(letters, 1))
    now = datetime.now(UTC)
    root = load_root((folder / "root.note").read_text("utf-8"), world.ROOT.verifier, now)
    annex = load_annex((folder / "annex.note").read_text("utf-8"), world.ROOT.verifier, root, now)
    # The page reads, and is cut off before it lets the letters go.
    fetch_silences(open_mailbox(address, folder / "desk", lambda: datetime.now(UTC)), folder / "desk", annex)
    assert len(kept.waiting) == 3
    for _ in range(2):
        words = ["refusals", "--settings", str(settings), "--relay", address]
        result = CliRunner().invoke(desk, words)
        assert result.exit_code == 0, result.output
        assert result.output.count("(2026) Demo 17  误报 3 次") == 1
        assert result.output.count("notice 1: 2 of 20 closed alerts were false") == 1
        assert not kept.waiting
    assert list_silences(folder / "desk") == [one, court]


def test_court_and_oversight_read_what_went_quiet(relay: tuple[Relay, str], folder: Path) -> None:
    kept, address = relay
    one = QuietNotice(world.COURT, digest("leaf"), "(2026) Demo 17", 0, 3, 0, TODAY)
    court = QuietNotice(world.COURT, None, "", 1, 2, 20, TODAY)
    kept.waiting = {n: write_notice(each, Role.COURT, world.COURT_BOX) for n, each in enumerate((one, court), 1)}
    said = run_mail(folder, address)
    assert "(2026) Demo 17  误报 3 次" in said
    assert "notice 1: 2 of 20 closed alerts were false" in said
    assert "因误报过多" in said  # due until it is answered
    assert not kept.waiting
    assert (folder / "judge" / "quiet.jsonl").read_text().count('"number"') == 2


def test_a_review_needs_judge_and_oversight_at_terminals_and_then_reaches_office_and_station(
    relay: tuple[Relay, str], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from click.testing import CliRunner

    from commands.comparing.reviews import review
    from records.comparing.reviews import load_review

    kept, address = relay
    put_keys(folder / "offline", KeyFile.LIST, world.LIST, world.OVERSIGHT_BOX)
    files = ("--annex", folder / "annex.note", "--root", folder / "root.note")
    files += ("--root-verifier", world.ROOT.verifier.to_text())  # type: ignore[assignment]

    def run(*words: object, typed: str = "") -> str:
        result = CliRunner().invoke(review, [str(each) for each in words], input=typed)
        return result.output if result.exit_code == 0 else f"FAILED {result.output}"

    half, whole = folder / "review.half", folder / "review.note"
    sign = ("sign", *files, "--keys", folder / "judge", "--notice", 7, "--out", half)
    agree = ("agree", *files, "--offline", folder / "offline", "--review", half, "--out", whole)
    # A file of numbers is no judge, and no option says yes.
    assert "at a terminal" in run(*sign, typed="7\n")
    assert "No such option" in run(*sign, "--yes")
    monkeypatch.setattr("commands.comparing.court_asking.is_terminal", lambda: True)
    for other in ("", "8", "y", "17"):
        assert "Not signed" in run(*sign, typed=f"{other}\n")
    assert not half.exists()
    assert "法院已签署" in run(*sign, "--language", "zh", typed="7\n")
    assert "FAILED" in run("send", *files, "--keys", folder / "judge", "--relay", address, half)
    assert not kept.sent
    assert "FAILED" in run(*agree, typed="yes\n")
    with monkeypatch.context() as patch:
        patch.setattr("commands.comparing.court_asking.is_terminal", lambda: False)
        assert "at a terminal" in run(*agree, typed="7\n")
    assert not whole.exists()
    assert "Both have signed" in run(*agree, typed="7\n")
    assert "Sent to the office" in run("send", *files, "--keys", folder / "judge", "--relay", address, whole)
    now = datetime.now(UTC)
    root = load_root((folder / "root.note").read_text("utf-8"), world.ROOT.verifier, now)
    annex = load_annex((folder / "annex.note").read_text("utf-8"), world.ROOT.verifier, root, now)
    for data, box in zip(kept.sent, (world.OFFICE_BOX, world.STATION_BOX), strict=True):
        assert load_review(decode_note(open_letter(parse_letter(data), box)), annex).notice == 7
