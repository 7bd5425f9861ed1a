"""Cleaning by stated rules; nothing is dropped or changed without a finding that says so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from undercut.build.data import rules
from undercut.build.data.findings import CleanReport, Finding, example, summary, without_none
from undercut.build.data.labels import LabelRule, settle_labels, written_label
from undercut.build.data.read import Table
from undercut.build.data.rules import Labelled
from undercut.core.dataset import Dataset
from undercut.core.errors import ConfigError, InputError


@dataclass(frozen=True, slots=True, kw_only=True)
class CleanConfig:
    """max_text_characters: longer texts are cut there. least_rows: fewer training rows are refused.

    examples: rows shown with each finding.
    """

    max_text_characters: int = 20_000
    least_rows: int = 20
    examples: int = 5


@dataclass(frozen=True, slots=True)
class CleanResult:
    """Rows fit for use and what was done to get them."""

    dataset: Dataset
    report: CleanReport


@dataclass(frozen=True, slots=True)
class Cleaned:
    """Training rows and, where the user gave a test file, test rows with the same classes."""

    train: CleanResult
    test: CleanResult | None


def clean(train: Table, *, test: Table | None = None, config: CleanConfig | None = None) -> Cleaned:
    """Clean the training rows, and the test rows as little as they allow.

    Both: labels written one way; rows without a label or a visible text dropped; overlong texts
    cut. Train: texts that stand in the test file (up to case and punctuation) removed; of texts
    with conflicting labels the majority's kept, ties dropped; exact duplicates collapsed to their
    first row. Test: duplicates stay; rows of a class that train lacks are dropped.
    Raises InputError for a regression target, fewer than two classes, labels that are mostly
    unique, or fewer than `least_rows` training rows.
    """
    config = config or CleanConfig()
    raw = [_raw_labels(table) for table in (train, test) if table is not None]
    rule = settle_labels(raw, source=train.source)
    rows, findings = _usable(train, rule, config)
    held_out, test_findings = (None, []) if test is None else _usable(test, rule, config)
    if held_out is not None:
        rows, found = rules.drop_overlap(rows, held_out.texts, most=config.examples)
        findings.append(found)
    rows, found_conflicts = rules.settle_conflicts(rows, most=config.examples)
    rows, found = rules.collapse_duplicates(rows, most=config.examples)
    findings += [*found_conflicts, found, rules.small_classes(rows, most=config.examples)]
    classes = _classes(rows, train, without_none(findings), config)
    train_result = _result(train, rows, classes, findings)
    if test is None or held_out is None:
        return Cleaned(train_result, None)
    held_out, found = rules.drop_unknown_classes(held_out, classes, most=config.examples)
    if not held_out.texts:
        raise InputError(
            "no test row is usable: " + summary(without_none([*test_findings, found])),
            file=test.source,
            hint="check that the test file has the same columns and classes as the training file",
        )
    return Cleaned(train_result, _result(test, held_out, classes, [*test_findings, found]))


def _raw_labels(table: Table) -> Sequence[str | int | float | None]:
    if table.labels is None:
        raise ConfigError(
            f"{table.source}: no label column was read", hint="name it with --label-column NAME"
        )
    return table.labels


def _usable(
    table: Table, rule: LabelRule, config: CleanConfig
) -> tuple[Labelled, list[Finding | None]]:
    most = config.examples
    labels = rule.names(_raw_labels(table))
    rows, missing = rules.drop_unlabelled(table.texts, labels, table.lines, most=most)
    rows, empty = rules.drop_empty(rows, most=most)
    rows, cut = rules.cut_long(rows, config.max_text_characters, most=most)
    return rows, [_unreadable(table, most), missing, _rewritten(table, rule, most), empty, cut]


def _unreadable(table: Table, most: int) -> Finding | None:
    if not table.problem_count:
        return None
    shown = tuple(example(p.line, p.what, None) for p in table.problems[:most])
    return Finding("unreadable_row", table.problem_count, "dropped", shown)


def _rewritten(table: Table, rule: LabelRule, most: int) -> Finding | None:
    if not rule.whole_numbers:
        return None
    raw = _raw_labels(table)
    pairs = zip(raw, rule.names(raw), strict=True)
    changed = [i for i, (was, now) in enumerate(pairs) if written_label(was) != now]
    if not changed:
        return None
    shown = tuple(
        example(int(table.lines[i]), table.texts[i], written_label(raw[i])) for i in changed[:most]
    )
    return Finding("whole_number_label", len(changed), "1.0 written as 1", shown)


def _classes(
    rows: Labelled, table: Table, findings: tuple[Finding, ...], config: CleanConfig
) -> tuple[str, ...]:
    classes = tuple(sorted(set(rows.labels)))
    after = f" after cleaning ({summary(findings)})" if findings else ""
    if len(rows.texts) < config.least_rows:
        raise InputError(
            f"{len(rows.texts)} usable rows{after}; at least {config.least_rows} are needed "
            "to train, choose and certify on different rows",
            file=table.source,
            hint="label more rows; a few hundred make a certificate that says something",
        )
    if len(classes) < 2:
        raise InputError(
            f"column {table.label_column!r} holds one class only ({classes[0]!r}){after}; "
            "at least two are needed",
            file=table.source,
            hint="choose another label column, or add rows of the other classes",
        )
    if len(classes) > len(rows.texts) / 2:
        raise InputError(
            f"column {table.label_column!r} holds {len(classes)} different labels in "
            f"{len(rows.texts)} rows: this looks like an identifier or a text, "
            "expected classes that repeat",
            file=table.source,
            hint="choose another label column",
        )
    return classes


def _result(
    table: Table, rows: Labelled, classes: tuple[str, ...], findings: list[Finding | None]
) -> CleanResult:
    ids = {name: i for i, name in enumerate(classes)}
    dataset = Dataset(
        texts=tuple(rows.texts),
        labels=np.fromiter((ids[label] for label in rows.labels), np.int64, len(rows.labels)),
        classes=classes,
        lines=rows.lines,
        source=table.source,
        weights=None
        if table.weights is None
        else table.weights[np.searchsorted(table.lines, rows.lines)],
    )
    report = CleanReport(
        source=table.source,
        encoding=table.encoding,
        text_column=table.text_column,
        label_column=table.label_column or "",
        rows_read=table.rows_read,
        rows_kept=len(dataset),
        classes=len(classes),
        findings=without_none(findings),
    )
    return CleanResult(dataset, report)
