"""One evening of a terminal by itself: what a child of the nursery does, and dies of."""

from __future__ import annotations

import json
from pathlib import Path

import urllib3

from terminal.destinations.terms import Action
from terminal.errors import NotTaken
from terminal.logs import configure_logging
from terminal.store import DeliveryState
from tests.destinations.cases import CASES, Case
from tests.destinations.kit import EVERY_STATE, StandaloneKit
from tests.faults.clock import RealClock
from tests.faults.nursery import write_line

# In the order of a guest's way: registered, kept, composed, on its way, told, settled, let go.
STEPS = [
    "terminal.standalone:ServiceDispatch.prepare",
    "records.erasable:ErasableKeys.write",
    "terminal.store.house:HouseStore.add",
    "terminal.store.deliveries:DeliveryQueue.add",
    "terminal.standalone:ServiceDispatch.commit",
    "terminal.desk:Desk.check_in",
    "terminal.desk:Desk.cancel",
    "terminal.desk:Desk.check_out",
    "terminal.store.deliveries:DeliveryQueue.sweep",
    "terminal.delivering:let_go",
    "terminal.delivering:keep_tables",
    "terminal.store.house:HouseStore.seal_beside",
    "terminal.store.deliveries:DeliveryQueue.move",
    "terminal.store.deliveries:DeliveryQueue.start",
    "terminal.destinations.line:HttpLine.request",
    "terminal.delivering:Deliverer._settle",
    "terminal.store.deliveries:DeliveryQueue.settle",
    "terminal.store.house:HouseStore.forget_departed",
]


def live(folder: str, url: str, case: str) -> None:
    """Register a family of two and a guest, tell them; register another and cancel; check one out."""
    kit, known = _open(folder, url, case)
    kit.deliverer.attempt()
    first = _check_in(kit, known, folder, 0, "")
    _check_in(kit, known, folder, 1, first)
    kit.deliver(3)
    third = _check_in(kit, known, folder, 2, "")
    kit.desk.cancel(third)
    write_line(Path(folder) / "shown", "cancel 2")
    alone = _check_in(kit, known, folder, 3, "")
    kit.deliver(3)
    kit.desk.check_out([alone])
    kit.deliver(3)
    kit.close()


def finish(folder: str, url: str, case: str) -> None:
    """The next morning: everything is told, and a person looks up at the service what is unverified."""
    kit, _ = _open(folder, url, case)
    for _ in range(8):
        kit.deliver()
        told = _fetch_told(url)
        for row in kit.queue.list_rows(frozenset({DeliveryState.UNVERIFIED})):
            if not kit.parts.destination.can_query:
                number = kit.desk.find_record(row.stay).guest.names[0].given
                is_there = any(number in line for line in told)
                kit.service.note_seen(row.reference, is_there=is_there)
    rows = [row for row in kit.queue.list_rows(EVERY_STATE) if row.action == Action.ARRIVAL]
    unsettled = [row.state for row in rows if row.state not in (DeliveryState.ACCEPTED, DeliveryState.WITHDRAWN)]
    assert not unsettled, unsettled
    kit.close()


def _open(folder: str, url: str, case: str) -> tuple[StandaloneKit, Case]:
    configure_logging("error")
    return StandaloneKit(Path(folder), CASES[case].profile, url, RealClock()), CASES[case]


def _check_in(kit: StandaloneKit, case: Case, folder: str, which: int, beside: str) -> str:
    room = "101" if which < 2 else "102"
    try:
        stay = kit.check_in(case.family[which], beside=beside, room=room, **case.answers)
    except NotTaken:
        return ""
    write_line(Path(folder) / "shown", f"check_in {which}")
    return stay


def _fetch_told(url: str) -> list[str]:
    told: list[str] = json.loads(urllib3.request("GET", f"{url}/simulator/told", retries=False).data)
    return told
