"""Weights come back as they were written; what is cut off or something else is refused."""

import numpy as np
import pytest

from skillfirst.errors import DataError
from skillfirst.skills.tagging.safetensors import read_weights


def test_arrays_by_name(tmp_path, write_safetensors):
    path = tmp_path / "m.safetensors"
    arrays = {"a": np.arange(6, dtype=np.float32).reshape(2, 3), "b": np.array([0.5], np.float16)}
    write_safetensors(path, {**arrays, "ids": np.arange(4)})
    read = read_weights(path)
    assert sorted(read) == ["a", "b"]  # whole numbers are no weights
    assert np.array_equal(read["a"], arrays["a"])
    assert read["b"].dtype == np.float32
    assert read["b"][0] == 0.5


def test_a_torn_file(tmp_path, write_safetensors):
    path = tmp_path / "m.safetensors"
    write_safetensors(path, {"a": np.ones((10, 10), np.float32)})
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(DataError, match="is cut off"):
        read_weights(path)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 something else", b"\x02\x00\x00\x00\x00\x00\x00\x00no"])
def test_something_else(tmp_path, content):
    path = tmp_path / "m.safetensors"
    path.write_bytes(content)
    with pytest.raises(DataError, match="not a safetensors file"):
        read_weights(path)
