from __future__ import annotations

import json
import stat

import pytest

from skillfirst.errors import UsageError
from skillfirst.serve.keys import ServiceKey, find_key, new_key, read_keys, write_keys


def test_a_key_is_found_by_its_text_and_kept_as_a_hash(tmp_path):
    text, key = new_key("lms", ["read", "events"])
    other_text, other = new_key("bi", ["admin"])
    write_keys(tmp_path / "keys.json", [key, other])
    kept = (tmp_path / "keys.json").read_text()
    assert text not in kept
    assert other_text.split("_")[-1] not in kept
    assert stat.S_IMODE((tmp_path / "keys.json").stat().st_mode) == 0o600
    keys = read_keys(tmp_path / "keys.json")
    assert find_key(keys, text) == key
    assert find_key(keys, text + "x") is None
    assert find_key(keys, "") is None
    assert find_key((), text) is None


@pytest.mark.parametrize(
    "rows", ["nonsense", '{"a": 1}', '[{"name": "a"}]', '[{"name": "a", "digest": "z", "scopes": []}]']
)
def test_a_broken_file_is_named(tmp_path, rows):
    (tmp_path / "keys.json").write_text(rows)
    with pytest.raises(UsageError):
        read_keys(tmp_path / "keys.json")


def test_two_keys_of_one_name_are_refused(tmp_path):
    row = {"name": "a", "digest": "0" * 64, "scopes": ["read"]}
    (tmp_path / "keys.json").write_text(json.dumps([row, row]))
    with pytest.raises(UsageError, match="same name"):
        read_keys(tmp_path / "keys.json")


def test_an_unknown_scope_is_refused():
    with pytest.raises(UsageError, match="no scope 'root'"):
        ServiceKey("a", "0" * 64, frozenset({"root"}))
