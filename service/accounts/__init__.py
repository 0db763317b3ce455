"""Accounts of a web service: names, passwords, second factors, sessions, and what slows down guessing."""

from service.accounts.acts import AccountAct
from service.accounts.attempts import Attempt
from service.accounts.book import Account, AccountBook, Factor
from service.accounts.errors import AccountsError
from service.accounts.key import AccountKey, create_account_key, ensure_account_key, load_account_key
from service.accounts.sessions import Session, SessionBook, Standing

__all__ = [
    "Account",
    "AccountAct",
    "AccountBook",
    "AccountKey",
    "AccountsError",
    "Attempt",
    "Factor",
    "Session",
    "SessionBook",
    "Standing",
    "create_account_key",
    "ensure_account_key",
    "load_account_key",
]
