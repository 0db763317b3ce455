"""The databases of central's tests serve here too."""

from tests.central.conftest import database, postgresql

__all__ = ["database", "postgresql"]
