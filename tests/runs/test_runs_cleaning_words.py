"""Every rule has a Chinese name: a Chinese report shows no codes."""

from __future__ import annotations

import pytest

from undercut.build.data.personal_data.config import Kind
from undercut.build.data.quality import RULES
from undercut.runs.report.words import Words

CODES = [*RULES, *(f"personal_data_{kind}" for kind in Kind), "other_language"]


@pytest.mark.parametrize("code", CODES)
def test_rules_have_chinese_names(code: str) -> None:
    name = Words("zh", "clean").named("rule", code)
    assert name != code.replace("_", " ")
    assert any("\u4e00" <= character <= "\u9fff" for character in name)


def test_steps_have_chinese_names() -> None:
    from undercut.runs.cleaning.specs import _MAKERS

    for step in (*_MAKERS, "read", "same_texts", "near_duplicates", "semantic", "label_noise"):
        assert Words("zh", "clean").named("step", step) != step.replace("_", " ")
