"""A real privacy office beside a real guest page, set up by the commands of docs/requests.md."""

from datetime import UTC, datetime

import pytest
import urllib3

from oversight.keys import Role, load_verifier
from records.privacy_key import load_privacy_key
from records.requests import GuestRequest, RequestKind, derive_answer_key, derive_request_id, post_request
from tests.central.test_processes import find_port, wait_ready
from tests.commands.installation import Installation, fail_kjt, run_kjt, serve
from tests.oversight.redress.small_office import SLIP_KEY


def set_up(installation: Installation, port: int) -> None:
    """Do what docs/requests.md says, with both machines' files in one folder."""
    folder = installation.folder
    with installation.settings.open("a") as settings:
        settings.write(
            f'[office]\ndata = "{folder}/office"\naddress = "127.0.0.1"\nport = {port}\nroot = "{folder}/root.note"\n'
            f'root_verifier = "{installation.verifier}"\nprivacy_keys = "{folder}/privacy"\n'
            f'intake_key = "{folder}/intake.key"\n'
        )
    public, note = folder / "privacy-key.pub", folder / "privacy-key.note"
    made = run_kjt("office", "keys", "--settings", installation.settings, "--name", "test/office", "--out", public)
    words = ("--keys", folder / "oversight", "--public", public, "--profile", "icao", "--out", note)
    said = run_kjt("office", "sign-key", *words, answer="y\n")
    assert said.splitlines()[0] in made, "officer and signer read the same fingerprint to each other"
    installation.append("page", f'office = "http://127.0.0.1:{port}"')
    installation.append("page", f'office_key = "{folder}/intake.key"')
    installation.append("page", f'privacy_key = "{note}"')


def test_real_office_takes_a_request_and_its_log_can_be_checked(installation: Installation) -> None:
    port, folder, now = find_port(), installation.folder, datetime.now(UTC)
    set_up(installation, port)
    account = ("lin", "--role", "privacy officer", "--settings", installation.settings)
    assert "shown only now" in run_kjt("office", "accounts", "add", *account)
    notices = load_verifier(folder / "oversight", Role.NOTICE)
    with serve(installation, "privacy-office", "guest-page"):
        wait_ready(port)
        wait_ready(installation.page_port)
        page = f"http://127.0.0.1:{installation.page_port}"
        note = urllib3.request("GET", f"{page}/privacy-key.note", retries=False, timeout=10).data.decode()
        key = load_privacy_key(note, notices, "icao", now).key
        request = derive_request_id(SLIP_KEY, 1)
        asked = GuestRequest(RequestKind.KEPT, "en", "Is anything kept?", derive_answer_key(SLIP_KEY, 1))
        body = post_request(asked, request, key).to_bytes()
        reply = urllib3.request("POST", f"{page}/requests", body=body, retries=False, timeout=20)
        assert (reply.status, reply.json()["state"]) == (200, "received")
    log = folder / "log.tar"
    first, second = run_kjt("office", "export-log", "--settings", installation.settings, "--out", log).split()
    assert "Nothing wrong" in run_kjt("audit", "verify", log, "--key", first, "--key", second)
    run_kjt("office", "accounts", "disable", "lin", "--settings", installation.settings)
    assert "disabled" in run_kjt("office", "accounts", "list", "--settings", installation.settings)


@pytest.mark.parametrize("missing", ["office_key", "privacy_key"])
def test_page_that_is_to_take_requests_starts_only_with_both_files(installation: Installation, missing: str) -> None:
    set_up(installation, find_port())
    lines = installation.settings.read_text().splitlines(keepends=True)
    installation.settings.write_text("".join(line for line in lines if not line.startswith(missing)))
    assert missing in fail_kjt("serve", "guest-page", "--settings", installation.settings)


def test_key_that_somebody_else_signed_is_refused(installation: Installation) -> None:
    set_up(installation, find_port())
    other, folder = installation.folder / "other", installation.folder
    run_kjt("oversight", "keys", "--out", other, "--name", "test/oversight")
    words = ("--public", folder / "privacy-key.pub", "--profile", "icao", "--out", folder / "privacy-key.note")
    run_kjt("office", "sign-key", "--keys", other, *words, "--yes")
    assert fail_kjt("serve", "guest-page", "--settings", installation.settings)
