"""What central holds about the numbers and records of some deliveries, in memory, and what follows for each envelope.

Pure: everything is read before and written after, so that one bad envelope cannot disturb the others.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from central.store.deliveries import Answered, Generation, KeptPart, Number, RecordKey, ReplacedKey, Run
from central.store.named import KeyPair
from records.envelope import NO_ID, Envelope, EnvelopeKind, Header
from records.receipt import RefusalReason


@dataclass(frozen=True, slots=True)
class Accepted:
    """The envelope is new: it gets a receipt. `keep` tells whether its record is to be stored."""

    keep: bool


@dataclass(frozen=True, slots=True)
class Repeated:
    """The same bytes were accepted before: they get the receipt they got then."""

    receipt: bytes


Verdict = Accepted | Repeated | RefusalReason


@dataclass(frozen=True, slots=True)
class Ledger:
    """The state against which envelopes are judged, one after the other, each as if those before it were committed."""

    answers: dict[Number, Answered] = field(default_factory=dict)
    runs: dict[Generation, list[Run]] = field(default_factory=dict)
    parts: dict[RecordKey, KeptPart] = field(default_factory=dict)
    replaced: set[ReplacedKey] = field(default_factory=set)
    earlier_keys: set[KeyPair] = field(default_factory=set)  # named by a root file that was in force before

    def judge(self, envelope: Envelope, named_keys: Collection[KeyPair], *, barred: RefusalReason | None) -> Verdict:
        """Return what an envelope whose signature is good gets. Changes nothing.

        `named_keys` are the pairs of key ids that the root file in force allows, `barred` is why nothing new is
        taken of this terminal. The order of the questions is that of FORMAT.md, "Answers".
        """
        number = number_of(envelope.header)
        answered = self.answers.get(number)
        if answered is not None and answered.digest == envelope.digest:
            return Repeated(answered.receipt)
        if barred is not None:
            return barred
        if answered is not None or is_taken(self.runs, number):
            # Taken without an answer: what it carried has expired, and nobody can tell any more what it was.
            return RefusalReason.SEQUENCE_CONFLICT
        if envelope.header.kind is EnvelopeKind.VOID:
            return Accepted(keep=False)
        return self._judge_record(envelope, named_keys)

    def _judge_record(self, envelope: Envelope, named_keys: Collection[KeyPair]) -> Verdict:
        header = envelope.header
        known = self.parts.get(RecordKey(header.terminal, header.record))
        if known is not None and known.digest == envelope.part_digest:
            # A new generation signs new headers over the parts it had: accepted, and kept once.
            return Accepted(keep=False)
        pair = header.court_key, header.oversight_key
        if pair not in named_keys and pair not in self.earlier_keys:
            return RefusalReason.WRONG_KEYS
        if known is not None:
            return RefusalReason.RECORD_CONFLICT
        return Accepted(keep=ReplacedKey(header.terminal, header.record, header.stay_tag) not in self.replaced)

    def add(self, envelope: Envelope, receipt: bytes, *, keep: bool) -> None:
        """Take note that an envelope was accepted."""
        header = envelope.header
        number = number_of(header)
        generation = Generation(header.terminal, header.generation)
        self.answers[number] = Answered(envelope.digest, receipt)
        self.runs[generation] = add_number(self.runs.get(generation, []), header.sequence)
        if keep:
            self.parts[RecordKey(header.terminal, header.record)] = KeptPart(envelope.part_digest, header.stay_tag)
        if header.replaces != NO_ID:
            self.replaced.add(ReplacedKey(header.terminal, header.replaces, header.stay_tag))
            gone = RecordKey(header.terminal, header.replaces)
            if gone in self.parts and self.parts[gone].stay_tag == header.stay_tag:
                del self.parts[gone]

    def acknowledged_through(self, generation: Generation) -> int:
        """Return the highest sequence up to which none is missing; 0 for none."""
        return next((run.last for run in self.runs.get(generation, []) if run.first == 1), 0)


def number_of(header: Header) -> Number:
    """Return an envelope's number."""
    return Number(header.terminal, header.generation, header.sequence)


def is_taken(runs: Mapping[Generation, Iterable[Run]], number: Number) -> bool:
    """Tell whether an envelope was ever accepted under a number."""
    of_generation = runs.get(Generation(number.terminal, number.generation), ())
    return any(run.first <= number.sequence <= run.last for run in of_generation)


def add_number(runs: list[Run], number: int) -> list[Run]:
    """Return the runs with one number more, joined where they touch."""
    first = last = number
    apart = []
    for run in runs:
        if run.last + 1 < first or run.first - 1 > last:
            apart.append(run)
        else:
            first, last = min(first, run.first), max(last, run.last)
    return [*apart, Run(first, last)]
