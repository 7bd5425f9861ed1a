"""A certificate of labels as words and a table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rich import box
from rich.table import Table
from rich.text import Text

SHOWN = 10


def certificate_lines(found: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """(line, style) of what is proven, what is estimated, and what to know of it."""
    sure = f"{found['confidence']:.4g}"
    met = found["met"]
    style = {None: "bold", True: "bold green", False: "bold yellow"}[met]
    yield (
        f"At most {found['error_upper']:.2%} of {found['rows']:,} labels are wrong, at {sure} "
        "confidence",
        style,
    )
    if met is not None:
        target = f"{found['target_error']:.2%}"
        yield (f"Target of {target}: {'met' if met else 'NOT met'}", style)
    yield (
        f"Looked at {found['looked_at']:,}: {found['wrong']:,} wrong, {found['unanswered']:,} open "
        f"(counted as wrong); estimate {found['error_estimate']:.2%}",
        "",
    )
    accuracy = found["accuracy"]
    if accuracy is not None and accuracy["method"] == "powered":
        yield (
            f"With the labels' own probabilities: {1 - accuracy['value']:.2%} wrong, "
            f"{1 - accuracy['high']:.2%} to {1 - accuracy['low']:.2%}",
            "",
        )
    if found["rows_without_label"]:
        yield (f"Not covered: {found['rows_without_label']:,} rows without a label", "yellow")
    if found["sample_number"] > 1:
        yield (
            f"Sample {found['sample_number']} of these labels: its confidence is its own; who "
            "draws until one passes has less",
            "yellow",
        )


def class_table(found: Mapping[str, Any]) -> Table | None:
    """The labels that were wrong most often; None where none was."""
    wrong = [one for one in found["by_label"] if one["wrong"]]
    if not wrong:
        return None
    says = dict[str, str]()
    for one in found["confusions"]:
        says.setdefault(one["label"], one["expert"] or "none of the labels")
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for head in ("label", "looked at", "wrong or open", "most often is"):
        table.add_column(head, justify="left" if head in {"label", "most often is"} else "right")
    wrong.sort(key=lambda one: (-one["wrong"], one["label"]))
    for one in wrong[:SHOWN]:
        cells = (one["label"], str(one["looked_at"]), str(one["wrong"]), says.get(one["label"], ""))
        table.add_row(*map(Text, cells))
    return table
