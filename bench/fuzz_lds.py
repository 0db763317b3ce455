"""Coverage-guided fuzzing of a document's files and signature: `python -m bench.fuzz_lds [SECONDS]` (60 unless told).

Half of the inputs are free bytes, half are files of virtual cards with some bytes exchanged. Whatever lies on a chip
must end in a typed error or a verdict, and no altered file may ever be vouched for; anything else ends the run with the
input.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime

import atheris

with atheris.instrument_imports(include=["drivers.proto", "asn1crypto"]):
    from drivers.errors import ReaderError
    from drivers.proto.csca import parse_master_list, sort_certificates
    from drivers.proto.face_record import find_face, measure_image
    from drivers.proto.lds import LdsFile, parse_dg1, parse_dg11, parse_dg12
    from drivers.proto.mrz import parse_mrz
    from drivers.proto.passive_auth import Proof, examine, parse_security_object

from bench.fuzz_tlv import draw_bytes
from drivers.sim.emrtd_issuer import UTOPIA, sign_master_list
from drivers.sim.emrtd_specimens import CHIP_SPECIMENS, build_chip

NOW = datetime(2026, 11, 22, tzinfo=UTC)
FILES = build_chip(CHIP_SPECIMENS["chip-card"], photo_bytes=300).files
DG1, SOD = FILES[LdsFile.DG1.file_id], FILES[LdsFile.SOD.file_id]
LIST = sign_master_list(UTOPIA.signer, UTOPIA.authority, [UTOPIA.authority.certificate])
# The security object has the most to go wrong.
SAMPLES = [SOD, SOD, SOD, LIST, *FILES.values()]


def try_files(raw: bytes) -> None:
    data = draw_bytes(atheris.FuzzedDataProvider(raw), SAMPLES)
    for parse in (parse_dg11, parse_dg12, find_face, measure_image, lambda read: parse_mrz(parse_dg1(read))):
        try:
            parse(data)
        except ReaderError:
            continue
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
