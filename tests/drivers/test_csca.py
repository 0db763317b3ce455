"""Master lists: which certificates can be used and why not, and the folder that a counter believes."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from commands.readers import readers
from drivers.csca_folder import load_store, write_certificates
from drivers.errors import ChipDamaged
from drivers.proto.certificates import Certificate
from drivers.proto.csca import Refusal, parse_master_list, sort_certificates
from drivers.proto.passive_auth import Proof
from drivers.sim.emrtd_issuer import PUBLISHED_KEYS, UTOPIA, Holder, Wish, make_holder, sign_master_list
from tests.drivers.chips import NOW, read_specimen_chip

ATLANTIS = make_holder(Wish(country="XA", name="Atlantis CSCA"))
EXPLICIT = make_holder(Wish(country="XB", name="Explicit CSCA", is_explicit=True))
NEXT = make_holder(Wish(country="XA", name="Atlantis CSCA 2", serial=2), ATLANTIS)  # a link certificate
OLD = make_holder(Wish(country="XC", name="Old CSCA", not_after=datetime(2025, 1, 1, tzinfo=UTC)))
NO_AUTHORITY = make_holder(Wish(country="XD", name="DS", is_authority=False))
# A link certificate whose key before is in no list any more, as some real ones are.
ORPHAN = make_holder(Wish(country="XE", name="Orphan"), make_holder(Wish(country="XE", name="Unknown")))
SIGNER = make_holder(Wish(country="XA", name="Master list signer", serial=3, is_authority=False), ATLANTIS)
GARBLED = EXPLICIT.certificate[:-1] + bytes([EXPLICIT.certificate[-1] ^ 1])
GOOD = [ATLANTIS.certificate, EXPLICIT.certificate, NEXT.certificate, ORPHAN.certificate]
LIST = [*GOOD, OLD.certificate, NO_AUTHORITY.certificate, GARBLED, UTOPIA.authority.certificate]


def write_list(folder: Path, ders: list[bytes], signer: Holder = SIGNER) -> Path:
    path = folder / "list.ml"
    path.write_bytes(sign_master_list(signer, ATLANTIS, ders))
    return path


def test_every_certificate_is_usable_expired_or_refused_with_its_reason() -> None:
    found = sort_certificates([*LIST, b"damage"], NOW, published_keys=PUBLISHED_KEYS)
    assert sorted(one.der for one in found.usable) == sorted(GOOD)
    assert [one.der for one in found.expired] == [OLD.certificate]
    assert found.refused == {
        Refusal.NOT_AUTHORITY: 1, Refusal.UNSIGNED: 1, Refusal.PUBLISHED_KEY: 1, Refusal.DAMAGED: 1,
    }  # fmt: skip
    assert found.explicit == 1


def test_certificate_with_an_altered_signature_is_refused() -> None:
    assert sort_certificates([GARBLED], NOW).refused == {Refusal.UNSIGNED: 1}


def test_certificate_that_stands_twice_counts_once() -> None:
    assert len(sort_certificates([*GOOD, *GOOD], NOW).usable) == len(GOOD)


def test_signature_of_a_list_is_checked() -> None:
    whole = sign_master_list(SIGNER, ATLANTIS, LIST)
    assert parse_master_list(whole) == (tuple(sorted(LIST)), True)
    forger = Holder(make_holder(Wish()).key, SIGNER.certificate)
    assert parse_master_list(sign_master_list(forger, ATLANTIS, LIST))[1] is False
    place = whole.index(b"Old CSCA")
    assert parse_master_list(whole[:place] + b"New" + whole[place + 3 :])[1] is False


def test_list_by_a_signer_that_nobody_in_it_certified_is_not_whole() -> None:
    stranger = make_holder(Wish(country="XA", name="Master list signer", is_authority=False))
    assert parse_master_list(sign_master_list(stranger, ATLANTIS, LIST))[1] is False


@pytest.mark.parametrize("data", [b"", b"list", b"\x30\x00", ATLANTIS.certificate])
def test_what_is_no_master_list_is_damage(data: bytes) -> None:
    with pytest.raises(ChipDamaged):
        parse_master_list(data)


def test_command_fills_the_folder_and_says_what_came(tmp_path: Path) -> None:
    store = tmp_path / "countries"
    arguments = ["import-master-list", str(write_list(tmp_path, LIST)), "--store", str(store)]
    told = json.loads(CliRunner().invoke(readers, [*arguments, "--json"]).output)
    assert (told["usable"], told["new"], told["expired"], told["explicit_curves"]) == (4, 4, 1, 1)
    assert sum(told["refused"].values()) == 3
    assert sorted(path.read_bytes() for path in store.iterdir()) == sorted(GOOD)
    again = CliRunner().invoke(readers, arguments)
    assert "usable                4 (1 with their curve written out), 0 new" in again.output
    assert "1 because it may not sign other certificates" in again.output


def test_command_takes_nothing_of_a_list_whose_signature_does_not_hold(tmp_path: Path) -> None:
    forger = Holder(make_holder(Wish()).key, SIGNER.certificate)
    path = write_list(tmp_path, LIST, forger)
    ended = CliRunner().invoke(readers, ["import-master-list", str(path), "--store", str(tmp_path / "store")])
    assert ended.exit_code == 1
    assert "signature does not hold" in ended.output
    assert not (tmp_path / "store").exists()


def test_command_says_that_a_file_is_no_list(tmp_path: Path) -> None:
    path = tmp_path / "holiday.jpg"
    path.write_bytes(b"\xff\xd8\xff")
    ended = CliRunner().invoke(readers, ["import-master-list", str(path), "--store", str(tmp_path / "store")])
    assert ended.exit_code == 1
    assert "chip_damaged" in ended.output


def test_key_that_everybody_has_never_enters_a_folder(tmp_path: Path) -> None:
    path = write_list(tmp_path, LIST)
    CliRunner().invoke(readers, ["import-master-list", str(path), "--store", str(tmp_path / "store")])
    # A specimen of the demonstration is not genuine at a real counter.
    assert read_specimen_chip("chip-bac", load_store(tmp_path / "store")).proof is Proof.NO_COUNTRY_CERTIFICATE


def test_folder_gives_back_what_was_put_in_and_passes_over_the_rest(tmp_path: Path) -> None:
    assert write_certificates(tmp_path, [Certificate(der) for der in GOOD]) == 4
    assert write_certificates(tmp_path, [Certificate(der) for der in GOOD]) == 0
    (tmp_path / "broken.cer").write_bytes(b"half")
    (tmp_path / "notes.txt").write_text("hello")
    assert len(load_store(tmp_path)) == 4


def test_certificate_shows_its_country_and_serial_number_alone() -> None:
    assert repr(Certificate(ATLANTIS.certificate)) == "Certificate(XA, 1)"
    assert replace(Wish(), country="XA").country == "XA"
