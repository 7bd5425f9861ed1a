"""Texts of two kinds that a tiny model can tell apart."""

from __future__ import annotations

CITIES = ("paris", "rome", "tokyo", "lima")
MEALS = ("soup", "bread", "rice", "cake")


def sentences(count: int) -> tuple[list[str], list[int]]:
    """Texts about cities (class 0) and meals (class 1)."""
    texts, labels = [], []
    for i in range(count):
        word, other = CITIES[i % 4], MEALS[(i // 4) % 4]
        texts.append(f"a train to {word} number {i % 7}" if i % 2 else f"some {other} for {i % 5}")
        labels.append(0 if i % 2 else 1)
    return texts, labels
