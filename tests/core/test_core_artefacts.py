from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from undercut.core.artefacts import (
    MANIFEST,
    Name,
    check_sizes,
    digest_folder,
    open_artefact,
    read_manifest,
    verify_folder,
    write_manifest,
)
from undercut.core.errors import ArtefactError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "artefact"
    (made / "sub").mkdir(parents=True)
    (made / "model.json").write_text('{"kind": "toy"}')
    (made / "sub" / "权重.bin").write_bytes(bytes(range(256)))
    write_manifest(made, kind="model", inputs=["a" * 64], config="b" * 64, created_by="test 1")
    return made


def edit(folder: Path, **changes: Any) -> None:
    path = folder / MANIFEST
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_a_frozen_folder_verifies_and_says_what_it_is(folder: Path) -> None:
    manifest = verify_folder(folder)
    assert [file.name for file in manifest.files] == ["model.json", "sub/权重.bin"]
    assert (manifest.kind, manifest.inputs, manifest.config) == ("model", ("a" * 64,), "b" * 64)
    artefact = open_artefact(folder, kind="model")
    assert artefact.digest == manifest.digest == digest_folder(folder, kind="model")
    with pytest.raises(ArtefactError, match="expected a plan, got a model"):
        open_artefact(folder, kind="plan")


def test_the_digest_follows_content_and_kind_alone(folder: Path, tmp_path: Path) -> None:
    before = digest_folder(folder, kind="model")
    moved = folder.rename(tmp_path / "elsewhere")
    write_manifest(moved, kind="model", created_by="another")
    assert verify_folder(moved).digest == before
    assert digest_folder(moved, kind="plan") != before
    (moved / "model.json").write_text('{"kind": "toY"}')
    assert digest_folder(moved, kind="model") != before


def test_a_changed_byte_names_its_file(folder: Path) -> None:
    changed = folder / "sub" / "权重.bin"
    content = bytearray(changed.read_bytes())
    content[7] ^= 1
    changed.write_bytes(content)
    check_sizes(folder)
    with pytest.raises(ArtefactError, match=r"权重\.bin: changed"):
        verify_folder(folder)


def test_a_cut_missing_added_or_linked_file_is_named(folder: Path, tmp_path: Path) -> None:
    file = folder / "model.json"
    whole = file.read_bytes()
    file.write_bytes(whole[:-1])
    with pytest.raises(ArtefactError, match=r"model\.json: changed: 14 bytes, .* says 15"):
        check_sizes(folder)
    file.unlink()
    with pytest.raises(ArtefactError, match=r"model\.json: named in the manifest"):
        check_sizes(folder)
    (tmp_path / "outside").write_bytes(whole)
    file.symlink_to(tmp_path / "outside")
    with pytest.raises(ArtefactError, match=r"model\.json"):
        verify_folder(folder)
    file.unlink()
    file.write_bytes(whole)
    (folder / "extra.txt").write_text("x")
    with pytest.raises(ArtefactError, match=r"extra\.txt: not part"):
        verify_folder(folder)


@pytest.mark.parametrize(
    "name", ["../x", "/etc/passwd", "a/../../x", "", ".", "a//b", "a\\b", "C:x", "a\x00b", "a/"]
)
def test_names_that_could_leave_the_folder_are_refused(folder: Path, name: str) -> None:
    edit(folder, files=[{"name": name, "sha256": "0" * 64, "bytes": 1}])
    with pytest.raises(ArtefactError, match="not a file name inside"):
        read_manifest(folder)


@given(st.text())
def test_an_accepted_name_stays_inside(name: str) -> None:
    try:
        accepted = TypeAdapter(Name).validate_python(name)
    except ValidationError:
        return
    root = Path("/root")
    assert (root / accepted).is_relative_to(root)
    assert ".." not in Path(accepted).parts


@pytest.mark.parametrize(
    "changes",
    [{"schema_version": 2}, {"kind": ""}, {"files": None}, {"inputs": ["x"]}, {"surprise": 1}],
)
def test_a_manifest_of_another_form_is_refused(folder: Path, changes: dict[str, Any]) -> None:
    edit(folder, **changes)
    with pytest.raises(ArtefactError, match="the manifest is not valid"):
        read_manifest(folder)


def test_what_is_no_artefact_is_refused(tmp_path: Path, folder: Path) -> None:
    with pytest.raises(ArtefactError, match="cannot be read"):
        read_manifest(tmp_path)
    (folder / MANIFEST).write_bytes(b"\x00\xff")
    with pytest.raises(ArtefactError, match="not valid"):
        read_manifest(folder)
