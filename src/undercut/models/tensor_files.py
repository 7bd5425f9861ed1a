"""Writing safetensors files such that a full disk is told as one."""

from __future__ import annotations

import errno
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import save_file


def save_tensors(tensors: Mapping[str, NDArray[Any]], path: Path) -> None:
    """Write contiguous arrays by name.

    Raises OSError where the disk does not take them: the library's own error is none, and a full
    disk would look like a defect.
    """
    try:
        save_file(dict(tensors), path)
    except SafetensorError as error:
        raise OSError(errno.EIO, str(error), str(path)) from error
