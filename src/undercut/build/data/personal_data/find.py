"""`find`: every detector's claims, settled into stretches that do not overlap."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from undercut.build.data.personal_data.accounts import bank_cards, ibans, identity_cards
from undercut.build.data.personal_data.config import Candidate, Found, Kind, MaskConfig
from undercut.build.data.personal_data.email import emails
from undercut.build.data.personal_data.ip import ip_addresses
from undercut.build.data.personal_data.names import names
from undercut.build.data.personal_data.passport import passports
from undercut.build.data.personal_data.phone import phones
from undercut.build.data.personal_data.secret import secrets

_DETECTORS: dict[Kind, Callable[[str], Iterable[Candidate]]] = {
    Kind.EMAIL: emails,
    Kind.PHONE: phones,
    Kind.IDENTITY_CARD: identity_cards,
    Kind.BANK_CARD: bank_cards,
    Kind.IBAN: ibans,
    Kind.IP_ADDRESS: ip_addresses,
    Kind.SECRET: secrets,
    Kind.PASSPORT: passports,
    Kind.NAME: names,
}
# Everything but names needs a digit, an "@" or its spelling, or digits in Chinese characters.
_PROBE = re.compile(r"[0-9０-９@＠]|[\[(（]\s?(?:at|AT)|[零〇幺一二三四五六七八九]{11}")
# One character for one: positions stay those of the text as it came in.
_PLAIN = str.maketrans(
    "０１２３４５６７８９＠．：－＋（）／＿　\u00a0\u2007\u2009\u202f‐‑‒–—−",
    "0123456789@.:-+()/_" + " " * 5 + "-" * 6,
)
_SEED = 6


def find(text: str, config: MaskConfig) -> tuple[Found, ...]:
    """What the kinds of `config` see, in order, not overlapping; a value once found is found
    wherever it stands in the text. Raises MissingExtraError for names without their extra."""
    if Kind.NAME not in config.kinds and _PROBE.search(text) is None:
        return ()
    plain = text if text.isascii() else text.translate(_PLAIN)
    claims = [claim for kind in Kind if kind in config.kinds for claim in _DETECTORS[kind](plain)]
    if not claims:
        return ()
    settled = _settle(claims)
    return tuple(sorted([*settled, *_repeats(text, settled)], key=lambda found: found.start))


def _settle(claims: list[Candidate]) -> list[Found]:
    """The strongest claim on each stretch, then the longest, then the first."""
    best_first = sorted(claims, key=lambda c: (-c.strength, c.start - c.end, c.start, c.kind))
    taken: dict[int, None] = {}
    kept: list[Found] = []
    for claim in best_first:
        span = range(claim.start, claim.end)
        if not any(at in taken for at in span):
            taken.update(dict.fromkeys(span))
            kept.append(Found(claim.kind, claim.start, claim.end))
    return sorted(kept, key=lambda found: found.start)


def _repeats(text: str, settled: list[Found]) -> Iterator[Found]:
    """Where values already found stand again, unseen for want of a boundary or a telling word."""
    kinds: dict[str, Kind] = {text[found.start : found.end]: found.kind for found in settled}
    lengths: dict[str, set[int]] = {}
    for known in kinds:
        lengths.setdefault(known[:_SEED], set()).add(len(known))
    longest_first = {seed: sorted(found, reverse=True) for seed, found in lengths.items()}
    at = 0
    for gap_end, next_start in [*((f.start, f.end) for f in settled), (len(text), len(text))]:
        while at <= gap_end - _SEED:
            likely = longest_first.get(text[at : at + _SEED], ())
            here = (text[at : at + length] for length in likely if at + length <= gap_end)
            value = next((candidate for candidate in here if candidate in kinds), None)
            if value is not None:
                yield Found(kinds[value], at, at + len(value))
            at += 1 if value is None else len(value)
        at = next_start
