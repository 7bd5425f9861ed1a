"""When two texts are near-duplicates, and how hard to look for them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

from undercut.build.data.near_duplicates.minhash import BandPlan, band_plan
from undercut.core.errors import ConfigError


@dataclass(frozen=True, kw_only=True)
class NearDuplicateConfig:
    """All similarities and thresholds lie in (0, 1].

    threshold: least Jaccard similarity of a pair.
    agreement: least share of the smaller set's shingles that the other one holds too. Words may
    sooner be added or cut off than replaced: another name or number makes another text.
    long_agreement: the same where more than `few_missing` shingles of the smaller set are not in
    the other one: a typo breaks three, another name seven or more.
    chain_threshold: least similarity of a group's member with its representative; lower than
    `threshold`, since edits of one text differ more from each other than from it.
    containment: least share of a shorter text's shingles that a longer one must hold to count as
    a pair too; None looks for no such pairs.
    gram: characters in a shingle of a short text (1 and 2 in scripts written without spaces).
    word_gram: words in a shingle of a long text (one more in scripts written without spaces).
    number_weight: how many extra shingles a number of a short text counts for.
    long_characters: texts above this length are compared by words. Texts down to `threshold`
    times that length are compared both ways, so that no pair falls between.
    hash_functions: most MinHash values of a text; band_recall: least chance that a pair is looked
    at whose sets are equally large and just meet both thresholds (similarity 0.74 with the
    defaults). Where one text is the longer, less may do, and the chance is 0.95 at 0.65.
    kept_shingles: hashes kept of a text; the similarity of larger ones is an estimate from that
    many (standard error sqrt(s (1 - s) / kept_shingles)), of all others exact.
    giant_bucket: from this many texts in a bucket on, each is compared with the bucket's first
    and its nearest neighbours only: a shared boilerplate must not cost the square of its texts.
    seed: of the hash functions.
    """

    threshold: float = 0.55
    agreement: float = 0.85
    long_agreement: float = 0.88
    few_missing: int = 6
    chain_threshold: float = 0.45
    containment: float | None = None
    gram: int = 3
    word_gram: int = 2
    number_weight: int = 16
    long_characters: int = 400
    hash_functions: int = 120
    band_recall: float = 0.997
    kept_shingles: int = 1024
    giant_bucket: int = 32
    seed: int = 0

    def __post_init__(self) -> None:
        for name in _SHARES:
            value = getattr(self, name)
            if value is not None and not 0.0 < value <= 1.0:
                raise ConfigError(f"{name} is {value}; expected a number in (0, 1]")
        if self.band_recall == 1.0:
            raise ConfigError(
                "band_recall is 1.0; MinHash cannot promise every pair", hint="0.99 or 0.999"
            )
        if self.long_agreement < self.agreement:
            raise ConfigError(
                f"long_agreement {self.long_agreement} is below agreement {self.agreement}",
                hint="at least as much",
            )
        if self.chain_threshold > self.threshold:
            raise ConfigError(
                f"chain_threshold {self.chain_threshold} is above threshold {self.threshold}",
                hint="a chain_threshold at most the threshold",
            )
        for name, least in _LEAST.items():
            if getattr(self, name) < least:
                raise ConfigError(f"{name} is {getattr(self, name)}; expected at least {least}")
        _ = self.bands  # said now rather than in the middle of a run

    @cached_property
    def bands(self) -> tuple[int, int]:
        """(bands, rows in each): the most rows for which `hash_functions` give `band_recall`.

        A pair of similarity s shares a bucket with probability 1 - (1 - s^rows)^bands.
        Raises ConfigError where even one row a band is too many.
        Source: Leskovec, Rajaraman & Ullman, Mining of Massive Datasets, section 3.4.
        """
        # |A and B| = agreement |A| and |A| = |B| make this of the Jaccard similarity:
        similarity = max(self.threshold, self.agreement / (2.0 - self.agreement))
        best: tuple[int, int] | None = None
        for rows in range(1, self.hash_functions + 1):
            match = min(similarity**rows, 1.0 - 1e-12)
            bands = max(1, math.ceil(math.log1p(-self.band_recall) / math.log1p(-match)))
            if bands * rows > self.hash_functions:
                break
            best = bands, rows
        if best is None:
            raise ConfigError(
                f"{self.hash_functions} hash functions are too few to find pairs of similarity "
                f"{similarity:.3g} with probability {self.band_recall}",
                hint="more of them, or a higher threshold",
            )
        return best

    @cached_property
    def band_plan(self) -> BandPlan:
        """The hash functions and bands."""
        bands, rows = self.bands
        return band_plan(bands=bands, rows=rows, seed=self.seed)


_SHARES = (
    "threshold",
    "agreement",
    "long_agreement",
    "chain_threshold",
    "band_recall",
    "containment",
)
_LEAST = {
    "few_missing": 0,
    "gram": 2,
    "word_gram": 1,
    "number_weight": 0,
    "long_characters": 16,
    "hash_functions": 1,
    "kept_shingles": 64,
    "giant_bucket": 2,
}
