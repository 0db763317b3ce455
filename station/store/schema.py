"""The tables. Who and where lie in `alerts.locked` alone, under a key of the erasable file; times are Unix seconds."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, LargeBinary, MetaData, String, Table

from service.store.account_tables import add_account_tables
from service.store.audit_tables import add_audit_tables
from station.store.outcome_tables import add_outcome_tables

metadata = MetaData()

alerts = Table(
    "alerts",
    metadata,
    Column("id", LargeBinary, primary_key=True),
    Column("state", String, nullable=False),  # station.alerts.states.State
    Column("verdict", String, nullable=False),
    Column("raised_at", BigInteger, nullable=False),
    Column("holder", String, nullable=False),  # the officer who accepted it, or ""
    Column("accepted_at", BigInteger),
    Column("ended_at", BigInteger),  # closed or withdrawn
    Column("outcome", String, nullable=False),  # of a closed one, or ""
    Column("ended_because", String, nullable=False),  # of a withdrawn one, or ""
    Column("slot", Integer, nullable=False),  # of the erasable key file
    Column("locked", LargeBinary, nullable=False),
    Column("station", String, nullable=False),  # code of the station it belongs to (station.stations)
    Column("is_known_venue", Boolean, nullable=False),  # False: no station covers its house
    Column("is_supervised", Boolean, nullable=False),  # True: the supervising station sees it too, from then on
    Column("since", BigInteger, nullable=False),  # when the present step began: timers count from here
    Column("level", Integer, nullable=False),  # how often it was escalated in the present step
    Column("offered_to", String, nullable=False),  # the officer to whom its holder offers it, or ""
    Column("is_told", Boolean, nullable=False),  # False: withdrawn, and its holder has not said "understood" yet
    Index("alerts_by_state", "state", "raised_at"),
)

# What was done about an alert, in order; they go with it. What an officer wrote is sealed under the alert's own key.
steps = Table(
    "steps",
    metadata,
    Column("alert", LargeBinary, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("step", String, nullable=False),  # station.alerts.states.Step
    Column("officer", String, nullable=False),  # an account's name, or the keeper
    Column("other", String, nullable=False),  # the officer from whom it came, or ""
    Column("at", BigInteger, nullable=False),
    Column("locked", LargeBinary),
)

# Which officer belongs to which station: who is in no row sees nothing, where there are several stations.
postings = Table(
    "postings",
    metadata,
    Column("account", String, primary_key=True),
    Column("station", String, nullable=False),
)

# One number for each change of an alert, without gaps: what a page that was away asks for (station.store.events).
events = Table(
    "events",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("alert", LargeBinary, nullable=False),
    Column("state", String, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("station", String, nullable=False),  # whose officers are told
    Column("is_supervised", Boolean, nullable=False),  # the supervising station's are told too
)

# A comparison that raised an alert raises no second one, also when the first was forgotten: a digest, no person.
marks = Table(
    "marks",
    metadata,
    Column("mark", LargeBinary, primary_key=True),
    Column("forget_at", BigInteger, nullable=False),
)

permits = Table(
    "permits",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("note", String, nullable=False),
    Column("forget_at", BigInteger, nullable=False),
)

# Apart from the permits: a stop that came first counts too.
stops = Table(
    "stops",
    metadata,
    Column("permit", BigInteger, primary_key=True, autoincrement=False),
    Column("note", String, nullable=False),
    Column("forget_at", BigInteger, nullable=False),
)

withdrawn = Table(
    "withdrawn",
    metadata,
    Column("leaf", LargeBinary, primary_key=True),  # hash of the decision's text
    Column("court", String, primary_key=True),  # only its own court withdraws a decision
    Column("forget_at", BigInteger, nullable=False),
)

# Letters on their way out, sealed to whom they are for before they come here.
letters = Table(
    "letters",
    metadata,
    Column("id", LargeBinary, primary_key=True),
    Column("body", LargeBinary, nullable=False),
    Column("made_at", BigInteger, nullable=False),
)

# Which of several processes keeps house (station.lease): one row at most.
keeping = Table(
    "keeping",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),  # always 1
    Column("holder", LargeBinary, nullable=False),  # the process's own random number, or b""
    Column("turn", BigInteger, nullable=False),  # goes up by one with each renewal: no clock is compared
    Column("has_room", Boolean, nullable=False),  # False: alerts wait at the relay, says the holder
    Column("folder", LargeBinary, nullable=False),  # mark of the data folder that every process has to share
)

# What remains: how many, by day and name.
counts = Table(
    "counts",
    metadata,
    Column("day", String, primary_key=True),
    Column("name", String, primary_key=True),
    Column("n", BigInteger, nullable=False),
)

account_tables = add_account_tables(metadata)
audit_tables = add_audit_tables(metadata)
outcome_tables = add_outcome_tables(metadata)
