"""A real service: made by the commands of docs/install.md, registration alone, on this machine's own addresses."""

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
import urllib3

from records.notes import NoteVerifier
from records.root import RootKind, choose_disclosure_keys, load_root
from tests.central.test_processes import send, wait_ready
from tests.central.town import TERMINAL_KEY, make_envelope, write_town
from tests.commands.installation import Installation, fail_kjt, run_kjt, serve

PROCESSES = ("central-ingest", "central-keeper", "central-console", "guest-page")


def test_service_takes_a_record_and_its_page_asks_for_it(installation: Installation) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    root = load_root(installation.root.read_text(), NoteVerifier.from_text(installation.verifier), now)
    assert (root.kind, root.jurisdiction) == (RootKind.REGISTRATION, "icao")
    terminal = os.urandom(16)
    with serve(installation, *PROCESSES):
        wait_ready(installation.central_port)
        wait_ready(installation.page_port)
        wait_ready(installation.console_port)
        run_kjt(
            "central", "seed-terminal", "--settings", installation.settings, "--terminal", terminal.hex(),
            "--venue", "b1" * 16, "--key", TERMINAL_KEY.public.data.hex(),
        )  # fmt: skip
        court, oversight = choose_disclosure_keys(root, now)
        envelope = make_envelope(
            terminal=terminal, captured_at=now, court_key=court.key_id, oversight_key=oversight.key_id
        )
        receipts = send(installation.central_port, [envelope])
        assert receipts is not None
        assert receipts[0]
        reply = urllib3.request(
            "POST", f"http://127.0.0.1:{installation.page_port}/relay/stays",
            json={"stay_tag": envelope.header.stay_tag.hex()}, retries=False, timeout=10,
        )  # fmt: skip
        assert len(reply.json()["events"]) == 1
        assert reply.json()["retention_days"] == 365
    logs = "".join((installation.folder / f"{name}.log").read_text() for name in PROCESSES)
    assert envelope.header.stay_tag.hex() not in logs
    assert "Traceback" not in logs


@pytest.mark.parametrize(
    ("section", "line"),
    [
        ("central", "comparison = true"),
        ("central", 'screening = "https://office.example.org"'),
        ("central", 'relay = "127.0.0.1:8703"'),
        ("central", "matcher = 1"),
        ("page", "comparison = true"),
    ],
)
@pytest.mark.parametrize("process", PROCESSES)
def test_no_setting_turns_comparison_on(installation: Installation, process: str, section: str, line: str) -> None:
    if (section == "page") != (process == "guest-page"):
        return
    installation.append(section, line)
    assert "unknown field" in fail_kjt("serve", process, "--settings", installation.settings)


@pytest.mark.parametrize("table", ["[relay]", "[screening]", "[station]", "[comparison]", "[desk]"])
@pytest.mark.parametrize("process", PROCESSES)
def test_no_table_turns_comparison_on(installation: Installation, process: str, table: str) -> None:
    with installation.settings.open("a") as file:
        file.write(f'\n{table}\naddress = "127.0.0.1"\n')
    assert "unknown" in fail_kjt("serve", process, "--settings", installation.settings)


def test_setting_outside_every_table_is_refused(installation: Installation) -> None:
    installation.settings.write_text("comparison = true\n" + installation.settings.read_text())
    assert "unknown comparison" in fail_kjt("serve", "central-ingest", "--settings", installation.settings)


@pytest.mark.parametrize("process", PROCESSES)
@pytest.mark.parametrize("address", ["0.0.0.0", "::", "192.0.2.7", "example.org"])
def test_service_without_tls_listens_on_this_machine_only(
    installation: Installation, process: str, address: str
) -> None:
    text = installation.settings.read_text()
    installation.settings.write_text(text.replace('address = "127.0.0.1"', f'address = "{address}"'))
    assert "address" in fail_kjt("serve", process, "--settings", installation.settings)


def test_page_asks_a_central_elsewhere_over_tls_only(installation: Installation) -> None:
    text = installation.settings.read_text()
    here = f'central = "http://127.0.0.1:{installation.central_port}"'
    installation.settings.write_text(text.replace(here, 'central = "http://central.example.org"'))
    assert "address" in fail_kjt("serve", "guest-page", "--settings", installation.settings)


def test_demonstrations_root_serves_nobody(tmp_path: Path) -> None:
    write_town(tmp_path / "town", now=datetime.now(UTC))
    settings = tmp_path / "settings.toml"
    settings.write_text("[central]\n" + (tmp_path / "town" / "central.toml").read_text())
    for process in ("central-ingest", "central-keeper", "central-console"):
        assert "demonstration" in fail_kjt("serve", process, "--settings", settings)


def test_keys_of_a_real_service_lie_on_no_other_file_system(installation: Installation) -> None:
    installation.append("central", "any_file_system = true")
    assert "any_file_system" in fail_kjt("serve", "central-keeper", "--settings", installation.settings)


def test_root_signed_by_somebody_else_is_refused(installation: Installation) -> None:
    other = installation.folder / "other"
    run_kjt("oversight", "keys", "--out", other, "--name", "test/oversight")
    text = installation.settings.read_text()
    installation.settings.write_text(text.replace(installation.verifier, (other / "root.pub").read_text().strip()))
    assert "root file cannot be used" in fail_kjt("serve", "central-ingest", "--settings", installation.settings)


def test_file_without_the_table_is_refused(installation: Installation) -> None:
    central, _, page = installation.settings.read_text().partition("[page]")
    installation.settings.write_text(central)
    assert "no [page]" in fail_kjt("serve", "guest-page", "--settings", installation.settings)
    installation.settings.write_text("[page]" + page)
    assert "no [central]" in fail_kjt("serve", "central-keeper", "--settings", installation.settings)


def test_receipt_key_is_never_made_over_another(installation: Installation) -> None:
    before = (installation.data / "keys" / "receipt.key").read_bytes()
    assert "exists" in fail_kjt("serve", "receipt-key", "--settings", installation.settings)
    assert (installation.data / "keys" / "receipt.key").read_bytes() == before
