"""Pages of estimates and price tests, in both languages."""

from __future__ import annotations

import random
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from undercut.runs.selling.demand_choices import chosen_offers
from undercut.runs.selling.demand_findings import Findings
from undercut.runs.selling.demand_logs import own_sales
from undercut.runs.selling.demand_survey import price_sensitivity, would_buy
from undercut.runs.selling.estimate_page import demand_html, price_test_html
from undercut.runs.selling.experiment import analyse_file
from undercut.sell.pricing.demand.estimate import Caution, Estimate, Note, Says
from undercut.sell.pricing.demand.survey.bootstrap import BootstrapConfig

NOW = datetime(2026, 11, 28, tzinfo=UTC)
ASSETS = Path(__file__).parents[3] / "src" / "undercut" / "assets"
CHINESE = re.compile(r"[一-鿿]")


def _body(page: str) -> str:
    return re.sub(r"<style>.*?</style>", "", page, flags=re.S)


def _findings(folder: Path) -> list[Findings]:
    draw = random.Random(3)
    few = BootstrapConfig(draws=120)
    files = {
        "choices.csv": "choice,chosen,price,quality\n"
        + "".join(
            f"{n},{int(first)},{draw.uniform(3, 9):.2f},94\n{n},{int(not first)},"
            f"{draw.uniform(3, 9):.2f},90\n"
            for n in range(12)
            for first in [draw.random() < 0.5]
        ),
        "four.csv": "too_cheap,cheap,expensive,too_expensive\n"
        + "1,3,6,9\n2,4,7,11\n9,3,2,1\n" * 4,
        "prices.csv": "10,20,30\n" + "1,1,0\n1,0,0\n1,1,1\n" * 5,
        "logs.csv": "price,quantity,cost\n"
        + "".join(
            f"{4 + n % 5 + draw.random():.2f},{30 - 2 * (n % 5) + draw.random():.2f},{1 + n % 5}\n"
            for n in range(25)
        ),
    }  # fmt: skip
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    return [
        chosen_offers(folder / "choices.csv"),
        price_sensitivity(folder / "four.csv", few),
        would_buy(folder / "prices.csv", None, few),
        own_sales(folder / "logs.csv", instruments=("cost",)),
    ]


def test_every_way_to_demand_has_its_page_in_both_languages(tmp_path: Path) -> None:
    for found in _findings(tmp_path):
        english, chinese = (demand_html(found, each, now=NOW) for each in ("en", "zh"))
        for page in (english, chinese):
            assert "http" not in page.replace("http-equiv", "")
            assert "<script" not in page
            assert "{" not in re.sub(r"<pre>.*?</pre>", "", _body(page), flags=re.S)
            assert str(tmp_path) not in page
            for estimate in found.estimates:
                assert f"{estimate.value:.4g}" in page
        assert found.notes, "these samples are small on purpose: each has a caution"
        for note in found.notes:
            assert note.says is not None, note.text
            assert note.text in english or "&#" in english
        assert not CHINESE.search(english)
        warnings = re.findall(r'class="warning">(.*?)</p>', chinese)
        assert len(warnings) == len(found.notes)
        assert all(len(CHINESE.findall(each)) > 6 for each in warnings)


def test_a_price_test_has_its_page_with_intervals_drawn(tmp_path: Path) -> None:
    file = tmp_path / "counts.csv"
    file.write_text(
        "price,visitors,sales\n50usd,1000,60\n60usd,40,3\n75usd,1010,35\n", encoding="utf-8"
    )
    found = analyse_file(file, cost="5usd", control="60usd")
    english, chinese = (price_test_html(found, "counts.csv", e, now=NOW) for e in ("en", "zh"))
    for page in (english, chinese):
        assert page.count("<svg") == 2  # for page and telephone
        assert page.count('class="whisker"') == 6
        assert "60 USD *" in page
    assert "not spread evenly" in english
    assert "分布不均匀" in chinese
    assert "not spread evenly" not in chinese


def test_what_a_file_says_is_escaped() -> None:
    estimate = Estimate("<b>x</b>", 1.0, 0.1, 0.5, float("inf"), 0.9)
    note = Note(Caution.UNBOUNDED, "<i>", Says.WORTH_NOT_BOUNDED, {"attribute": "<i>"})
    found = Findings("multinomial logit", "<s>.csv", 3, (estimate,), (note,), ((1.0, 0.5),))
    for language in ("en", "zh"):
        body = _body(demand_html(found, language, now=NOW))
        assert not re.search(r"<(b>x|i>|s>)", body.replace("<b>", "", 1).replace("<bdi>", ""))
        assert "90%" in body


def test_sentences_of_both_languages_match() -> None:
    english, chinese = (
        yaml.safe_load((ASSETS / "estimate" / f"{each}.yaml").read_text(encoding="utf-8"))
        for each in ("en", "zh")
    )
    named = {key for key in chinese if key.startswith("name.")}
    assert english.keys() == chinese.keys() - named
    for key, text in english.items():
        assert set(re.findall(r"{(\w+)}", text)) == set(re.findall(r"{(\w+)}", chinese[key])), key
    notes = yaml.safe_load((ASSETS / "notes" / "zh.yaml").read_text(encoding="utf-8"))
    assert {f"note.{each}" for each in Says} <= notes.keys()


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_test_without_outcomes_says_so(language: str) -> None:
    standing = {
        "verdict": "goes on", "price_from_now_on": None, "loss_so_far": 0.0, "loss_bound": "5 USD",
        "open": 1, "floor": "5 USD", "floor_source": "given", "analysis": None,
    }  # fmt: skip
    page = price_test_html(standing, "t.json", language, now=NOW)
    assert {"en": "No outcome is known yet", "zh": "还没有任何结果"}[language] in page
