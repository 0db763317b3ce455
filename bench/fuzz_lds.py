"""Coverage-guided fuzzing of a document's files and signatures: `python -m bench.fuzz_lds [SECONDS]` (60 unless told).

Half of the inputs are free bytes, half are files of virtual cards with some bytes exchanged. Whatever lies on a chip
must end in a typed error or a verdict, and no altered file may ever be vouched for; anything else ends the run with the
input.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from datetime import UTC, datetime

import atheris

with atheris.instrument_imports(include=["drivers.proto", "asn1crypto"]):
    from drivers.errors import ReaderError
    from drivers.proto.card_security import ChipProof, examine_chip, parse_chip_keys
    from drivers.proto.cms_signed import open_signed
    from drivers.proto.csca import parse_master_list, sort_certificates
    from drivers.proto.face_record import find_face, measure_image
    from drivers.proto.lds import LdsFile, parse_dg1, parse_dg11, parse_dg12
    from drivers.proto.mrz import parse_mrz
    from drivers.proto.passive_auth import Proof, examine, parse_security_object

from bench.fuzz_tlv import draw_bytes
from drivers.proto.ec_points import Curve, find_curve
from drivers.proto.pace import ChipClaim
from drivers.sim.emrtd_issuer import UTOPIA, sign_chip_key, sign_master_list
from drivers.sim.emrtd_specimens import CHIP_SPECIMENS, build_chip

NOW = datetime(2026, 11, 22, tzinfo=UTC)
FILES = build_chip(CHIP_SPECIMENS["chip-card"], photo_bytes=300).files
DG1, SOD = FILES[LdsFile.DG1.file_id], FILES[LdsFile.SOD.file_id]
LIST = sign_master_list(UTOPIA.signer, UTOPIA.authority, [UTOPIA.authority.certificate])
INFOS = "0.4.0.127.0.7.3.2.1"


def make_claim() -> tuple[ChipClaim, bytes]:
    """Return a chip's claim, and EF.CardSecurity that fits it."""
    curve = find_curve(13)
    assert isinstance(curve, Curve)
    secret, factor = 12345, 67890
    key, mapping = (curve.encode_point(curve.multiply(number)) for number in (secret, secret * factor))
    return ChipClaim(13, curve, mapping, factor.to_bytes(32, "big")), sign_chip_key(UTOPIA.signer, key, 13)


CLAIM, CARD_SECURITY = make_claim()
# The signed objects have the most to go wrong.
SAMPLES = [SOD, SOD, SOD, CARD_SECURITY, CARD_SECURITY, LIST, *FILES.values()]


def try_chip(data: bytes) -> None:
    with suppress(ReaderError):
        parse_chip_keys(data, 13)
    if examine_chip(CLAIM, data, "UTO", UTOPIA.store, NOW) is ChipProof.GENUINE:
        assert open_signed(data, INFOS).content == open_signed(CARD_SECURITY, INFOS).content


def try_files(raw: bytes) -> None:
    data = draw_bytes(atheris.FuzzedDataProvider(raw), SAMPLES)
    for parse in (parse_dg11, parse_dg12, find_face, measure_image, lambda read: parse_mrz(parse_dg1(read))):
        try:
            parse(data)
        except ReaderError:
            continue
    try_chip(data)
    try:
        ders, _ = parse_master_list(data)
        sort_certificates(ders, NOW)
    except ReaderError:
        pass
    try:
        proof = examine(parse_security_object(data), {LdsFile.DG1: DG1}, "UTO", UTOPIA.store, NOW)
    except ReaderError:
        return
    if proof is Proof.VOUCHED:
        # Bytes outside of what is signed may differ; what is signed may not.
        again = parse_security_object(data)
        assert again.signed.content == parse_security_object(SOD).signed.content


def main() -> None:
    seconds = sys.argv[1] if len(sys.argv) > 1 else "60"
    atheris.Setup([sys.argv[0], f"-max_total_time={seconds}", "-max_len=4096", "-len_control=0"], try_files)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
