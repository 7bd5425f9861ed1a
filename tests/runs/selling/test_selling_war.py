"""`undercut war` and `undercut experiment` as a user runs them, on a tiny plan."""

from __future__ import annotations

import json
import re
import shutil
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
import yaml

from undercut.core.errors import ArtefactError, ConfigError, InputError
from undercut.runs.selling.cost_job import PriceRequest
from undercut.runs.selling.plan_facts import read_plan
from undercut.runs.selling.price_job import price_plan
from undercut.runs.selling.quotes import Override
from undercut.runs.selling.war.content import war_content
from undercut.runs.selling.war.facts import law_of, war_facts
from undercut.runs.selling.war.html import render_war_html
from undercut.runs.selling.war.job import fight, fight_and_report
from undercut.runs.selling.war.request import (
    WarRequest,
    parse_cash,
    parse_cut,
    parse_weights,
)
from undercut.sell.market.cuts import CutHistory
from undercut.sell.pricing.equilibrium.best_response import best_response
from undercut.sell.pricing.war.buying_models import buying_of
from undercut.sell.pricing.war.scene import Behaviour

NOW = datetime(2026, 11, 28, tzinfo=UTC)
ASSETS = Path(__file__).parents[3] / "src" / "undercut" / "assets" / "war"
MARKET = """\
as_of: 2026-11-01
currency: USD
buyers: 400_000_000
outside_share: 0.3
own:
  firm: us
  name: tickets
  price: 60
  share: 0.1
  monthly_answers: 40_000_000
  payment: {fraction: 0.029, per_invoice: 0.30}
  customers: 14
  fixed_costs:
    - {name: engineer, monthly: 900}
rivals:
  - {name: acme-intents, firm: acme, price: 65, share: 0.3, cost: 20}
  - {name: borealis, firm: borealis, price: 72, share: 0.3}
"""


@pytest.fixture
def market(tmp_path: Path) -> Path:
    file = tmp_path / "market.yaml"
    file.write_text(MARKET, encoding="utf-8")
    return file


@pytest.fixture
def request_of(costed_plan: Path, market: Path):
    def make(**changes) -> WarRequest:
        given = {"plan": costed_plan, "market": market, "rival": "acme", "cut": 0.5}
        return WarRequest(**(given | {"cash": "12months", "paths": 400, "months": 12} | changes))

    return make


def test_the_report_holds_what_was_asked_for_in_both_languages(request_of, tmp_path) -> None:
    content = fight_and_report(request_of(), now=NOW, language="en", out=tmp_path / "war")
    assert json.loads((tmp_path / "war" / "war.json").read_text(encoding="utf-8")) == content
    assert {each["policy"] for each in content["policies"]} == {"hold", "match", "answer", "leave"}
    for each in content["policies"]:
        assert len(each["survival"]["by_month"]) == 12
        assert each["survival"]["low"] <= each["survival"]["value"] <= each["survival"]["high"]
        for figure in ("profit", "cash", "share"):
            assert len(each[figure]["quantiles"]) == 5
    assert {each["behaviour"] for each in content["behaviours"]} == set(Behaviour)
    assert {each["kind"] for each in content["supposed"]} == {"cut", "cash"}
    # cash of 12 months of the costs that run whatever is sold: fixed ones and idle machine time
    assert content["cash"]["months_of_costs"] == pytest.approx(12.0)
    assert content["cash"]["monthly_costs"] >= 900.0
    for language in ("en", "zh"):
        page = render_war_html(content, language)
        assert page.count("<svg") == 4  # survival for page and telephone, two fans of cash
        assert "http" not in re.sub(r"http-equiv", "", page)
        assert "{" not in re.sub(r"<style>.*?</style>", "", page, flags=re.S)
    assert "价格协议" in render_war_html(content, "zh")
    assert "illegal" in render_war_html(content, "en")


def test_equal_requests_equal_reports(request_of) -> None:
    one, two = (war_content(fight(request_of()), created=NOW, language="en") for _ in range(2))
    assert one == two


def test_nothing_is_sold_below_the_floor_without_a_recorded_reason(request_of) -> None:
    deep = request_of(cut=0.97)
    content = war_content(fight(deep), created=NOW, language="en")
    floor = content["cost"]["floor"]
    assert content["cost"]["match_below_floor"]
    prices = [p for each in content["policies"] for p in each["price"] if p is not None]
    assert min(prices) >= floor * (1 - 1e-6)
    assert "below the floor" in render_war_html(content, "en")
    freed = request_of(cut=0.97, override=Override("Ada", "board decision of 27 November"))
    waived = war_content(fight(freed), created=NOW, language="en")
    match = next(each for each in waived["policies"] if each["policy"] == "match")
    assert match["price"][0] == pytest.approx(60 * 0.03)
    assert "board decision of 27 November" in render_war_html(waived, "en")


def test_a_cheaper_plan_is_a_version_to_differentiate_with(
    request_of, market, costed_plan, cheaper_plan
) -> None:
    worth = MARKET.replace("buyers:", "quality_value: 1.2\nbuyers:")
    market.write_text(worth, encoding="utf-8")
    content = war_content(fight(request_of(also=(cheaper_plan,))), created=NOW, language="en")
    assert {each["policy"] for each in content["policies"]} >= {"differentiate"}
    question = content["question"]
    assert question["version"] in question["versions_considered"]
    assert len(question["versions_considered"]) == 2  # the named one and the frontier's
    render_war_html(content, "zh")
    market.write_text(MARKET, encoding="utf-8")
    with pytest.raises(InputError, match="what quality is worth"):
        fight(request_of(also=(cheaper_plan,)))


def test_without_also_the_version_is_a_cheaper_plan_of_the_runs_frontier(
    request_of, market, costed_plan
) -> None:
    market.write_text(MARKET.replace("buyers:", "quality_value: 1.2\nbuyers:"), encoding="utf-8")
    facts = war_facts(request_of())
    assert facts.version is not None
    assert facts.version.name == "ngram words+characters"
    frontier = read_plan(costed_plan).report.plan.frontier
    cheap, made = frontier[0], next(each for each in frontier if each.chosen)
    assert facts.version.version.worth_less == pytest.approx(
        1.2 * 100 * (made.tune_accuracy - cheap.tune_accuracy)
    )
    assert facts.version.version.cost < facts.scene.own.costs[0]
    content = war_content(fight(request_of()), created=NOW, language="en")
    assert {each["policy"] for each in content["policies"]} >= {"differentiate"}
    assert not content["question"]["version_certified"]
    assert any("not certified" in note["text"] for note in content["notes"])
    assert "未经认证" in render_war_html(content, "zh")
    freed = war_facts(request_of(override=Override("Ada", "board decision")))
    assert freed.scene.own.version is not None
    assert freed.scene.own.version.floor == 0.0


def test_of_several_cheaper_plans_the_one_that_earns_most_is_the_version(
    request_of, market, cheaper_plan, make_plan, tmp_path
) -> None:
    """Worthless to buyers, dear to answer with: not that one, wherever it comes from."""
    market.write_text(MARKET.replace("buyers:", "quality_value: 1.2\nbuyers:"), encoding="utf-8")
    bad = make_plan(tmp_path / "bad", accuracy=0.5, texts_per_second=5.0)
    alone, both, other = (
        war_facts(request_of(also=also)) for also in ((bad,), (bad, cheaper_plan), (cheaper_plan,))
    )
    assert alone.version is not None
    assert alone.version.name == "ngram words+characters"
    assert both.version == other.version


def test_why_there_is_nothing_to_differentiate_with_is_said(
    request_of, market, costed_plan, tmp_path
) -> None:
    said = [note.text for note in war_facts(request_of()).notes]
    assert any("quality_value is not given" in each for each in said)
    market.write_text(MARKET.replace("buyers:", "quality_value: 1.2\nbuyers:"), encoding="utf-8")
    lone = tmp_path / "lone" / "plan"
    shutil.copytree(costed_plan.parent, lone.parent)
    report = json.loads((lone.parent / "report.json").read_text(encoding="utf-8"))
    report["plan"]["frontier"] = []
    (lone.parent / "report.json").write_text(json.dumps(report), encoding="utf-8")
    content = war_content(fight(request_of(plan=lone)), created=NOW, language="en")
    assert any("--also PLAN" in note["text"] for note in content["notes"])
    assert "differentiate" not in {each["policy"] for each in content["policies"]}
    assert "--also PLAN" in render_war_html(content, "zh")


NESTS = MARKET.replace(
    "buyers:", "nests: {near: 0.6, far: 0.3}\nbuyers:"
).replace("share: 0.3, cost: 20", "share: 0.3, cost: 20, nest: near").replace(
    "  share: 0.1\n", "  share: 0.1\n  nest: near\n"
).replace("price: 72, share: 0.3", "price: 72, share: 0.2, nest: far").replace(
    "outside_share: 0.3\n", "outside_share: 0.4\n"
)  # fmt: skip
SEGMENTS = (
    MARKET.replace("buyers:", "demand: {segments: yes, price_spread: 0.3}\nbuyers:")
    + """\
segments:
  - {name: shop, share: 0.6, monthly_answers: 400_000, willingness: 75, quality_value: 0.4}
  - {name: bank, share: 0.4, monthly_answers: 900_000, willingness: 99, quality_value: 3}
"""
)


@pytest.mark.parametrize("text", [MARKET, NESTS, SEGMENTS], ids=["plain", "nests", "segments"])
def test_war_and_price_have_one_model_of_demand(request_of, market, costed_plan, text) -> None:
    """Shares today, shares after the cut, and the best answer to it."""
    market.write_text(text, encoding="utf-8")
    scene = war_facts(request_of()).scene
    model = price_plan(PriceRequest(costed_plan, market)).model
    buyers = buying_of(scene, np.array([-model.price_coefficient.value]))
    for factors in ([[1.0], [1.0]], [[0.5], [1.0]]):
        elsewhere, named = buyers.elsewhere(np.array(factors), np.ones(1))
        wanted = buyers.wanted(scene.own.prices[:, None], elsewhere, named)
        prices = model.prices * np.array([1.0, factors[0][0], 1.0])
        found = model.demand.shares(prices)
        np.testing.assert_allclose([wanted.own[0, 0], wanted.named[0]], found[:2], rtol=1e-9)
        best = best_response(model.demand, prices, model.costs, model.own)
        assert best.settled
        markup = buyers.best_markups(elsewhere, None)[0, 0]
        assert scene.own.costs[0] + markup == pytest.approx(best.prices[0], rel=1e-8)
    today = model.demand.shares(model.prices)
    np.testing.assert_allclose(today, model.shares, rtol=1e-9)


def test_segments_and_nests_change_what_a_war_costs(request_of, market, cheaper_plan) -> None:
    values = {}
    for name, text in (("plain", MARKET), ("nests", NESTS), ("segments", SEGMENTS)):
        worth = text.replace("buyers:", "quality_value: 1.2\nbuyers:", 1)
        market.write_text(worth, encoding="utf-8")
        content = war_content(fight(request_of(also=(cheaper_plan,))), created=NOW, language="en")
        assert content["simulation"]["demand"] == {"plain": "logit", "segments": "kinds"}.get(
            name, name
        )
        assert not any("nest" in note["text"] for note in content["notes"])
        values[name] = {each["policy"]: each["value"] for each in content["policies"]}
        page = render_war_html(content, "en")
        assert {"plain": "is logit", "nests": "nested logit", "segments": "kinds of buyers"}[
            name
        ] in page
    assert len({round(each["differentiate"]) for each in values.values()}) == 3


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (MARKET.replace("buyers:", "demand: {segments: yes}\nbuyers:"), "no segments are given"),
        (NESTS.replace("buyers:", "demand: {price_spread: 0.3}\nbuyers:"), "one of them only"),
        (SEGMENTS.replace("spread: 0.3", "spread: 30"), "price_spread must lie in .*, got 30"),
        (SEGMENTS.replace("yes", "perhaps"), "expected yes or no, got 'perhaps'"),
        (SEGMENTS.replace("price_spread", "spread"), "did you mean 'price_spread'"),
    ],
)
def test_broken_models_of_demand_get_a_clear_answer(request_of, market, text, said) -> None:
    market.write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        fight(request_of())
    assert re.search(said, f"{caught.value.message} {caught.value.hint}")
    assert caught.value.file == str(market)
    assert caught.value.line


def test_sentences_of_both_languages_match_and_are_all_used() -> None:
    english, chinese = (
        yaml.safe_load((ASSETS / f"{language}.yaml").read_text(encoding="utf-8"))
        for language in ("en", "zh")
    )
    assert english.keys() == chinese.keys()
    for key, text in english.items():
        assert set(re.findall(r"{(\w+)}", text)) == set(re.findall(r"{(\w+)}", chinese[key])), key


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("share: 0.1\n", "share: 0.9\n", "sum to"),
        ("as_of: 2026-11-01\n", "", "as_of is missing"),
        ("price: 65", "price: 65 cny", "is not in USD"),
        ("price: 65, share: 0.3, cost: 20", "price: 65, share: 0.3, cost: 70", "below cost|at or"),
        ("price: 60", "price: -60", "above 0"),
    ],
)
def test_broken_markets_get_a_clear_answer(request_of, market, old, new, said) -> None:
    assert old in MARKET
    market.write_text(MARKET.replace(old, new), encoding="utf-8")
    with pytest.raises(InputError, match=said):
        fight(request_of())


def test_broken_requests_get_a_clear_answer(request_of, tmp_path) -> None:
    for change, kind, said in (
        ({"rival": "acne"}, ConfigError, "no product of 'acne'.*acme|--rival acme"),
        ({"cash": None}, ConfigError, "how much cash"),
        ({"cash": "500cny"}, ConfigError, "one currency"),
        ({"cash": "much"}, ConfigError, "not an amount"),
        ({"tier": "best"}, ConfigError, "no tier 'best'"),
        ({"plan": tmp_path}, ArtefactError, "plan"),
        ({"market": tmp_path / "none.yaml"}, InputError, "cannot be read"),
        ({"snapshot": tmp_path / "none.json"}, InputError, "no market snapshot"),
    ):
        with pytest.raises(kind, match=said):
            fight(request_of(**change))
    for text in ("fifty", "150%", "0", "-5%", ""):
        with pytest.raises(ConfigError, match="cut"):
            parse_cut(text)
    assert parse_cut("50%") == parse_cut("0.5") == 0.5
    assert parse_cash("12 months", currency="USD", monthly_costs=100.0) == 1_200.0
    assert parse_cash("12个月", currency="USD", monthly_costs=100.0) == 1_200.0
    assert parse_cash("250usd", currency="USD", monthly_costs=0.0) == 250.0
    with pytest.raises(ConfigError, match="costs that run every month"):
        parse_cash("3months", currency="USD", monthly_costs=0.0)
    assert parse_weights(["follow=2", "burn"])[Behaviour.FOLLOW] == 2.0
    for written in (["sulk"], ["follow=x"], ["follow=-1"], ["follow=0"]):
        with pytest.raises(ConfigError):
            parse_weights(written)


def test_a_history_without_cuts_is_nothing_to_learn_from() -> None:
    from datetime import date

    from undercut.sell.market.interval import Measured

    none = Measured(0.0, 0.0, 0.1, 0)
    empty = CutHistory(
        "new", date(2026, 1, 1), date(2026, 2, 1), 1, 1.0, none, none, (), (), None, "a list"
    )
    with pytest.raises(InputError, match="nothing to learn from"):
        law_of(empty)


def test_the_command_prints_the_answer_and_the_same_json(
    costed_plan, market, capsys: pytest.CaptureFixture[str]
) -> None:
    from undercut.cli.main import run_command_line

    common = ["war", str(costed_plan), "-m", str(market), "--rival", "acme", "--cut", "50%"]
    common += ["--cash", "12months", "--paths", "200", "--months", "6"]
    assert run_command_line(common) == 0
    assert "What to do" in capsys.readouterr().out
    assert run_command_line([*common, "--language", "zh"]) == 0
    assert "该做什么" in capsys.readouterr().out
    assert run_command_line([*common, "--json"]) == 0
    assert Decimal(str(json.loads(capsys.readouterr().out)["question"]["cut"])) == Decimal("0.5")
    assert run_command_line([*common[:-4], "--cut", "150%"]) == 2
    assert "between 0% and 100%" in capsys.readouterr().err
