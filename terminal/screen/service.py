"""What the screen draws of a receiving service: the page of deliveries, its windows, and what is told loudly."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from terminal.screen.texts import Words
from terminal.screen.view import View
from terminal.service_state import AskedForm, KeptRegistration, ServiceCounter, ServiceState, ShownDelivery
from terminal.state import CounterError, CounterState, PendingGuest


@dataclass(frozen=True, slots=True)
class Line:
    """One line of status: "good", "wait" or "act", and its words."""

    tone: str
    text: str


@dataclass(frozen=True, slots=True)
class Alert:
    """One loud line, and whether it leads to the page of deliveries."""

    text: str
    remedy: str
    leads_on: bool = True
    opens: str = ""  # a window over the page, in place of the page of deliveries
    label: str = ""  # of the button that opens it


@dataclass(frozen=True, slots=True)
class ToldRow:
    """A row of the page of deliveries with its words."""

    row: ShownDelivery
    tone: str  # good, wait, act
    state: str
    due: str
    reason: str


def list_service_alerts(state: CounterState, words: Words) -> list[Alert]:
    """Return what somebody has to know early: deadlines near or missed, credentials that end."""
    service = state.service
    if service is None:
        return []
    alerts = []
    if service.closed and service.closed_due is not None:
        has_card = state.lock.is_locked and state.lock.card_made_at is not None
        remedy = words("service.closed_card" if has_card else "service.closed_paper")
        text = words.count("service.closed", service.closed, moment=words.moment(service.closed_due))
        alerts.append(Alert(text, remedy, opens="unlock" if has_card else "", label=words("card.type")))
    if not state.is_demonstration and state.lock.can_make_card and state.lock.card_made_at is None:
        alerts.append(Alert(words("card.none"), "", opens="card", label=words("card.title")))
    if service.late:
        alerts.append(Alert(words.count("service.late", service.late), words("service.deadline_remedy")))
    elif service.near and (service.problem or service.refused or service.unverified):
        # Near is loud only where it will not be kept by itself.
        alerts.append(Alert(words.count("service.near", service.near), words("service.deadline_remedy")))
    if service.is_renewal_near and service.renew_by is not None:
        alerts.append(Alert(words("service.credentials_due", day=words.full_date(service.renew_by)), ""))
    return alerts


def describe_service_queue(service: ServiceState, words: Words) -> Line:
    """Return line and queue in one line: "received" only where nothing is left."""
    needy, open_rows = service.refused + service.unverified, service.waiting + service.pending
    if needy:
        return Line("act", words.count("foot.attention", needy))
    waiting = words.count("foot.to_send", open_rows) if open_rows else ""
    if not service.online:
        return Line("wait", " · ".join(filter(None, (words("foot.offline"), waiting))))
    return Line("wait", waiting) if waiting else Line("good", words("foot.connected"))


def draw_kept(counter: ServiceCounter, view: View, words: Words) -> dict[str, object]:
    """Return what the page of what is kept shows: the days of one month, and the ways to the months beside it."""
    days = counter.list_kept()
    months = sorted({f"{each.day:%Y-%m}" for each in days})
    wanted = view.day[:7]
    month = wanted if wanted in months else months[-1] if months else ""
    at = months.index(month) if month else 0
    return {
        "kept_days": [(each, counter.is_kept_open(each.day)) for each in days if f"{each.day:%Y-%m}" == month],
        "month": words.month(date.fromisoformat(f"{month}-01")) if month else "",
        "earlier": months[at - 1] if at else "",
        "later": months[at + 1] if month and at + 1 < len(months) else "",
    }


def read_kept_day(counter: ServiceCounter, text: str) -> tuple[date, tuple[KeptRegistration, ...]] | None:
    """Return a day and what was told on it; None for what is no day, and where nothing can be read."""
    try:
        day = date.fromisoformat(text)
        return day, counter.list_registrations(day)
    except (ValueError, CounterError):
        return None


def draw_told(service: ServiceState, words: Words) -> dict[str, object]:
    """Return what the page of deliveries shows."""
    return {
        "told": [_describe_row(row, service.id, words) for row in service.rows],
        "has_held": any(row.ready_at is not None for row in service.rows),
        "has_open": any(row.state in ("waiting", "refused") for row in service.rows),
    }


def draw_service_window(
    service: ServiceCounter, state: CounterState, view: View, chosen: PendingGuest | None, words: Words
) -> dict[str, object]:
    """Return what a window of the receiving service shows."""
    if view.open == "kept_day":
        found = read_kept_day(service, view.day)
        return {"kept_day": None if found is None else found[0], "registrations": () if found is None else found[1]}
    if view.open == "asked" and chosen is not None:
        beside = find_beside(view, state, view.room)
        try:
            form = service.ask(chosen.id, view.room, view.nights, beside)
        except CounterError:
            form = None
        return _draw_form(form, words) | {
            "asked_of": chosen.name,
            "guest": chosen,
            "beside": beside,
            "refused_words": "",
        }
    if view.open == "asked_again":
        guest = next((each for each in (*state.house, *state.departed_waiting) if each.stay == view.stays[0]), None)
        name = words("house.nameless", n=guest.number) if guest and guest.name is None else guest and guest.name
        try:
            form = service.ask_again(view.stays[0])
        except CounterError:
            form = None
        rows = () if state.service is None else state.service.rows
        refused = next((row for row in rows if row.stay == view.stays[0] and row.words), None)
        return _draw_form(form, words) | {
            "asked_of": name or "",
            "guest": guest,
            "beside": "",
            "refused_words": "" if refused is None else refused.words,
        }
    return {}


def find_beside(view: View, state: CounterState, room: str) -> str:
    """Return the stay of somebody registered just now in the same room, whose booking the next guest shares; or ""."""
    present = {guest.stay for guest in state.house if guest.room == room}
    return next((stay for stay in reversed(view.done) if stay in present), "")


def say_asked_finding(code: str, words: Words) -> str:
    """Return the words for what is wrong with an answer."""
    return words.name("asked_finding", code)


def _draw_form(form: AskedForm | None, words: Words) -> dict[str, object]:
    others = () if form is None else form.others
    return {
        "asked": () if form is None else form.fields,
        "asked_others": [(words.name("asked_about", about), say_asked_finding(code, words)) for about, code in others],
    }


def _describe_row(row: ShownDelivery, service_id: str, words: Words) -> ToldRow:
    tones = {"refused": "act", "unverified": "act"}
    names = {"waiting": "saved", "sending": "saved"}
    reason = ""
    if row.state == "refused":
        code = "check" if row.code.startswith("check_") else f"{service_id}_{row.code}"
        reason = words.name("service_code", code)
    return ToldRow(
        row=row,
        tone=tones.get(row.state, "wait"),
        state=words(f"delivery.{names.get(row.state, row.state)}"),
        due=words("service.overdue" if row.is_late else "service.due", moment=words.moment(row.due_at)),
        reason=reason,
    )


def write_time(moment: datetime) -> str:
    """Return the time of day of a moment near now."""
    return f"{moment.astimezone():%H:%M}"
