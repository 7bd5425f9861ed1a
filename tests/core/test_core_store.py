from __future__ import annotations

import errno
import multiprocessing
import os
import random
import resource
import signal
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from undercut.core import store as module
from undercut.core.errors import ArtefactError, ConfigError
from undercut.core.files import PARTIAL_PREFIX, write_atomic
from undercut.core.locks import FileLock, RunLock
from undercut.core.store import Store, stage_key

KEY = stage_key("train", version="1", config={"seed": 1})
fork = multiprocessing.get_context("fork")


def fill(folder: Path, *, size: int = 1000, files: int = 3) -> None:
    (folder / "sub").mkdir()
    for number in range(files):
        (folder / "sub" / f"{number}.bin").write_bytes(bytes([number]) * size)


def work_left(store: Store) -> list[str]:
    return sorted(path.name for path in (store.root / ".work").iterdir() if path.name != ".gate")


def test_equal_work_has_an_equal_key_and_other_work_another() -> None:
    same = stage_key("train", version="1", config={"seed": 1}, inputs=())
    assert same == KEY
    others = [
        stage_key("label", version="1", config={"seed": 1}),
        stage_key("train", version="2", config={"seed": 1}),
        stage_key("train", version="1", config={"seed": 2}),
        stage_key("train", version="1", config={"seed": 1}, inputs=["a"]),
        stage_key("train", version="1", config={"seed": 1}, inputs={"data": "a"}),
    ]
    assert len({KEY, *others}) == 6


def test_publish_once_then_get(tmp_path: Path) -> None:
    store = Store(tmp_path)
    assert store.get(KEY) is None
    folder = store.publish(KEY, fill, kind="model", config="c" * 64, created_by="test")
    assert store.get(KEY) == folder
    assert store.verify(KEY).kind == "model"
    assert work_left(store) == []

    def never(_: Path) -> None:
        raise AssertionError("built twice")

    assert Store(tmp_path).publish(KEY, never, kind="model") == folder


def test_a_failed_build_publishes_nothing(tmp_path: Path) -> None:
    store = Store(tmp_path)

    def broken(folder: Path) -> None:
        fill(folder)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        store.publish(KEY, broken, kind="model")
    assert store.get(KEY) is None
    assert work_left(store) == []


def test_a_damaged_folder_is_absent_and_replaced(tmp_path: Path) -> None:
    store = Store(tmp_path)
    folder = store.publish(KEY, fill, kind="model")
    (folder / "sub" / "0.bin").write_bytes(b"cut")
    assert store.get(KEY) is None
    with pytest.raises(ArtefactError, match=r"0\.bin"):
        store.verify(KEY)
    assert store.publish(KEY, fill, kind="model") == folder
    store.verify(KEY)
    assert work_left(Store(tmp_path)) == []


def test_a_changed_byte_is_found_on_demand(tmp_path: Path) -> None:
    store = Store(tmp_path)
    folder = store.publish(KEY, fill, kind="model")
    (folder / "sub" / "0.bin").write_bytes(b"\x01" * 1000)
    assert store.get(KEY) == folder
    with pytest.raises(ArtefactError, match="sha256"):
        store.verify(KEY)


@pytest.mark.parametrize("key", ["", "../" + "a" * 61, "A" * 64, "a" * 63, "a" * 64 + "\n"])
def test_keys_are_hashes(tmp_path: Path, key: str) -> None:
    with pytest.raises(ArtefactError, match="not a store key"):
        Store(tmp_path).get(key)


def test_the_first_of_two_builders_wins(tmp_path: Path) -> None:
    both_building = threading.Barrier(2)
    results: list[Path] = []

    def publish(size: int) -> None:
        def build(folder: Path) -> None:
            both_building.wait(timeout=30)
            fill(folder, size=size)

        results.append(Store(tmp_path).publish(KEY, build, kind="model"))

    threads = [threading.Thread(target=publish, args=(size,)) for size in (10, 20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 2
    assert results[0] == results[1]
    Store(tmp_path).verify(KEY)
    assert work_left(Store(tmp_path)) == []


def test_opening_the_store_leaves_a_living_builder_alone(tmp_path: Path) -> None:
    store = Store(tmp_path)

    def build(folder: Path) -> None:
        fill(folder)
        Store(tmp_path)  # another run opens the store meanwhile
        assert (folder / "sub" / "0.bin").exists()

    store.publish(KEY, build, kind="model")
    store.verify(KEY)


def _publish_forever(root: Path) -> None:
    store = Store(root)
    for number in range(10_000):
        key = stage_key("work", version="1", config=number)
        store.publish(key, lambda folder: fill(folder, size=20_000), kind="model")


def test_kill_at_any_moment_leaves_only_whole_folders(tmp_path: Path) -> None:
    delays = random.Random(7)
    for run in range(15):  # the first lives long enough to publish on a busy machine
        child = fork.Process(target=_publish_forever, args=(tmp_path,))
        child.start()
        time.sleep(delays.uniform(0.005, 0.12) if run else 0.5)
        os.kill(child.pid or 0, signal.SIGKILL)
        child.join()
        store = Store(tmp_path)
        assert work_left(store) == []
        published = [path.name for path in tmp_path.iterdir() if path.name != ".work"]
        for key in published:
            store.verify(key)
    assert published, "the children were killed before they published anything"


def _publish_on_a_small_disk(root: Path, answer: Any) -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (5_000, 5_000))
    try:
        Store(root).publish(KEY, lambda folder: fill(folder, size=50_000), kind="model")
    except ArtefactError as error:
        answer.put(str(error))
    else:
        answer.put("published")


def test_a_file_too_large_for_the_disk_is_a_clear_error(tmp_path: Path) -> None:
    answer = fork.Queue()
    child = fork.Process(target=_publish_on_a_small_disk, args=(tmp_path, answer))
    child.start()
    said = answer.get(timeout=60)
    child.join()
    assert "cannot be written" in said
    assert "free some space" in said
    store = Store(tmp_path)
    assert store.get(KEY) is None
    assert work_left(store) == []
    store.publish(KEY, fill, kind="model")


def test_a_disk_that_fills_while_syncing_publishes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: Path) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(module, "sync_tree", full)
    store = Store(tmp_path)
    with pytest.raises(ArtefactError, match="No space left"):
        store.publish(KEY, fill, kind="model")
    assert store.get(KEY) is None


def test_a_store_where_a_file_stands_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ArtefactError, match="cannot be made"):
        Store(tmp_path / "file" / "store")


def test_two_runs_into_one_folder(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with (
        RunLock(out),
        pytest.raises(ConfigError, match=rf"another run .*process {os.getpid()}"),
        RunLock(out),
    ):
        pass
    with RunLock(out), RunLock(tmp_path / "other"):
        pass


def _hold(folder: Path, held: Any) -> None:
    with RunLock(folder):
        held.set()
        time.sleep(60)


def test_a_killed_run_lets_go_of_the_folder(tmp_path: Path) -> None:
    held = fork.Event()
    child = fork.Process(target=_hold, args=(tmp_path, held))
    child.start()
    assert held.wait(timeout=60)
    with pytest.raises(ConfigError, match=f"process {child.pid}"), RunLock(tmp_path):
        pass
    os.kill(child.pid or 0, signal.SIGKILL)
    child.join()
    with RunLock(tmp_path):
        pass


def test_a_lock_waits_when_asked(tmp_path: Path) -> None:
    first, second = FileLock(tmp_path / "lock"), FileLock(tmp_path / "lock")
    assert first.acquire(wait=False)
    assert not second.acquire(wait=False)
    waiting = threading.Thread(target=second.acquire, kwargs={"wait": True})
    waiting.start()
    first.release()
    waiting.join(timeout=30)
    assert not waiting.is_alive()
    second.release()


def test_an_atomic_write_that_fails_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file.json"
    write_atomic(path, b"old")

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="full"):
        write_atomic(path, b"new")
    assert path.read_bytes() == b"old"
    assert not list(tmp_path.glob(f"{PARTIAL_PREFIX}*"))
