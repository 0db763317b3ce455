"""Errors of accounts. The docstring of each is the sentence a person reads; the pages have them in both languages."""

from __future__ import annotations


class AccountsError(Exception):
    """Something about accounts was refused."""

    code = "refused"  # of the texts `problem.…`

    def __str__(self) -> str:
        return type(self).__doc__ or type(self).__name__


class NameRefused(AccountsError):
    """A name has 2 to 32 characters: small letters a to z, digits, and . _ - after the first letter."""

    code = "name_refused"


class NameTaken(AccountsError):
    """There is an account of this name already. Please choose another name."""

    code = "name_taken"


class AccountUnknown(AccountsError):
    """There is no account of this name."""

    code = "account_unknown"


class PasswordTooShort(AccountsError):
    """A password needs at least 12 characters. Four or five words of a sentence are easy to keep."""

    code = "password_short"


class PasswordTooLong(AccountsError):
    """A password may have at most 256 characters."""

    code = "password_long"


class PasswordCommon(AccountsError):
    """This password is one of those that are tried first. Please choose another."""

    code = "password_common"


class PasswordIsName(AccountsError):
    """The password is made of the account's name. Please choose another."""

    code = "password_name"


class PasswordsDiffer(AccountsError):
    """The two passwords are not the same. Please type them again."""

    code = "passwords_differ"


class PasswordUnchanged(AccountsError):
    """This is the password from before. Please choose another."""

    code = "password_unchanged"


class SignInWrong(AccountsError):
    """Name, password or code is not right."""

    code = "sign_in_wrong"


class CodesUsedUp(AccountsError):
    """Three codes were not right. Please start again with name and password."""

    code = "codes_used_up"


class CodeWrong(AccountsError):
    """This code is not right. Please type the one that the app shows now."""

    code = "code_wrong"


class KeyRefused(AccountsError):
    """The security key's answer was not accepted. Please try again."""

    code = "security_key_refused"


class KeyIsCopied(AccountsError):
    """This key is copied to its maker's servers and other devices. Please use one that stays in its device."""

    code = "security_key_copied"


class KeyTaken(AccountsError):
    """This security key is registered already."""

    code = "security_key_taken"


class KeySuspected(AccountsError):
    """There may be a copy of this security key, so it is not accepted any more. Use another way, and remove it."""

    code = "security_key_suspected"


class KeyTitleRefused(AccountsError):
    """A security key needs a name of at most 40 characters."""

    code = "security_key_title"


class KeyTooLate(AccountsError):
    """That took too long. Please try again."""

    code = "security_key_late"


class TooManyKeys(AccountsError):
    """An account has at most five security keys."""

    code = "security_keys_many"


class LastFactor(AccountsError):
    """This is the last second factor. Set up another one first."""

    code = "last_factor"


class PleaseWait(AccountsError):
    """There were too many wrong tries. Please wait a little."""

    code = "please_wait"

    def __init__(self, wait_s: int) -> None:
        super().__init__(wait_s)
        self.wait_s = wait_s


class AccountKeyRefused(AccountsError):
    """The key file of the accounts must hold 32 bytes and be readable by its owner alone."""

    code = "key_refused"
