"""A judge's key: on a real token in software, or in a file under a passphrase; and everything that can be wrong."""

from __future__ import annotations

import json
import os
import traceback
from collections.abc import Callable
from pathlib import Path

import pytest

from oversight.comparing import errors
from oversight.comparing.judge_keys import (
    Asked,
    AskSecret,
    KeptAs,
    find_keeping,
    load_judge_verifier,
    make_judge_key,
    make_judge_key_on_token,
    open_judge_key,
)
from oversight.comparing.keys import KeyFile, make_signing_key
from oversight.errors import KeysExist, KeysRefused, OversightError
from records.notes import open_note, sign_note
from tests.oversight.comparing.softhsm import PIN, Tokens, plug_in_tokens

PHRASE = "correct 马 battery 电池"
NAME = "demo/court/first"


@pytest.fixture(scope="module")
def tokens() -> Tokens:
    return plug_in_tokens()


def say(secret: str, asked: list[Asked] | None = None) -> AskSecret:
    def answer(what: Asked) -> str:
        if asked is not None:
            asked.append(what)
        return secret

    return answer


def nobody(what: Asked) -> str:
    raise AssertionError(what)


@pytest.fixture(scope="module")
def judge(tokens: Tokens, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A judge whose key is on a token."""
    folder = tmp_path_factory.mktemp("judges") / "first"
    make_judge_key_on_token(folder, NAME, Path(tokens.module), "first judge", say(PIN))
    return folder


def test_a_key_made_on_a_token_signs_notes_that_everybody_can_check(judge: Path) -> None:
    asked: list[Asked] = []
    with open_judge_key(judge, say(PIN, asked)) as signer:
        notes = [sign_note(text, signer) for text in ("one\n", "two\n")]
    assert [open_note(note, load_judge_verifier(judge)) for note in notes] == ["one\n", "two\n"]
    assert asked == [Asked.PIN]


def test_nothing_secret_of_a_token_is_in_the_folder(judge: Path) -> None:
    assert find_keeping(judge) is KeptAs.HARDWARE
    assert sorted(path.name for path in judge.iterdir()) == ["judge.pub", "judge.token"]
    assert not any(PIN in path.read_text() for path in judge.iterdir())
    assert (judge / "judge.token").stat().st_mode & 0o077 == 0


def test_the_key_on_the_token_can_be_neither_read_nor_copied(tokens: Tokens, judge: Path) -> None:
    import pkcs11
    from pkcs11 import Attribute

    place = json.loads((judge / "judge.token").read_text())
    (token,) = [each for each in pkcs11.lib(tokens.module).get_tokens() if each.label == "first judge"]
    with token.open(user_pin=PIN) as session:
        key = session.get_key(object_class=pkcs11.ObjectClass.PRIVATE_KEY, id=bytes.fromhex(place["key"]))
        assert [key[each] for each in (Attribute.SENSITIVE, Attribute.EXTRACTABLE, Attribute.PRIVATE)] == [
            True, False, True,
        ]  # fmt: skip
        with pytest.raises(pkcs11.PKCS11Error):
            print(key[Attribute.VALUE])
    with token.open() as session:  # nobody without the PIN even sees it
        assert not list(session.get_objects({Attribute.CLASS: pkcs11.ObjectClass.PRIVATE_KEY}))


def test_a_wrong_pin_signs_nothing_and_is_said_nowhere(judge: Path) -> None:
    wrong = PIN[::-1]
    with pytest.raises(errors.PinWrong) as caught, open_judge_key(judge, say(wrong)):
        pass
    assert wrong not in "".join(traceback.format_exception(caught.value)) + str(caught.value)
    with open_judge_key(judge, say(PIN)) as signer:
        assert sign_note("still\n", signer)


def test_a_token_that_is_locked_or_has_no_pin_is_told_before_anybody_types(
    judge: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pkcs11 import TokenFlag

    for flag, error in ((TokenFlag(0), errors.PinNotSet), (TokenFlag.USER_PIN_LOCKED, errors.PinLocked)):
        token = _FlaggedToken(flag)
        monkeypatch.setattr("oversight.comparing.tokens._find_token", lambda *_, token=token: token)
        with pytest.raises(error), open_judge_key(judge, nobody):
            pass


class _FlaggedToken:
    """What SoftHSM never says: it locks nothing."""

    def __init__(self, flags: object, fails: Exception | None = None) -> None:
        self.flags, self.fails = flags, fails

    def open(self, **_: object) -> None:
        assert self.fails is not None
        raise self.fails


def test_what_a_locked_or_failing_token_says_becomes_a_plain_sentence(
    tokens: Tokens, judge: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pkcs11 import TokenFlag, exceptions

    ready = TokenFlag.USER_PIN_INITIALIZED
    said = {
        exceptions.PinLocked: errors.PinLocked, exceptions.PinExpired: errors.PinLocked,
        exceptions.PinIncorrect: errors.PinWrong, exceptions.PinLenRange: errors.PinWrong,
        exceptions.UserPinNotInitialized: errors.PinNotSet, exceptions.TokenNotPresent: errors.TokenGone,
        exceptions.DeviceError: errors.TokenGone,
    }  # fmt: skip
    for raised, error in said.items():
        token = _FlaggedToken(ready | TokenFlag.USER_PIN_FINAL_TRY, raised(PIN))
        monkeypatch.setattr("oversight.comparing.tokens._find_token", lambda *_, token=token: token)
        asked: list[Asked] = []
        with pytest.raises(error) as caught, open_judge_key(judge, say(PIN, asked)):
            pass
        assert asked == [Asked.LAST_PIN]
        assert PIN not in "".join(traceback.format_exception(caught.value))


def test_a_token_pulled_out_between_two_signatures_signs_the_first_alone(tokens: Tokens, tmp_path: Path) -> None:
    make_judge_key_on_token(tmp_path / "j", NAME, Path(tokens.module), "pulled out", say(PIN))
    stick = tokens.find_folder(json.loads((tmp_path / "j" / "judge.token").read_text())["serial"])
    with open_judge_key(tmp_path / "j", say(PIN)) as signer:
        first = sign_note("one\n", signer)
        stick.rename(tmp_path / "pocket")
        with pytest.raises(errors.TokenGone):
            sign_note("two\n", signer)
    assert open_note(first, load_judge_verifier(tmp_path / "j")) == "one\n"


def test_the_key_must_be_on_this_very_token(tokens: Tokens, judge: Path, tmp_path: Path) -> None:
    place = json.loads((judge / "judge.token").read_text())
    make_judge_key_on_token(tmp_path / "second", f"{NAME}2", Path(tokens.module), "second judge", say(PIN))
    second = json.loads((tmp_path / "second" / "judge.token").read_text())

    def try_place(**changes: str) -> Callable[[], object]:
        folder = tmp_path / "tried"
        folder.mkdir(exist_ok=True)
        (folder / "judge.pub").write_bytes((judge / "judge.pub").read_bytes())
        (folder / "judge.token").write_text(json.dumps({**place, **changes}))
        os.chmod(folder / "judge.token", 0o600)
        return lambda: open_judge_key(folder, say(PIN)).__enter__()

    for changes, error in (
        ({"serial": "0123"}, errors.TokenAbsent),
        ({"token": "somebody"}, errors.TokenAbsent),
        ({"key": "00"}, errors.KeyNotOnToken),
        ({"key": "no hex"}, errors.KeyNotOnToken),
        (second, errors.KeyNotOnToken),  # the second judge's token under the first one's name
        ({"module": "/usr/lib/none.so"}, errors.TokenModuleRefused),
        ({"module": "/etc/hostname"}, errors.TokenModuleRefused),
        ({"module": "libsofthsm2.so", "x": ""}, KeysRefused),
    ):
        with pytest.raises(error):
            try_place(**changes)()


def test_a_library_that_others_may_write_is_not_loaded(tokens: Tokens, tmp_path: Path) -> None:
    copy = tmp_path / "token.so"
    copy.write_bytes(Path(tokens.module).read_bytes())
    copy.chmod(0o666)
    with pytest.raises(errors.TokenModuleRefused):
        make_judge_key_on_token(tmp_path / "j", NAME, copy, "first judge", nobody)


@pytest.mark.parametrize("place", ["folder", "link", "owner"])
def test_a_library_that_others_could_exchange_is_not_loaded(
    tokens: Tokens, tmp_path: Path, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared, own = tmp_path / "shared", tmp_path / "own"
    shared.mkdir()
    own.mkdir()
    copy = (own if place == "link" else shared) / "token.so"
    copy.write_bytes(Path(tokens.module).read_bytes())
    copy.chmod(0o644)
    module = copy
    if place == "link":
        module = shared / "link.so"
        module.symlink_to(copy)
    if place == "owner":
        # As if another user had put it there, readable by all and writable by that user alone.
        monkeypatch.setattr(os, "geteuid", lambda: 4711)
        if copy.stat().st_uid == 0:
            os.chown(copy, 4712, -1)
    else:
        shared.chmod(0o777)
    with pytest.raises(errors.TokenModuleRefused):
        make_judge_key_on_token(tmp_path / "j", NAME, module, "first judge", nobody)


def test_a_second_key_of_one_name_is_not_made_and_a_folder_has_one_key(
    tokens: Tokens, judge: Path, tmp_path: Path
) -> None:
    with pytest.raises(errors.TokenKeyExists):
        make_judge_key_on_token(tmp_path / "again", NAME, Path(tokens.module), "first judge", say(PIN))
    assert not (tmp_path / "again").exists()
    with pytest.raises(KeysExist):
        make_judge_key(judge, NAME, nobody)
    both = tmp_path / "both"
    make_judge_key(both, NAME, say(PHRASE))
    (both / "judge.token").write_text("{}")
    with pytest.raises(KeysRefused):
        find_keeping(both)


def test_a_key_in_a_file_opens_with_its_passphrase_alone(tmp_path: Path) -> None:
    asked: list[Asked] = []
    verifier = make_judge_key(tmp_path / "j", NAME, say(PHRASE, asked))
    with open_judge_key(tmp_path / "j", say(PHRASE, asked)) as signer:
        assert signer.verifier == verifier
        seed = signer.key.data  # type: ignore[attr-defined]
    assert asked == [Asked.NEW_PHRASE, Asked.PHRASE]
    assert find_keeping(tmp_path / "j") is KeptAs.SEALED
    assert seed not in (tmp_path / "j" / "judge.key").read_bytes()
    for wrong in ("", PHRASE + " ", PHRASE.upper()):
        with pytest.raises(errors.PassphraseWrong) as caught, open_judge_key(tmp_path / "j", say(wrong)):
            pass
        assert not wrong or wrong not in "".join(traceback.format_exception(caught.value))


def test_a_passphrase_typed_in_another_form_of_the_same_letters_opens_too(tmp_path: Path) -> None:
    make_judge_key(tmp_path / "j", NAME, say("Ａbcdefgh ijkl 法院"))
    with open_judge_key(tmp_path / "j", say("Abcdefgh ijkl 法院")) as signer:
        assert signer.name == NAME


@pytest.mark.parametrize("weak", ["", "short", "aaaaaaaaaaaaaaaa", "abababababababab", "12345678901"])
def test_a_weak_passphrase_makes_no_key(tmp_path: Path, weak: str) -> None:
    with pytest.raises(errors.PassphraseWeak):
        make_judge_key(tmp_path / "j", NAME, say(weak))
    assert not (tmp_path / "j").exists()


def test_a_damaged_or_exchanged_key_file_opens_nothing(tmp_path: Path) -> None:
    make_judge_key(tmp_path / "j", NAME, say(PHRASE))
    make_judge_key(tmp_path / "k", f"{NAME}2", say(PHRASE))
    good = (tmp_path / "j" / "judge.key").read_bytes()
    other = (tmp_path / "k" / "judge.key").read_bytes()
    for data in (good[:-1], good + b"x", good[:-1] + bytes([good[-1] ^ 1]), good[:8], other, b""):
        (tmp_path / "j" / "judge.key").write_bytes(data)
        with pytest.raises(OversightError), open_judge_key(tmp_path / "j", say(PHRASE)):
            pass


def test_the_demonstrations_bare_key_is_read_and_known_as_such(tmp_path: Path) -> None:
    verifier = make_signing_key(tmp_path, KeyFile.JUDGE, NAME)
    assert find_keeping(tmp_path) is KeptAs.BARE
    with open_judge_key(tmp_path, nobody) as signer:
        assert signer.verifier == verifier


def test_without_the_library_the_message_says_how_to_get_it(
    tokens: Tokens, judge: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pkcs11", None)
    with pytest.raises(errors.TokenLibraryMissing, match=r"requirements-tokens\.lock"), open_judge_key(judge, nobody):
        pass
