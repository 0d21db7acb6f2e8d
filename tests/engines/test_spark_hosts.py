"""Master, workers and driver on hosts of their own (network namespaces), with nothing in common but the files."""

from __future__ import annotations

import datetime as dt
import os

import pyarrow as pa
import pytest

from skillfirst.engines.local import LocalEngine
from skillfirst.pipeline import Night, run_night

DAY = dt.date(2026, 6, 1)


def network(_):
    import os

    return os.readlink("/proc/self/ns/net")


@pytest.fixture(autouse=True)
def _travels():
    """Functions of this module travel by value: executors cannot import tests."""
    cloudpickle = pytest.importorskip("pyspark").cloudpickle
    import sys

    cloudpickle.register_pickle_by_value(sys.modules[__name__])
    yield
    cloudpickle.unregister_pickle_by_value(sys.modules[__name__])


@pytest.mark.spark
def test_a_night_on_several_hosts_is_the_night_on_one(spread_spark, tables, tmp_path):
    data = tables(tmp_path / "data", members=120)
    run = run_night(Night(data, tmp_path / "spark", DAY), spread_spark)
    local = run_night(Night(data, tmp_path / "local", DAY), LocalEngine(1))
    assert run.manifest["model_version"] == local.manifest["model_version"]
    for name in ("recommendations", "member_skills"):
        assert pa.Table.from_batches(list(run.table(name))).equals(pa.Table.from_batches(list(local.table(name)))), name
    networks = set(spread_spark.map(network, range(8)))
    assert os.readlink("/proc/self/ns/net") not in networks
    assert 1 <= len(networks) <= 2
