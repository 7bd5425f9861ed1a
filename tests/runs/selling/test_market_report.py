"""The survey of the shipped market: figures that were published, the page, the JSON."""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from undercut.core.errors import InputError
from undercut.runs.report.words import sentences
from undercut.runs.selling.market_backtest import backtest_market
from undercut.runs.selling.market_report.content import tier_of
from undercut.runs.selling.market_report.html import render_market_html
from undercut.runs.selling.market_rivals import rivals_of
from undercut.runs.selling.market_snapshots import shipped_market
from undercut.runs.selling.market_survey import survey_market
from undercut.sell.market.blend import Blend
from undercut.sell.market.forecast import ForecastConfig
from undercut.sell.market.survey import SurveyConfig
from undercut.sell.market.tiers import rated_prices, tier_prices

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def rivals(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("rivals") / "rivals.yaml"
    file.write_text(
        "- {name: '<b>acme</b>', price: 0.40, per: 1000, date: 2026-03-01, source: 'page'}\n"
        "- {name: other, unit: tokens, input: 0.1, output: 0.3, date: 2026-03-01, source: page}\n",
        encoding="utf-8",
    )
    return file


@pytest.fixture(scope="module")
def content(rivals: Path) -> dict[str, Any]:
    return survey_market(SurveyConfig(), now=NOW, competitors=rivals, task_tokens="220,5")


def test_the_shipped_market_is_what_its_notice_says() -> None:
    opened = shipped_market()
    snapshot = opened.snapshot
    assert (snapshot.built, snapshot.currency) == (date(2026, 10, 21), "USD")
    assert len(snapshot.ratings) == 245
    assert len(snapshot.sightings) == 31
    assert {s.licence for s in snapshot.sources} == {"MIT", "CC BY 4.0"}
    assert all(len(s.sha256) == 64 for s in snapshot.sources)


def test_published_prices_of_quality() -> None:
    """Cheapest host, three tokens read for one written, as computed by others from these data."""
    days = [date(2024, 7, 1), date(2025, 1, 1), date(2026, 10, 20)]
    rated = rated_prices(shipped_market().snapshot, days, blend=Blend())
    assert tier_prices(rated, 1300).round(3).tolist() == [6.0, 0.262, 0.028]
    assert tier_prices(rated, 1400)[1:].round(3).tolist() == [26.25, 0.1]


def test_published_changes_a_year(content: dict[str, Any]) -> None:
    """119/42, 193/173 and 157/187 were counted by others; ours differ by at most 4."""
    years = {y["year"]: (y["cuts"], y["raises"]) for y in content["changes"]["by_year"]}
    for year, published in {2024: (119, 42), 2025: (193, 173), 2026: (157, 187)}.items():
        assert years[year] == pytest.approx(published, abs=4)
    everything = content["changes"]["by_tier"][0]
    assert everything["median_cut"] == pytest.approx(0.23, abs=0.005)
    assert everything["half_or_more"] == pytest.approx(0.19, abs=0.005)


def test_the_floor_and_the_fall(content: dict[str, Any]) -> None:
    assert tier_of(content)["fall_per_year"] == pytest.approx(10, abs=0.5)
    assert content["floor"]["price"] == pytest.approx(0.03, abs=0.003)
    assert content["floor"]["flat_since"] <= "2025-07-01"
    assert content["floor"]["standing"]


def test_the_early_windows_choose_the_forecasters_defaults() -> None:
    done = backtest_market()
    chosen, default = done["chosen_on_early_windows"], ForecastConfig()
    assert chosen == {
        "points_per_month": default.points_per_month,
        "softness": default.softness,
    }
    late = done["late"]
    assert 0.7 <= late["coverage"]["value"] <= 0.9
    assert late["error"] < late["no_change_error"] < late["trend_error"]
    assert done["early"]["forecasts"][-1]["day"] <= late["first_origin"]


def test_every_block_names_its_sources_and_day(content: dict[str, Any]) -> None:
    known = {source["id"] for source in content["sources"]}
    for name in ("today", "corrections", "floor", "forecast", "task", "followers", "changes"):
        block = content[name]
        assert set(block["sources"]) <= known, name
        assert "as_of" in block or "to" in block, name
    assert all(rival["source"] and rival["date"] for rival in content["rivals"])
    assert json.loads(json.dumps(content)) == content


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.outside: list[str] = []
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attrs:
            if name == "id":
                self.ids.append(value or "")
            if name in ("src", "srcset") or (tag == "link" and name == "href"):
                self.outside.append(value or "")


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_page_stands_alone_and_escapes(content: dict[str, Any], language: str) -> None:
    text = render_market_html(content, language)
    page = _Page()
    page.feed(text)
    assert page.outside == []
    assert "script" not in page.tags
    assert page.tags.count("svg") >= 8
    assert "&lt;b&gt;acme&lt;/b&gt;" in text
    assert "<b>acme" not in text
    assert "2026-10-21" in text
    assert not re.search(r"\bNone\b|\bnan\b", text)
    assert ("不是法律意见" if language == "zh" else "not legal advice") in text


def test_both_languages_have_the_same_sentences() -> None:
    english, chinese = (sentences(language, "market") for language in ("en", "zh"))
    assert english.keys() == chinese.keys()
    for key in english:
        fields = [set(re.findall(r"{(\w+)}", words[key])) for words in (english, chinese)]
        assert fields[0] == fields[1], key


def test_a_page_without_tokens_rivals_or_old_prices() -> None:
    bare = survey_market(SurveyConfig(quality=1450), now=NOW)
    text = render_market_html(bare, "en")
    assert bare["task"] is None
    assert 'id="task"' not in text
    assert 'id="rivals"' not in text
    old = {**bare, "market": {**bare["market"], "age_days": 130}}
    assert "130 days old" in render_market_html(old, "en")
    assert bare["market"]["age_days"] == 11


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.yaml", "- {name: a", "a.yaml:1: not YAML"),
        ("a.json", "[", "cannot be parsed"),
        ("a.yaml", "- {name: a, price: -1, date: 2026-01-01, source: s}", "rival 1: price"),
        ("a.yaml", "- {name: a, price: 1, source: s}", "rival 1: date is missing"),
        ("a.yaml", "", "expected a list of rivals"),
    ],
)
def test_lists_of_rivals_that_cannot_be_read(
    tmp_path: Path, name: str, text: str, said: str
) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=re.escape(said)):
        rivals_of(tmp_path / name, currency="USD")
    with pytest.raises(InputError, match="cannot be read"):
        rivals_of(tmp_path / "missing.yaml", currency="USD")
