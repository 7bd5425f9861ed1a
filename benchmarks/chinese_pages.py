"""What `web_pages` does to real Chinese prose and to lists made of real pieces.

    python benchmarks/chinese_pages.py SHARED_DATA

Prose: bodies of stock news and hotel reviews of 80 characters or more (short by the rules'
own word), all of which a filter should let pass; English articles and C4 pages stand beside them.
Lists: 30 headlines or 40 intent names, one a line or one behind the other, keywords, price tables:
all of which should go. The thresholds were set on the texts of even number; both halves are shown.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import json
import random
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from undercut.build.data.quality import judge, web_pages
from undercut.build.data.quality.shape import Shape

LEAST_CHARACTERS = 80
LISTS = 300
SHOWN_RULES = 6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    for name, texts in prose(folder).items():
        for half in (0, 1):
            show(f"{name}, {'odd' if half else 'even'}", texts[half::2])
    for name, texts in lists(folder).items():
        show(name, texts)


def show(name: str, texts: Sequence[str]) -> None:
    config, rules, gone = web_pages(), Counter[str](), 0
    for text in texts:
        found = judge(text, config)
        gone += bool(found)
        rules.update(finding.rule for finding in found)
    shapes = [Shape(text) for text in texts]
    units = np.median([len(shape.words) / max(1, shape.sentences) for shape in shapes])
    shares = {rule: round(n / len(texts), 3) for rule, n in rules.most_common(SHOWN_RULES)}
    print(f"{name}: {len(texts)} texts, {units:.0f} words a sentence, {gone / len(texts):.3f} go")
    print(f"    {json.dumps(shares)}")


def prose(folder: Path) -> dict[str, list[str]]:
    articles = _rows(folder / "zh_finance_news" / "articles.csv")
    news = [row["body"] for row in articles if row["body"].strip() != row["title"].strip()]
    [reviews] = (folder / "zh_hotel_reviews").glob("*.csv")
    english = [text for _, text in _lines(folder / "web_articles" / "gold.jsonl", "article_body")]
    [pages] = (folder / "web_text").glob("*.jsonl*")
    return {
        "news (zh)": _long(news),
        "hotel reviews (zh)": _long([row["text"] for row in _rows(reviews)]),
        "articles (en)": english,
        "C4 pages (en)": [text for row, text in _lines(pages, "text") if row["source"] == "c4"],
    }


def lists(folder: Path) -> dict[str, list[str]]:
    draw = random.Random(0)
    titles = [row["title"] for row in _rows(folder / "zh_finance_news" / "titles.csv")]
    rows = _rows(folder / "zh_ecommerce_intents" / "dev.csv")
    names = [row["label_name"] for row in rows]
    words = [re.sub(r"\W", "", row["text"])[:4] for row in rows]

    def quotes() -> str:
        return "\n".join(
            f"{draw.randint(600_000, 603_999)} {draw.choice(titles)[:4]} {draw.random() * 100:.2f}"
            f" {draw.random() * 10 - 5:+.2f}% {draw.randint(1, 999)}万"
            for _ in range(30)
        )

    made = {
        "headlines, one a line": lambda: "\n".join(draw.sample(titles, 30)),
        "names, one a line": lambda: "\n".join(draw.sample(names, 40)),
        "names, in one line": lambda: " ".join(draw.sample(names, 40)),
        "keywords, in one line": lambda: " ".join(draw.sample(words, 60)),
        "price table": quotes,
    }
    return {name: [make() for _ in range(LISTS)] for name, make in made.items()}


def _long(texts: Sequence[str]) -> list[str]:
    return [text for text in texts if len(text) >= LEAST_CHARACTERS]


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _lines(path: Path, field: str) -> Iterator[tuple[dict[str, str], str]]:
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8") as file:
        for line in file:
            row = json.loads(line)
            yield row, row[field]


if __name__ == "__main__":
    main()
