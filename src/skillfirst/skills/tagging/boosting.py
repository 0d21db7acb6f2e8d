"""LightGBM without its Python package, of which only the library is opened: importing it brings pandas, scikit-learn
and scipy.stats, which takes longer than tagging a small catalogue.

The calls are those of LightGBM's documented C API, in the order in which its own package makes them, with the same
bytes out. They hold no lock, so that several models can be trained side by side.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from skillfirst.errors import RunError

Block = npt.NDArray[np.float32]
Real = npt.NDArray[np.float64]

_LIBRARY = {"win32": "lib_lightgbm.dll", "darwin": "lib_lightgbm.dylib"}.get(sys.platform, "lib_lightgbm.so")
_FLOAT32, _ROW_BY_ROW = 0, 1
_PROBABILITY, _CONTRIBUTIONS = 0, 3  # what LGBM_BoosterPredictForMat is asked for
_ROOM = 1 << 20  # bytes a model's text mostly needs
# what the package writes below a model of columns without names, and reads back
_TAIL = "\npandas_categorical:null\n"


def available() -> bool:
    """Whether LightGBM is installed."""
    return find_spec("lightgbm") is not None


def train(features: Block, truth: npt.NDArray[np.bool_], weights: Real, settings: Mapping[str, Any]) -> str:
    """A model of candidates x features, as LightGBM's own text. `settings`: LightGBM's parameters, `num_iterations`
    among them. Raises RunError for what the library refuses."""
    told = _parameters(settings)
    rows, columns = features.shape
    block = np.ascontiguousarray(features, np.float32)
    data, model = ctypes.c_void_p(), ctypes.c_void_p()
    with _freed(data, "LGBM_DatasetFree"), _freed(model, "LGBM_BoosterFree"):
        _call(
            "LGBM_DatasetCreateFromMat", _address(block), _FLOAT32, rows, columns, _ROW_BY_ROW, told, None,
            ctypes.byref(data),
        )  # fmt: skip
        _tell(data, b"label", truth)
        if not np.all(weights == 1):
            _tell(data, b"weight", weights)
        _call("LGBM_BoosterCreate", data, told, ctypes.byref(model))
        done = ctypes.c_int(0)
        for _ in range(settings["num_iterations"]):
            _call("LGBM_BoosterUpdateOneIter", model, ctypes.byref(done))
            if done.value:
                break
        return _text(model)


def predict(text: str, features: Block, *, contributions: bool = False) -> Real:
    """Probabilities of candidates, or (`contributions`) candidates x features and a last column for the average: what
    each adds to the log-odds (SHAP values of the trees)."""
    rows, columns = features.shape
    block = np.ascontiguousarray(features, np.float32)
    out = np.empty((rows, columns + 1) if contributions else rows, np.float64)
    model, trees, written = ctypes.c_void_p(), ctypes.c_int(0), ctypes.c_int64(0)
    with _freed(model, "LGBM_BoosterFree"):
        _call("LGBM_BoosterLoadModelFromString", text.encode(), ctypes.byref(trees), ctypes.byref(model))
        _call(
            "LGBM_BoosterPredictForMat", model, _address(block), _FLOAT32, rows, columns, _ROW_BY_ROW,
            _CONTRIBUTIONS if contributions else _PROBABILITY, 0, -1, b"num_threads=1 verbose=-1",
            ctypes.byref(written), _address(out),
        )  # fmt: skip
    if written.value != out.size:
        raise RunError(f"LightGBM gave {written.value} numbers for {out.size}")
    return out


def _text(model: ctypes.c_void_p) -> str:
    needed, room = ctypes.c_int64(0), _ROOM
    while True:
        buffer = ctypes.create_string_buffer(room)
        _call("LGBM_BoosterSaveModelToString", model, 0, -1, 0, ctypes.c_int64(room), ctypes.byref(needed), buffer)
        if needed.value <= room:
            return buffer.value.decode() + _TAIL
        room = needed.value


def _parameters(settings: Mapping[str, Any]) -> bytes:
    return " ".join(f"{name}={str(value).lower()}" for name, value in settings.items()).encode()


def _tell(data: ctypes.c_void_p, name: bytes, values: npt.NDArray[Any]) -> None:
    field = np.ascontiguousarray(values, np.float32)
    _call("LGBM_DatasetSetField", data, name, _address(field), ctypes.c_int(len(field)), _FLOAT32)


def _address(values: npt.NDArray[Any]) -> ctypes.c_void_p:
    return ctypes.c_void_p(values.ctypes.data)


@contextmanager
def _freed(handle: ctypes.c_void_p, by: str) -> Iterator[None]:
    try:
        yield
    finally:
        if handle:
            _call(by, handle)


@cache
def _library() -> ctypes.CDLL:
    """The library of the installed package; through the package itself where it lies at another place."""
    spec = find_spec("lightgbm")
    for folder in (spec.submodule_search_locations or ()) if spec is not None else ():
        for place in (Path(folder) / "lib", Path(folder) / "bin", Path(folder).parent):
            if (place / _LIBRARY).is_file():
                library = ctypes.CDLL(str(place / _LIBRARY))
                break
        else:
            continue
        break
    else:
        from lightgbm import libpath

        library = libpath._LIB
    library.LGBM_GetLastError.restype = ctypes.c_char_p
    return library


def _call(name: str, *given: Any) -> None:
    library = _library()
    if getattr(library, name)(*given) != 0:
        raise RunError(f"LightGBM: {library.LGBM_GetLastError().decode()}")
