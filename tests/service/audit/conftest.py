"""The databases of central's tests serve here too."""

from tests.central.conftest import database

__all__ = ["database"]
