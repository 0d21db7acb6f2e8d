"""The rules by which every online store keeps, serves and drops versions."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from skillfirst.errors import NotFound, RunError
from skillfirst.stores.online.catalog import Catalog, decode, encode


def put(catalog, version):
    generation = catalog.begin(version, version)
    assert catalog.finish(generation.number, version, 0, {"members": 1})
    return generation


def test_a_catalog_survives_being_stored():
    catalog = Catalog()
    put(catalog, "v1")
    catalog.switch("v1")
    assert decode(encode(catalog)) == catalog
    assert decode(None) == Catalog()


def test_an_unfinished_put_is_doomed_by_the_next_and_refused_itself():
    catalog = Catalog()
    old = catalog.begin("v1", "old")
    catalog.begin("v2", "new")
    assert [g.number for g in catalog.doomed()] == [old.number]
    with pytest.raises(RunError):
        catalog.finish(old.number, "old", 0, {})
    catalog.forget(old.number)
    assert catalog.complete_versions() == []


def test_slots_are_reused_once_forgotten():
    catalog = Catalog()
    slots = set()
    for number in range(20):
        generation = put(catalog, f"v{number}")
        catalog.switch(generation.version)
        for doomed in catalog.doomed():
            catalog.forget(doomed.number)
        slots.add(generation.slot)
    assert slots == {0, 1, 2}


def test_an_erasure_during_a_put_must_be_done_before_it_can_finish():
    catalog = Catalog()
    generation = catalog.begin("v1", "p")
    assert catalog.note_erased(b"ann") == [generation.number]
    catalog.note_erased(b"ann")
    assert catalog.erased == [b"ann".hex()]
    assert not catalog.finish(generation.number, "p", 0, {})
    assert catalog.finish(generation.number, "p", 1, {})
    assert catalog.erased == []


STEPS = st.lists(
    st.tuples(st.sampled_from(["put", "half", "switch", "rollback", "clean"]), st.integers(0, 3)), max_size=30
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(STEPS)
def test_whatever_happens_what_is_served_is_complete_and_few_are_kept(steps):
    catalog = Catalog()
    for what, number in steps:
        version = f"v{number}"
        served = catalog.serving
        try:
            if what == "put":
                put(catalog, version)
            elif what == "half":
                catalog.begin(version, "half")
            elif what == "switch":
                catalog.switch(version)
            elif what == "rollback":
                catalog.rollback()
            else:
                for doomed in catalog.doomed():
                    catalog.forget(doomed.number)
        except NotFound:
            assert catalog.serving == served
        if what in {"put", "half"}:
            assert catalog.serving == served
        if catalog.serving:
            assert catalog.served is not None
            assert catalog.served.complete
            assert not catalog.served.doomed
        assert len([g for g in catalog.generations if not g.doomed]) <= 4
        assert len({g.slot for g in catalog.generations}) == len(catalog.generations)
