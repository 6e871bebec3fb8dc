"""The keys of the residents' vault: one a resident, each wrapped by the vault's own.

    lookup key   HMAC of kind and number of the card -> resident_id: the same person is found, nobody is named
    vault key    wraps each resident's key; a copied database without it reads nobody
    resident key seals that one person's identity, forms and pages; destroyed, they are gone

ChaCha20-Poly1305 throughout. What is sealed is bound to its place, so that no row can be moved to another person.
Pure: randomness is handed in.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from broker.errors import OneWindowError
from broker.messages import IdKind

KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12
SEAL_BYTES: Final = NONCE_BYTES + 16


class VaultDamaged(OneWindowError, RuntimeError):
    """What was kept of a resident does not open: altered, moved, or wrapped with another vault key."""

    code = "vault-damaged"
    notice = "这位居民的档案打不开：数据损坏或保险库密钥不符。请联系管理员从备份恢复。"


class VaultKeys:
    """Makes resident ids, and wraps and unwraps resident keys."""

    def __init__(self, *, vault_key: bytes, lookup_key: bytes) -> None:
        assert len(vault_key) == KEY_BYTES
        assert len(lookup_key) == KEY_BYTES
        self._vault = ChaCha20Poly1305(vault_key)
        self._lookup_key = lookup_key

    def __repr__(self) -> str:
        return "VaultKeys(…)"

    def resident_id(self, kind: IdKind, id_number: str) -> str:
        """Return 32 hexadecimal digits that stand for this person in this hall."""
        named = f"onewindow/1/resident/{kind.value}/{id_number.upper()}".encode()
        return hmac.new(self._lookup_key, named, hashlib.sha256).hexdigest()[:32]

    def wrap(self, key: bytes, resident_id: str, nonce: bytes) -> bytes:
        return nonce + self._vault.encrypt(nonce, key, f"resident-key/{resident_id}".encode())

    def unwrap(self, wrapped: bytes, resident_id: str) -> bytes:
        """Return a resident's key.

        Raises:
            VaultDamaged: altered, another resident's, or wrapped with another vault key.
        """
        try:
            return self._vault.decrypt(
                wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], f"resident-key/{resident_id}".encode()
            )
        except (InvalidTag, ValueError):
            raise VaultDamaged("a resident's key does not unwrap") from None


def seal(key: bytes, plain: bytes, place: str, nonce: bytes) -> bytes:
    return nonce + ChaCha20Poly1305(key).encrypt(nonce, plain, place.encode())


def unseal(key: bytes, sealed: bytes, place: str) -> bytes:
    """Return what was sealed for this place.

    Raises:
        VaultDamaged: altered, moved, or sealed with another key.
    """
    try:
        return ChaCha20Poly1305(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], place.encode())
    except (InvalidTag, ValueError):
        raise VaultDamaged("what was kept of a resident does not open") from None


def seal_page(key: bytes, picture: bytes, plain_digest: str) -> bytes:
    """Return a page as it is kept.

    The nonce is made from the key and the picture's digest: the same picture of the same resident gives the same
    bytes and so the same file, however often a crash makes central take it again, and no nonce meets two pictures.
    """
    nonce = hmac.new(key, f"page-nonce/{plain_digest}".encode(), hashlib.sha256).digest()[:NONCE_BYTES]
    return seal(key, picture, f"page/{plain_digest}", nonce)


def unseal_page(key: bytes, sealed: bytes, plain_digest: str) -> bytes:
    return unseal(key, sealed, f"page/{plain_digest}")
