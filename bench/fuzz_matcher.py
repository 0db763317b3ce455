"""Coverage-guided fuzzing of the matcher: `python -m bench.fuzz_matcher [SECONDS]` (60 unless told).

Texts of every writing as names, numbers, kinds and dates, half of them real names with characters exchanged. Whatever
comes in must be refused as InvalidPerson or judged; a name must never contradict itself.
"""

from __future__ import annotations

import sys

import atheris

with atheris.instrument_imports(include=["matcher", "records.comparing.slips"]):
    from matcher.compare import compare_person
    from matcher.errors import InvalidPerson
    from matcher.names import compare_names
    from matcher.person import Listed, Person, PersonDocument, PersonName
    from matcher.weights import WEIGHTS

SAMPLES = [
    "王小明",
    "WANG XIAOMING",
    "阿迪力·吾斯曼",
    "Юлия Иванова",
    "محمد أحمد",
    "José de la Cruz",
    "김철수",
    "单雄信",
    "X M",
]


def draw_text(provider: atheris.FuzzedDataProvider) -> str:
    if provider.ConsumeBool():
        return str(provider.ConsumeUnicodeNoSurrogates(40))
    text = list(SAMPLES[provider.ConsumeIntInRange(0, len(SAMPLES) - 1)])
    for _ in range(provider.ConsumeIntInRange(0, 3)):
        text[provider.ConsumeIntInRange(0, len(text) - 1)] = provider.ConsumeUnicodeNoSurrogates(1)
    return "".join(text)


def try_bytes(raw: bytes) -> None:
    provider = atheris.FuzzedDataProvider(raw)
    try:
        names = [PersonName(draw_text(provider), draw_text(provider), draw_text(provider)) for _ in range(2)]
        document = PersonDocument(draw_text(provider), draw_text(provider))
        listed = Listed((names[0],), (document,), "1990-03-07", "1")
        guest = Person((names[1],), PersonDocument(document.kind, draw_text(provider)), draw_text(provider), "2")
    except InvalidPerson:
        return
    assert 0 <= compare_person(listed, guest).score <= 1
    assert compare_names(names[:1], names[:1], WEIGHTS).bits >= 0


def main() -> None:
    seconds = sys.argv[1] if len(sys.argv) > 1 else "60"
    atheris.Setup([sys.argv[0], f"-max_total_time={seconds}", "-max_len=1024"], try_bytes)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
