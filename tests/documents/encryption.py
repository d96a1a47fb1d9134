"""The standard security handler of PDF, as far as a file needs it that opens with a user password."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Protocol

from cryptography.hazmat.primitives import padding
from cryptography.hazmat.primitives.ciphers import Cipher as BlockCipher
from cryptography.hazmat.primitives.ciphers import algorithms, modes

FILE_ID = b"0123456789abcdef"
_PASSWORD_PADDING = bytes.fromhex("28BF4E5E4E758A4164004E56FFFA01082E2E00B6D0683E802F0CA9FE6453697A")  # ISO 32000-1, 7.6.3.3
_VECTOR = bytes(range(16))  # random in files of others; the same each time here


class Cipher(Protocol):
    """`dictionary` is the file's /Encrypt entry."""

    dictionary: bytes

    def encrypted(self, number: int, body: bytes) -> bytes:
        """The stream of object `number`, generation 0."""


class _Rc4:
    """Revision 2 (ISO 32000-1, 7.6.3), 40 bits."""

    def __init__(self, user_password: str) -> None:
        user = _padded(user_password)
        owner_entry = _rc4(hashlib.md5(_padded("owner")).digest()[:5], user)
        permissions = (-4).to_bytes(4, "little", signed=True)
        self._key = hashlib.md5(user + owner_entry + permissions + FILE_ID).digest()[:5]
        user_entry = _rc4(self._key, _PASSWORD_PADDING)
        self.dictionary = b"<< /Filter /Standard /V 1 /R 2 /O <%s> /U <%s> /P -4 >>" % (
            owner_entry.hex().encode(),
            user_entry.hex().encode(),
        )

    def encrypted(self, number: int, body: bytes) -> bytes:
        key = hashlib.md5(self._key + number.to_bytes(3, "little") + b"\0\0").digest()[:10]
        return _rc4(key, body)


class _Aes128:
    """Revision 4 with AESV2 (ISO 32000-1, 7.6.3)."""

    def __init__(self, user_password: str) -> None:
        user, permissions = _padded(user_password), (-4).to_bytes(4, "little", signed=True)
        owner_key = _md5_rounds(_padded("owner"))
        owner_entry = _rc4_rounds(owner_key, user)
        self._key = _md5_rounds(user + owner_entry + permissions + FILE_ID)
        user_entry = _rc4_rounds(self._key, hashlib.md5(_PASSWORD_PADDING + FILE_ID).digest()) + bytes(16)
        self.dictionary = (
            b"<< /Filter /Standard /V 4 /R 4 /Length 128 /CF << /StdCF << /CFM /AESV2 /AuthEvent /DocOpen /Length 16 >> >>"
            b" /StmF /StdCF /StrF /StdCF /O <%s> /U <%s> /P -4 >>" % (owner_entry.hex().encode(), user_entry.hex().encode())
        )

    def encrypted(self, number: int, body: bytes) -> bytes:
        return _aes(hashlib.md5(self._key + number.to_bytes(3, "little") + b"\0\0sAlT").digest(), body)


class _Aes256:
    """Revision 5 with AESV3 (Adobe Supplement to ISO 32000, extension level 3)."""

    def __init__(self, user_password: str) -> None:
        password, self._key = user_password.encode(), hashlib.sha256(b"the file's key").digest()
        user_entry, user_key = self._entries(password, b"")
        owner_entry, owner_key = self._entries(b"owner", user_entry)
        permissions = (-4).to_bytes(4, "little", signed=True) + b"\xff\xff\xff\xffTadb" + bytes(4)
        encryptor = BlockCipher(algorithms.AES(self._key), modes.ECB()).encryptor()
        perms = encryptor.update(permissions) + encryptor.finalize()
        entries = [part.hex().encode() for part in (owner_entry, owner_key, user_entry, user_key, perms)]
        self.dictionary = (
            b"<< /Filter /Standard /V 5 /R 5 /Length 256 /CF << /StdCF << /CFM /AESV3 /AuthEvent /DocOpen /Length 32 >> >>"
            b" /StmF /StdCF /StrF /StdCF /O <%s> /OE <%s> /U <%s> /UE <%s> /Perms <%s> /P -4 >>" % tuple(entries)
        )

    def _entries(self, password: bytes, user_entry: bytes) -> tuple[bytes, bytes]:
        check, seal = b"validate", b"key salt"
        encryptor = BlockCipher(algorithms.AES(hashlib.sha256(password + seal + user_entry).digest()), modes.CBC(bytes(16))).encryptor()
        return hashlib.sha256(password + check + user_entry).digest() + check + seal, encryptor.update(self._key) + encryptor.finalize()

    def encrypted(self, number: int, body: bytes) -> bytes:
        return _aes(self._key, body)


def _aes(key: bytes, body: bytes) -> bytes:
    padder = padding.PKCS7(128).padder()
    encryptor = BlockCipher(algorithms.AES(key), modes.CBC(_VECTOR)).encryptor()
    return _VECTOR + encryptor.update(padder.update(body) + padder.finalize()) + encryptor.finalize()


def _md5_rounds(seed: bytes) -> bytes:
    key = hashlib.md5(seed).digest()
    for _ in range(50):
        key = hashlib.md5(key).digest()
    return key


def _rc4_rounds(key: bytes, data: bytes) -> bytes:
    for turn in range(20):
        data = _rc4(bytes(byte ^ turn for byte in key), data)
    return data


def _padded(password: str) -> bytes:
    return (password.encode("latin-1") + _PASSWORD_PADDING)[:32]


def _rc4(key: bytes, data: bytes) -> bytes:
    state = list(range(256))
    j = 0
    for i in range(256):
        j = (j + state[i] + key[i % len(key)]) % 256
        state[i], state[j] = state[j], state[i]
    out = bytearray()
    i = j = 0
    for byte in data:
        i = (i + 1) % 256
        j = (j + state[i]) % 256
        state[i], state[j] = state[j], state[i]
        out.append(byte ^ state[(state[i] + state[j]) % 256])
    return bytes(out)


CIPHERS: dict[str, Callable[[str], Cipher]] = {"RC4-40": _Rc4, "AES-128": _Aes128, "AES-256": _Aes256}
