"""Keys, tokens and passwords."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from math import log2

from undercut.build.data.personal_data.config import Candidate, Kind

_BODY = r"[A-Za-z0-9_-]"
# What issuers document as the beginning of their keys; `uc_` is our own. The look-behind keeps a
# prefix inside a word from counting.
_PREFIXED = re.compile(
    rf"(?<![A-Za-z0-9_-])(?:"
    rf"uc_{_BODY}{{16,128}}|sk-(?:ant-|proj-|or-v1-)?{_BODY}{{20,200}}|[srp]k_(?:live|test)_[A-Za-z0-9]{{16,128}}"
    rf"|gh[pousr]_[A-Za-z0-9]{{30,128}}|github_pat_\w{{40,128}}|glpat-{_BODY}{{20,64}}"
    rf"|A(?:KIA|SIA|ROA|IDA)[A-Z0-9]{{16}}|AIza{_BODY}{{35}}|ya29\.{_BODY}{{20,200}}"
    rf"|xox[abprs]-[A-Za-z0-9-]{{10,128}}|hf_[A-Za-z0-9]{{30,64}}|npm_[A-Za-z0-9]{{36}}"
    rf"|pypi-{_BODY}{{40,250}}|SG\.{_BODY}{{16,32}}\.{_BODY}{{30,64}}|LTAI[A-Za-z0-9]{{12,24}}"
    rf"|AKID[A-Za-z0-9]{{28,36}}|dop_v1_[a-f0-9]{{64}}|shp(?:at|ca|pa|ss)_[a-fA-F0-9]{{32}}"
    rf"|whsec_[A-Za-z0-9+/=]{{24,64}}|eyJ{_BODY}{{10,2000}}\.eyJ{_BODY}{{10,4000}}\.{_BODY}{{10,1000}}"
    rf")(?![A-Za-z0-9])",
    re.ASCII,
)
_PRIVATE_KEY = re.compile(r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----")
_PRIVATE_KEY_END = re.compile(r"-----END [A-Z ]{0,30}PRIVATE KEY-----")
_LONGEST_PRIVATE_KEY = 20_000
_URL_LOGIN = re.compile(r"(?<=://)[^\s/@:<>\[\]]{1,128}:[^\s/@<>\[\]]{1,128}(?=@)")
_ASSIGNED = re.compile(
    r"(?P<name>api[ _-]?key|access[ _-]?key(?:[ _-]?(?:id|secret))?|secret(?:[ _-]?key)?|"
    r"client[ _-]?secret|(?:access|auth|refresh|bearer|session|api|app)[ _-]?token|token|bearer|"
    r"sessionid|signature|credentials?|"
    r"app[ _-]?secret|密钥|令牌|(?P<password>password|passwd|passcode|passphrase|"
    r"\bpwd|\bpass|\bpw|密码|口令))"
    r"[\"'`]?(?:\s{0,3}(?:=>|:=|[:=：]|\bis now\b|\bis\b|\bwas\b|"
    r"改成了?|设置为|设为|还是|是|为)\s{0,3}|\s{1,3})"
    r"[\"'`“‘]?+(?P<value>(?!\[[A-Z])[!-~]{6,256})",
    re.IGNORECASE,
)
# A value ends at the next parameter of an address, and at a placeholder of an earlier masking.
_NEXT_PARAMETER = re.compile(r"&\w+=|\[[A-Z_]{2,16}_[0-9a-f]{1,12}\]")
_TRAILING = "\"'`.,;:!?)]}>&"
_TOKEN = re.compile(
    r"(?<![A-Za-z0-9+/=_%-])[A-Za-z0-9+/_-]{32,200}={0,2}(?![A-Za-z0-9+/=_%-])", re.ASCII
)
_DIGITS = re.compile(r"\d+")
_HEX = re.compile(r"[0-9a-fA-F-]+")
# A random base-64 string of 32 characters has 4.4 bits a character on average; names made of words
# stay below 4 (measured on the corpus of the tests).
_LEAST_BITS = 4.0
_LEAST_BITS_NAMED = 2.8


def secrets(text: str) -> Iterator[Candidate]:
    """By an issuer's prefix, as a private key block, as a login in a URL, as the value of something
    called key, token or password, or as a long string as random as keys are."""
    yield from (_candidate(found.span(), 3) for found in _PREFIXED.finditer(text))
    yield from _private_keys(text)
    yield from (_candidate(found.span(), 3) for found in _URL_LOGIN.finditer(text))
    for found in _ASSIGNED.finditer(text):
        value = _NEXT_PARAMETER.split(found["value"], 1)[0].rstrip(_TRAILING)
        if _secretive(value, password=found["password"] is not None):
            start = found.start("value")
            yield _candidate((start, start + len(value)), 1)
    yield from (_candidate(found.span(), 1) for found in _TOKEN.finditer(text) if _random(found[0]))


def _candidate(span: tuple[int, int], strength: int) -> Candidate:
    return Candidate(Kind.SECRET, *span, strength)


def _private_keys(text: str) -> Iterator[Candidate]:
    at = 0
    while (begin := _PRIVATE_KEY.search(text, at)) is not None:
        bound = min(len(text), begin.end() + _LONGEST_PRIVATE_KEY)
        end = _PRIVATE_KEY_END.search(text, begin.end(), bound)
        at = end.end() if end is not None else bound
        yield _candidate((begin.start(), at), 3)


def _secretive(value: str, *, password: bool) -> bool:
    """Passwords: six characters, a digit among them and something that is none. Keys: sixteen."""
    digits = sum(character.isdigit() for character in value)
    if "://" in value or digits == 0:
        return False
    if password:
        return len(value) >= 6 and digits < len(value)
    return (
        len(value) >= 16 and digits < len(value) and bits_per_character(value) >= _LEAST_BITS_NAMED
    )


def _random(value: str) -> bool:
    """Not a hash in hexadecimal: commits and checksums are public, and look alike. Three kinds of
    characters, no path or slug, and many bits a character."""
    if _HEX.fullmatch(value) or value.count("/") > 1 or value.count("-") + value.count("_") > 4:
        return False
    digits = sum(character.isdigit() for character in value)
    mixed = any(map(str.isupper, value)) and any(map(str.islower, value)) and digits >= 3
    mixed = mixed and len(_DIGITS.findall(value)) >= 3
    return mixed and bits_per_character(value) >= _LEAST_BITS


def bits_per_character(value: str) -> float:
    """Shannon entropy of the characters of a non-empty string."""
    return -sum(n / len(value) * log2(n / len(value)) for n in Counter(value).values())
