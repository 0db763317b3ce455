"""Sending on time: threads with a connection each, that take what is due next and try until there is a receipt."""

from __future__ import annotations

import base64
import http.client
import random
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import urlsplit

from central.store import open_store
from central.store.fleet import count_generation
from commands.load.contents import Content, forge_content, seal_contents
from commands.load.figures import Figures, Tally, measure_latency
from commands.load.plan import (
    Arrival,
    LoadPlan,
    LoadTarget,
    SimulatedTerminal,
    check_target,
    draw_arrivals,
    draw_heartbeats,
    make_terminals,
    seed_terminals,
)
from records.delivery import (
    DELIVERY_PATH,
    DIGEST_HEADER,
    Item,
    Reply,
    compute_content_digest,
    decode_reply,
    encode_delivery,
)
from records.envelope import NO_ID, Envelope, EnvelopeKind, Header, sign_envelope
from records.errors import RecordsError
from records.heartbeat import HEARTBEAT_PATH, Heartbeat, ReaderCode, sign_heartbeat
from records.part import RecordPart
from records.receipt import Receipt, Refusal, parse_receipt, parse_refusal
from records.root import choose_disclosure_keys
from records.suite import VerifyKey

_TIMEOUT_S = 20.0
_RETRY_S = 0.25
_START_S = 0.2


class Line:
    """One connection to central, opened again when it was cut."""

    def __init__(self, url: str) -> None:
        place = urlsplit(url)
        self._connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=_TIMEOUT_S)

    def post(self, path: str, body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
        """Send and return status and answer. Raises: OSError, HTTPException."""
        try:
            self._connection.request("POST", path, body, headers)
            response = self._connection.getresponse()
            return response.status, response.read()
        except (OSError, http.client.HTTPException):
            self.cut()
            raise

    def cut(self) -> None:
        """Close the connection; the next request opens another."""
        self._connection.close()


@dataclass(frozen=True, slots=True)
class _Job:
    due_s: float  # since the start
    place: int  # of the arrival, or of the terminal that sends a heartbeat


@dataclass(slots=True)
class LoadRun:
    """One run: what it sends, to whom, and what came of it."""

    target: LoadTarget
    plan: LoadPlan
    terminals: list[SimulatedTerminal]
    arrivals: list[Arrival]
    contents: list[Content]
    captured_at: datetime
    tally: Tally = field(default_factory=Tally)
    stop: threading.Event = field(default_factory=threading.Event)
    started_s: float = 0.0
    finished_s: float = 0.0
    _receipt_key: VerifyKey = field(init=False)
    _key_ids: tuple[bytes, bytes] = field(init=False)

    def __post_init__(self) -> None:
        root = self.target.root
        self._receipt_key = root.receipt_key
        court, oversight = choose_disclosure_keys(root, self.captured_at)
        self._key_ids = (court.key_id, oversight.key_id)

    @property
    def generation(self) -> int:
        """The generation all terminals count in: the second of the start, so that no run meets another's numbers."""
        return int(self.captured_at.timestamp())

    def send_all(self) -> None:
        """Send everything when it is due, until all is answered or the time is up."""
        self.started_s = time.monotonic() + _START_S
        records = deque(_Job(each.due_s, place) for place, each in enumerate(self.arrivals))
        beats = deque(_Job(due_s, terminal) for due_s, terminal in draw_heartbeats(self.plan))
        threads = self._make_threads("records", records, self._send_record)
        threads += self._make_threads("beats", beats, self._send_beat)
        for thread in threads:
            thread.start()
        try:
            for thread in threads:
                thread.join()
        finally:
            self.stop.set()
            for thread in threads:
                thread.join(_TIMEOUT_S)
            self.finished_s = time.monotonic()

    def _make_threads(self, name: str, jobs: deque[_Job], send: Callable[[Line, _Job], None]) -> list[threading.Thread]:
        def work() -> None:
            line = Line(self.target.url)
            try:
                # A deque is safe between threads; each takes what is due next.
                while jobs and not self._is_over():
                    try:
                        job = jobs.popleft()
                    except IndexError:
                        return
                    self.stop.wait(max(0.0, self.started_s + job.due_s - time.monotonic()))
                    if not self._is_over():
                        send(line, job)
            finally:
                line.cut()

        count = min(self.plan.senders, len(jobs))
        return [threading.Thread(target=work, name=f"{name}-{number}", daemon=True) for number in range(count)]

    def _is_over(self) -> bool:
        return self.stop.is_set() or time.monotonic() > self.started_s + self.plan.seconds + self.plan.grace_s

    def _send_record(self, line: Line, job: _Job) -> None:
        chance = random.Random(self.plan.seed * 1_000_003 + job.place)
        cuts, repeats = chance.random() < self.plan.reconnects, chance.random() < self.plan.replays
        if cuts:
            line.cut()
        envelope = self._sign(job.place)
        answer = self._deliver(line, envelope)
        while answer is None and not self._is_over():
            self.tally.count("retries")
            self.stop.wait(_RETRY_S)
            answer = self._deliver(line, envelope)
        with self.tally.lock:
            if isinstance(answer, Receipt):
                self.tally.latencies_s.append(time.monotonic() - self.started_s - job.due_s)
            elif answer is not None:
                self.tally.refusals[answer.reason.name.lower()] += 1
        if repeats and isinstance(answer, Receipt):
            self._replay(line, envelope, answer)

    def _replay(self, line: Line, envelope: Envelope, receipt: Receipt) -> None:
        again = self._deliver(line, envelope)
        self.tally.count("replays")
        if again is not None and again.data != receipt.data:
            self.tally.count("different")

    def _deliver(self, line: Line, envelope: Envelope) -> Receipt | Refusal | None:
        """Send one envelope; None for anything but a verified answer about it."""
        body = encode_delivery([Item(0, envelope.data)])
        try:
            status, data = line.post(DELIVERY_PATH, body, {DIGEST_HEADER: compute_content_digest(body)})
            return self._judge(envelope, decode_reply(data)) if status == 200 else None
        except (OSError, http.client.HTTPException, RecordsError, ValueError):
            return None

    def _judge(self, envelope: Envelope, reply: Reply) -> Receipt | Refusal | None:
        (answer,) = reply.answers
        if not answer.receipt:
            refusal = parse_refusal(base64.b64decode(answer.refusal), self._receipt_key)
            return refusal if refusal.digest == envelope.digest else None
        receipt = parse_receipt(base64.b64decode(answer.receipt), self._receipt_key)
        return receipt if receipt.digest == envelope.digest else None

    def _sign(self, place: int) -> Envelope:
        arrival = self.arrivals[place]
        terminal = self.terminals[arrival.terminal]
        content = forge_content() if self.plan.forged else self.contents[place]
        header = Header(
            EnvelopeKind.RECORD, terminal.id, self.generation, arrival.sequence, content.record, NO_ID,
            content.stay_tag, terminal.key.public.key_id, *self._key_ids, self.captured_at,
        )  # fmt: skip
        return sign_envelope(header, RecordPart.from_bytes(content.part), terminal.key)

    def _send_beat(self, line: Line, job: _Job) -> None:
        terminal = self.terminals[job.place]
        beat = Heartbeat(
            terminal.id, terminal.key.public.key_id, datetime.now(UTC), "simulated", ReaderCode.READY,
            queue=0, oldest_s=0, clock_offset_s=0, free_disk_mib=1024,
        )  # fmt: skip
        self.tally.count("beats")
        try:
            status, _ = line.post(HEARTBEAT_PATH, sign_heartbeat(beat, terminal.key).data, {})
        except (OSError, http.client.HTTPException):
            return  # the next one comes in a minute
        with self.tally.lock:
            self.tally.counts["beats taken"] += status == 200
            self.tally.heartbeat_latencies_s.append(time.monotonic() - self.started_s - job.due_s)


def prepare_load(target: LoadTarget, plan: LoadPlan) -> LoadRun:
    """Make the terminals known and seal what is to be sent. Raises: NotForLoad, StoreError."""
    check_target(target)
    terminals, arrivals = make_terminals(plan.terminals), draw_arrivals(plan)
    seed_terminals(target.database, terminals)
    captured_at = datetime.now(UTC).replace(microsecond=0)
    contents = [] if plan.forged else seal_contents(target, arrivals, terminals, captured_at)
    return LoadRun(target, plan, terminals, arrivals, contents, captured_at)


def run_load(target: LoadTarget, plan: LoadPlan) -> Figures:
    """Prepare and send a load, then ask central's database what it holds. Raises: NotForLoad, StoreError."""
    run = prepare_load(target, plan)
    run.send_all()
    return count_figures(run)


def count_figures(run: LoadRun) -> Figures:
    """Return what a finished run came to, held against central's database. Raises: StoreError."""
    store = open_store(run.target.database)
    try:
        with store.reading() as connection:
            envelopes, records = count_generation(connection, [each.id for each in run.terminals], run.generation)
    finally:
        store.close()
    tally, planned = run.tally, len(run.arrivals)
    receipts = len(tally.latencies_s)
    return Figures(
        terminals=len(run.terminals),
        planned=planned,
        receipts=receipts,
        unanswered=planned - receipts - sum(tally.refusals.values()),
        took_s=run.finished_s - run.started_s,
        latency_ms=measure_latency(tally.latencies_s),
        retries=tally.counts["retries"],
        refusals=dict(tally.refusals),
        replays=tally.counts["replays"],
        replays_answered_differently=tally.counts["different"],
        heartbeats=tally.counts["beats"],
        heartbeats_taken=tally.counts["beats taken"],
        heartbeat_latency_ms=measure_latency(tally.heartbeat_latencies_s),
        lost=max(0, receipts - min(envelopes, records)),
        double=max(0, max(envelopes, records) - planned),
    )
