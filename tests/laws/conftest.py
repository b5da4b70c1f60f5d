"""Laws are tried on the same examples in every run, as the properties of the unit tests are, and with the same fixtures."""

from tests.unit.conftest import pytest_collection_finish, room

__all__ = ["pytest_collection_finish", "room"]
