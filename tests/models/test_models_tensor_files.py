"""Arrays on a disk that is full: an OSError, which the edge knows, and not the library's own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from undercut.runs.arrays import load_arrays, save_arrays


def test_arrays_come_back(tmp_path: Path) -> None:
    arrays = {"a": np.arange(6).reshape(2, 3)[:, ::-1], "b": np.zeros(0, np.float32)}
    save_arrays(tmp_path / "x.safetensors", arrays)
    found = load_arrays(tmp_path / "x.safetensors")
    assert found.keys() == arrays.keys()
    for name, array in arrays.items():
        np.testing.assert_array_equal(found[name], array)


_CHILD = """
import resource, signal, sys
from pathlib import Path
import numpy as np
from undercut.models.tensor_files import save_tensors
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, 1_000))
try:
    save_tensors({"a": np.ones(10_000)}, Path(sys.argv[1]))
except OSError as error:
    print("told", error.strerror)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs a bound on file sizes")
def test_a_disk_that_is_full_is_an_os_error(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _CHILD, str(tmp_path / "x.safetensors")],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("told "), done.stdout
