"""Which words, word sequences and character n-grams the n-gram model knows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from undercut.core.dataset import IntArray
from undercut.models.key_table import KeyArray
from undercut.models.ngram import text_blocks
from undercut.models.ngram_features import NgramFeatures, sequence_keys, word_grams
from undercut.models.ngram_text import block_tokens

_NO_KEYS: KeyArray = np.zeros(0, dtype=np.uint64)


@dataclass(frozen=True)
class Vocabulary:
    """The features and in about how many training texts each character n-gram stands.

    gram_documents: (grams,) int64, texts that hold a word with this n-gram, a text counted
    once for each such word, at most all texts.
    """

    features: NgramFeatures
    gram_documents: IntArray


def learn_vocabulary(
    texts: Sequence[str],
    *,
    gram_orders: tuple[int, int],
    longest_sequence: int,
    longest_run: int,
    min_documents: int,
    max_words: int,
    max_features: int,
) -> Vocabulary:
    """The vocabulary of the training texts, the most frequent first.

    longest_sequence: tokens in the longest sequence; longest_run: the same for sequences of
    single characters only, as in Chinese.
    min_documents: sequences and character n-grams in fewer texts are left out.
    max_features: words, sequences and character n-grams together; words come first, sequences
    and n-grams share what is left evenly.
    """
    documents: Counter[str] = Counter()
    for text in texts:
        documents.update(set(block_tokens([text])))
    # Sorted by count, then by spelling: the same texts in another order give the same rows.
    ranked = sorted(documents.items(), key=lambda item: (-item[1], item[0]))
    ranked = ranked[: min(max_words, max_features)]
    words = tuple(word for word, _ in ranked)
    room = max_features - len(words)
    keys, counts = _frequent_grams(ranked, gram_orders, min_documents, room // 2)
    features = NgramFeatures(
        words=words,
        sequence_keys=_NO_KEYS,
        gram_keys=keys,
        gram_orders=gram_orders,
        longest_sequence=1,
    )
    single = np.array([len(word) == 1 and not word.isascii() for word in words], dtype=bool)
    for length in range(2, max(longest_sequence, longest_run) + 1):
        left = room - len(keys) - len(features.sequence_keys)
        usable = np.where(single, length <= longest_run, length <= longest_sequence)
        features = _lengthen(features, texts, length, min_documents, left, usable)
    return Vocabulary(
        features=features,
        gram_documents=np.minimum(counts, len(texts)),
    )


def _frequent_grams(
    ranked: list[tuple[str, int]], orders: tuple[int, int], least: int, room: int
) -> tuple[KeyArray, IntArray]:
    keys, owner = word_grams([word for word, _ in ranked], orders=orders)
    documents = np.array([count for _, count in ranked], dtype=np.int64)
    distinct, position = np.unique(keys, return_inverse=True)
    pairs = np.unique(position << 32 | owner)  # an n-gram counts once a word
    counts = np.zeros(len(distinct), dtype=np.int64)
    np.add.at(counts, pairs >> 32, documents[pairs & 0xFFFFFFFF])
    return _most_frequent(distinct, counts, least, room)


def _lengthen(
    features: NgramFeatures,
    texts: Sequence[str],
    length: int,
    least: int,
    room: int,
    usable: NDArray[np.bool_],
) -> NgramFeatures:
    """The features with the frequent sequences of `length` usable words added.

    A sequence is looked for only where its beginning is frequent itself, as it then must be
    (Agrawal & Srikant 1994).
    """
    allowed = np.append(usable, [False, False])  # the last two stand for what is no known word
    found = []
    for block in text_blocks(texts):
        word, text = features.positions(block_tokens(texts[block]))
        word = np.where(allowed[word], word, -1)
        left, at = word, np.arange(len(word), dtype=np.int64)
        if length > 2:
            known = features.sequences(word)
            if len(known) < length - 2:
                continue
            left, at = known[-1]
        _, at, keys = sequence_keys(word, left, at, length=length)
        both = np.stack([text[at].astype(np.uint64), keys], axis=1)
        found.append(np.unique(both, axis=0)[:, 1])
    keys, counts = np.unique(np.concatenate(found or [_NO_KEYS]), return_counts=True)
    kept, _ = _most_frequent(keys, counts, least, room)
    if not len(kept):
        return features
    return replace(
        features,
        sequence_keys=np.concatenate([features.sequence_keys, kept]),
        longest_sequence=length,
    )


def _most_frequent(
    keys: KeyArray, counts: IntArray, least: int, room: int
) -> tuple[KeyArray, IntArray]:
    order = np.argsort(-counts, kind="stable")
    order = order[counts[order] >= least][: max(room, 0)]
    return keys[order], counts[order]
