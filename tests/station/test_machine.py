"""No order of acts, by any officers and the keeper, leaves the machine: against a second, slow one written apart."""

import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from records.comparing.mail import Outcome
from station.alerts.confirming import confirm_outcome, propose_outcome, send_back_outcome
from station.alerts.handing import end_offer, offer, take_offered
from station.alerts.snapshots import Written
from station.alerts.states import EndedBecause
from station.alerts.timers import return_to_queue
from station.errors import InOtherHands, NothingOffered
from station.store.papers import keep_withdrawal
from tests.records.comparing import guest
from tests.station.small_book import SmallBook

OFFICERS = ("lin", "mori", "okafor")
# Written down once more, in seconds: what the machine promises to whoever waits.
CALLED_AT = {
    "raised": (60, 180, 300), "escalated": (60, 180, 300), "accepted": (300, 600, 900),
    "dispatched": (1200, 1800, 2400), "handling": (1800, 2700, 3600), "reported": (900, 1800, 3600),
    "confirming": (600, 1200, 2400),
}  # fmt: skip
MAY = {
    "accept": ("raised", "escalated"), "dispatch": ("accepted", "dispatched"), "handle": ("accepted", "dispatched"),
    "report": ("accepted", "dispatched", "handling"), "close": ("accepted", "dispatched", "handling", "reported"),
    "go_on": ("accepted", "dispatched", "handling", "reported"),
    "propose": ("accepted", "dispatched", "handling", "reported"), "confirm": ("confirming",), "back": ("confirming",),
}  # fmt: skip
JUDGING = {"confirm", "back"}
BECOMES = {
    "dispatch": "dispatched", "handle": "handling", "report": "reported", "propose": "confirming", "back": "reported",
}  # fmt: skip
IN_HAND = MAY["close"]
WHICH, WHO = st.integers(0, 9), st.integers(0, 9)
SENT, FOUND = Written("unit 3", "back door"), Written("", "nobody there")


@dataclass
class Expected:
    """An alert as it must be."""

    since: int
    state: str = "raised"
    holder: str = ""
    offered_to: str = ""
    level: int = 0
    is_supervised: bool = False
    outcome: str = ""
    because: str = ""
    called: int = 0


WAYS: dict[str, tuple[str, ...]] = {
    "raised": (), "accepted": ("accept",), "dispatched": ("accept", "dispatch"), "handling": ("accept", "handle"),
    "reported": ("accept", "report"), "closed": ("accept", "close"), "escalated": ("return",),
    "withdrawn": ("withdraw",), "confirming": ("accept", "propose"),
}  # fmt: skip
LEADS_TO = {**BECOMES, "accept": "accepted", "close": "closed", "confirm": "closed"}


def do(small: SmallBook, alert: bytes, act: str, officer: str = "lin") -> None:
    book = small.book
    acts: dict[str, Callable[[], object]] = {
        "accept": lambda: book.accept(alert, officer), "dispatch": lambda: book.dispatch(alert, officer, SENT),
        "handle": lambda: book.handle(alert, officer), "report": lambda: book.report(alert, officer, FOUND),
        "close": lambda: book.close(alert, officer, Outcome.OTHER_PERSON, ()),
        "propose": lambda: propose_outcome(book, alert, officer, Outcome.CONFIRMED),
        "confirm": lambda: confirm_outcome(book, book.find(alert), "juno", ()),
        "back": lambda: send_back_outcome(book, book.find(alert), "juno"),
        "go_on": lambda: book.go_on(alert, officer), "withdraw": lambda: book.withdraw(alert, EndedBecause.EXPIRED),
        "return": lambda: (book.accept(alert, officer), return_to_queue(book, book.find(alert))),
    }  # fmt: skip
    acts[act]()


def test_every_act_in_every_state_leads_where_the_table_says_or_nowhere(tmp_path: Path) -> None:
    small = SmallBook(tmp_path, tmp_path / "station.db")
    for state, way in WAYS.items():
        for act in MAY:
            alert = small.raise_alert()
            for each in way:
                do(small, alert, each)
            assert small.book.find(alert).state == state
            may = state in MAY[act]
            try:
                do(small, alert, act)
            except InOtherHands:
                assert not may, f"{act} in {state}"
            else:
                assert may, f"{act} in {state}"
            wanted = LEADS_TO.get(act, state) if may else state
            assert small.book.find(alert).state == wanted, f"{act} in {state}"
    small.close()


class Machine(RuleBasedStateMachine):
    """Officers press what they like, time passes, processes start anew; one book and one expectation."""

    @initialize()
    def begin(self) -> None:
        # In memory where there is such a place: nothing here is about the disk, and hundreds of commits wait for it.
        memory = Path("/dev/shm")
        self.folder = tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None)
        path = Path(self.folder.name)
        self.small = SmallBook(path, path / "station.db")
        self.alerts: dict[bytes, Expected] = {}
        self.told_at = 0

    @property
    def now(self) -> int:
        return int(self.small.now.timestamp())

    def choose(self, which: int) -> tuple[bytes, Expected]:
        """Choose an open alert where there is one, now and then any."""
        is_open = [each for each, wanted in self.alerts.items() if wanted.state not in ("closed", "withdrawn")]
        some = is_open if is_open and which < 9 else list(self.alerts)
        alert = some[which % len(some)]
        return alert, self.alerts[alert]

    def name(self, wanted: Expected, who: int) -> str:
        """Name the alert's holder mostly, now and then somebody else."""
        return wanted.holder if wanted.holder and who > 2 else OFFICERS[who % 3]

    def has_alerts(self) -> bool:
        return bool(self.alerts)

    @precondition(lambda self: len([each for each in self.alerts.values() if not each.outcome + each.because]) < 2)
    @rule(is_known=st.booleans())
    def raise_alert(self, is_known: bool) -> None:
        alert = self.small.raise_alert(guest.VENUE if is_known else b"?" * 16)
        self.alerts[alert] = Expected(self.now, is_supervised=not is_known)

    @precondition(has_alerts)
    @rule(which=WHICH, who=WHO, act=st.sampled_from(sorted(MAY)))
    def press_anything(self, which: int, who: int, act: str) -> None:
        self.press(which, who, act)

    @precondition(has_alerts)
    @rule(who=WHO, way=WHICH)
    def press_what_may_come_next(self, who: int, way: int) -> None:
        _, wanted = self.choose(0)
        possible = [act for act, states in MAY.items() if wanted.state in states and act != "close"]
        if possible:
            self.press(0, who, possible[way % len(possible)])

    def press(self, which: int, who: int, act: str) -> None:
        alert, wanted = self.choose(which)
        officer = self.name(wanted, who)
        may = wanted.state in MAY[act] and (act == "accept" or act in JUDGING or wanted.holder == officer)
        assert self.tries(lambda: do(self.small, alert, act, officer)) == may
        if not may:
            return
        wanted.level = 0
        if act == "accept":
            wanted.state, wanted.holder = "accepted", officer
        if act == "close":
            wanted.state, wanted.outcome, wanted.offered_to = "closed", "other-person", ""
        elif act == "confirm":
            wanted.state = "closed"
        else:
            if act in ("propose", "back"):
                wanted.outcome, wanted.offered_to = "confirmed" if act == "propose" else "", ""
            wanted.since = self.now
            wanted.state = BECOMES.get(act, wanted.state)

    @precondition(has_alerts)
    @rule(which=WHICH, officer=st.sampled_from(OFFICERS), who=WHO)
    def take_over(self, which: int, officer: str, who: int) -> None:
        alert, wanted = self.choose(which)
        held_by = self.name(wanted, who)
        may = (wanted.state in IN_HAND or wanted.state == "confirming") and wanted.holder == held_by
        assert self.tries(lambda: self.small.book.take_over(alert, officer, held_by=held_by)) == may
        if may:
            wanted.holder, wanted.offered_to, wanted.since, wanted.level = officer, "", self.now, 0
            if wanted.state == "confirming":
                wanted.state, wanted.outcome = "reported", ""

    @precondition(has_alerts)
    @rule(which=WHICH, who=WHO, other=st.sampled_from(OFFICERS), act=st.sampled_from(["offer", "end", "take"]))
    def hand_over(self, which: int, who: int, other: str, act: str) -> None:
        alert, wanted = self.choose(which)
        officer = wanted.offered_to if act == "take" and wanted.offered_to and who > 2 else self.name(wanted, who)
        book = self.small.book
        row, is_in_hand = book.find(alert), wanted.state in IN_HAND
        if act == "offer":
            may = is_in_hand and wanted.holder == officer
            assert offer(book, row, officer, other) == may
            wanted.offered_to = other if may else wanted.offered_to
        elif act == "end":
            may = is_in_hand and bool(wanted.offered_to) and officer in (wanted.holder, wanted.offered_to)
            assert end_offer(book, row, officer) == may
            wanted.offered_to = "" if may else wanted.offered_to
        else:
            may = is_in_hand and wanted.offered_to == officer
            assert self.tries(lambda: take_offered(book, row, officer)) == may
            if may:
                wanted.holder, wanted.offered_to, wanted.since, wanted.level = officer, "", self.now, 0

    @rule(seconds=st.sampled_from([1, 60, 900]))
    def pass_time(self, seconds: int) -> None:
        self.wait(seconds)

    def wait(self, seconds: int) -> None:
        self.small.now = self.small.now.fromtimestamp(self.now + seconds, self.small.now.tzinfo)

    @precondition(has_alerts)
    @rule(which=WHICH, level=st.integers(0, 2), offset=st.sampled_from([-1, 0, 1]))
    def wait_for_a_timer(self, which: int, level: int, offset: int) -> None:
        _, wanted = self.choose(which)
        if wanted.state in CALLED_AT:
            due = wanted.since + CALLED_AT[wanted.state][level] + offset
            self.wait(max(0, due - self.now))
            self.keep(1)

    @rule(officer=st.sampled_from(OFFICERS))
    def leave_or_come(self, officer: str) -> None:
        self.small.absent ^= {officer}

    @rule()
    def restart(self) -> None:
        self.small.reopen()

    @precondition(lambda self: len(self.alerts) > 2)
    @rule()
    def withdraw_decision(self) -> None:
        with self.small.book.store.writing() as connection:
            keep_withdrawal(connection, guest.DECISION.leaf, guest.DECISION.court, self.now + 10**6)
        self.small.keeper.withdraw_ended()
        for wanted in self.alerts.values():
            if wanted.state not in ("closed", "withdrawn"):
                wanted.state, wanted.because, wanted.offered_to, wanted.level = "withdrawn", "withdrawn", "", 0
                wanted.outcome = ""
        with self.small.book.store.writing() as connection:
            connection.exec_driver_sql("DELETE FROM withdrawn")

    @rule(times=st.integers(1, 3))
    def keep_house(self, times: int) -> None:
        self.keep(times)

    def keep(self, times: int) -> None:
        for _ in range(times):
            self.small.keeper.go_round()
        for wanted in self.alerts.values():
            if wanted.holder in self.small.absent and wanted.state in IN_HAND:
                wanted.state, wanted.holder, wanted.offered_to = "escalated", "", ""
                wanted.since, wanted.level = self.now, 1
            reached = sum(self.now - wanted.since >= each for each in CALLED_AT.get(wanted.state, ()))
            if reached > wanted.level:
                wanted.level, wanted.called = reached, wanted.called + 1
                wanted.is_supervised |= reached == 3
                wanted.state = "escalated" if wanted.state == "raised" else wanted.state

    def tries(self, act: Callable[[], object]) -> bool:
        try:
            act()
        except (InOtherHands, NothingOffered):
            return False
        return True

    @invariant()
    def is_as_expected(self) -> None:
        if not hasattr(self, "alerts"):
            return
        for alert, wanted in self.alerts.items():
            row = self.small.book.find(alert)
            found = Expected(
                row.since, row.state, row.holder, row.offered_to, row.level, row.is_supervised, row.outcome,
                row.ended_because, wanted.called,
            )  # fmt: skip
            assert found == wanted
            steps = Counter(str(each.step) for each in self.small.book.list_steps(row))
            assert steps["escalated"] + steps["called again"] == wanted.called, "a timer fires once"
            ended = steps["closed"] + steps["confirmed"] + steps["withdrawn"]
            assert ended == (row.state in ("closed", "withdrawn"))
            assert (row.state in ("closed", "confirming")) == bool(row.outcome)
            assert row.outcome != "confirmed" or row.state == "confirming" or steps["confirmed"] == 1
            assert (row.state == "withdrawn") == (row.ended_because == EndedBecause.WITHDRAWN)
            assert bool(row.holder) >= (row.state in IN_HAND)
        logged = Counter(act for _, act, _ in self.small.audit.entries)
        assert logged["escalate alert"] == sum(each.called for each in self.alerts.values())

    def teardown(self) -> None:
        if hasattr(self, "small"):
            self.small.close()
            self.folder.cleanup()


TestMachine = Machine.TestCase
TestMachine.settings = settings(max_examples=20, stateful_step_count=50, deadline=None)
