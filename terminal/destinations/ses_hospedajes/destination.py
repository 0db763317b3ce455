"""SES.HOSPEDAJES as a destination: what is asked, told, queried and taken back.

One communication is one booking there. Guests of one party are told together, because a minor needs an adult beside
them; what became of it is known later, by a query of its batch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from records.profile import Profile
from records.stays import EventKind, Venue
from terminal.destinations.asked import AskedField, Finding, FindingCode
from terminal.destinations.line import Line, ServiceAddress
from terminal.destinations.ses_hospedajes import deliver, request, talk
from terminal.destinations.ses_hospedajes.ask import list_fields
from terminal.destinations.ses_hospedajes.codes import MAX_COMMUNICATIONS
from terminal.destinations.ses_hospedajes.compose import compose_arrival, list_findings
from terminal.destinations.ses_hospedajes.describe import describe_message
from terminal.destinations.ses_hospedajes.judge import read_handle
from terminal.destinations.ses_hospedajes.message import Annulment, decode_message, encode_message
from terminal.destinations.ses_hospedajes.tables import (
    MUNICIPALITIES,
    OF_THE_SERVICE,
    STATES,
    TABLE_NAMES,
    load_municipalities,
    load_states,
)
from terminal.destinations.tables import Tables
from terminal.destinations.terms import (
    Absent,
    Action,
    CannotCompose,
    CredentialField,
    Credentials,
    FallbackFile,
    Item,
    Matter,
    Outcome,
    ReceiptFile,
    Session,
)

# Manual 3.1.3, 2.1, and the WSDL. The other address named there is for tests of programs.
_ADDRESS = ServiceAddress("https://hospedajes.ses.mir.es")


@dataclass(frozen=True, slots=True)
class SesHospedajes:
    """The web service of the Ministry of the Interior (`terms.Destination`)."""

    id: str = "ses_hospedajes"
    name: str = "SES.HOSPEDAJES"
    address: ServiceAddress = _ADDRESS
    credential_fields: tuple[CredentialField, ...] = (
        CredentialField("lessor", is_secret=False, max_chars=10),
        CredentialField("establishment", is_secret=False, max_chars=10),
        CredentialField("user", is_secret=False, max_chars=50),
        CredentialField("password"),
    )
    table_names: tuple[str, ...] = TABLE_NAMES
    batch_size: int = MAX_COMMUNICATIONS
    hold: timedelta = timedelta(minutes=10)
    can_query: bool = False  # of what has no batch number; what is pending has one
    has_receipts: bool = False

    def list_actions(self, event: EventKind, *, is_accepted: bool) -> tuple[Action, ...]:
        """Arrivals are told; there is no message of correction: a communication is annulled and told again."""
        match event:
            case EventKind.CHECK_IN if not is_accepted:
                return (Action.ARRIVAL,)
            case EventKind.CHECK_IN | EventKind.CORRECT | EventKind.CANCEL if is_accepted:
                return (Action.ANNULMENT, Action.ARRIVAL)
        return ()

    def list_asked(self, matter: Matter, tables: Tables) -> tuple[AskedField, ...]:
        """Return what the document does not say and the law asks."""
        return tuple(list_fields(matter, tables))

    def check(self, matter: Matter, tables: Tables) -> tuple[Finding, ...]:
        """Return what the service would refuse."""
        if matter.action is Action.ANNULMENT:
            # Accepted by a person's word alone: the portal has the code, and there it is annulled.
            return () if read_handle(matter.earlier) else (Finding("stay", FindingCode.CODE_UNKNOWN),)
        return tuple(list_findings(matter, tables))

    def compose(self, matter: Matter, tables: Tables) -> bytes:
        """Return the message about one guest. Raises: CannotCompose."""
        if matter.action is Action.ANNULMENT:
            if not read_handle(matter.earlier):
                raise CannotCompose("earlier")
            return encode_message(Annulment(matter.earlier))
        return encode_message(compose_arrival(matter, tables))

    def describe(self, data: bytes) -> tuple[tuple[str, str], ...]:
        """Return what a message says, for the slip."""
        return tuple(describe_message(decode_message(data)))

    def sign_in(self, credentials: Credentials, line: Line, now: datetime) -> Session:  # noqa: ARG002
        """Ask about a batch that nobody has: user, password and lessor code are looked at, and no guest is named."""
        session = Session(line, credentials)
        talk.knock(session)
        return session

    def fetch_tables(self, session: Session) -> Tables:
        """Return the service's four tables, and municipalities and states from the release."""
        fetched = {name: talk.fetch_table(session, name) for name in OF_THE_SERVICE}
        return Tables({**fetched, MUNICIPALITIES: load_municipalities(), STATES: load_states()})

    def deliver(self, items: Sequence[Item], session: Session, now: datetime) -> list[Outcome]:  # noqa: ARG002
        """Send communications and annulments; each is pending until its batch has been worked on."""
        talk.knock(session)
        return deliver.deliver_items(items, session)

    def query(self, items: Sequence[Item], session: Session, now: datetime) -> list[Outcome | Absent]:  # noqa: ARG002
        """Ask about batches, ten at a time."""
        return deliver.query_items(items, session)

    def fetch_receipt(self, day: date, session: Session) -> ReceiptFile | None:  # noqa: ARG002
        """The service has no receipt of a day: the codes of communications prove them (`Accepted.proof`)."""
        return None

    def make_fallback(
        self,
        items: Sequence[Item],
        profile: Profile,  # noqa: ARG002
        venue: Venue,  # noqa: ARG002
        now: datetime,
        credentials: Credentials,  # noqa: ARG002
    ) -> FallbackFile:
        """Return the XML file that the portal takes by upload. The owner's establishment code is filled in there."""
        parties = deliver.group_parties([each for each in items if each.action is not Action.ANNULMENT])
        told = [[deliver.read_arrival(each) for each in party] for party in parties]
        data = request.write_arrivals("", told)
        return FallbackFile(f"ses-hospedajes-{now:%Y%m%d-%H%M}.xml", "application/xml", data)


SES_HOSPEDAJES = SesHospedajes()
