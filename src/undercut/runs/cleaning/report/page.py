"""What the page and the terminal say of a cleaned folder, in one language."""

from __future__ import annotations

from dataclasses import dataclass

from undercut.runs.cleaning.report.schema import CleanReport, Rule
from undercut.runs.report import formats
from undercut.runs.report.words import Words

PAGE = "clean"


@dataclass(frozen=True, slots=True)
class Number:
    """One key figure."""

    name: str
    value: str
    detail: str


def headline(report: CleanReport, words: Words) -> str:
    """How much is left."""
    return words("headline", kept=formats.count(report.kept), read=formats.count(report.read))


def lede(report: CleanReport, words: Words) -> str:
    """What was done."""
    if not report.rejected and not report.changed:
        return words("lede_all")
    return words(
        "lede", rejected=formats.count(report.rejected), changed=formats.count(report.changed)
    )


def key_numbers(report: CleanReport, words: Words) -> tuple[Number, ...]:
    """The figures at the top."""
    share = formats.percent(report.kept / report.read if report.read else None)
    million = report.cost_per_million_kept
    per = (
        words("cost_unknown")
        if report.cost is None
        else words("cost_detail", million=formats.money(million, report.currency))
    )
    return (
        Number(
            words("kept"),
            formats.count(report.kept),
            words("kept_detail", share=share, read=formats.count(report.read)),
        ),
        Number(words("rejected"), formats.count(report.rejected), words("rejected_detail")),
        Number(words("changed"), formats.count(report.changed), words("changed_detail")),
        Number(
            words("labelled"),
            formats.count(report.labelled),
            words("labelled_detail", classes=formats.count(report.classes)),
        ),
        Number(words("cost"), formats.money(report.cost, report.currency), per),
    )


def noise_says(report: CleanReport, words: Words) -> tuple[str, ...]:
    """What was found of wrong labels and done about them."""
    noise = report.label_noise
    if noise.why_not is not None:
        return (words("noise_why_not", why=words.named("why", noise.why_not)),)
    found = words(
        "noise_found",
        suspects=formats.count(noise.suspects),
        examined=formats.count(noise.examined),
        share=formats.percent(noise.noise_fraction),
    )
    if noise.chosen is not None:
        touched = formats.count(noise.touched)
        chosen = words.named("treatment", noise.chosen)
        return found, words("noise_chosen", chosen=chosen, touched=touched)
    return found, words("noise_none" if noise.trials else "noise_untried")


def copies_say(report: CleanReport, words: Words) -> tuple[str, ...]:
    """What was found of edited copies and done with them; nothing where they were not asked for."""
    found = report.augmentation
    if found.why_not is not None:
        off = report.config.get("augment", "off") == "off"
        return () if off else (words("copies_why_not", why=words.named("why", found.why_not)),)
    if found.chosen is None:
        return (words("copies_none", examined=formats.count(found.examined)),)
    chosen = words.named("treatment", found.chosen)
    return (words("copies_chosen", chosen=chosen, copies=formats.count(found.copies)),)


def rules_by_count(report: CleanReport) -> tuple[Rule, ...]:
    """Rejections first, then changes, the most frequent first."""
    order = sorted(report.rules, key=lambda r: (r.action != "rejected", -r.count, r.step, r.rule))
    return tuple(order)
