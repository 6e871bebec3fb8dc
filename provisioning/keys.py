"""Keys made and kept: Ed25519 to sign, X25519 to seal to, 32 random bytes for what is derived or wrapped.

Private keys are PEM PKCS8 of mode 0600, public keys PEM SubjectPublicKeyInfo, 32-byte keys 64 hexadecimal digits and a
newline. What is there is kept: making a key a second time returns the first.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ec import generate_private_key as generate_p256
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from broker.errors import Refused
from provisioning.files import write_open, write_secret

KEY_BYTES: Final = 32

PrivateKey = Ed25519PrivateKey | X25519PrivateKey | EllipticCurvePrivateKey
PublicKey = Ed25519PublicKey | X25519PublicKey


class KeyFileRefused(Refused):
    """A key file does not hold the kind of key that its name promises. Nothing was changed."""

    code = "key-file-refused"
    notice = "密钥文件损坏或类型不对，请从备份恢复，或重新制作该装置的密钥。"


def signing_key(path: Path) -> Ed25519PrivateKey:
    """Return the Ed25519 key of this file, made now if there is none."""
    key = _kept(path, Ed25519PrivateKey.generate)
    if not isinstance(key, Ed25519PrivateKey):
        raise _refused(path, "Ed25519")
    return key


def sealing_key(path: Path) -> X25519PrivateKey:
    """Return the X25519 key of this file, made now if there is none."""
    key = _kept(path, X25519PrivateKey.generate)
    if not isinstance(key, X25519PrivateKey):
        raise _refused(path, "X25519")
    return key


def tls_key(path: Path) -> EllipticCurvePrivateKey:
    """Return the P-256 key of this file, made now if there is none."""
    key = _kept(path, lambda: generate_p256(SECP256R1()))
    if not isinstance(key, EllipticCurvePrivateKey):
        raise _refused(path, "elliptic curve")
    return key


def secret_key(path: Path) -> bytes:
    """Return the 32 bytes of this file, made now if there is none."""
    if not path.exists():
        write_secret(path, secrets.token_hex(KEY_BYTES) + "\n")
    text = path.read_text(encoding="ascii").strip()
    if len(text) != 2 * KEY_BYTES or not set(text) <= set("0123456789abcdef"):
        raise KeyFileRefused(f"{path.name} does not hold {KEY_BYTES} bytes in hexadecimal")
    return bytes.fromhex(text)


def private_pem(key: PrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def public_pem(key: PublicKey) -> bytes:
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def write_public(path: Path, key: PublicKey) -> None:
    write_open(path, public_pem(key))


def read_public(path: Path) -> PublicKey:
    """Return the public key of this file.

    Raises:
        KeyFileRefused: not PEM, or neither Ed25519 nor X25519.
    """
    try:
        key = load_pem_public_key(path.read_bytes())
    except ValueError:
        raise KeyFileRefused(f"{path.name} is not a public key in PEM") from None
    if not isinstance(key, Ed25519PublicKey | X25519PublicKey):
        raise KeyFileRefused(f"{path.name} is neither an Ed25519 nor an X25519 key")
    return key


def _kept(path: Path, make: Callable[[], PrivateKey]) -> object:
    if not path.exists():
        write_secret(path, private_pem(make()))
    try:
        return load_pem_private_key(path.read_bytes(), password=None)
    except (ValueError, TypeError):
        raise KeyFileRefused(f"{path.name} is not a private key in PEM") from None


def _refused(path: Path, kind: str) -> KeyFileRefused:
    return KeyFileRefused(f"{path.name} is not an {kind} key")
