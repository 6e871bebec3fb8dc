"""Passwords as argon2id hashes (RFC 9106), and a check that takes as long for a name that nobody has.

Slow on purpose (tens of milliseconds): check before the transaction begins, not inside it.
"""

from __future__ import annotations

from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from broker.errors import Refused, require

PASSWORD_MIN: Final = 8  # characters; NIST SP 800-63B-4 asks for length, not for signs of every kind
PASSWORD_MAX: Final = 128  # what is hashed is bounded: a long password must not be a way to keep the server busy

# OWASP's second choice of memory and passes: 19 MiB, 2 passes, 1 lane. Fits a Raspberry Pi and gunicorn's threads.
_HASHER: Final = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
# The hash of a password that nobody knows, with the parameters above: checked when the name is unknown.
_NOBODYS: Final = "$argon2id$v=19$m=19456,t=2,p=1$ntTA2/369yYDOaxXNkl6sA$SVB348nl3SDPMlHaeVQHmjTc3qO5bD/CGvmx75X/yRE"


class PasswordRefused(Refused):
    code = "password-refused"
    notice = "口令要有8至128个字符。请换一个长一点、自己记得住的口令。"


def hash_password(password: str) -> str:
    """Return the hash to keep beside the book.

    Raises:
        PasswordRefused: shorter than PASSWORD_MIN or longer than PASSWORD_MAX characters.
    """
    require(
        PASSWORD_MIN <= len(password) <= PASSWORD_MAX,
        f"a password has {PASSWORD_MIN} to {PASSWORD_MAX} characters",
        PasswordRefused,
    )
    return _HASHER.hash(password)


def is_password(password_hash: str | None, password: str) -> bool:
    """Say whether this is the password of that hash; None (no such name) is never right and takes as long."""
    if len(password) > PASSWORD_MAX:
        return False
    try:
        return _HASHER.verify(password_hash or _NOBODYS, password) and password_hash is not None
    except (VerificationError, InvalidHashError):
        return False


def is_outdated(password_hash: str) -> bool:
    """Say whether the hash was made with weaker parameters than today's: make it anew at the next sign-in."""
    return _HASHER.check_needs_rehash(password_hash)
