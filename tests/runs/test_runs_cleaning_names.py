"""`undercut clean --names`: Presidio over installed spaCy models, and what is told without them.

The models here are real spaCy pipelines that know a few names by rule, installed as packages are:
which stretches of text a statistical model takes for names is its maker's affair.
"""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from cleaning_rows import write_rows

from undercut.build.data.personal_data import names
from undercut.core.errors import ConfigError, MissingExtraError
from undercut.runs.cleaning.config import make_clean_config
from undercut.runs.cleaning.job import clean

ROWS = [
    ("Please call Jane Miller about the broken lamp in the kitchen", "call"),
    ("请联系王小明，他的订单还没有送到，已经等了三天", "call"),
    ("Jane Miller wrote twice, jane@example.com, and Omar Haddad once", "mail"),
    ("The lamp in the kitchen is broken and nobody has repaired it", "mail"),
    (
        "Write to Omar Haddad \ufffd\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd",
        "mail",
    ),
]
NAMES = {"en": ["Jane Miller", "Omar Haddad"], "zh": ["王小明"]}


def config(tmp_path: Path, **changes: object) -> dict[str, object]:
    file = write_rows(tmp_path / "t.csv", ROWS)
    out = str(tmp_path / "out")
    return {"sources": (str(file),), "names": True, "label_noise": "off", "out": out, **changes}


def test_without_presidio_it_is_told_before_anything_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("presidio_analyzer", "spacy"):
        monkeypatch.setitem(sys.modules, module, None)
    names.name_models.cache_clear()
    with pytest.raises(MissingExtraError, match="presidio-analyzer") as caught:
        clean(make_clean_config(config(tmp_path)))
    assert "undercut[names]" in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_masking_names_and_nothing_contradict_each_other(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="one of them"):
        make_clean_config(config(tmp_path, mask=False))


presidio = pytest.mark.skipif(
    find_spec("presidio_analyzer") is None or find_spec("spacy") is None,
    reason="the extra names is not installed",
)


def install(folder: Path, language: str) -> None:
    """A spaCy pipeline as the package that `spacy download` would bring."""
    import spacy

    name = f"{language}_core_web_sm"
    pipeline = spacy.blank(language)
    ruler = pipeline.add_pipe("entity_ruler")
    ruler.add_patterns([{"label": "PERSON", "pattern": one} for one in NAMES[language]])
    (folder / name).mkdir(parents=True)
    pipeline.to_disk(folder / name / "model")
    (folder / name / "__init__.py").write_text(
        "from pathlib import Path\nimport spacy\n"
        "def load(**given):\n    return spacy.load(Path(__file__).parent / 'model', **given)\n"
    )
    about = folder / f"{name}-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")


def called(settings: dict[str, object], models: Path) -> subprocess.CompletedProcess[str]:
    """`clean` in a process that has these models, and no network to bring others."""
    code = (
        f"import sys; sys.path[:0] = {[str(models), *sys.path]!r}\n"
        "import socket\n"
        "def refuse(*_): raise OSError('no network here')\n"
        "socket.socket.connect = refuse\n"
        "from undercut.runs.cleaning.config import make_clean_config\n"
        "from undercut.runs.cleaning.job import clean\n"
        "from undercut.core.errors import MissingExtraError\n"
        f"try:\n    clean(make_clean_config({settings!r}))\n"
        "except MissingExtraError as error:\n    sys.exit(str(error))\n"
    )
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


@presidio
def test_names_are_masked_in_both_languages_and_shown_nowhere(tmp_path: Path) -> None:
    models = tmp_path / "models"
    for language in NAMES:
        install(models, language)
    done = called(config(tmp_path), models)
    assert done.returncode == 0, done.stderr
    out = tmp_path / "out"
    texts = dict(zip(*pq.read_table(out / "data.parquet", columns=["row", "text"]), strict=True))
    said = {row.as_py(): text.as_py() for row, text in texts.items()}
    assert said[0] == "Please call [NAME_1] about the broken lamp in the kitchen"
    assert said[1].startswith("请联系[NAME_1]，")
    assert said[2] == "[NAME_1] wrote twice, [EMAIL_1], and [NAME_2] once"
    assert said[3] == ROWS[3][0]
    changed = pq.read_table(out / "changed.parquet").to_pylist()
    assert sum(row["rule"] == "personal_data_name" for row in changed) == 3
    assert [r["rule"] for r in pq.read_table(out / "rejected.parquet").to_pylist()] == [
        "lost_characters"
    ]
    for file in (*out.glob("*.parquet"), out / "report.json", out / "report.html"):
        content = (
            file.read_text("utf-8")
            if file.suffix != ".parquet"
            else json.dumps(pq.read_table(file).to_pylist(), default=str, ensure_ascii=False)
        )
        assert not [name for every in NAMES.values() for name in every if name in content], file


@presidio
def test_a_language_without_a_model_is_left_alone(tmp_path: Path) -> None:
    install(tmp_path / "models", "en")
    done = called(config(tmp_path), tmp_path / "models")
    assert done.returncode == 0, done.stderr
    texts = pq.read_table(tmp_path / "out" / "data.parquet")["text"].to_pylist()
    assert ROWS[1][0] in texts
    assert not any("Jane" in text for text in texts)


@presidio
def test_without_a_model_it_is_told_and_none_is_fetched(tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    done = called(config(tmp_path), tmp_path / "models")
    assert "en_core_web_sm" in done.stderr
    assert "spacy download" in done.stderr
    assert "no network here" not in done.stderr
