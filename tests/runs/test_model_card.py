"""The card says what the report says, and user texts cannot break it."""

from __future__ import annotations

import pytest
from report_samples import HOSTILE, SAMPLES, certified, not_met

from undercut.runs.model_card import model_card, plain

HEADS = ("Intended use", "Data", "Figures", "Certificate", "Limits", "Licences", "Origin")


@pytest.mark.parametrize("name", SAMPLES)
def test_every_section_is_there_and_filled(name: str) -> None:
    card = model_card(SAMPLES[name]())
    bodies = card.split("\n## ")[1:]
    assert tuple(b.split("\n")[0] for b in bodies) == HEADS
    assert all(len(b.split("\n\n", 1)[1].strip()) > 20 for b in bodies)
    assert "None" not in card


def test_figures_and_verdict_are_those_of_the_report() -> None:
    card = model_card(certified())
    assert "Certified: at least 99.0%" in card
    assert "| accuracy | 93.4% | 93.7% | |" in card
    assert "CC BY 4.0" in card
    assert "Not certified" in model_card(not_met())


def test_tables_keep_their_columns_whatever_the_texts() -> None:
    card = model_card(certified((HOSTILE, "a|b")))
    assert "<script>" not in card
    assert r"a\|b" in card
    for table in (block for block in card.split("\n\n") if block.startswith("|")):
        rows = [row.replace(r"\|", "").count("|") for row in table.split("\n")]
        assert len(set(rows)) == 1, table


def test_plain_escapes_markup() -> None:
    assert plain("a_b\n<c>") == r"a\_b \<c\>"
