"""API keys as text: `uc_` + key id + `_` + secret + checksum.

    uc_4f0GmB2xQpLw_9sK1...(32)...Zr0aB3xY
       12 id        32 secret (190 bits)   6 CRC-32

The prefix and the checksum let scanners recognise a leaked key, and tell a typo from a wrong
key, without asking anyone: `uc_[0-9A-Za-z]{12}_[0-9A-Za-z]{38}`. A secret of 190 random bits
cannot be guessed, so a single SHA-256 of it is stored: slow hashes protect weak passwords.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import string
import zlib
from collections.abc import Callable
from typing import Final

PREFIX: Final = "uc_"
ID_CHARACTERS: Final = 12
SECRET_CHARACTERS: Final = 32
_CHECK_CHARACTERS: Final = 6
_ALPHABET: Final = string.digits + string.ascii_uppercase + string.ascii_lowercase
_ID_END: Final = len(PREFIX) + ID_CHARACTERS
_WRITTEN: Final = re.compile(
    rf"{PREFIX}[0-9A-Za-z]{{{ID_CHARACTERS}}}_"
    rf"[0-9A-Za-z]{{{SECRET_CHARACTERS + _CHECK_CHARACTERS}}}",
    re.ASCII,
)


def make_key(below: Callable[[int], int] = secrets.randbelow) -> tuple[str, str]:
    """(key id, key as shown once); `below` gives random numbers below its argument."""
    key_id = "".join(_ALPHABET[below(62)] for _ in range(ID_CHARACTERS))
    secret = "".join(_ALPHABET[below(62)] for _ in range(SECRET_CHARACTERS))
    body = f"{PREFIX}{key_id}_{secret}"
    return key_id, body + _checksum(body)


def key_id_of(key: str) -> str:
    """The id's place in a key; of anything else some text that is no id."""
    return key[len(PREFIX) : _ID_END]


def digest(key: str) -> bytes:
    """What the books store of a key."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()


def is_whole(key: str) -> bool:
    """Whether this is a key as it was shown: its shape and checksum are right."""
    return bool(_WRITTEN.fullmatch(key)) and key.endswith(_checksum(key[:-_CHECK_CHARACTERS]))


def _checksum(body: str) -> str:
    number = zlib.crc32(body.encode())
    characters = []
    for _ in range(_CHECK_CHARACTERS):
        number, place = divmod(number, 62)
        characters.append(_ALPHABET[place])
    return "".join(characters)
