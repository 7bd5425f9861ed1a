"""Which rows an expert looks at: one at random from each of equally large blocks.

Rows stand sorted by stratum, and within it by doubt, and are cut into as many blocks as rows are
drawn. One row is drawn from each block, so every stratum gets its share to within one row, every
row has the same chance, and the number of wrong ones among the drawn is a sum of independent
trials whose mean is exactly the share of wrong rows. Hoeffding (1956): such a sum varies at most
as a binomial does, so exact binomial limits hold, whatever was stratified by. For repeated looks
rows come in random order without blocks, see `anytime`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from undercut.build.labels.votes import Floats, IntArray
from undercut.core.errors import ConfigError, InputError


class Design(StrEnum):
    """BLOCKS: stratified, looked at once when all is answered. ORDER: any number of looks."""

    BLOCKS = "blocks"
    ORDER = "order"


@dataclass(frozen=True, slots=True)
class AuditSample:
    """Rows to look at, (draws,) positions among `rows`, in the order they are to be shown.

    With blocks a row on a block's edge may be drawn twice: it is shown once and counts twice.
    whole: every row was drawn, so that nothing is left to chance.
    """

    design: Design
    rows: int
    drawn: IntArray
    seed: int

    @property
    def whole(self) -> bool:
        return len(np.unique(self.drawn)) == self.rows


def draw(
    strata: IntArray,
    doubt: Floats,
    size: int,
    *,
    seed: int,
    design: Design = Design.BLOCKS,
) -> AuditSample:
    """Draw rows for an audit; all of them where `size` is at least their number.

    strata: (rows,) ids, such as the label. doubt: (rows,) such as 1 - probability, sorts within a
    stratum. Same input and seed, same sample. Raises InputError without rows, ConfigError for a
    size below one.
    """
    rows = len(strata)
    if not rows or len(doubt) != rows:
        raise InputError(f"an audit needs rows with one stratum and doubt each, got {rows}")
    if size < 1:
        raise ConfigError(f"an audit needs a sample of at least 1 row, got {size}", hint="300")
    random = np.random.default_rng(seed)
    if size >= rows:
        return AuditSample(design, rows, random.permutation(rows).astype(np.int64), seed)
    if design is Design.ORDER:
        return AuditSample(design, rows, random.permutation(rows)[:size].astype(np.int64), seed)
    # Equal rows in random order, so that ties in doubt hide no pattern of the file.
    shuffled = random.permutation(rows)
    ordered = shuffled[np.lexsort((doubt[shuffled], strata[shuffled]))]
    at = np.floor((np.arange(size) + random.random(size)) * (rows / size)).astype(np.int64)
    drawn = ordered[np.minimum(at, rows - 1)]
    return AuditSample(design, rows, random.permutation(drawn).astype(np.int64), seed)
