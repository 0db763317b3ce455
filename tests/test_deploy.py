"""deploy/ and docs/install.md: units parse and are hardened, examples load, every command of the guide exists."""

import configparser
import json
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from dataclasses import MISSING, fields
from pathlib import Path

import click
import pytest

from central.settings import CentralSettings
from commands.__main__ import main
from oversight.page.settings import PageSettings
from oversight.redress.settings import OfficeSettings
from records.requests import POSTED_BYTES
from service.settings import load_settings
from terminal.settings import TerminalSettings
from tests.test_layering import ROOT

# It runs as root and by a timer: see the test of its own.
UPDATER = ROOT / "deploy" / "systemd" / "kuaijietong-update.service"
UNITS = sorted({*(ROOT / "deploy" / "systemd").glob("*.service")} - {UPDATER})
HARDENED = {
    "LimitCORE": "0", "MemorySwapMax": "0", "NoNewPrivileges": "yes", "ProtectSystem": "strict", "PrivateTmp": "yes",
    "CapabilityBoundingSet": "", "UMask": "0077", "RestrictAddressFamilies": "AF_INET AF_INET6 AF_UNIX",
    "StateDirectoryMode": "0700",
}  # fmt: skip
PROGRAM = "/opt/kuaijietong/.venv/bin/kjt"


def read_service(path: Path) -> dict[str, list[str]]:
    """Return the [Service] lines of a unit by name."""
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(path.read_text())
    assert parser.sections() == ["Unit", "Service", *(["Install"] if path != UPDATER else [])]
    lines = path.read_text().partition("[Service]\n")[2].partition("[Install]")[0].splitlines()
    found: dict[str, list[str]] = {}
    for line in lines:
        if line and not line.startswith("#"):
            name, _, value = line.partition("=")
            found.setdefault(name, []).append(value)
    return found


@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.stem)
def test_unit_leaves_no_core_and_no_swap_and_owns_only_its_folder(unit: Path) -> None:
    found = read_service(unit)
    assert {name: found.get(name, [None])[-1] for name in HARDENED} == HARDENED
    assert found["User"][0] not in ("root", "")
    assert found["User"] == found["StateDirectory"]


@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.stem)
def test_unit_runs_a_command_that_exists(unit: Path) -> None:
    (start,) = read_service(unit)["ExecStart"]
    assert start.startswith(PROGRAM + " ")
    check_command(start.removeprefix(PROGRAM).split())


def test_updater_may_write_to_the_folder_of_releases_and_nowhere_else() -> None:
    found = read_service(UPDATER)
    needed = HARDENED.items() - {("UMask", "0077"), ("StateDirectoryMode", "0700"), ("CapabilityBoundingSet", "")}
    assert found["CapabilityBoundingSet"] == ["CAP_DAC_READ_SEARCH"]  # the owner's set-up lies in the terminal's folder
    assert needed <= {(name, values[-1]) for name, values in found.items()}
    (folder,) = found["ReadWritePaths"]
    (start,) = found["ExecStart"]
    check_command(start.removeprefix(PROGRAM).split())
    assert f"--folder {folder} " in start
    assert read_service(UPDATER.with_name("kuaijietong-terminal.service"))["Environment"] == [
        f"PYTHONPATH={folder}/current"
    ]


KIOSK = ROOT / "deploy" / "kiosk"


def test_kiosk_keeps_what_the_browser_writes_in_memory_and_opens_the_counter_alone() -> None:
    found = read_service(KIOSK / "kuaijietong-screen.service")
    assert found["User"] == found["RuntimeDirectory"] == ["kuaijietong-screen"]
    assert found["LimitCORE"] == found["MemorySwapMax"] == ["0"]
    (start,) = found["ExecStart"]
    options = dict(option.partition("=")[::2] for option in start.split() if option.startswith("--"))
    assert {"--kiosk", "--incognito", "--kiosk-printing"} <= options.keys()
    folder = f"/run/{found['RuntimeDirectory'][0]}/"
    assert options["--user-data-dir"].startswith(folder)
    assert options["--disk-cache-dir"].startswith(folder)
    policy = json.loads((KIOSK / "chromium-policy.json").read_text())
    terminal = TerminalSettings.__dataclass_fields__
    address = f"http://{terminal['address'].default}:{terminal['port'].default}"
    assert policy["URLAllowlist"] == [address]
    assert policy["URLBlocklist"] == ["*"]
    assert start.endswith(f" {address}/")


@pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd-analyze is not here: units are not verified"
)
@pytest.mark.parametrize("unit", [*UNITS, UPDATER, KIOSK / "kuaijietong-screen.service"], ids=lambda path: path.stem)
def test_service_manager_understands_every_line(unit: Path, tmp_path: Path) -> None:
    # What they start is not installed here.
    text = re.sub(r"^ExecStart=\S+", "ExecStart=/bin/true", unit.read_text(), flags=re.MULTILINE)
    copy = tmp_path / unit.name
    copy.write_text(re.sub(r"^(After|Wants|Documentation)=.*\n", "", text, flags=re.MULTILINE))
    done = subprocess.run(["systemd-analyze", "verify", str(copy)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_parties_on_one_machine_have_accounts_of_their_own() -> None:
    users = {unit.stem: read_service(unit)["User"][0] for unit in UNITS}
    assert users["kuaijietong-ingest"] == users["kuaijietong-keeper"]
    assert len({*users.values()}) == 4
    accounts = (ROOT / "deploy" / "sysusers.conf").read_text()
    assert all(re.search(rf"^u {user} ", accounts, re.MULTILINE) for user in users.values())


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze comes with systemd")
def test_systemd_understands_every_unit(tmp_path: Path) -> None:
    program = Path(sys.prefix) / "bin" / "kjt"
    for unit in UNITS:
        text = unit.read_text().replace(PROGRAM, str(program))
        # The guide lies elsewhere on this machine.
        (tmp_path / unit.name).write_text(re.sub("^Documentation=.*\n", "", text, flags=re.MULTILINE))
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *map(str, sorted(tmp_path.glob("*.service")))],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    ours = [line for line in done.stderr.splitlines() if "kuaijietong" in line]
    assert (done.returncode, ours) == (0, [])


def test_examples_have_every_setting_by_its_name() -> None:
    example = ROOT / "deploy" / "settings.example.toml"
    central = load_settings(example, CentralSettings, "central")
    page = load_settings(example, PageSettings, "page")
    office = load_settings(example, OfficeSettings, "office")
    assert central.address == page.address == office.address == "127.0.0.1"
    assert not office.any_file_system
    assert not central.any_file_system
    terminal = tomllib.loads((ROOT / "deploy" / "terminal.example.toml").read_text())
    assert terminal.keys() <= {each.name for each in fields(TerminalSettings)}
    required = {each.name for each in fields(TerminalSettings) if each.default is MISSING}
    assert required <= terminal.keys()


def find_commands(text: str) -> list[list[str]]:
    """Return every `kjt` command that stands in a code block."""
    blocks = re.findall(r"```sh\n(.*?)```", text, re.DOTALL)
    found = re.findall(r"(?:^|-- )kjt (.*)$", "\n".join(blocks), re.MULTILINE)
    return [shlex.split(line) for line in found]


def check_command(words: list[str]) -> None:
    """Fail unless the words name a command and only options that it has, the required ones among them."""
    command: click.Command = main
    context = click.Context(command)
    while isinstance(command, click.Group):
        name, *words = words
        found = command.get_command(context, name)
        assert found is not None, name
        command = found
    known = {option: each for each in command.params for option in each.opts}
    given = {word for word in words if word.startswith("--")}
    assert given <= known.keys(), f"{command.name}: {given - known.keys()}"
    required = {each.opts[0] for each in command.params if each.required and isinstance(each, click.Option)}
    assert required <= given, f"{command.name}: {required - given} is missing"


GUIDE = find_commands((ROOT / "docs" / "install.md").read_text("utf-8"))


@pytest.mark.parametrize("words", GUIDE, ids=lambda words: " ".join(words[:2]))
def test_command_of_the_guide_exists(words: list[str]) -> None:
    check_command(words)


def test_guide_has_commands_and_a_wrong_one_is_found() -> None:
    assert len(GUIDE) >= 12
    for wrong in (["serve", "relay"], ["check"], ["check", "--settings", "F", "--compare"]):
        with pytest.raises(AssertionError):
            check_command(wrong)


def test_files_that_the_guide_names_are_there() -> None:
    text = (ROOT / "docs" / "install.md").read_text("utf-8")
    named = set(re.findall(r"deploy/[\w./-]+\w", text.replace("{keeper,ingest,console,page}", "keeper")))
    assert len(named) >= 6
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_proxy_lets_a_guests_request_through_and_writes_it_to_no_temporary_file() -> None:
    text = (ROOT / "deploy" / "nginx" / "kuaijietong.conf").read_text()
    (guests,) = (each for each in text.split("server {") if "server_name guests." in each)
    for setting in ("client_max_body_size", "client_body_buffer_size"):
        found = re.search(rf"{setting} (\d+)k;", guests)
        assert found is not None
        assert int(found[1]) * 1024 >= POSTED_BYTES, setting
