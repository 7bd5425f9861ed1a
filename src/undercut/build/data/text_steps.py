"""The steps that look at one text at a time."""

from __future__ import annotations

from collections import Counter

from undercut.build.data.keys import exact_key, key_digests
from undercut.build.data.language import identify
from undercut.build.data.personal_data import MaskConfig, mask
from undercut.build.data.quality import QualityConfig, judge
from undercut.build.data.steps import Batch, Outcome, Reason, Rejection, Step, one_by_one
from undercut.build.data.text_hygiene import HygieneConfig, normalise


def hygiene_step(config: HygieneConfig) -> Step:
    """Every text in one form; the rules that changed it are the names of the hygiene's parts."""

    def decide(text: str) -> tuple[str, tuple[Reason, ...]] | None:
        done = normalise(text, config)
        if done.text == text:
            return None
        size = f"{len(text)} to {len(done.text)} characters"
        return done.text, tuple(Reason(name, size) for name in done.changes)

    return one_by_one(decide)


def bounds_step(max_text_characters: int) -> Step:
    """Texts without a visible character go; overlong ones are cut."""

    def decide(text: str) -> Reason | tuple[str, tuple[Reason, ...]] | None:
        if not exact_key(text[:4096]) and not exact_key(text):
            return Reason("empty_text", f"{len(text)} characters, none visible")
        if len(text) > max_text_characters:
            why = Reason("long_text", f"{len(text)} characters, cut to {max_text_characters}")
            return text[:max_text_characters], (why,)
        return None

    return one_by_one(decide)


def language_step(languages: frozenset[str]) -> Step:
    """Marks every row with its language; rows surely in another one than asked for go.

    languages: ISO 639-1 codes, none to keep all. A text too short to tell passes.
    """

    def step(batch: Batch) -> Outcome:
        rejected, marks = [], []
        for row, text in zip(batch.rows.tolist(), batch.texts, strict=True):
            told = identify(text)
            marks.append(told.code)
            if languages and told.code is not None and told.code[:2] not in languages:
                wanted = ", ".join(sorted(languages))
                why = f"{told.code} ({told.confidence:.2f}), wanted {wanted}"
                rejected.append(Rejection(row, Reason("other_language", why)))
        return Outcome(rejected=tuple(rejected), marks=tuple(marks))

    return step


def quality_step(config: QualityConfig) -> Step:
    """Texts that fail a quality rule go, under the name of the first they fail."""

    def decide(text: str) -> Reason | None:
        found = judge(text, config)
        if not found:
            return None
        first = found[0]
        others = ", ".join(finding.rule for finding in found[1:])
        why = f"{first.value:.4g}, the bound is {first.threshold:g}: {first.reason}"
        return Reason(first.rule, why + (f"; also fails {others}" if others else ""))

    return one_by_one(decide)


def mask_step(config: MaskConfig) -> Step:
    """Personal data replaced by placeholders; the evidence says what kinds and how many."""

    def decide(text: str) -> tuple[str, tuple[Reason, ...]] | None:
        masked = mask(text, config)
        if not masked.found:
            return None
        kinds = Counter(str(found.kind) for found in masked.found)
        return masked.text, tuple(
            Reason(f"personal_data_{kind}", f"{number} masked") for kind, number in kinds.items()
        )

    return one_by_one(decide)


def key_step() -> Step:
    """Marks every row with the digests of its exact and its loose key."""

    def step(batch: Batch) -> Outcome:
        return Outcome(marks=tuple(key_digests(text) for text in batch.texts))

    return step
