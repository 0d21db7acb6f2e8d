"""Addresses open stores, and never show their passwords."""

from __future__ import annotations

import sys

import pytest

from skillfirst.errors import ExtraMissing, StoreError, UsageError
from skillfirst.stores.online import open_online
from skillfirst.stores.online.address import without_secrets


@pytest.mark.parametrize(
    "address", ["", "memory", "lmdb:", "ftp://host/x", "redis:localhost", "/srv/online", "mysql://u:s3cret@h/d"]
)
def test_an_address_of_no_store_is_refused_with_the_list(address):
    with pytest.raises(UsageError, match="lmdb:PATH, sqlite:PATH") as told:
        open_online(address)
    assert "s3cret" not in str(told.value)


@pytest.mark.parametrize("scheme", ["lmdb", "sqlite"])
def test_a_path_may_stand_with_or_without_slashes(scheme, tmp_path):
    for address in (f"{scheme}:{tmp_path}/a", f"{scheme}://{tmp_path}/b"):
        open_online(address).close()
    assert {p.name[0] for p in tmp_path.iterdir()} == {"a", "b"}


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("postgresql://ann:s3cret@host:5432/db?sslmode=require", "postgresql://host:5432/db"),
        ("redis://:s3@cret@host:6379/0", "redis://host:6379/0"),
        ("postgresql:///db?host=/tmp&password=s3cret", "postgresql:///db"),
        ("lmdb:/srv/online", "lmdb:/srv/online"),
    ],
)
def test_an_address_is_shown_without_its_secrets(address, shown):
    assert without_secrets(address) == shown


@pytest.mark.parametrize(
    ("module", "address", "extra"), [("redis", "redis://h", "redis"), ("psycopg", "postgresql://h/d", "postgres")]
)
def test_a_missing_client_is_answered_with_the_install_line(module, address, extra, monkeypatch):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ExtraMissing, match=rf"pip install 'skillfirst\[{extra}\]'"):
        open_online(address)


def test_a_server_that_does_not_answer_is_named_without_the_password(tmp_path):
    pytest.importorskip("redis")
    pytest.importorskip("psycopg")
    for address in (
        f"unix://:s3cret@{tmp_path}/nobody.sock?db=0",
        f"postgresql://ann:s3cret@/db?host={tmp_path}",
        "postgresql://ann:s3cret@[broken/db",
    ):
        with pytest.raises(StoreError) as told:
            open_online(address)
        assert "s3cret" not in str(told.value)
        assert told.value.__cause__ is None


def test_a_place_that_cannot_be_written_is_a_store_error(tmp_path):
    (tmp_path / "file").touch()
    for scheme in ("lmdb", "sqlite"):
        with pytest.raises(StoreError, match="cannot be opened"):
            open_online(f"{scheme}:{tmp_path}/file/below")
