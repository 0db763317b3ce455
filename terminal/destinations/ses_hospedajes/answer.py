"""The answers of SES.HOSPEDAJES, read by name: manual, examples and schema spell some of them differently."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element

from terminal.destinations.ses_hospedajes.codes import BatchState
from terminal.destinations.soap import NoXml, find_child, find_text, list_children, local_name, open_envelope
from terminal.destinations.tables import Row, Table

# The schema says the first of each, the manual's examples the second.
_CODES = ("codigo", "codigoRetorno")
_RESULTS = ("resultadoComunicacion", "resutadoComunicacion")
# More than the schema allows and the manual's example has; whatever is longer is no reason a person reads.
_MAX_WORDS = 500
# What the field reports of a file that the service has had before (docs/destinations/spain.md).
_REPEATED = re.compile(r"duplicad|repetid|ya (?:existe|ha sido|se ha)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Reply:
    """What the service said of a request: its return code, its words, and the batch it made of it."""

    code: int
    words: str = field(default="", repr=False)
    batch: str = ""

    @property
    def is_repetition(self) -> bool:
        """Whether the words say that the same file was sent before."""
        return bool(_REPEATED.search(self.words))


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one communication of a batch."""

    code: str = ""  # its own from now on; "" where it was not taken
    is_annulled: bool = False
    kind: str = ""
    words: str = field(default="", repr=False)  # may quote the guest


@dataclass(frozen=True, slots=True)
class Batch:
    """What became of a batch. Times as the service writes them."""

    id: str
    state: BatchState
    received: str = ""
    processed: str = ""
    results: dict[int, Result] = field(default_factory=dict, repr=False)  # by place in the file, from 1


def read_reply(data: bytes) -> Reply:
    """Return the control block of an answer. Raises: NoXml, soap.Fault."""
    return _read_control(open_envelope(data))


def read_batches(data: bytes) -> tuple[Reply, dict[str, Batch]]:
    """Return the control block and the batches of an answer to a query. Raises: NoXml, soap.Fault."""
    body = open_envelope(data)
    found = [_read_batch(each) for each in list_children(body, "resultado") if find_text(each, "lote")]
    return _read_control(body), {batch.id: batch for batch in found}


def read_table(data: bytes) -> tuple[Reply, Table]:
    """Return the control block and the rows of a table. Raises: NoXml, soap.Fault."""
    body = open_envelope(data)
    rows = list_children(find_child(body, "respuesta", "resultado"), "tupla")
    table = Table(tuple(Row(find_text(each, "codigo"), find_text(each, "descripcion")) for each in rows))
    return _read_control(body), table


def _read_control(body: Element) -> Reply:
    """The block is `respuesta` in one operation and `resultado` in others."""
    for name in ("respuesta", "resultado"):
        block = find_child(body, name)
        for code in _CODES if block is not None else ():
            if block is not None and (text := find_text(block, code)):
                return Reply(_read_number(text), _read_words(block, "descripcion"), find_text(block, "lote"))
    # `anulacionLoteResponse` has no block.
    return Reply(_read_number(find_text(body, "codigo")), _read_words(body, "descripcion"))


def _read_batch(block: Element) -> Batch:
    results = find_child(block, "resultadoComunicaciones")
    listed = [each for each in results if local_name(each) in _RESULTS] if results is not None else []
    state = _read_number(find_text(block, "codigoEstado"))
    if state not in set(BatchState):
        raise NoXml("state")
    return Batch(
        id=find_text(block, "lote"),
        state=BatchState(state),
        received=find_text(block, "fechaPeticion"),
        processed=find_text(block, "fechaProcesamiento"),
        results={_read_number(find_text(each, "orden")): _read_result(each) for each in listed},
    )


def _read_result(block: Element) -> Result:
    return Result(
        code=find_text(block, "codigoComunicacion"),
        is_annulled=find_text(block, "anulada") in ("true", "1"),
        kind=find_text(block, "tipoError"),
        words=_read_words(block, "error"),
    )


def _read_words(block: Element, name: str) -> str:
    return " ".join(find_text(block, name).split())[:_MAX_WORDS]


def _read_number(text: str) -> int:
    if not re.fullmatch("[0-9]{1,9}", text):
        raise NoXml("number")
    return int(text)
