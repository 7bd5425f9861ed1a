"""Which of the 128,000 pieces a task needs.

Reading all of them costs 0.3 to 0.5 seconds and 120 MB wherever the model is loaded, and most
belong to other languages than the task's. Kept are single characters of every script, so that any
text can still be read, every piece that the training texts hold, and the likeliest pieces of their
scripts. A piece that is left out is read as shorter ones, not as unknown.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from tokenizers import Tokenizer

from undercut.core.dataset import IntArray
from undercut.core.text import script_of
from undercut.models.onnx import printable
from undercut.neural.use.pieces import Piece
from undercut.neural.use.tokenizer import END_ID, START_ID, UNKNOWN_ID

LIKELIEST_PIECES: Final = 40_000
# A script belongs to the texts from this share of their letters on.
LEAST_SCRIPT_SHARE: Final = 0.01
CHARACTERS_READ: Final = 2_000


def needed_pieces(pieces: Sequence[Piece], tokenizer: Tokenizer, texts: Sequence[str]) -> IntArray:
    """Ids of the pieces to keep, ascending; ids of the special pieces do not change.

    tokenizer: with the whole vocabulary; texts: the task's training texts.
    """
    clipped = [printable(text[:CHARACTERS_READ]) for text in texts]
    tokenizer.no_truncation()
    kept = {UNKNOWN_ID, START_ID, END_ID}
    for encoding in tokenizer.encode_batch_fast(clipped):
        kept.update(encoding.ids)
    kept.update(i for i, piece in enumerate(pieces) if len(piece.text) == 1)
    scripts = _scripts(clipped)
    usable = [
        i
        for i, piece in enumerate(pieces)
        if scripts.issuperset(script_of(character) for character in piece.text)
    ]
    usable.sort(key=lambda i: -pieces[i].score)
    kept.update(usable[:LIKELIEST_PIECES])
    return np.array(sorted(kept), dtype=np.int64)


def _scripts(texts: Sequence[str]) -> set[str]:
    """Script families of the texts; '' is what has no letters."""
    counts: dict[str, int] = {}
    for text in texts:
        for character in text:
            family = script_of(character)
            counts[family] = counts.get(family, 0) + 1
    letters = sum(count for family, count in counts.items() if family)
    present = {f for f, c in counts.items() if f and c >= LEAST_SCRIPT_SHARE * letters}
    return present | {""}
