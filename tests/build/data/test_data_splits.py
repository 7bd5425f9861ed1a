from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from importlib.resources import files

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from undercut.build.data import SplitConfig, Splits, clean, read_table, split
from undercut.build.data.keys import loose_key
from undercut.core.dataset import Dataset
from undercut.core.errors import ConfigError, InputError


def dataset(texts: list[str], labels: list[int]) -> Dataset:
    classes = tuple(f"class {i:03}" for i in range(max(labels) + 1))
    lines = np.arange(2, len(texts) + 2)
    return Dataset(tuple(texts), np.array(labels, dtype=np.int64), classes, lines, "mine.csv")


def distinct(rows: int, classes: int) -> Dataset:
    return dataset([f"text {i}" for i in range(rows)], [i % classes for i in range(rows)])


def sizes(parts: Splits) -> tuple[int, int, int]:
    return len(parts.train), len(parts.tune), len(parts.certify)


def test_banking77_keeps_800_to_tune_and_2000_to_certify() -> None:
    shipped = files("undercut") / "assets" / "banking77" / "train.csv"
    data = clean(read_table(str(shipped))).train.dataset
    parts = split(data)
    train, tune, certify = sizes(parts)
    assert (tune, certify) == (pytest.approx(800, abs=8), pytest.approx(2000, abs=10))
    assert train + tune + certify == len(data) > 9_900
    for part in (parts.train, parts.tune, parts.certify):
        assert len(np.unique(data.labels[part])) == 77


@pytest.mark.parametrize(
    ("rows", "tune", "certify"),
    [(20, 3, 5), (200, 30, 50), (1_000, 80, 200), (10_000, 800, 2_000), (200_000, 5_000, 10_000)],
)
def test_wanted_rows(rows: int, tune: int, certify: int) -> None:
    assert SplitConfig().wanted(rows) == (tune, certify)


@pytest.mark.parametrize("rows", [20, 200, 70_000])
def test_files_of_every_size_get_close_to_what_is_wanted(rows: int) -> None:
    config = SplitConfig(seed=3)
    tune, certify = config.wanted(rows)
    parts = split(distinct(rows, 4), config)
    assert len(parts.tune) == pytest.approx(tune, abs=1)
    assert len(parts.certify) == pytest.approx(certify, abs=1)
    assert len(parts.tune) <= config.tune_rows_most
    assert len(parts.certify) <= config.certify_rows_most


def test_each_class_lends_its_share_within_one_row() -> None:
    data = dataset([f"text {i}" for i in range(1_110)], [0] * 1_000 + [1] * 100 + [2] * 10)
    for seed in range(20):
        parts = split(data, SplitConfig(seed=seed))
        counts = Counter(data.labels[parts.certify].tolist())
        for name, rows in ((0, 1_000), (1, 100), (2, 10)):
            assert abs(counts[name] - 222 / 1_110 * rows) < 1


def test_every_row_has_the_same_chance() -> None:
    data = distinct(100, 3)
    config = [SplitConfig(seed=seed) for seed in range(400)]
    hits = np.zeros(100)
    for one in config:
        hits[split(data, one).certify] += 1
    assert hits.sum() / 400 == pytest.approx(25, abs=0.5)
    # 25% of 400 draws, six standard deviations of a binomial
    assert np.abs(hits - 100).max() < 6 * np.sqrt(400 * 0.25 * 0.75)


def test_small_classes_train_first_and_are_told() -> None:
    texts = [f"text {i}" for i in range(200)] + ["alone", "pair one", "pair two"]
    data = dataset(texts, [i % 2 for i in range(200)] + [2, 3, 3])
    for seed in range(30):
        parts = split(data, SplitConfig(seed=seed))
        assert {2, 3} <= set(data.labels[parts.train].tolist())
        told = {f.rule: f for f in parts.findings}
        assert told["class_not_in_tune"].count >= 1
        assert told["class_not_in_certify"].examples[0].label == "class 002"


def test_a_large_group_is_used_for_training_only() -> None:
    texts = [f"text {i}" for i in range(200)] + [f"same{'!' * i}" for i in range(60)]
    data = dataset(texts, [i % 2 for i in range(260)])
    for seed in range(10):
        parts = split(data, SplitConfig(seed=seed))
        assert set(range(200, 260)) <= set(parts.train.tolist())
        assert "large_group" in {f.rule for f in parts.findings}


def test_caps_hold_with_groups() -> None:
    texts = [f"text {i // 3}" + "." * (i % 3) for i in range(3_000)]
    config = SplitConfig(tune_rows_most=40, certify_rows_most=50)
    train, tune, certify = sizes(split(dataset(texts, [i // 3 % 2 for i in range(3_000)]), config))
    assert 30 <= tune <= 40
    assert 40 <= certify <= 50
    assert train + tune + certify == 3_000


def test_same_seed_same_parts_whatever_the_hash_seed() -> None:
    code = (
        "import numpy as np; from undercut.build.data import split, SplitConfig;"
        "from undercut.core.dataset import Dataset;"
        "d = Dataset(tuple(f't{i % 70}' for i in range(90)), np.arange(90) % 3,"
        "('a', 'b', 'c'), np.arange(90), 'x');"
        "print(split(d, SplitConfig(seed=5)).certify.tolist())"
    )
    outputs = set()
    for hash_seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": "src"}
        run = subprocess.run(
            [sys.executable, "-c", code],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        outputs.add(run.stdout)
    assert len(outputs) == 1
    data = distinct(100, 2)
    first, other = split(data, SplitConfig(seed=1)), split(data, SplitConfig(seed=2))
    assert first.certify.tolist() != other.certify.tolist()


def test_too_few_rows_and_wrong_settings() -> None:
    with pytest.raises(InputError, match=r"mine\.csv: 3 rows in 3 classes are too few"):
        split(distinct(3, 3))
    with pytest.raises(ConfigError, match=r"at most 0\.8 together, got 0\.5 and 0\.4"):
        SplitConfig(tune_fraction=0.5, certify_fraction=0.4)
    with pytest.raises(ConfigError, match="seed must be 0 or more"):
        SplitConfig(seed=-1)


row = st.tuples(st.text("abAB!", min_size=1, max_size=4), st.integers(0, 4))


@settings(deadline=None, max_examples=200)
@given(
    rows=st.lists(row, min_size=1, max_size=120),
    seed=st.integers(0, 2**32),
    fractions=st.tuples(st.floats(0.01, 0.4), st.floats(0.01, 0.4)),
)
def test_parts_are_disjoint_cover_all_rows_and_split_no_group(
    rows: list[tuple[str, int]], seed: int, fractions: tuple[float, float]
) -> None:
    data = dataset([text for text, _ in rows], [label for _, label in rows])
    config = SplitConfig(seed=seed, tune_fraction=fractions[0], certify_fraction=fractions[1])
    try:
        parts = split(data, config)
    except InputError:
        return
    every = np.concatenate([parts.train, parts.tune, parts.certify])
    assert sorted(every.tolist()) == list(range(len(rows)))
    keys = [
        {loose_key(data.texts[i]) for i in part}
        for part in (parts.train, parts.tune, parts.certify)
    ]
    assert not keys[0] & keys[1]
    assert not keys[0] & keys[2]
    assert not keys[1] & keys[2]
    again = split(data, config)
    assert again.train.tolist() == parts.train.tolist()
    assert again.tune.tolist() == parts.tune.tolist()


@given(st.data())
@settings(max_examples=40, deadline=None)
def test_groups_of_the_caller_never_straddle_parts(data: st.DataObject) -> None:
    rows = data.draw(st.integers(120, 240))
    labels = np.array(data.draw(st.lists(st.integers(0, 2), min_size=rows, max_size=rows)))
    if len(np.unique(labels)) < 3:
        return
    groups = np.array(data.draw(st.lists(st.integers(0, 60), min_size=rows, max_size=rows)))
    # "T7!" and "t7" are one text to the splitter: its groups and the caller's chain together.
    texts = tuple(f"{'Tt'[i % 2]}{i // 2 % 50}{'!' * (i % 2)}" for i in range(rows))
    given = Dataset(texts, labels, ("a", "b", "c"), np.arange(1, rows + 1), "mine.csv")
    try:
        parts = split(given, groups=groups)
    except InputError:
        return  # one chain took all rows
    place = np.empty(rows, dtype=int)
    for number, part in enumerate((parts.train, parts.tune, parts.certify)):
        place[part] = number
    for group in np.unique(groups):
        assert len(np.unique(place[groups == group])) == 1
    for number in range(50):
        same = [i for i in range(rows) if i // 2 % 50 == number]
        assert len(np.unique(place[same])) == 1
    assert set(labels[parts.train]) == {0, 1, 2}
