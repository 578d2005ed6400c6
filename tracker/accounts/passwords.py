"""Passwords: argon2id, and nothing else ever stored."""

from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

MINIMUM_LENGTH = 10
MAXIMUM_LENGTH = 200

_hasher = PasswordHasher()  # argon2id with the library's current parameters


# Spent on unknown e-mail addresses, so that they answer no faster than known ones.
@cache
def _decoy() -> str:
    return _hasher.hash("nobody signs in with this")


def hash_password(password: str) -> str:
    """The argon2id hash to store."""
    return _hasher.hash(password)


def hash_lightly(password: str) -> str:
    """A hash that is quick to make and to check: for passwords that are public anyway, in the demo and in tests."""
    return PasswordHasher(time_cost=1, memory_cost=64, parallelism=1).hash(password)


def matches(stored: str, password: str) -> bool:
    """Whether `password` is the one behind `stored`; as slow for an empty hash as for a real one."""
    try:
        return _hasher.verify(stored or _decoy(), password) and bool(stored)
    except (VerificationError, InvalidHashError):
        return False
