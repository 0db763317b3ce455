"""What happens to accounts, as the audit log says it."""

from __future__ import annotations

from enum import StrEnum


class AccountAct(StrEnum):
    """Acts around accounts; the subject is the account's name unless said otherwise."""

    SIGN_IN = "sign in"
    SIGN_IN_FAILED = "sign in failed"  # actor: the account, or nobody for a name that there is not
    SIGN_OUT = "sign out"
    SESSION_ENDED = "session ended"
    PASSWORD_CHOSEN = "password chosen"  # noqa: S105 - an act
    FACTOR_SET = "second factor set"
    APP_REMOVED = "authenticator app removed"
    KEY_ADDED = "security key added"
    KEY_RENAMED = "security key renamed"
    KEY_REMOVED = "security key removed"
    KEY_SUSPECTED = "security key suspected"  # its counter went back: there may be a copy
    RECOVERY_CODE_USED = "recovery code used"
    RECOVERY_CODES_MADE = "recovery codes made"
    ADDED = "account added"
    DISABLED = "account disabled"
    ENABLED = "account enabled"
    RESET = "account reset"
