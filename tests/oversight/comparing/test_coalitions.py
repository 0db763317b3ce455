"""Nobody alone, in comparison: who holds which keys is data, and every set of holders builds what it can with them.

For each set that lacks a needed key the strongest forgeries are tried: true keys where they are held, held keys and
strangers' under the names of the missing ones, and true signatures moved to other texts. All are refused; and with the
needed keys one passes, so that these tests can fail.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from oversight.comparing.desk.desk import Refused
from records.comparing import oprf, tags
from records.comparing.acts import Act
from records.comparing.alert_rules import verify_alert
from records.comparing.annex import load_annex, sign_annex
from records.comparing.decision_text import draft_text, hash_decision
from records.comparing.decisions import Decision
from records.comparing.lists import build_tree
from records.comparing.permits import Permit, draft_permit, load_permit, sign_permit
from records.documents import DocumentKind
from records.errors import CannotOpen, RecordsError
from records.notes import NoteSigner, sign_note
from records.part import open_with_order, strip_court_layer
from records.suite import HybridSecretKey, SigningKey
from tests.oversight import world as kept
from tests.oversight.comparing.desk_world import Town, make_batch
from tests.records.comparing import guest, world
from tests.records.comparing.world import NOW
from tests.records.samples import make_bytes

ANNEX = world.load_sample_annex()
STRANGER = SigningKey.from_bytes(make_bytes("a stranger", 32))
HOLDERS: dict[str, NoteSigner] = {
    "first judge": world.FIRST_JUDGE,
    "second judge": world.SECOND_JUDGE,
    "a judge of elsewhere": world.OTHER_JUDGE,
    "oversight, lists": world.LIST,
    "oversight's desk": world.PERMIT,
    "office": world.OFFICE,
    "station": world.STATION,
    "relay": world.make_signer("demo/relay"),
    "counter": NoteSigner("demo/counter", guest.TERMINAL_KEY),
    "officer of the office": world.make_signer("demo/screening/first"),
}
# A permit has two signatures of oversight, by keys on two machines: nobody switches comparison on alone.
TO_TURN_ON = frozenset({"oversight's desk", "oversight, lists"})
# What the station asks of an alert: two judges of one court, and a permit over the list that has the decision.
TO_SHOW = frozenset({"first judge", "second judge"}) | TO_TURN_ON
INSIDE = frozenset({"office", "relay", "counter", "officer of the office"})  # of central and of the screening office
WITHOUT_DESK = frozenset(HOLDERS) - {"oversight's desk"}
WITHOUT_LISTS = frozenset(HOLDERS) - {"oversight, lists"}
subsets = st.frozensets(st.sampled_from(sorted(HOLDERS)))

# A decision about the guest whom the forgers want to have stopped; no court has ever seen it.
FALSE = world.make_decision(number="(2026) False 1", act=Act.TORTURE)
FALSE_TEXT = draft_text(FALSE)
FALSE_TREE = build_tree([hash_decision(FALSE_TEXT)])
TRUE_NOTE = guest.DECISION.note
TRUE_PERMIT = sign_permit(guest.PERMIT, world.LIST, world.PERMIT)


@dataclass(frozen=True, slots=True)
class Coalition:
    """Some holders, and what chance makes them try beside the best."""

    held: frozenset[str]
    chance: st.DataObject | None = None

    def list_signers(self, wanted: NoteSigner) -> list[NoteSigner]:
        """Return with what they would sign in the place of a wanted key: that key itself, if it is theirs, first."""
        ours = [HOLDERS[name] for name in sorted(self.held)]
        renamed = [NoteSigner(wanted.name, each.key) for each in ours]
        return [*([wanted] if wanted in ours else []), NoteSigner(wanted.name, STRANGER), *renamed, *ours]

    def choose(self, wanted: NoteSigner) -> list[NoteSigner]:
        """Return the best of them, and one by chance."""
        signers = self.list_signers(wanted)
        return [signers[0], *([self.chance.draw(st.sampled_from(signers))] if self.chance else [])]

    def forge_decisions(self) -> Iterator[str]:
        """Yield notes of the false decision."""
        for first in self.choose(world.FIRST_JUDGE):
            for second in self.choose(world.SECOND_JUDGE):
                yield sign_note(FALSE_TEXT, first, second)
                yield sign_note(FALSE_TEXT, first, first)
            yield sign_note(FALSE_TEXT, first)
            # One true signature of another decision beside what they have.
            line = TRUE_NOTE.splitlines(keepends=True)[-1]
            yield sign_note(FALSE_TEXT, first) + line
        yield FALSE_TEXT + "\n" + "".join(TRUE_NOTE.partition("\n\n")[2])
        yield FALSE_TEXT

    def forge_permits(self) -> Iterator[str]:
        """Yield the true permit, and permits over the list with the false decision."""
        yield TRUE_PERMIT
        false = replace(guest.PERMIT, number=13, list_number=4, list_root=FALSE_TREE.root, decisions=1)
        for desk in self.choose(world.PERMIT):
            for lists in self.choose(world.LIST):
                yield sign_permit(false, lists, desk)
                yield sign_permit(replace(false, number=guest.PERMIT.number), lists, desk)
            yield sign_permit(false, desk, desk)
            # One true signature of the true permit beside what they have.
            for line in TRUE_PERMIT.partition("\n\n")[2].splitlines(keepends=True):
                yield sign_note(draft_permit(false), desk) + line
        text = draft_permit(false).removesuffix("\n")
        yield f"{text}\n\n{TRUE_PERMIT.partition(chr(10) * 2)[2]}"


def load_believed(notes: Iterator[str]) -> list[Permit]:
    """Return the permits that a party believes."""
    found = []
    for note in notes:
        try:
            found.append(load_permit(note, ANNEX))
        except RecordsError:
            continue
    return found


def list_shown(coalition: Coalition) -> list[Decision]:
    """Return the decisions that the station would show of everything that a coalition brings."""
    permits, shown = load_believed(coalition.forge_permits()), []
    for note in coalition.forge_decisions():
        for permit in permits:
            for tree in (FALSE_TREE, guest.TREE):
                index, proof = tree.prove(tree.leaves[0])
                block = guest.make_block(
                    decision_note=note, permit=permit.number, leaf_index=index, leaf_count=permit.decisions, proof=proof
                )
                try:
                    held = {permit.number: permit}
                    shown.append(verify_alert(block, guest.place_for(), ANNEX, held, (), NOW))
                except RecordsError:
                    continue
    return shown


@settings(max_examples=60, deadline=None)
@example(held=INSIDE, data=None)
@example(held=frozenset(HOLDERS) - {"first judge"}, data=None)
@example(held=frozenset(HOLDERS) - {"second judge"}, data=None)
@example(held=WITHOUT_DESK, data=None)
@example(held=WITHOUT_LISTS, data=None)
@example(held=TO_SHOW, data=None)
@given(held=subsets, data=st.data())
def test_station_shows_no_decision_that_a_needed_key_has_not_signed(
    held: frozenset[str], data: st.DataObject | None
) -> None:
    shown = list_shown(Coalition(held, data))
    assert bool(shown) == (held >= TO_SHOW), sorted(held)


@settings(max_examples=60, deadline=None)
@example(held=INSIDE, data=None)
@example(held=WITHOUT_DESK, data=None)
@example(held=WITHOUT_LISTS, data=None)
@example(held=TO_TURN_ON, data=None)
@given(held=subsets, data=st.data())
def test_nobody_without_both_keys_of_oversight_makes_a_permit_that_anybody_believes(
    held: frozenset[str], data: st.DataObject | None
) -> None:
    believed = [each for each in load_believed(Coalition(held, data).forge_permits()) if each != guest.PERMIT]
    assert bool(believed) == (held >= TO_TURN_ON), sorted(held)


@settings(max_examples=30, deadline=None)
@given(held=subsets)
def test_nobody_without_the_root_makes_an_annex_with_keys_of_their_own(held: frozenset[str]) -> None:
    note, root = world.make_root()
    own = replace(world.make_annex(), permit_key=NoteSigner("demo/permit", STRANGER).verifier)
    for signer in Coalition(held).list_signers(world.ROOT):
        with pytest.raises(RecordsError):
            load_annex(sign_annex(own, signer), world.ROOT.verifier, root, NOW)
    assert load_annex(sign_annex(own, world.ROOT), world.ROOT.verifier, root, NOW).permit_key == own.permit_key
    assert note


@settings(max_examples=25, deadline=None)
@given(secret=st.binary(min_size=31, max_size=31))
def test_key_of_the_day_that_somebody_made_up_gives_a_counter_no_tags(secret: bytes) -> None:
    """Whoever keeps the stop back, or plays an old permit, needs the desk's key of that permit as well."""
    made_up = b"\x02" + secret[:-1] + b"\x00"
    blinded = tags.blind_number(DocumentKind.PASSPORT, "L898902C3")
    evaluated, proof = oprf.evaluate(made_up, blinded.elements)
    with pytest.raises(RecordsError):
        tags.finish(blinded, evaluated, proof, guest.PERMIT.evaluation_key)
    assert len(tags.finish(blinded, evaluated, proof, oprf.public(made_up))) == tags.TAGS


def test_after_a_stop_the_desk_evaluates_nothing_for_anybody_under_any_permit(tmp_path: Path) -> None:
    town = Town(tmp_path)
    first, second = town.permit(), town.permit()
    town.desk.stop()
    for number in (first.number, second.number, second.number + 1, 0):
        with pytest.raises(Refused):
            town.desk.evaluate(make_batch(number, make_bytes(f"handle {number}", 16)))
    town.clock.now += timedelta(hours=1)
    with pytest.raises(Refused):
        town.desk.evaluate_decisions([guest.DECISION.note])


# All that central and the office have, as the parts of keys. Which outside keys and numbers together do open a record,
# tests/oversight/test_nobody_alone.py tries with each set of them.
INSIDE_SECRETS = [
    kept.RECEIPTS.data, *(HOLDERS[name].key.data for name in sorted(INSIDE)), world.OFFICE_BOX.data[:32],
    world.OFFICE_BOX.data[32:64], world.OFFICE_BOX.data[64:], guest.PASSING_SECRET.data[:32],
]  # fmt: skip


@settings(max_examples=8, deadline=None)
@given(parts=st.lists(st.sampled_from(INSIDE_SECRETS), min_size=3, max_size=3), number=st.booleans())
def test_central_and_office_together_open_no_kept_record_though_they_know_the_number(
    parts: list[bytes], number: bool
) -> None:
    envelope = kept.parse_record(kept.find_stay("ordered").envelopes[0])
    part, scope = envelope.part, envelope.header.scope
    assert part is not None
    key = HybridSecretKey.from_bytes(b"".join(parts))
    with pytest.raises(CannotOpen):
        strip_court_layer(part, scope, key)
    for offset in (0, 32, 1200, 2336):
        for tried in (key, world.OFFICE_BOX, guest.PASSING_SECRET):
            with pytest.raises(CannotOpen):
                open_with_order(part, scope, part.order_wrap[offset:], tried, kept.NUMBER if number else "")
