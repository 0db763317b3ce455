"""The codes of SES.HOSPEDAJES, and what each of its answers means for what was sent.

Source: interface of the communication service, version 3.1.3 of 8 January 2025, chapters 3 and 5. The codes of the
tables (payment, kinship, document, sex) are not in it since 3.1.1: they come from the operation `catalogo`.
"""

from __future__ import annotations

from enum import IntEnum, StrEnum

MAX_COMMUNICATIONS = 100  # of one request; the service may change it
MAX_BATCHES_ASKED = 10  # of one query, likewise
MAX_ANNULLED = 100  # "limited", says the manual, and not to what


class DocumentCode(StrEnum):
    """TIPO_DOCUMENTO, of persons."""

    NIF = "NIF"  # Spaniards: eight digits and a letter
    NIE = "NIE"  # foreigners who live in Spain
    PASSPORT = "PAS"
    OTHER = "OTRO"


class SexCode(StrEnum):
    """SEXO."""

    MAN = "H"
    WOMAN = "M"
    OTHER = "O"


class PaymentCode(StrEnum):
    """TIPO_PAGO."""

    AT_THE_HOUSE = "DESTI"
    CASH = "EFECT"
    CARD = "TARJT"
    PLATFORM = "PLATF"
    TRANSFER = "TRANS"
    MOBILE = "MOVIL"
    GIFT_CARD = "TREG"
    OTHER = "OTRO"


class KinshipCode(StrEnum):
    """TIPO_PARENTESCO: what a minor is to an adult of the same communication, as in the manual's example."""

    CHILD = "HJ"
    GRANDCHILD = "NI"
    NEPHEW = "SB"
    SIBLING = "HR"
    WARD = "TU"  # "tutor/a": the adult is the guardian
    OTHER = "OT"
    GRANDPARENT = "AB"
    GREAT_GRANDPARENT = "BA"
    GREAT_GRANDCHILD = "BN"
    SIBLING_IN_LAW = "CD"
    SPOUSE = "CY"
    PARENT = "PM"
    PARENT_IN_LAW = "SG"
    UNCLE = "TI"
    CHILD_IN_LAW = "YN"


class BatchState(IntEnum):
    """`codigoEstado` of a batch."""

    DONE = 1
    MALFORMED = 2
    UNEXPECTED = 3
    AT_WORK = 4
    WAITING = 5
    DONE_WITH_ERRORS = 6


class Meaning(StrEnum):
    """What a return code says of a request."""

    TAKEN = "taken"
    SET_UP = "set_up"  # the venue's credentials or codes: nothing was taken, and nothing will be until they are right
    REFUSED = "refused"  # what was sent is wrong: nothing was taken
    UNKNOWN = "unknown"  # the service does not know itself


# Chapter 5, all 28.
RETURN_CODES: dict[int, Meaning] = {
    0: Meaning.TAKEN,
    10100: Meaning.SET_UP,  # no lessor code
    10101: Meaning.REFUSED,  # no application name
    10103: Meaning.SET_UP,  # the lessor code does not exist
    10107: Meaning.SET_UP,  # wrong user
    10108: Meaning.REFUSED,  # no request
    10109: Meaning.REFUSED,  # no header
    10110: Meaning.REFUSED,  # no content
    10111: Meaning.REFUSED,  # not XML in UTF-8, zipped and in base64
    10112: Meaning.REFUSED,  # no operation
    10113: Meaning.REFUSED,  # no such communication
    10116: Meaning.REFUSED,  # no kind of communication
    10117: Meaning.REFUSED,  # operation is not A, B or C
    10118: Meaning.REFUSED,  # wrong form of the XML
    10119: Meaning.SET_UP,  # the lessor may not send this kind
    10120: Meaning.SET_UP,  # the web service is not switched on for the lessor
    10121: Meaning.REFUSED,  # validation; in the field also seen for a file that was sent before
    10122: Meaning.REFUSED,  # kind of communication unknown
    10128: Meaning.SET_UP,  # no user in the header
    10130: Meaning.REFUSED,  # wrong value in a field
    10131: Meaning.REFUSED,  # a field is empty
    10136: Meaning.REFUSED,  # too many to ask about
    10140: Meaning.REFUSED,  # no content
    10150: Meaning.REFUSED,  # name of the application too long
    10159: Meaning.REFUSED,  # kind of communication not valid
    10160: Meaning.REFUSED,  # no communication code
    10180: Meaning.REFUSED,  # communication code of a wrong form
    10999: Meaning.UNKNOWN,  # not caught
}
# Said of a whole file because of one communication in it: sent one by one, the others get through.
PERHAPS_ONE_OF_MANY = frozenset({10118, 10121, 10130, 10131})


def read_code(code: int) -> Meaning:
    """Return what a return code means; one that no manual names is unknown."""
    return RETURN_CODES.get(code, Meaning.UNKNOWN)
