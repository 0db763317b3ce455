"""Which events of a stay a correction has to replace."""

from __future__ import annotations

from terminal.store import HeldEvent, HouseRecord


def find_wrong(before: HouseRecord, right: HouseRecord) -> list[HeldEvent]:
    """Return the events that hold a fact that `right` corrects, in their order.

    A guest stands in every event. A room or a day was wrong only as long as it stood unchanged at the end:
    before an earlier move the same room was the right one.
    """
    if before.guest != right.guest or before.answers != right.answers:
        return list(before.events)
    old, new = before.stay, right.stay
    wrong: list[HeldEvent] = []
    for each in reversed(before.events):
        has_room = old.room != new.room and each.stay.room == old.room
        has_day = (
            old.planned_departure != new.planned_departure and each.stay.planned_departure == old.planned_departure
        )
        if not (has_room or has_day):
            break
        wrong.insert(0, each)
    return wrong
