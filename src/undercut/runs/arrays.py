"""Named arrays in one safetensors file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file

from undercut.core.errors import ArtefactError
from undercut.models.tensor_files import save_tensors

Array = NDArray[Any]


def save_arrays(path: Path, arrays: dict[str, Array]) -> None:
    """Write arrays by name. Raises OSError where the disk does not take them."""
    save_tensors({name: np.ascontiguousarray(array) for name, array in arrays.items()}, path)


def load_arrays(path: Path) -> dict[str, Array]:
    """Read them back. Raises ArtefactError where the file is missing or damaged."""
    try:
        return dict(load_file(path))
    except (OSError, SafetensorError) as error:
        raise ArtefactError(
            f"{path}: cannot be read: {error}", hint="remove its folder and run again"
        ) from error
