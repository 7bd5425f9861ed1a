"""`merge`: votes in, beliefs out, by any of the methods."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from undercut.build.labels.merging.bayesian import ebcc, ibcc
from undercut.build.labels.merging.communities import dawid_skene_communities
from undercut.build.labels.merging.copying import find_copies
from undercut.build.labels.merging.dawid_skene import dawid_skene, dawid_skene_map, one_coin
from undercut.build.labels.merging.glad import glad
from undercut.build.labels.merging.knowing import dawid_skene_mace
from undercut.build.labels.merging.mace import mace
from undercut.build.labels.merging.majority import majority, weighted_majority, zero_based_skill
from undercut.build.labels.merging.tally import Tally, tally
from undercut.build.labels.votes import Floats, Merged, Votes
from undercut.core.errors import ConfigError, InputError

DEFAULT = "dawid_skene_communities"  # docs/decisions/0048

# dawid_skene_map: one answer's worth of trust that workers are more often right than wrong, and a
# tenth of an answer in each cell so that no error is impossible (docs/decisions/0018).
METHODS: Mapping[str, Callable[[Tally], Merged]] = {
    "majority": majority,
    "weighted_majority": weighted_majority,
    "zero_based_skill": zero_based_skill,
    "one_coin": one_coin,
    "dawid_skene": dawid_skene,
    "dawid_skene_map": dawid_skene_map,
    "dawid_skene_mace": dawid_skene_mace,
    "dawid_skene_communities": dawid_skene_communities,
    "mace": mace,
    "glad": glad,
    "ibcc": ibcc,
    "ebcc": ebcc,
}


def merge(
    votes: Votes,
    method: str = DEFAULT,
    *,
    gold: Mapping[str, str] | None = None,
    weight: Floats | None = None,
    discount_copies: bool = True,
) -> Merged:
    """Merge the votes of many workers into one belief per item.

    gold: item -> class known for sure; such items keep it and teach the workers' skills. weight:
    (votes,) above zero. discount_copies: workers who copy each other share one voice. Raises
    ConfigError for a method that does not exist, InputError for votes without any class and for
    gold of a class that nobody knows.
    """
    if method not in METHODS:
        raise ConfigError(f"method {method!r} does not exist; choose from {', '.join(METHODS)}")
    if not votes.classes:
        raise InputError("votes need at least one class, got none")
    cluster = find_copies(votes).cluster if discount_copies else None
    counted = tally(votes, gold=gold, weight=weight, cluster=cluster)
    return METHODS[method](counted)
