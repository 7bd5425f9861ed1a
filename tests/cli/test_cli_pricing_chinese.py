"""Reports in Chinese hold no English sentence but what the user's own files and sources say."""

from __future__ import annotations

import html
import json
import re
import string
from importlib import resources
from pathlib import Path

import pytest
import yaml
from cli_fakes import Call

from undercut.runs.selling.note_words import note_says, source_says
from undercut.sell.pricing.demand.estimate import Says

ROOT = Path(__file__).parents[2]
PLAN = ROOT / "examples" / "stored" / "plan"
MARKET = ROOT / "examples" / "market.yaml"
# three words and more in a row, with what stands between words
ENGLISH = re.compile(r"(?:[A-Za-z’',;:()-]{2,} ){2,}[A-Za-z]{2,}")


def english(page: str, *allowed: str) -> set[str]:
    """Runs of English words in what a reader of the page sees."""
    text = re.sub(r"<(style|title).*?</\1>", " ", page, flags=re.S)
    text = html.unescape(re.sub(r"<[^>]*>", "\n", text))
    for each in allowed:
        text = text.replace(each, "")
    return set(ENGLISH.findall(text))


def market_file(folder: Path, *changes: tuple[str, str]) -> Path:
    text = MARKET.read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    path = folder / "market.yaml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("UNDERCUT_BOOKS", raising=False)


# of the user's file, of price lists and of the machine that measured: names, not our sentences
OWN_WORDS = (
    "Intel(R) Xeon(R) Processor",
    "acme-intents, acme-lite, borealis",
    "OpenRouter price lists, by model",
    "price pages of the rivals and own books",
    "price page of the card processor",
    "AWS EC2 on-demand price page, Linux, us-east-1, as recorded 2026-10",
    "part-time engineer",
    "monitoring and backups",
)


def test_the_price_page(undercut_cli: Call, tmp_path: Path) -> None:
    # no payment, support, quality value or known cost: as many cautions as one file can have
    market = market_file(
        tmp_path,
        ("  payment:", "  # payment:"),
        ("  support:", "  # support:"),
        ("quality_value: 1.20", "# none"),
        (", quality_value: 0.40", ""),
        (", cost: 30.00", ""),
    )
    told = undercut_cli(
        "price", str(PLAN), "-m", str(market), "--language", "zh", "--out", "p",
        "--what-if", "cost=+20%",
    )  # fmt: skip
    assert told.code == 0, told.err
    page = (tmp_path / "p" / "price.html").read_text(encoding="utf-8")
    notes = json.loads((tmp_path / "p" / "price.json").read_text(encoding="utf-8"))["notes"]
    assert {each["says"] for each in notes} >= {
        "no_payment", "no_support", "no_quality_value", "own_margin_only", "one_market",
    }  # fmt: skip
    assert "没有给出收款费用" in page
    assert "没有给出收款费用" in told.out.replace("\n", "")
    assert english(page, *OWN_WORDS) == set()


def test_the_offer_sheet_and_its_grounds(undercut_cli: Call, tmp_path: Path) -> None:
    told = undercut_cli("offer", str(PLAN), "-m", str(MARKET), "--language", "zh")
    assert told.code == 0, told.err
    for name in ("offer.html", "price.html"):
        page = (tmp_path / "offer" / name).read_text(encoding="utf-8")
        assert english(page, *OWN_WORDS) == set()


def test_the_war_report_with_nests_and_a_version_of_the_frontier(
    undercut_cli: Call, tmp_path: Path
) -> None:
    market = market_file(
        tmp_path,
        ("own:\n", "nests: {near: 0.5}\n\nown:\n  nest: near\n"),
        ("share: 0.24,", "share: 0.24, nest: near,"),
    )
    told = undercut_cli(
        "war", str(PLAN), "-m", str(market), "--rival", "acme", "--cut", "50%", "--paths", "200",
        "--language", "zh", "--out", "w",
    )  # fmt: skip
    assert told.code == 0, told.err
    page = (tmp_path / "w" / "war.html").read_text(encoding="utf-8")
    content = json.loads((tmp_path / "w" / "war.json").read_text(encoding="utf-8"))
    assert [each["says"] for each in content["notes"]] == ["one_market", "uncertified_version"]
    assert content["simulation"]["demand"] == "nests"
    assert "嵌套 logit" in page
    assert "未经认证" in told.out.replace("\n", "")
    said = (content["question"]["version"], "undercut run --keep", "tune")
    assert english(page, *OWN_WORDS, *said) == set()
    shown = undercut_cli(
        "war", str(PLAN), "-m", str(market), "--rival", "acme", "--cut", "50%", "--paths", "200"
    )
    assert "not certified" in shown.out.replace("\n", " ")


def test_the_market_report(undercut_cli: Call, tmp_path: Path) -> None:
    told = undercut_cli("market", "survey", "--language", "zh", "--report", "m.html", "--json")
    assert told.code == 0, told.err
    content = json.loads(told.out)
    titles = [each[key] for each in content["sources"] for key in ("title", "licence")]
    names = {
        value for row in content["today"]["cheapest_of_each_seller"]
        for value in (row["model"], row["seller"])
    }  # fmt: skip
    assert english((tmp_path / "m.html").read_text(encoding="utf-8"), *titles, *names) == set()


def test_every_sentence_of_a_note_has_its_chinese() -> None:
    file = resources.files("undercut") / "assets" / "notes" / "zh.yaml"
    said = yaml.safe_load(file.read_text(encoding="utf-8"))
    notes = {key.removeprefix("note.") for key in said if key.startswith("note.")}
    assert notes == {str(each) for each in Says}
    for key, sentence in said.items():
        assert re.search(r"[\u4e00-\u9fff]", sentence), key
        assert not ENGLISH.search(sentence), key
    for each in Says:
        fields = {name for _, name, _, _ in string.Formatter().parse(said[f"note.{each}"]) if name}
        spoken = note_says("zh", "English", each, {name: f"<{name}>" for name in fields})
        assert all(f"<{name}>" in spoken for name in fields)


def test_what_is_no_sentence_of_ours_stays_as_it_is() -> None:
    assert note_says("zh", "as it is", None, {}) == "as it is"
    assert source_says("zh", "own books") == "own books"
    assert source_says("en", "measured by undercut run on X") == "measured by undercut run on X"
    assert source_says("zh", "measured by undercut run on X") == "由 undercut run 在 X 上测得"
