"""Errors of the court's tool, of countersigning and of the desk. Each docstring is the sentence a person reads."""

from __future__ import annotations

from oversight.errors import OversightError


class NotThisCourt(OversightError):
    """This key is not one of the keys that the annex has for the court named in the decision. Nothing was signed."""


class SignedAlready(OversightError):
    """This decision has its two signatures, or this key has signed it already. Nothing was signed."""


class FirstSignatureFalse(OversightError):
    """The signature that stands below this decision is not by a key of its court, or does not fit. Do not sign."""


class DraftRefused(OversightError):
    """The draft is not a file that a decision can be made of."""


class BookDamaged(OversightError):
    """The book of what was countersigned cannot be read. Restore it: without it, old lists could come back."""


class DayFull(OversightError):
    """No more new decisions are shown today: 200 is the most that anybody can read with care."""


class TooManyDecisions(OversightError):
    """There are more decisions than the annex allows. Nothing was signed."""


class DeskRefuses(OversightError):
    """The desk does not do this."""


# By which a page or command knows that refusal in the desk's answer.
NEEDS_TWO = "somebody stopped comparison: two people of oversight go on, on its page (kjt oversight console)"


class NeedsTwo(DeskRefuses):
    """Somebody stopped comparison: two people of oversight go on, on its page."""


class DeskSilent(OversightError):
    """The desk does not answer: is it running, with this folder?"""


class FolderInUse(OversightError):
    """Another process works with this folder. End it first."""


class RelaySilent(OversightError):
    """The relay does not answer as it should. Nothing was lost; try again."""


class DecisionNotOpen(OversightError):
    """This decision is not the one that you were shown last. Please look at it again."""


class BirthDateDiffers(OversightError):
    """The date of birth that was typed is not the decision's. Please read the decision again."""


class NothingToSign(OversightError):
    """There is no list to sign: its folders are not named in the settings."""


class NotProposed(OversightError):
    """Nobody has proposed to go on, or it was too long ago, or it was you: a second person is needed."""
