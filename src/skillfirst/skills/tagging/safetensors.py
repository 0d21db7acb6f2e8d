"""Weights from a .safetensors file: a length, a JSON header, then plain arrays. Nothing in it can run.

Format: https://github.com/huggingface/safetensors, "Format"; only the float types are read, as float32.
"""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from skillfirst.errors import DataError

HEADER_BYTES = 100_000_000  # as much as the format allows
_TYPES: dict[str, np.dtype[Any]] = {"F64": np.dtype("<f8"), "F32": np.dtype("<f4"), "F16": np.dtype("<f2")}


def read_weights(path: Path) -> dict[str, npt.NDArray[np.float32]]:
    """Every float array of the file by name; arrays of whole numbers are left out. Raises DataError when it is cut off
    or is no such file."""
    with path.open("rb") as file:
        size = path.stat().st_size
        start = file.read(8)
        length = struct.unpack("<Q", start)[0] if len(start) == 8 else HEADER_BYTES + 1
        if length > min(HEADER_BYTES, size - 8):
            raise DataError(f"{path} is not a safetensors file", table="embeddings")
        try:
            header: dict[str, Any] = json.loads(file.read(length))
        except ValueError:
            raise DataError(f"{path} is not a safetensors file", table="embeddings") from None
    arrays = {}
    for name, about in header.items():
        kind = _TYPES.get(str(about.get("dtype")))
        if name == "__metadata__" or kind is None:
            continue
        first, last = about["data_offsets"]
        count = int(np.prod(about["shape"], dtype=np.int64))
        if last - first != count * kind.itemsize or 8 + length + last > size:
            raise DataError(f"{path} is cut off", table="embeddings", column=name)
        flat = np.fromfile(path, kind, count, offset=8 + length + first)
        arrays[name] = flat.reshape(about["shape"]).astype(np.float32, copy=False)
    return arrays
