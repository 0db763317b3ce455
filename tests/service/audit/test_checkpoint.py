"""Checkpoints: one of a public log, and what is none."""

import pytest

from records.checkpoint import Checkpoint, is_plain, open_checkpoint
from records.errors import BadSignature, MalformedBytes
from records.notes import NoteVerifier, open_note, sign_note
from tests.service.audit.small_log import SIGNER

# Of the log that all of Go's modules stand in. Its key has another name than its first line.
PUBLISHED_KEY = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8"
PUBLISHED = """go.sum database tree
6476701
mb8QLQIs0Z0yP5Cstq6guj87oXWeC9gEM8oVikmm9Wk=

— sum.golang.org Az3grsLX85Gz+s1SiTbgkuqxgItqFq7gsMUEyVnrsa9LM7Us9S+1xbFIGu95949rj4nPRYfvimWEPWL+o3GeoWwOoAw=
"""
ROOT = bytes(range(32))


def test_published_checkpoint_is_read() -> None:
    found = Checkpoint.from_text(open_note(PUBLISHED, NoteVerifier.from_text(PUBLISHED_KEY)))
    assert (found.origin, found.size) == ("go.sum database tree", 6_476_701)
    assert found.root.hex() == "99bf102d022cd19d323f90acb6aea0ba3f3ba1759e0bd80433ca158a49a6f569"
    assert is_plain(PUBLISHED)


def test_log_whose_key_has_another_name_is_not_ours() -> None:
    with pytest.raises(BadSignature):
        open_checkpoint(PUBLISHED, [NoteVerifier.from_text(PUBLISHED_KEY)])


def test_checkpoint_is_read_back_as_it_was_signed() -> None:
    checkpoint = Checkpoint(SIGNER.name, 48, ROOT)
    assert open_checkpoint(checkpoint.sign(SIGNER), [SIGNER.verifier]) == checkpoint


@pytest.mark.parametrize(
    "text",
    [
        "{name}\n48\n",
        "{name}\n048\n{root}\n",
        "{name}\n-1\n{root}\n",
        "{name}\n4_8\n{root}\n",
        "{name}\n٤٨\n{root}\n",
        "{name}\n48\n{root}\nan extension\n",
        "{name}\n48\nAAAA\n",
        "{name}\n48\n{root}A=\n",
        "{name}\n48\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh9=\n",  # the same root with spare bits
    ],
)
def test_text_of_another_form_is_no_checkpoint(text: str) -> None:
    note = sign_note(text.format(name=SIGNER.name, root="AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="), SIGNER)
    with pytest.raises(MalformedBytes):
        open_checkpoint(note, [SIGNER.verifier])
