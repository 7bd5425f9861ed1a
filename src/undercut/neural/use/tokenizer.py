"""The multilingual Universal Sentence Encoder's tokeniser, as a Hugging Face one.

The package's own is exact but pure Python. This one is built from the same vocabulary and
gives the same ids but for oddities: the empty string is `<s></s>`, without the `<unk>` between
(a normaliser cannot add to nothing; a data set holds no empty text); accents in an order that
Unicode calls unnormalised, or on a ligature, are put in order first; the literal `<unk><unk>`
is one unknown token.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors

from undercut.core.errors import ArtefactError
from undercut.neural.use.pieces import Piece

UNKNOWN_ID, START_ID, END_ID = 0, 1, 2

_META = "\u2581"
# Scores are float32 above 2 in size: times this they are whole numbers, which JSON keeps to
# the last bit, so that equally good segmentations are settled alike before and after loading.
_WHOLE = 2.0**22
# What the model's normaliser (nmt_nfkc) makes a space beyond NFKC; found by comparing its
# table with NFKC over all of Unicode. The replacement character is among them, so that
# nothing a user types can be mistaken for the placeholder below.
_SPACE_LIKE = "[\t\n\x0c\r\u1680\u200b\u200e\u200f\u2028\u2029\u2581\ufeff\ufffd]"
_PLACEHOLDER = "\ufffd"
_FULLWIDTH_TILDE = "\uff5e"  # common in Chinese; the one character nmt_nfkc keeps and NFKC does not


def build_tokenizer(pieces: Sequence[Piece]) -> Tokenizer:
    """A fast tokeniser with the vocabulary `pieces`: `<s>` (1), the pieces, `</s>` (2).

    Raises ArtefactError where the vocabulary holds what this construction does not cover: a
    piece across a space, or a character that is in a piece but is not one itself.
    Source: Kudo 2018, arXiv 1804.10959 (unigram segmentation).
    """
    _check_vocabulary(pieces)
    scored = [(piece.text, piece.score * _WHOLE) for piece in pieces]
    tokenizer = Tokenizer(models.Unigram(scored, unk_id=UNKNOWN_ID))
    tokenizer.normalizer = _normalizer()
    tokenizer.pre_tokenizer = _pre_tokenizer({char for piece in pieces for char in piece.text})
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", START_ID), ("</s>", END_ID)]
    )
    return tokenizer


def _check_vocabulary(pieces: Sequence[Piece]) -> None:
    texts = {piece.text for piece in pieces}
    for piece in pieces:
        if _META in piece.text[1:]:
            raise ArtefactError(f"the piece {piece.text!r} reaches across a space")
        if not texts.issuperset(piece.text):
            raise ArtefactError(f"the piece {piece.text!r} has a character that is not a piece")


def _normalizer() -> normalizers.Normalizer:
    replace = normalizers.Replace
    return normalizers.Sequence(
        [
            replace(Regex(_SPACE_LIKE), " "),
            replace(_FULLWIDTH_TILDE, _PLACEHOLDER),
            normalizers.NFKC(),
            replace(_PLACEHOLDER, _FULLWIDTH_TILDE),
            # A text of spaces only becomes one unknown token. Marked before the spaces go:
            # an emptied text cannot be filled again.
            replace(Regex(r"\A *\z"), _PLACEHOLDER),
            replace(Regex(" {2,}"), " "),
            replace(Regex(r"\A | \z"), ""),
            normalizers.Prepend(_META),
            replace(" ", _META),
            replace(_META + _PLACEHOLDER, _PLACEHOLDER),
        ]
    )


def _pre_tokenizer(known: set[str]) -> pre_tokenizers.PreTokenizer:
    """Cut at spaces, and around every unknown character.

    No piece crosses a space, so the best segmentation is that of the words, and words are
    cached. The Unigram model joins neighbouring unknown characters into one token where
    SentencePiece gives one each: cut apart here, they cannot be joined.
    """
    inside = _character_class(known - {_META})
    pattern = f"{_META}?[{inside}]+|[^{inside}]"
    return pre_tokenizers.Split(Regex(pattern), behavior="isolated")


def _character_class(chars: Iterable[str]) -> str:
    ranges: list[list[int]] = []
    for code in sorted(map(ord, chars)):
        if ranges and code == ranges[-1][1] + 1:
            ranges[-1][1] = code
        else:
            ranges.append([code, code])
    return "".join(f"\\x{{{first:x}}}-\\x{{{last:x}}}" for first, last in ranges)
