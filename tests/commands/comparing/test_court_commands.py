"""The court's day at a real terminal: a list, two judges with keys on real tokens, what is due, and renewals."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from commands.audit import audit
from commands.comparing.court import decisions
from commands.comparing.court_words import load_texts
from commands.comparing.screen_text import COLUMNS, measure
from oversight.comparing import errors
from oversight.comparing.judge_keys import make_judge_key_on_token
from oversight.comparing.keys import KeyFile, make_box, make_signing_key
from oversight.comparing.register import Register
from oversight.errors import OversightError
from records.comparing.acts import Act
from records.comparing.annex import Annex, CourtOfDecisions, load_annex, sign_annex
from records.comparing.decisions import Decision, ListedName, hash_decision, load_decision, sign_decision
from records.comparing.mail import Outcome, OutcomeReport
from records.log_keys import LogVerifier
from records.root import load_root, sign_root
from records.suite import HybridPublicKey
from service.audit import errors as audit_errors
from service.audit.entry import Entry
from service.audit.verify import verify_export
from tests.commands.comparing.at_a_terminal import AtTerminal
from tests.oversight.comparing.softhsm import PIN, Tokens, plug_in_tokens
from tests.records import samples
from tests.records.comparing import world
from tests.records.comparing.world import FIRST_JUDGE, make_decision, make_number

TODAY = datetime.now(UTC).date()
HEADS = "file number,act,valid until,name,name 2,born,sex,document kind,issuing state,document number"
UNTIL = (TODAY + timedelta(days=200)).isoformat()


class Court:
    """A court's folders: two judges on tokens, a third by a bare key, a registry, an annex that knows them."""

    def __init__(self, folder: Path, tokens: Tokens) -> None:
        self.folder, self.tokens = folder, tokens
        keys = [
            make_judge_key_on_token(
                folder / label, f"demo/court/{label}", Path(tokens.module), label, lambda _: PIN
            ) for label in ("first", "second")
        ]  # fmt: skip
        keys.append(make_signing_key(folder / "bare", KeyFile.JUDGE, "demo/court/bare"))
        self.box: HybridPublicKey = make_box(folder / "registry")
        now = datetime.now(UTC).replace(microsecond=0)
        root = replace(samples.make_root(), valid_from=now - timedelta(days=1), valid_until=now + timedelta(60))
        note = sign_root(root, world.ROOT)
        loaded = load_root(note, world.ROOT.verifier, now)
        verifiers = (*keys, FIRST_JUDGE.verifier)
        annex = world.make_annex(
            root_digest=loaded.digest, valid_from=now - timedelta(hours=1), valid_until=now + timedelta(days=1),
            courts=(CourtOfDecisions(world.COURT, verifiers, self.box),),
        )  # fmt: skip
        (folder / "root.note").write_text(note, encoding="utf-8")
        (folder / "annex.note").write_text(sign_annex(annex, world.ROOT), encoding="utf-8")
        self.annex: Annex = load_annex((folder / "annex.note").read_text("utf-8"), world.ROOT.verifier, loaded, now)

    @property
    def files(self) -> list[object]:
        f = self.folder
        return ["--annex", f / "annex.note", "--root", f / "root.note",
                "--root-verifier", world.ROOT.verifier.to_text()]  # fmt: skip

    def run(self, name: str, *words: object) -> Result:
        """Run a command that asks nothing."""
        return CliRunner().invoke(decisions, [name, *(str(each) for each in (*self.files, *words))])

    def import_from(self, source: Path, out: Path, *words: object) -> Result:
        return self.run("import", "--registry", self.folder / "registry", "--from", source, "--out", out, *words)

    def sit_down(self, name: str, *words: object) -> AtTerminal:
        """Run a command at a real terminal."""
        return AtTerminal(["court", "decisions", name, *self.files, *words], self.tokens.environment)

    def sign_batch(self, judge: str, drafts: str, out: str, *words: object) -> AtTerminal:
        f = self.folder
        return self.sit_down(
            "sign-batch", "--keys", f / judge, "--registry", f / "registry", "--drafts", f / drafts, "--out", f / out,
            *words,
        )  # fmt: skip

    def list_files(self, name: str) -> list[str]:
        return sorted(path.name for path in (self.folder / name).iterdir())


@pytest.fixture(scope="module")
def court(tmp_path_factory: pytest.TempPathFactory) -> Court:
    return Court(tmp_path_factory.mktemp("court"), plug_in_tokens())


def write_list(court: Court, name: str, count: int) -> Path:
    born = make_decision().born
    lines = [
        f"(2026) {name} {n},armed-robbery,{UNTIL},王小明,WANG / XIAOMING,{born},1,111,CHN,"
        f"{make_number(born, sequence=n + 10)}"
        for n in range(count)
    ]
    path = court.folder / f"{name}.csv"
    path.write_text("\n".join([HEADS, *lines]) + "\n", encoding="utf-8")
    return path


def import_list(court: Court, name: str, count: int) -> None:
    result = court.import_from(write_list(court, name, count), court.folder / name)
    assert result.exit_code == 0, result.output


@pytest.fixture(scope="module")
def signed(court: Court) -> list[str]:
    """Three drafts: the first judge breaks off by a power cut and goes on, the second sends one back."""
    import_list(court, "day", 3)
    first = court.sign_batch("first", "day", "half", "--language", "zh")
    first.answer("令牌的 PIN 码: ", PIN)
    shown = first.answer("文号: ", "(2026) day 0")
    first.wait_for("已有一名法官签署")
    first.wait_for("(2026) day 1")
    first.kill()
    assert court.list_files("half") == ["00002-2026-day-0.half"]
    again = court.sign_batch("first", "day", "half", "--language", "zh")
    assert "待处理 2 项；先前已签署 1 项" in again.answer("令牌的 PIN 码: ", PIN)
    for n in (1, 2):
        again.answer("\n文号: ", f"(2026) day {n}")
    assert again.end() == 0
    second = court.sign_batch("second", "half", "whole")
    second.answer("PIN of the token: ", PIN)
    for answer in ("(2026) day 0", "back", "(2026) day 2"):
        second.answer("\nFile number: ", answer)
    assert second.end() == 0
    return [shown, first.shown, again.shown, second.shown]


def test_two_judges_sign_a_batch_with_tokens_and_a_power_cut_loses_nothing(court: Court, signed: list[str]) -> None:
    assert court.list_files("whole") == ["00002-2026-day-0.note", "00003-2026-day-1.back", "00004-2026-day-2.note"]
    for name in ("00002-2026-day-0.note", "00004-2026-day-2.note"):
        note = (court.folder / "whole" / name).read_text(encoding="utf-8")
        decision = load_decision(note, court.annex, TODAY)
        assert "— demo/court/first " in note
        assert "— demo/court/second " in note
        assert decision.leaf in [each.decision.leaf for each in Register(court.folder / "registry").load(court.annex)]


def export_log(path: Path, out: Path) -> tuple[list[Entry], list[str]]:
    """Export a log of the court's; return what is in it, proved, and the keys."""
    made = CliRunner().invoke(audit, ["export-own", str(path), "--out", str(out)])
    assert made.exit_code == 0, made.output
    found = verify_export(out.read_bytes(), LogVerifier.from_texts(made.stdout.split()))
    assert not found.faults
    return list(found.entries), [word for key in made.stdout.split() for word in ("--key", key)]


def test_what_a_court_did_stands_in_logs_that_an_auditor_can_prove(
    court: Court, signed: list[str], tmp_path: Path
) -> None:
    drafts = sorted((court.folder / "day").iterdir())
    leaves = [hash_decision(path.read_text("utf-8")).hex() for path in drafts]
    for judge, answers in (("first", ["sign"] * 3), ("second", ["sign", "return", "sign"])):
        out = tmp_path / f"{judge}.tar"
        entries, keys = export_log(court.folder / judge / "judge.audit", out)
        for n, answer in enumerate(answers):
            done = [each for each in entries if each.subject == leaves[n]]
            # The power was cut while the second one was shown: it was looked at twice.
            looks = 2 if (judge, n) == ("first", 1) else 1
            assert [each.act for each in done] == ["look at decision"] * looks + [f"{answer} decision"]
            assert {each.actor for each in done} == {f"demo/court/{judge}"}
        assert not any(word in out.read_bytes() for word in ("王小明".encode(), b"XIAOMING", b"1990-03-07", b"(2026)"))
        out.write_bytes(out.read_bytes().replace(b'"sign decision"', b'"look decision"'))
        assert CliRunner().invoke(audit, ["verify", str(out), *keys]).exit_code == 1
    entries, _ = export_log(court.folder / "registry" / "registry.audit", tmp_path / "registry.tar")
    source = hashlib.sha256((court.folder / "day.csv").read_bytes()).hexdigest()
    assert ("import drafts", f"{source} 3") in [(each.act, each.subject) for each in entries]


def test_without_its_log_a_registry_shows_nothing_and_says_so_in_both_languages(court: Court, tmp_path: Path) -> None:
    kept = keep(court, number="(2025) unseen", documents=number_of(97))
    copy = shutil.copytree(court.folder / "registry", tmp_path / "copy", ignore=shutil.ignore_patterns("registry.*"))
    (tmp_path / "one.note").write_text(kept.note, encoding="utf-8")
    for language, word in (("en", "no key for the audit log"), ("zh", "未作任何处理")):
        for _ in range(2):
            shown = court.run("show", "--registry", copy, tmp_path / "one.note", "--language", language)
            (copy / "registry.audit-key").unlink(missing_ok=True)
        assert (shown.exit_code, "1990" in shown.output, word in shown.output) == (1, False, True)


def test_what_is_signed_stands_there_in_plain_words_within_80_columns(court: Court, signed: list[str]) -> None:
    shown = signed[0]
    for word in (
        "王小明",
        "姓 WANG，名 XIAOMING",
        "1990-03-07，男",
        "居民身份证",
        "持械抢劫",
        UNTIL,
        "当地派出所会收到",
        "取代",
    ):
        assert word in shown
    for word in ("surname WANG, given XIAOMING", "armed robbery", "the local station is alerted", "Replaces", "twelve"):
        assert word in signed[3]
    for screen in signed:
        assert max(measure(line) for line in screen.splitlines()) <= COLUMNS


def test_the_pin_is_shown_nowhere_and_is_in_no_file(court: Court, signed: list[str]) -> None:
    assert not any(PIN in screen for screen in signed)
    files = [path for path in court.folder.rglob("*") if path.is_file()]
    assert not [path for path in files if PIN.encode() in path.read_bytes()]


def test_what_was_sent_back_is_asked_about_again_only_when_its_text_changed(court: Court, signed: list[str]) -> None:
    quiet = court.sign_batch("second", "half", "whole")
    quiet.wait_for("0 to look at, 2 signed before, 1 returned")
    assert quiet.end() == 0  # and nobody was asked for a PIN
    assert "PIN" not in quiet.shown


@pytest.mark.parametrize("typed", [["y", "all", "(2026) one 1"], [""]])
def test_nothing_but_the_file_number_is_a_yes(court: Court, typed: list[str]) -> None:
    if not (court.folder / "one").exists():
        import_list(court, "one", 1)
    judge = court.sign_batch("bare", "one", "never")
    for each in typed:
        judge.answer("\nFile number: ", each)
    judge.wait_for("Signed now: 0. Still waiting: 1.")
    assert judge.end() == 0
    assert not (court.folder / "never").exists()


def test_a_pipe_signs_nothing(court: Court) -> None:
    import_list(court, "pipe", 1)
    f = court.folder
    words = ("--keys", f / "bare", "--registry", f / "registry", "--drafts", f / "pipe", "--out", f / "never")
    arguments = [str(each) for each in ("sign-batch", *court.files, *words)]
    result = CliRunner().invoke(decisions, arguments, input="(2026) pipe 0\n")
    assert result.exit_code == 1
    assert "without a pipe" in result.output
    assert not (f / "never").exists()
    assert CliRunner().invoke(decisions, [*arguments, "--yes"]).exit_code == 2


def test_no_command_takes_a_secret_or_a_yes_but_from_a_person() -> None:
    options = [(command.name, option) for command in decisions.commands.values() for option in command.params]
    assert len(options) > 50
    for name, option in options:
        assert not option.envvar, name
        words = set("-".join(option.opts).replace("_", "-").split("-"))
        assert not words & {"pin", "passphrase", "password", "secret", "yes", "force", "y"}, name
    assert decisions.context_settings.get("auto_envvar_prefix") is None


def test_a_file_name_gives_the_screen_no_orders(court: Court) -> None:
    (court.folder / "names").mkdir()
    (court.folder / "names" / "x\x1b[2J.draft").write_text("no decision")
    judge = court.sign_batch("bare", "names", "never")
    judge.wait_for("x?[2J.draft: not a signed note")
    assert judge.end() == 1
    assert "\x1b" not in judge.shown


def test_a_wrong_pin_signs_nothing_and_says_so_in_the_chosen_language(court: Court) -> None:
    import_list(court, "wrong", 1)
    judge = court.sign_batch("first", "wrong", "never", "--language", "zh")
    judge.answer("令牌的 PIN 码: ", PIN[::-1])
    judge.wait_for("PIN 码错误。未签署任何内容。")
    assert judge.end() == 1
    assert not (court.folder / "never").exists()


def test_a_token_pulled_out_between_two_decisions_signs_the_first_alone(court: Court) -> None:
    import_list(court, "pulled", 2)
    serial = json.loads((court.folder / "first" / "judge.token").read_text())["serial"]
    stick = court.tokens.find_folder(serial)
    judge = court.sign_batch("first", "pulled", "pulled-half")
    judge.answer("PIN of the token: ", PIN)
    judge.answer("\nFile number: ", "(2026) pulled 0")
    judge.wait_for("Signed by one judge.")
    pocket = stick.rename(court.folder / "pocket")
    judge.answer("\nFile number: ", "(2026) pulled 1")
    judge.wait_for("Signed now: 1. Still waiting: 1.")
    judge.wait_for("The token no longer answers")
    assert judge.end() == 1
    pocket.rename(stick)
    assert court.list_files("pulled-half") == ["00002-2026-pulled-0.half"]
    again = court.sign_batch("first", "pulled", "pulled-half")
    again.answer("PIN of the token: ", PIN)
    again.answer("\nFile number: ", "(2026) pulled 1")
    assert again.end() == 0
    assert len(court.list_files("pulled-half")) == 2


def keep(court: Court, *outcomes: Outcome, **changes: object) -> Decision:
    """Put a decision of this court into its registry, with what came back."""
    bare = samples_signer(court)
    decided = make_decision(decided_on=TODAY - timedelta(days=3), valid_until=TODAY + timedelta(days=300))
    decision = load_decision(sign_decision(replace(decided, **changes), bare, FIRST_JUDGE), court.annex, TODAY)  # type: ignore[arg-type]
    register = Register(court.folder / "registry")
    register.keep_decision(decision)
    for n, outcome in enumerate(outcomes):
        tag = world.digest(f"{decision.number} {n}")
        assert register.keep_outcome(OutcomeReport(decision.leaf, decision.number, outcome, tag, TODAY))
    return decision


def samples_signer(court: Court) -> object:
    from oversight.comparing.keys import load_signing_key

    return load_signing_key(court.folder / "bare", KeyFile.JUDGE)


def number_of(sequence: int) -> tuple[object, ...]:
    one = make_decision().documents[0]
    return (replace(one, number=make_number(make_decision().born, sequence=sequence)),)


def test_what_is_due_is_a_table_that_names_nobody(court: Court) -> None:
    keep(court, number="(2025) ends", valid_until=TODAY + timedelta(days=9), documents=number_of(50))
    keep(court, *[Outcome.COULD_NOT_BE_FOUND] * 2, number="(2025) lost", documents=number_of(51))
    keep(court, Outcome.CONFIRMED, number="(2025) found", documents=number_of(52))
    for language, words in (("en", ("suspended", "renew or let it end")), ("zh", ("已中止", "届时到期"))):
        result = court.run("due", "--registry", court.folder / "registry", "--language", language)
        assert result.exit_code == 0, result.output
        lines = result.output.splitlines()
        assert all(word in result.output for word in (*words, "(2025) ends", "(2025) lost"))
        assert "(2025) found" not in result.output
        assert max(measure(line) for line in lines) <= COLUMNS
        assert not any(word in result.output for word in ("王小明", "XIAOMING", "1990", "99010119"))
    everything = court.run("due", "--all", "--registry", court.folder / "registry")
    assert "confirmed: it has ended" in everything.output


def test_a_renewal_is_signed_anew_and_says_what_it_replaces_and_what_changed(court: Court) -> None:
    keep(court, number="(2025) renewed", documents=number_of(60), names=(ListedName(full="李小红"),))
    f = court.folder
    until = TODAY + timedelta(days=360)
    result = court.run(
        "renew", "--registry", f / "registry", "--number", "(2025) renewed", "--new-number", "(2026) renewed",
        "--valid-until", until, "--out", f / "renewed.draft",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    judge = court.sit_down(
        "sign", "--keys", f / "bare", "--registry", f / "registry", "--decision", f / "renewed.draft",
        "--out", f / "renewed.half",
    )  # fmt: skip
    shown = " ".join(judge.answer("\nFile number: ", "(2026) renewed").split())
    assert judge.end() == 0, judge.shown
    assert "Replaces (2025) renewed of" in shown
    changed = shown.partition("Changed: ")[2]
    assert "Until (was:" in changed
    assert "This person (was:" not in changed
    too_long = court.run(
        "renew", "--registry", f / "registry", "--number", "(2025) renewed", "--new-number", "x",
        "--valid-until", TODAY + timedelta(days=400), "--out", f / "long.draft",
    )  # fmt: skip
    assert "twelve months" in too_long.output
    assert not (f / "long.draft").exists()


def test_a_renewal_of_a_confirmed_decision_is_refused_by_whatever_way_it_comes(court: Court) -> None:
    keep(court, Outcome.CONFIRMED, number="(2025) over", documents=number_of(70))
    f = court.folder
    result = court.run(
        "renew", "--registry", f / "registry", "--number", "(2025) over", "--new-number", "(2026) over",
        "--valid-until", UNTIL, "--out", f / "over.draft", "--language", "zh",
    )  # fmt: skip
    assert "不得续期" in result.output
    # Written by hand, as a new decision about the same document.
    from records.comparing.decisions import draft_text

    text = draft_text(make_decision(number="(2026) other", decided_on=TODAY, documents=number_of(70)))
    (f / "hand").mkdir()
    (f / "hand" / "x.draft").write_text(text, encoding="utf-8")
    for judge in (
        court.sign_batch("bare", "hand", "never"),
        court.sit_down("sign", "--keys", f / "bare", "--registry", f / "registry", "--decision", f / "hand" / "x.draft",
                       "--out", f / "never.half"),
    ):  # fmt: skip
        judge.wait_for("confirmed this person")
        assert judge.end() == 1
    assert not (f / "never").exists()
    # Who escapes from custody after that is another decision.
    escaped = make_decision(
        number="(2026) escaped", decided_on=TODAY, documents=number_of(70), act=Act.ESCAPE_FROM_CUSTODY,
        escaped_from=Act.ARMED_ROBBERY,
    )  # fmt: skip
    (f / "hand" / "x.draft").write_text(draft_text(escaped), encoding="utf-8")
    judge = court.sign_batch("bare", "hand", "escaped-half")
    assert "confirmed" in judge.answer("\nFile number: ", "(2026) escaped")
    assert judge.end() == 0


def test_a_review_is_noted_by_its_number_and_the_decision_stays(court: Court) -> None:
    decided = TODAY - timedelta(days=190)
    until = TODAY + timedelta(days=100)
    keep(court, number="(2025) old", decided_on=decided, valid_until=until, documents=number_of(80))
    f = court.folder
    assert "to be looked at again" in court.run("due", "--registry", f / "registry").output
    judge = court.sit_down("review", "--registry", f / "registry", "--number", "(2025) old")
    assert "nothing so far" in judge.answer("\nFile number: ", "(2025) old")
    assert judge.end() == 0
    assert "to be looked at again" not in court.run("due", "--registry", f / "registry").output
    unknown = court.run("review", "--registry", f / "registry", "--number", "no such")
    assert "due --all" in unknown.output


def test_one_judge_withdraws_with_a_token_and_the_registry_knows(court: Court, signed: list[str]) -> None:
    f = court.folder
    judge = court.sit_down(
        "withdraw", "--keys", f / "second", "--registry", f / "registry", "--reason", "mistake",
        "--decision", f / "whole" / "00002-2026-day-0.note", "--out", f / "gone.note",
    )  # fmt: skip
    judge.answer("PIN of the token: ", PIN)
    judge.wait_for("Withdrawn")
    assert judge.end() == 0
    kept = {each.decision.number: each for each in Register(f / "registry").load(court.annex)}
    assert kept["(2026) day 0"].is_withdrawn
    result = court.run(
        "renew", "--registry", f / "registry", "--number", "(2026) day 0", "--new-number", "x",
        "--valid-until", UNTIL, "--out", f / "no.draft",
    )  # fmt: skip
    assert "was withdrawn" in result.output


def test_an_import_tells_lines_fields_and_what_to_do_and_no_value(court: Court) -> None:
    path = write_list(court, "bad", 3)
    good = path.read_text("utf-8").splitlines()
    real = good[1].replace("990101", "110101")
    path.write_text("\n".join([*good, real, good[2].replace("armed-robbery", "debt")]), encoding="utf-8")
    for language, words in (
        ("en", ("not one of the ten acts", "rules of its kind")),
        ("zh", ("不在十类行为之内", "文号相同")),
    ):
        result = court.import_from(path, court.folder / "bad", "--language", language)
        assert result.exit_code == 1
        assert any(word in result.output for word in words)
        assert not (court.folder / "bad").exists()
        assert not any(word in result.output for word in ("王小明", "WANG", "110101", "990101", "1990-03-07", "debt"))
        assert max(measure(line) for line in result.output.splitlines()[:-1]) <= COLUMNS
    result = court.import_from(path, court.folder / "bad", "--good-lines-only")
    assert result.exit_code == 0, result.output
    assert len(court.list_files("bad")) == 3


@pytest.mark.parametrize("name", ["list.csv", "list.xlsx", "list.ods"])
def test_the_template_is_a_file_that_imports(court: Court, tmp_path: Path, name: str) -> None:
    out = tmp_path / name
    result = CliRunner().invoke(decisions, ["template", "--out", str(out), "--language", "zh"])
    assert (result.exit_code == 0) == (not name.endswith("ods")) == out.exists()
    if out.exists():
        assert max(measure(line) for line in result.output.splitlines()[1:]) <= COLUMNS
        empty = court.import_from(out, tmp_path / "drafts")
        assert "no line with a decision" in empty.output


def test_a_folder_that_is_no_registry_signs_nothing(court: Court, tmp_path: Path) -> None:
    f = court.folder
    judge = court.sit_down(
        "sign-batch", "--keys", f / "bare", "--registry", tmp_path, "--drafts", f, "--out", tmp_path / "x"
    )
    judge.wait_for("not the folder of the court's registry")
    assert judge.end() == 1


def test_every_error_of_the_court_and_every_text_is_in_both_languages() -> None:
    texts = load_texts()
    own = {
        name for name, each in vars(errors).items()
        if isinstance(each, type) and issubclass(each, errors.TokenProblem) and each is not errors.TokenProblem
    }  # fmt: skip
    assert own <= texts["error"].keys()
    for name in texts["error"]:
        assert (
            hasattr(errors, name)
            or hasattr(audit_errors, name)
            or issubclass(getattr(__import__("oversight.errors", fromlist=[name]), name), OversightError)
        )

    def walk(table: dict[str, object], path: str) -> Iterator[str]:
        if "en" in table or "zh" in table:
            languages = {"zh"} if path.startswith("error.") else {"en", "zh"}
            if table.keys() != languages:
                yield path
            return
        for key, value in table.items():
            assert isinstance(value, dict)
            yield from walk(value, f"{path}.{key}" if path else key)

    assert list(walk(texts, "")) == []
