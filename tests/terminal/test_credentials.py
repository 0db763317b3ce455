"""Secrets of a kiosk: sealed by systemd to the machine, handed over to the terminal when it starts."""

import shutil
from pathlib import Path

import pytest

from terminal.errors import SecretRefused
from terminal.keys import CredentialsStore, SystemdCredsStore, load_signing_key, load_terminal_keys, make_secrets

needs_systemd_creds = pytest.mark.skipif(
    shutil.which("systemd-creds") is None, reason="systemd-creds comes with systemd 250 or later"
)


@pytest.fixture
def sealed(tmp_path: Path) -> SystemdCredsStore:
    # The key for machines without a TPM2, which guards nothing: a test must not make this machine's own key.
    return SystemdCredsStore(tmp_path, key="tpm2-absent")


@needs_systemd_creds
def test_secrets_are_sealed_once_and_opened_again(sealed: SystemdCredsStore, tmp_path: Path) -> None:
    key = make_secrets(sealed)
    assert make_secrets(sealed) == key == load_signing_key(sealed)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["local.cred", "signing.cred"]
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}
    with pytest.raises(SecretRefused, match="exists"):
        sealed.write("signing", bytes(32))
    assert load_signing_key(sealed) == key


@needs_systemd_creds
def test_damaged_or_exchanged_credential_is_refused(sealed: SystemdCredsStore, tmp_path: Path) -> None:
    make_secrets(sealed)
    shutil.copy(tmp_path / "local.cred", tmp_path / "signing.cred")  # its own name is sealed into each
    with pytest.raises(SecretRefused, match="systemd-creds"):
        sealed.read("signing")
    (tmp_path / "local.cred").write_bytes(b"nonsense")
    with pytest.raises(SecretRefused, match="systemd-creds"):
        sealed.read("local")


@needs_systemd_creds
def test_terminal_has_the_same_keys_from_the_service_manager(sealed: SystemdCredsStore, tmp_path: Path) -> None:
    make_secrets(sealed)
    handed = tmp_path / "run"
    handed.mkdir()
    for name in ("signing", "local"):
        (handed / name).write_bytes(sealed.read(name) or b"")
    keys = load_terminal_keys(CredentialsStore(handed))
    assert keys.signing == load_signing_key(sealed)
    assert keys == load_terminal_keys(sealed)


def test_terminal_makes_no_secret_that_would_be_gone_at_the_next_start(tmp_path: Path) -> None:
    with pytest.raises(SecretRefused, match="not set up"):
        load_signing_key(CredentialsStore(tmp_path))


def test_machine_without_systemd_creds_is_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SecretRefused, match="systemd-creds"):
        make_secrets(SystemdCredsStore(tmp_path))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["../signing", "Signing", ""])
def test_name_of_a_secret_is_no_path(tmp_path: Path, name: str) -> None:
    for store in (SystemdCredsStore(tmp_path), CredentialsStore(tmp_path)):
        with pytest.raises(SecretRefused, match="name"):
            store.read(name)
