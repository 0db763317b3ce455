"""The office's commands and its process: two officers, a day, a stop, and a memory that is new afterwards."""

from __future__ import annotations

import base64
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
import urllib3
from click.testing import CliRunner, Result

from central.relay.keys import ensure_relay_key
from commands.comparing.screening import screening
from oversight.comparing.desk.desk import Desk
from oversight.comparing.desk.process import run_desk
from oversight.comparing.desk.settings import DeskSettings
from oversight.comparing.keys import PublicKeys
from records.comparing.annex import sign_annex
from records.comparing.decisions import Decision
from records.comparing.lists import DecisionList, build_tree, sign_list
from records.comparing.passing_keys import parse_passing_key
from records.comparing.permits import Permit, load_permit
from records.comparing.relay_wire import SealedAlert
from records.comparing.requests import HEADER, sign_request
from records.suite import SigningKey
from screening.errors import KeysRefused, NoPermit
from screening.keys import load_office_keys, write_private
from screening.lines import CONNECT_TIMEOUT_S, READ_TIMEOUT_S
from screening.officers import load_officers
from screening.process import LOOK_INTERVAL_S, NOTICE_INTERVAL_S, OfficeProcess
from service.audit.care import LogCare
from service.settings import write_settings
from tests.central.relay.stage import PROJECT, Stage, build_stage
from tests.central.relay.test_relay_crash import decide_now
from tests.oversight.comparing.desk_world import give_permit, write_desk_keys
from tests.records.comparing import world
from tests.screening import bureau
from tests.screening.bureau import OFFICERS, VERIFIERS, Bureau, decide, find_listed, find_stranger

# The real command, only quicker.
SERVE = "from screening import process; process.LOOK_INTERVAL_S = process.FIRST_KEEP_UP_S = process.PAUSE_S = 0.2\n"
SERVE += "from commands.comparing.screening import screening; screening()"


def wait_until(condition: object, seconds: float = 80.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < deadline
        time.sleep(0.1)


def write_office_settings(data: Path, folder: Path, **values: object) -> tuple[Path, list[Path]]:
    """Write an office's settings and its officers' keys into a folder, beside root and annex."""
    if not (folder / "annex.note").exists():
        root, _ = world.make_root()
        (folder / "root.note").write_text(root, encoding="utf-8")
        (folder / "annex.note").write_text(sign_annex(world.make_annex(), world.ROOT), encoding="utf-8")
    officers = []
    for n, signer in enumerate(OFFICERS):
        path = folder / f"officer{n}.key"
        write_private(path, signer.key.data)
        path.with_suffix(".pub").write_text(signer.verifier.to_text(), encoding="utf-8")
        officers.append(path)
    settings: dict[str, object] = {
        "data": data, "relay": "http://127.0.0.1:1", "desk": "http://127.0.0.1:1", "root": folder / "root.note",
        "root_verifier": world.ROOT.verifier.to_text(), "annex": folder / "annex.note",
        "officers": [each.verifier.to_text() for each in OFFICERS],
    }  # fmt: skip
    write_settings(folder / "screening.toml", settings | values)  # type: ignore[arg-type]
    return folder / "screening.toml", officers


def call_office(settings: Path, *arguments: str | Path) -> Result:
    return CliRunner().invoke(screening, [*map(str, arguments), "--settings", str(settings)])


class OfficeFiles:
    """An office's folder and settings, and its commands."""

    def __init__(self, stage: Stage, desk_port: int = 1) -> None:
        self.stage, self.folder = stage, stage.folder / "office"
        self.log = stage.folder / "screening.log"
        bureau.make_keys(self.folder / "keys")
        self.settings, self.officers = write_office_settings(
            self.folder, stage.folder, relay=stage.url, desk=f"http://127.0.0.1:{desk_port}"
        )

    def call(self, *arguments: str | Path) -> Result:
        return call_office(self.settings, *arguments)

    def write_list(self, *decisions: Decision, number: int = 1) -> None:
        tree = build_tree([each.leaf for each in decisions])
        made_on = world.NOW.replace(microsecond=0)
        made = DecisionList(self.stage.annex.jurisdiction, number, made_on, len(decisions), tree.root)
        (self.stage.folder / "list.note").write_text(sign_list(made, world.LIST), encoding="utf-8")
        notes = self.stage.folder / "decisions.txt"
        notes.write_text("\n".join(each.note for each in decisions), encoding="utf-8")
        self.tree, self.list_note = tree, sign_list(made, world.LIST)

    def bring_list(self, officer: int = 0) -> Result:
        paths = self.stage.folder / "list.note", self.stage.folder / "decisions.txt"
        return self.call("import", "--officer", self.officers[officer], "--list", *paths)

    @contextmanager
    def serve(self, program: str = SERVE) -> Iterator[subprocess.Popen[bytes]]:
        command = [sys.executable, "-c", program, "serve", "--settings", str(self.settings)]
        with self.log.open("ab") as log:
            process = subprocess.Popen(command, cwd=PROJECT, stdout=log, stderr=log)
        try:
            yield process
        finally:
            process.kill()
            process.wait()

    def says(self, event: str) -> bool:
        return f'"event": "{event}"' in self.log.read_text(encoding="utf-8")


@contextmanager
def real_desk(stage: Stage) -> Iterator[tuple[Desk, int]]:
    """Oversight's desk with its own HTTP, which office and relay then ask."""
    relay_key = ensure_relay_key(stage.folder / "relay" / "relay.key")
    settings = DeskSettings(
        "127.0.0.1", 0, stage.folder / "desk", stage.folder / "root.note", world.ROOT.verifier.to_text(),
        stage.folder / "annex.note", relay_key=base64.b64encode(relay_key.public.data).decode(),
    )  # fmt: skip
    write_desk_keys(settings.folder)
    with run_desk(settings, lambda: datetime.now(UTC)) as (desk, port):
        stage.use_desk(port)
        yield desk, port


def search_memory(pid: int, needles: list[bytes]) -> int:
    """Return how many of these stand in a process's memory."""
    found: set[bytes] = set()
    maps = Path(f"/proc/{pid}/maps").read_text(encoding="utf-8")
    with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
        for start, end in re.findall(r"^([0-9a-f]+)-([0-9a-f]+) rw", maps, re.MULTILINE):
            try:
                memory.seek(int(start, 16))
                data = memory.read(int(end, 16) - int(start, 16))
            except (OSError, OverflowError, ValueError):
                continue
            found |= {each for each in needles if each in data}
    return len(found)


def test_a_day_of_the_real_process_from_import_to_stop(tmp_path: Path) -> None:
    with build_stage(tmp_path / "stage") as stage, real_desk(stage) as (desk, port):
        files = OfficeFiles(stage, port)
        decisions = [decide_now(stage, n) for n in range(3)]
        files.write_list(*decisions)
        assert "3 decisions" in files.bring_list().output
        refused = files.call("activate", "1", "--yes", "--officer", files.officers[0])
        assert (refused.exit_code, "other officer" in refused.output) == (1, True)
        assert files.call("activate", "1", "--yes", "--officer", files.officers[1]).exit_code == 0
        assert "3 decisions, 3 kept  active" in files.call("versions").output
        give_permit(desk, files.list_note, files.tree.leaves, timedelta(hours=20), 1000)
        with stage.run(), files.serve() as process:
            stage.leave_day_key()
            wait_until(lambda: files.says("day_begun"))
            wait_until(lambda: stage.read_comparing().passing_key)
            assert parse_passing_key(stage.read_comparing().passing_key, stage.annex.office_key.key)
            listening = Path(f"/proc/{process.pid}/net/tcp").read_text(encoding="utf-8")
            assert has_no_listener(process.pid, listening)
            check_comparing(stage, files)
            # The office sees tags: with evaluations of its own it could try numbers against them.
            assert evaluate_as("office", world.OFFICE.key, port) == 403
            outputs = [o for each in desk.evaluate_decisions([d.note for d in decisions]) for o in each.outputs]
            if os.geteuid() == 0:  # who may read another process's memory
                assert search_memory(process.pid, outputs) == len(outputs)
            desk.stop()
            wait_until(lambda: files.says("office_begins_anew"))
            if os.geteuid() == 0:
                wait_until(lambda: search_memory(process.pid, outputs) == 0)
            assert process.poll() is None
            # Started twice with the same settings: they stand in the log once.
            wait_until(lambda: files.call("read-log").output.count("start office") == 2)
            assert files.call("read-log").output.count("office  以更改过的设置启动 begin with settings") == 1


# The real command with its own intervals; only the silence that ends a day is shorter.
SOON_SILENT = "from screening import day; day.SILENCE_S = 8.0\n"
SOON_SILENT += "from commands.comparing.screening import screening; screening()"
ACTS_WITHIN_S = 60.0


def test_a_new_decision_acts_within_a_minute_of_its_permit_and_silence_leaves_nothing(tmp_path: Path) -> None:
    with build_stage(tmp_path / "stage") as stage, ExitStack() as listening:
        desk, port = listening.enter_context(real_desk(stage))
        files, decisions = OfficeFiles(stage, port), [decide_now(stage, n) for n in range(2)]
        bring_and_permit(files, desk, 1, decisions[:1])
        with stage.run(), files.serve(SOON_SILENT) as process:
            wait_until(lambda: files.says("day_begun"))
            permitted_s = time.monotonic()
            permit = bring_and_permit(files, desk, 2, decisions)
            stage.leave_day_key()
            wait_until(lambda: is_sealed_for(stage, permit.number))
            listed = stage.seal(find_listed(1))
            assert stage.compare(listed) == (200, b"settled")
            alerts = msgspec.json.decode(stage.ask_as_station("/v1/station/alerts")[1], type=list[SealedAlert])
            assert [each.handle for each in alerts] == [listed.handle]
            assert time.monotonic() - permitted_s < ACTS_WITHIN_S
            outputs = [o for each in desk.evaluate_decisions([decisions[1].note]) for o in each.outputs]
            listening.close()  # from here on the desk answers nobody
            wait_until(lambda: f"{permit.number} silence" in files.call("read-log").output)
            if os.geteuid() == 0:
                wait_until(lambda: search_memory(process.pid, outputs) == 0)
            assert process.poll() is None


def bring_and_permit(files: OfficeFiles, desk: Desk, number: int, decisions: list[Decision]) -> Permit:
    files.write_list(*decisions, number=number)
    assert files.bring_list().exit_code == 0
    assert files.call("activate", str(number), "--yes", "--officer", files.officers[1]).exit_code == 0
    return give_permit(desk, files.list_note, files.tree.leaves, timedelta(hours=20), 1000)


def is_sealed_for(stage: Stage, permit: int) -> bool:
    """Tell whether terminals have the permit, and a passing key that was made under it."""
    told = stage.read_comparing()
    if not (told.permit and told.passing_key):
        return False
    key = parse_passing_key(told.passing_key, stage.annex.office_key.key)
    return (load_permit(told.permit, stage.annex).number, key.permit) == (permit, permit)


def evaluate_as(party: str, key: SigningKey, port: int) -> int:
    body = bytes(16) + bytes(4) + bytes(24 * 32)
    header = sign_request(party, "POST", "/v1/evaluate", body, datetime.now(UTC), key)
    answer = urllib3.request("POST", f"http://127.0.0.1:{port}/v1/evaluate", body=body, headers={HEADER: header})
    return answer.status


def check_comparing(stage: Stage, files: OfficeFiles) -> None:
    listed, stranger = stage.seal(find_listed(0)), stage.seal(find_stranger())
    assert stage.compare(listed) == stage.compare(stranger) == (200, b"settled")
    alerts = msgspec.json.decode(stage.ask_as_station("/v1/station/alerts")[1], type=list[SealedAlert])
    assert [each.handle for each in alerts] == [listed.handle]
    # The count is committed after the answer: nobody waits for it.
    wait_until(lambda: "alerted  fewer than 5" in files.call("counts").output)


def has_no_listener(pid: int, table: str) -> bool:
    """Tell whether none of a process's sockets listens (state 0A)."""
    own = {os.readlink(each) for each in Path(f"/proc/{pid}/fd").iterdir() if each.is_symlink()}
    listening = [line.split()[9] for line in table.splitlines()[1:] if line.split()[3] == "0A"]
    assert own
    return not any(f"socket:[{inode}]" in own for inode in listening)


def test_a_refused_list_is_told_line_by_line(tmp_path: Path) -> None:
    with build_stage(tmp_path / "stage") as stage:
        files = OfficeFiles(stage)
        files.write_list(decide_now(stage, 0))
        notes = stage.folder / "decisions.txt"
        notes.write_text(notes.read_text(encoding="utf-8").replace("Demo 0", "Demo 1"), encoding="utf-8")
        result = files.bring_list()
        assert result.exit_code == 1
        assert "decisions.txt:13: changed" in result.output
        assert "被改动" in result.output
        assert files.call("versions").output == ""


@pytest.mark.parametrize("name", ["relay", "desk"])
def test_an_office_that_would_call_another_machine_does_not_start(tmp_path: Path, name: str) -> None:
    with build_stage(tmp_path / "stage") as stage:
        files = OfficeFiles(stage)
        text = files.settings.read_text(encoding="utf-8")
        files.settings.write_text(re.sub(rf"^{name} = .*$", f'{name} = "http://192.0.2.7:80"', text, flags=re.M))
        assert files.call("serve").exit_code == 1


def test_the_offices_keys_are_as_oversight_takes_them(tmp_path: Path) -> None:
    made = CliRunner().invoke(screening, ["keys", "--out", str(tmp_path / "keys"), "--name", "demo/office"])
    assert made.exit_code == 0, made.output
    brought = PublicKeys.from_text((tmp_path / "keys" / "office.pub").read_text(encoding="utf-8"))
    keys = load_office_keys(tmp_path / "keys")
    assert (brought.signers, brought.box) == ((keys.signer.verifier,), keys.box.public)
    assert {each.stat().st_mode & 0o777 for each in (tmp_path / "keys").glob("*.key")} == {0o600}
    again = CliRunner().invoke(screening, ["keys", "--out", str(tmp_path / "keys"), "--name", "demo/office"])
    assert again.exit_code == 1
    officer = CliRunner().invoke(screening, ["officer", "--out", str(tmp_path / "a.key"), "--name", "demo/first"])
    assert load_officers([officer.output.strip(), VERIFIERS[0].to_text()])
    (tmp_path / "keys" / "box.key").chmod(0o640)
    with pytest.raises(KeysRefused):
        load_office_keys(tmp_path / "keys")


@pytest.mark.parametrize("why", ["silence", "expired"])
def test_process_replaces_itself_also_when_a_batch_was_the_first_to_see_that_the_day_is_over(
    bureau: Bureau, why: str
) -> None:
    bureau.put_in_force(decide(), valid_until=bureau.turned.now + timedelta(seconds=200 if why == "expired" else 9999))
    process = OfficeProcess(bureau.office, LogCare(bureau.office.audit, bureau.folder, 300, 366, bureau.folder))
    process._watch()
    bureau.desk.is_silent = True
    bureau.turned.turn(301.0)
    with pytest.raises(NoPermit):
        process._compare()
    assert bureau.office.days.why_off == why
    process._watch()
    assert process.day_was_over


def test_silence_ends_the_process_also_while_the_desk_answers_drop_by_drop(bureau: Bureau) -> None:
    bureau.put_in_force(decide())
    process = OfficeProcess(bureau.office, LogCare(bureau.office.audit, bureau.folder, 300, 366, bureau.folder))
    process.notice_end()
    bureau.turned.turn(301.0)
    process.notice_end()  # by the main thread, which asks nobody
    assert process.day_was_over
    assert bureau.office.days.permit == 0


def test_a_stop_is_learned_within_twenty_seconds_at_the_latest() -> None:
    assert LOOK_INTERVAL_S + CONNECT_TIMEOUT_S + READ_TIMEOUT_S + NOTICE_INTERVAL_S < 20.0
