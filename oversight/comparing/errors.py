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
NEEDS_TWO = "comparison is off, or was stopped: two people of oversight go on, on its page (kjt oversight console)"


class NeedsTwo(DeskRefuses):
    """Comparison is off, or was stopped: two people of oversight go on, on its page."""


OTHERWISE_NOW = "somebody has permitted or stopped comparison since that was shown"


class OtherwiseNow(DeskRefuses):
    """Somebody has permitted or stopped comparison since that was shown. Look at what is the case now."""


class NoListKey(OversightError):
    """A permit needs the key that signs lists as well, and it is not on this machine (docs/oversight.md)."""


class DraftDiffers(OversightError):
    """The desk drafted another permit than was asked for. Nothing was signed: ask who works at the desk."""


class DeskSilent(OversightError):
    """The desk does not answer: is it running, with this folder?"""


class FolderInUse(OversightError):
    """Another process works with this folder. End it first."""


class RelaySilent(OversightError):
    """The relay does not answer as it should. Nothing was lost; try again."""


class BoxFull(OversightError):
    """Too many letters of yours wait for this party at the relay. It was not left there; send it again later."""


class TokenProblem(OversightError):
    """The token does not do this. Nothing was signed."""


class TokenLibraryMissing(TokenProblem):
    """Keys on a token need a library: .venv/bin/pip install --require-hashes -r requirements-tokens.lock"""


class TokenModuleRefused(TokenProblem):
    """The token's own library cannot be used: is the path right and whole, and may nobody else write to it?"""


class TokenAbsent(TokenProblem):
    """No token of this name, or not this very one, is plugged in; or there are several. Nothing was signed."""


class PinWrong(TokenProblem):
    """The PIN is wrong. Nothing was signed. Tokens lock themselves after a few wrong ones: look it up first."""


class PinLocked(TokenProblem):
    """The token has locked itself, or its PIN has expired. Nothing was signed. Its administrator unlocks it."""


class PinNotSet(TokenProblem):
    """The token has no PIN yet. Its administrator sets one. Nothing was signed."""


class TokenGone(TokenProblem):
    """The token no longer answers: plug it in and begin again. What was signed before stays; this one was not."""


class KeyNotOnToken(TokenProblem):
    """The key of this folder is not on this token. Nothing was signed. Is it another judge's token?"""


class TokenKeyExists(TokenProblem):
    """There is a key of this name on the token already. Nothing was made."""


class TokenCannot(TokenProblem):
    """This token cannot make or use an Ed25519 key that stays on it. Nothing was signed."""


class PassphraseWeak(OversightError):
    """A passphrase has at least twelve characters, not all alike. Nothing was made."""


class PassphraseWrong(OversightError):
    """The passphrase is wrong, or the key file is damaged. Nothing was signed."""


class RegisterMissing(OversightError):
    """This is not the folder of the court's registry, made by `registry`. Nothing was signed."""


class RegisterDamaged(OversightError):
    """A file of the registry cannot be read. Restore it: without it nobody knows who was confirmed or withdrawn."""


class ConfirmedAlready(OversightError):
    """An alert confirmed this person under an earlier decision for the same act. It ended; it is not renewed."""


class WithdrawnAlready(OversightError):
    """This decision was withdrawn. It is not renewed; decide anew, from a new draft."""


class DraftChanged(OversightError):
    """This draft is not what was signed under its file name before. Compare the two, and remove one."""


class DecisionNotOpen(OversightError):
    """This decision is not the one that you were shown last. Please look at it again."""


class BirthDateDiffers(OversightError):
    """The date of birth that was typed is not the decision's. Please read the decision again."""


class NothingToSign(OversightError):
    """There is no list to sign: its folders are not named in the settings."""


class NotProposed(OversightError):
    """Nobody has proposed this, or it was too long ago, or it was you: a second person is needed."""


class LogBusy(OversightError):
    """A log is being checked already: wait until that is done."""
