"""Our rules for Spain's files against the schemas as they are published. `python -m bench.ses_schemas DIR`.

DIR holds the XSDs of SES.HOSPEDAJES 3.1.3, which are not ours to ship; they are known by their digests. Requests are
written, mutated at random from a seed, and judged by both: the published schemas (the package `xmlschema`, which this
command alone needs) and `sim/ses_schema.py`. Any difference is printed, and ends the command with 1.
"""

from __future__ import annotations

import hashlib
import importlib
import random
import sys
from collections import Counter
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from terminal.destinations.ses_hospedajes.deliver import read_arrival
from terminal.destinations.ses_hospedajes.request import write_annulments, write_arrivals, write_query
from terminal.destinations.sim.ses_schema import find_breach
from tests.destinations.spaniards import ABROAD, ADULT, CHILD, F, make_item, make_matter

TRIALS = 4_000
DIGESTS = {
    "altaParteHospedaje.xsd": "6aa77aeb1710f4630ed14a6773640ce8487b768124a5bff5dd6c8c3e1a0f4b84",
    "anularComunicacion.xsd": "2c2fa53cb05831a2d310d3c08d2cd1d5a5148c003ca4199f0d0d33e8072608cb",
    "consultarComunicacion.xsd": "e216a06ac5a356a0e5c211344c727a09307672ce0771e929fd1401aaa0739170",
    "tiposGenerales.xsd": "e872482d8180798223f1fa49be45ddc1d2f0859e368b9c3e0ea348e33a28c29d",
}
TEXTS = (
    "", " ", "x", "VI", "ES", "ESP", "esp", "1", "28079", "2807", "2026-11-22", "2026-02-30", "2026-11-22T10:00:00",
    "2026-11-22T10:00:00+02:00", "2026-11-22T25:00:00", "true", "a@b.es", "@b.es", "a@@b.es", "x" * 9, "x" * 10,
    "x" * 15, "x" * 16, "x" * 20, "x" * 36, "x" * 37, "x" * 50, "x" * 51, "x" * 100, "x" * 101, "2147483648", "-1",
)  # fmt: skip


def write_samples() -> dict[str, bytes]:
    family = [
        make_matter(ADULT, ABROAD | {F.EMAIL: "a@example.es"}),
        make_matter(CHILD, ABROAD | {F.KINSHIP: "HJ"}, party=(ADULT,)),
    ]
    told = [read_arrival(make_item(each)) for each in family]
    return {
        "altaParteHospedaje.xsd": write_arrivals("0000000002", [told, told[:1]]),
        "anularComunicacion.xsd": write_annulments(["1" * 36, "2" * 36]),
        "consultarComunicacion.xsd": write_query(["1" * 36]),
    }


def mutate(root: ElementTree.Element, chance: random.Random) -> str:
    """Change one thing and say what."""
    parents = [each for each in root.iter() if len(each)]
    parent = chance.choice(parents)
    place = chance.randrange(len(parent))
    child = parent[place]
    match chance.randrange(5):
        case 0:
            parent.remove(child)
            return "left out"
        case 1:
            parent.insert(chance.randrange(len(parent) + 1), child)
            return "repeated"
        case 2:
            parent.remove(child)
            parent.insert(chance.randrange(len(parent) + 1), child)
            return "moved"
        case 3:
            child.tag = chance.choice([each.tag for each in root.iter()])
            return "renamed"
        case _:
            leaves = [each for each in root.iter() if not len(each)]
            chance.choice(leaves).text = chance.choice(TEXTS)
            return "other text"


def compare(schemas: dict[str, Any], chance: random.Random) -> tuple[Counter[str], int]:
    """Return how often both said what, and how often they differed."""
    seen: Counter[str] = Counter()
    differences = 0
    for _ in range(TRIALS):
        name, sample = chance.choice(list(write_samples().items()))
        root = ElementTree.fromstring(sample)
        what = mutate(root, chance)
        file = ElementTree.tostring(root)
        theirs = schemas[name].is_valid(ElementTree.fromstring(file))
        ours = find_breach(ElementTree.fromstring(file)) == ""
        seen[f"{what}: {'valid' if theirs else 'refused'}"] += 1
        if theirs != ours:
            differences += 1
            print(f"{name}: published {theirs}, ours {ours}: {file.decode()}")
    return seen, differences


def main() -> None:
    folder = Path(sys.argv[1])
    for name, digest in DIGESTS.items():
        if hashlib.sha256((folder / name).read_bytes()).hexdigest() != digest:
            sys.exit(f"{name} is not the published file of version 3.1.3")
    published = importlib.import_module("xmlschema")
    schemas = {
        name: published.XMLSchema(
            str(folder / name),
        )
        for name in DIGESTS
        if name != "tiposGenerales.xsd"
    }
    for name, sample in write_samples().items():
        schemas[name].validate(ElementTree.fromstring(sample))
    seen, differences = compare(schemas, random.Random(933))
    for what, count in sorted(seen.items()):
        print(f"{count:6} {what}")
    print(f"{TRIALS} mutated files, {differences} judged otherwise than by the published schemas")
    sys.exit(bool(differences))


if __name__ == "__main__":
    main()
