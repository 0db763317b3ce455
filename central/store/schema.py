"""The tables. What a guest said is in none of them but `records.locked`, sealed twice over."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, MetaData, String, Table

from central.store.notice_tables import add_notice_table
from central.store.place_tables import add_place_tables
from central.store.release_tables import add_release_table
from central.store.terminal_tables import add_terminal_tables
from service.store.account_tables import add_account_tables
from service.store.audit_tables import add_audit_tables

metadata = MetaData()

terminals = Table(
    "terminals",
    metadata,
    Column("id", LargeBinary, primary_key=True),
    Column("venue", LargeBinary, nullable=False),
    Column("public_key", LargeBinary, nullable=False),
    Column("state", String, nullable=False),  # TerminalState
)

# One row per accepted envelope, so that the same bytes get the same receipt until their expiry day.
envelopes = Table(
    "envelopes",
    metadata,
    Column("terminal", LargeBinary, primary_key=True),
    Column("generation", BigInteger, primary_key=True, autoincrement=False),
    Column("sequence", BigInteger, primary_key=True, autoincrement=False),
    Column("record", LargeBinary, nullable=False),  # NO_ID for most voids
    Column("digest", LargeBinary, nullable=False),
    Column("receipt", LargeBinary, nullable=False),
    Column("received_at", BigInteger, nullable=False),
    Column("expiry_day", Integer, nullable=False),
    Index("envelopes_by_expiry", "expiry_day"),
)

# Which numbers of a generation were ever accepted, as runs without gaps: they outlive the envelopes' rows,
# so that a number cannot be used twice, and "up to where is nothing missing" is one row.
runs = Table(
    "runs",
    metadata,
    Column("terminal", LargeBinary, primary_key=True),
    Column("generation", BigInteger, primary_key=True, autoincrement=False),
    Column("first", BigInteger, primary_key=True, autoincrement=False),
    Column("last", BigInteger, nullable=False),
)

records = Table(
    "records",
    metadata,
    Column("terminal", LargeBinary, primary_key=True),
    Column("record", LargeBinary, primary_key=True),
    Column("generation", BigInteger, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("venue", LargeBinary, nullable=False),  # the terminal's when it was received; a terminal may move
    Column("stay_tag", LargeBinary, nullable=False),
    Column("digest", LargeBinary, nullable=False),  # of the whole envelope
    Column("part_digest", LargeBinary, nullable=False),
    Column("captured_at", BigInteger, nullable=False),
    Column("received_at", BigInteger, nullable=False),
    Column("expiry_day", Integer, nullable=False),
    Column("locked", LargeBinary, nullable=False),  # the envelope under its data key
    Index("records_by_stay", "stay_tag"),
    Index("records_by_venue", "venue", "captured_at"),
    Index("records_by_expiry", "expiry_day"),
)

# Records that a correction has replaced: they are not kept when they arrive late, or once more.
replaced = Table(
    "replaced",
    metadata,
    Column("terminal", LargeBinary, primary_key=True),
    Column("record", LargeBinary, primary_key=True),
    Column("stay_tag", LargeBinary, primary_key=True),
    Column("expiry_day", Integer, nullable=False),
    Index("replaced_by_expiry", "expiry_day"),
)

tombstones = Table(
    "tombstones",
    metadata,
    Column("stay_tag", LargeBinary, primary_key=True),
    Column("deleted_on", Integer, nullable=False),
    Index("tombstones_by_day", "deleted_on"),
)

hand_overs = Table(
    "hand_overs",
    metadata,
    Column("order_digest", LargeBinary, primary_key=True),
    Column("day", Integer, nullable=False),
    Column("order_number", String, nullable=False),  # the court's file number, never a document's
    Column("venue", LargeBinary, nullable=False),
    Column("first_day", Integer, nullable=False),
    Column("last_day", Integer, nullable=False),
    Column("records", Integer, nullable=False),
    Index("hand_overs_by_day", "day"),
)

counts = Table(
    "counts",
    metadata,
    Column("day", Integer, primary_key=True, autoincrement=False),
    Column("name", String, primary_key=True),
    Column("count", BigInteger, nullable=False),
)

security_events = Table(
    "security_events",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("kind", String, nullable=False),
    Column("terminal", LargeBinary, nullable=False),
    Column("generation", BigInteger, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("seen_at", BigInteger, nullable=False),
)

# What a terminal has spent of what it may send; `central.limits` says what the number means.
allowances = Table(
    "allowances",
    metadata,
    Column("terminal", LargeBinary, primary_key=True),
    Column("spent_until_ms", BigInteger, nullable=False),
)

# Pairs of disclosure keys that an accepted root file of the jurisdiction named: a terminal that was offline may have
# sealed to those of an earlier one. They are few, and outlive their root file.
named_keys = Table(
    "named_keys",
    metadata,
    Column("jurisdiction", String, primary_key=True),
    Column("court_key", LargeBinary, primary_key=True),  # key id
    Column("oversight_key", LargeBinary, primary_key=True),  # key id
    Column("named_at", BigInteger, nullable=False),
)

# The last heartbeat of each terminal. No venue: that is in `terminals`, and may change.
heartbeats = Table(
    "heartbeats",
    metadata,
    Column("terminal", LargeBinary, primary_key=True),
    Column("sent_at", BigInteger, nullable=False),  # by the terminal's clock
    Column("received_at", BigInteger, nullable=False),
    Column("version", String, nullable=False),
    Column("reader", Integer, nullable=False),  # ReaderCode
    Column("queue", BigInteger, nullable=False),
    Column("oldest_s", BigInteger, nullable=False),
    Column("clock_offset_s", BigInteger),
    Column("free_disk_mib", BigInteger, nullable=False),
    Column("settings", BigInteger, nullable=False, server_default="0"),  # number of the remote settings in force
    Column("notice_seen", BigInteger, nullable=False, server_default="0"),  # highest number that somebody has read
)

# The worst of five minutes. The slot comes first in the key: rows are written and deleted by time.
heartbeat_slots = Table(
    "heartbeat_slots",
    metadata,
    Column("slot", Integer, primary_key=True, autoincrement=False),  # of received-at, counted from 1970
    Column("terminal", LargeBinary, primary_key=True),
    Column("beats", Integer, nullable=False),
    Column("reader_down", Integer, nullable=False),  # how many of them said so
    Column("queue", BigInteger, nullable=False),  # largest
    Column("oldest_s", BigInteger, nullable=False),  # largest
    Column("clock_offset_s", BigInteger, nullable=False),  # largest, without its sign
    Column("free_disk_mib", BigInteger, nullable=False),  # smallest
)

# What each terminal's house key follows from, beside its own secret. Without that secret it opens nothing.
house_shares = Table(
    "house_shares",
    metadata,
    Column("terminal", LargeBinary, primary_key=True),
    Column("share", LargeBinary, nullable=False),
    Column("asked_at", BigInteger, nullable=False),  # sent-at of the last request that was answered with it
)

# Records received in five minutes, of all terminals together; gone once the keeper has summed the fleet up.
received = Table(
    "received",
    metadata,
    Column("slot", Integer, primary_key=True, autoincrement=False),
    Column("records", BigInteger, nullable=False),
)

# The fleet in five minutes, all terminals together: what the console draws.
fleet_slots = Table(
    "fleet_slots",
    metadata,
    Column("slot", Integer, primary_key=True, autoincrement=False),
    Column("heard", Integer, nullable=False),
    Column("silent", Integer, nullable=False),
    Column("queue", BigInteger, nullable=False),  # coarse, see `central.fleet.coarse`
    Column("oldest_s", BigInteger, nullable=False),  # coarse
    Column("records", BigInteger),  # none while too few houses were heard for a total to hide each of them
)

# What the keeper's latest pass found: one row. The console has no other way to know of the period keys.
keeper_pass = Table(
    "keeper_pass",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("passed_at", BigInteger, nullable=False),
    Column("keys_until", Integer),  # last day whose arrivals have a key; none where today's have none
    Column("second_copy", String, nullable=False),  # SecondCopy
    Column("next_due", Integer),  # the first day whose key is still there, and will be destroyed when it begins
)

# One-time codes and what became of them; `central.enrolment` has the states. Of a code only the public half of the key
# that follows from it is here.
enrolments = Table(
    "enrolments",
    metadata,
    Column("id", LargeBinary, primary_key=True),
    Column("code_key", LargeBinary, nullable=False, unique=True),
    Column("state", String, nullable=False),  # EnrolmentState
    Column("venue", LargeBinary, nullable=False),
    Column("venue_name", String, nullable=False),
    Column("venue_address", String, nullable=False),
    Column("venue_kind", String, nullable=False),
    Column("replaces", LargeBinary),  # the terminal that ends when this one begins
    Column("issued_by", String, nullable=False),
    Column("issued_at", BigInteger, nullable=False),
    Column("good_until", BigInteger, nullable=False),  # of the code, then of the waiting for somebody to approve
    Column("terminal", LargeBinary),
    Column("request", LargeBinary),  # the terminal's, as it was signed
    Column("decided_by", String),
    Column("decided_at", BigInteger),
    Index("enrolments_by_time", "issued_at"),
    Index("enrolments_by_terminal", "terminal"),
)

# Suspensions that somebody has asked to lift; a second person does it.
lift_requests = Table(
    "lift_requests",
    metadata,
    Column("terminal", LargeBinary, primary_key=True),
    Column("asked_by", String, nullable=False),
    Column("asked_at", BigInteger, nullable=False),
)

# Security events that somebody has looked into.
settled_events = Table(
    "settled_events",
    metadata,
    Column("event", Integer, primary_key=True, autoincrement=False),  # of `security_events`
    Column("finding", String, nullable=False),  # EventFinding
    Column("settled_by", String, nullable=False),
    Column("settled_at", BigInteger, nullable=False),
)

# Administrators of the console; how they sign in is the same in every service.
account_tables = add_account_tables(metadata)
audit_tables = add_audit_tables(metadata)
place_tables = add_place_tables(metadata)
releases = add_release_table(metadata)
notices = add_notice_table(metadata)
terminal_tables = add_terminal_tables(metadata)
# Pages ask for what was done, whatever else was written since.
Index("audit_entries_by_act", audit_tables.entries.c.act, audit_tables.entries.c.number)
