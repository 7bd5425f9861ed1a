"""Main-text extraction beside trafilatura's settings, readability and jusText.

    python benchmarks/main_text.py FOLDER [--out benchmarks/results/main_text.json]

FOLDER holds `gold.jsonl` (id, url, article_body) and `html/<id>.html.gz`, as made from the
article-extraction benchmark of Scrapinghub (2019): `article_body` is the text of the article as a
person marked it, without headline, date, by-line, captions and what stands around it.

Two measures, both of bags of words per page (words are runs of \\w), precision and recall averaged
over pages and F of the two averages, as that benchmark does it:
`token`: single words; `shingle`: runs of four words, that benchmark's own.

Settings are chosen on one half of the pages and reported on the other, both ways round. The
halves are every second page in the order of ids. Needs readability-lxml for one contender.
"""

from __future__ import annotations

import argparse
import gzip
import importlib.metadata
import json
import platform
import random
import re
import time
from collections import Counter
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from itertools import product
from pathlib import Path
from typing import NamedTuple

import justext
import trafilatura
from lxml import html as lxml_html

from undercut.build.data.web.page import read_page

WORD = re.compile(r"\w+")
MEASURES = {"token": 1, "shingle": 4}
RESAMPLES = 2_000
Extract = Callable[[bytes, str], str]


class PageScore(NamedTuple):
    precision: float
    recall: float


class Gold(NamedTuple):
    url: str
    body: str
    html: bytes


def read_gold(folder: Path) -> list[Gold]:
    with (folder / "gold.jsonl").open(encoding="utf-8") as file:
        rows = sorted(map(json.loads, file), key=lambda row: row["id"])
    pages = []
    for row in rows:
        with gzip.open(folder / "html" / f"{row['id']}.html.gz") as file:
            pages.append(Gold(row["url"], row["article_body"], file.read()))
    return pages


def shingles(text: str, words: int) -> Counter[tuple[str, ...]]:
    found = WORD.findall(text)
    if not found:
        return Counter()
    return Counter(tuple(found[i : i + words]) for i in range(max(1, len(found) - words + 1)))


def page_score(gold: str, got: str, words: int) -> PageScore:
    right, answer = shingles(gold, words), shingles(got, words)
    both = (right & answer).total()
    precision = both / answer.total() if answer else float(not right)
    return PageScore(precision, both / right.total() if right else 1.0)


def f_of(scores: Sequence[PageScore]) -> tuple[float, float, float]:
    precision = sum(s.precision for s in scores) / len(scores)
    recall = sum(s.recall for s in scores) / len(scores)
    f = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
    return precision, recall, f


def difference_interval(ours: Sequence[PageScore], theirs: Sequence[PageScore]) -> list[float]:
    """95% interval of the difference in F, pages resampled (paired bootstrap)."""
    return interval([ours, theirs])


def interval(sides: Sequence[Sequence[PageScore]]) -> list[float]:
    """95% interval of the F of the first side, less that of the second where there is one."""
    chance = random.Random(0)
    found = []
    for _ in range(RESAMPLES):
        rows = chance.choices(range(len(sides[0])), k=len(sides[0]))
        first, *rest = (f_of([side[i] for i in rows])[2] for side in sides)
        found.append(first - sum(rest))
    found.sort()
    return [round(found[int(RESAMPLES * q)], 4) for q in (0.025, 0.975)]


def contenders() -> dict[str, Extract]:
    methods: dict[str, Extract] = {"undercut": lambda html, url: read_page(html, url=url).text}
    grid = product(("balanced", "precision", "recall"), (False, True), (False, True), (False, True))
    for favour, fast, comments, tables in grid:
        name = f"trafilatura {favour}" + " fast" * fast + " comments" * comments
        methods[name + " tables" * tables] = trafilatura_with(favour, fast, comments, tables)
    methods["trafilatura baseline()"] = lambda html, url: str(trafilatura.baseline(html)[1])
    methods["jusText"] = just_text
    try:
        from readability import Document
    except ImportError:
        return methods

    def readability(html: bytes, url: str) -> str:
        summary = Document(html.decode("utf-8", errors="replace")).summary()
        return str(lxml_html.fromstring(summary).text_content())

    return {**methods, "readability-lxml": readability}


def trafilatura_with(favour: str, fast: bool, comments: bool, tables: bool) -> Extract:
    def extract(html: bytes, url: str) -> str:
        return (
            trafilatura.extract(
                html,
                url=url,
                fast=fast,
                favor_precision=favour == "precision",
                favor_recall=favour == "recall",
                include_comments=comments,
                include_tables=tables,
            )
            or ""
        )

    return extract


def just_text(html: bytes, url: str) -> str:
    stop_words = justext.get_stoplist("English")
    return "\n".join(p.text for p in justext.justext(html, stop_words) if not p.is_boilerplate)


def answers_of(method: Extract, pages: Sequence[Gold]) -> tuple[list[str], float]:
    started = time.process_time()
    texts = []
    for page in pages:
        try:
            texts.append(method(page.html, page.url))
        except Exception as error:  # noqa: BLE001 - a contender that fails a page gave no text
            print(f"  {page.url}: {type(error).__name__}: {error}")
            texts.append("")
    return texts, (time.process_time() - started) / len(pages)


def measure(pages: Sequence[Gold]) -> dict[str, object]:
    scores: dict[str, dict[str, list[PageScore]]] = {}
    table = {}
    for name, method in contenders().items():
        texts, seconds = answers_of(method, pages)
        scores[name] = {
            measure: [page_score(p.body, t, words) for p, t in zip(pages, texts, strict=True)]
            for measure, words in MEASURES.items()
        }
        table[name] = {
            **{m: summary(found) for m, found in scores[name].items()},
            "cpu_ms_per_page": round(1000 * seconds, 1),
        }
        print(f"{name:45s} {table[name]}")
    return {
        "methods": table,
        "all_pages_beside_the_best_setting_in_hindsight": beside_best(scores),
        "chosen_on_the_other_half": cross_chosen(scores),
    }


def beside_best(scores: dict[str, dict[str, list[PageScore]]]) -> list[dict[str, object]]:
    """For each measure, on all pages: ours, trafilatura's best setting, and their difference."""
    settings = [name for name in scores if name.startswith("trafilatura") and "base" not in name]
    rows: list[dict[str, object]] = []
    for measure in MEASURES:
        best = max(settings, key=lambda name: f_of(scores[name][measure])[2])
        ours, theirs = scores["undercut"][measure], scores[best][measure]
        rows.append(
            {
                "measure": measure,
                "undercut": round(f_of(ours)[2], 4),
                "best": [best, round(f_of(theirs)[2], 4)],
                "undercut_minus_best_95": difference_interval(ours, theirs),
            }
        )
    return rows


def summary(scores: Sequence[PageScore]) -> dict[str, float]:
    precision, recall, f = f_of(scores)
    return {
        "precision": round(precision, 4),
        "recall": round(recall, 4),
        "f": round(f, 4),
        "f_even": round(f_of(scores[::2])[2], 4),
        "f_odd": round(f_of(scores[1::2])[2], 4),
        "f_95": interval([scores]),
    }


def cross_chosen(scores: dict[str, dict[str, list[PageScore]]]) -> list[dict[str, object]]:
    """For each half: trafilatura's setting that is best on the other one, and its best here."""
    settings = [name for name in scores if name.startswith("trafilatura") and "base" not in name]
    rows: list[dict[str, object]] = []
    for measure, (here, there) in product(MEASURES, ((0, 1), (1, 0))):
        halves = {name: scores[name][measure] for name in scores}
        chosen = max(settings, key=lambda name: f_of(halves[name][there::2])[2])
        best = max(settings, key=lambda name: f_of(halves[name][here::2])[2])
        ours = halves["undercut"][here::2]
        rows.append(
            {
                "measure": measure,
                "half": "even" if here == 0 else "odd",
                "undercut": round(f_of(ours)[2], 4),
                "chosen": [chosen, round(f_of(halves[chosen][here::2])[2], 4)],
                "best_in_hindsight": [best, round(f_of(halves[best][here::2])[2], 4)],
                "undercut_minus_chosen_95": difference_interval(ours, halves[chosen][here::2]),
            }
        )
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    pages = read_gold(arguments.folder)
    result = {
        "pages": len(pages),
        "machine": platform.machine(),
        "versions": {
            name: importlib.metadata.version(name)
            for name in ("trafilatura", "justext", "lxml", "readability-lxml")
            if find_spec(name.removesuffix("-lxml")) is not None
        },
        "command": f"python benchmarks/main_text.py FOLDER  # {len(pages)} pages",
        **measure(pages),
    }
    text = json.dumps(result, indent=1) + "\n"
    if arguments.out is not None:
        arguments.out.write_text(text, encoding="utf-8")
    print(json.dumps(result["chosen_on_the_other_half"], indent=1))


if __name__ == "__main__":
    main()
