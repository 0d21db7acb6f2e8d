"""Who names no language in which anything is taught is offered the platform's, or what the catalogue speaks."""

from __future__ import annotations

import numpy as np
import pytest

from skillfirst.kernel.tongues import platform_tongues
from skillfirst.tables.vocabulary import Vocabulary


@pytest.mark.parametrize(
    ("courses", "said"),
    [
        ({"de": 10, "en": 100, "fr": 90}, ("en",)),  # the most common one
        ({"de": 500, "en": 24}, ("en",)),  # enough
        ({"de": 12, "en": 12}, ("en",)),  # as many as any
        ({"en": 1}, ("en",)),
        ({"de": 71}, ("de",)),  # the platform's has nothing
        ({"de": 71, "en": 3}, ("en", "de")),  # or too little
        ({"de": 90, "en": 0, "fr": 100, "it": 49}, ("fr", "de")),  # several main languages
        ({"de": 40, "fr": 40}, ("de", "fr")),
        ({}, ("en",)),
        ({"de": 0, "fr": 0}, ("en",)),  # nothing is open
    ],
)
def test_the_catalogue_decides(courses, said):
    languages = Vocabulary.sorted(list(courses))
    of = np.array([courses[t] for t in languages.ids.to_pylist()], np.int64)
    assert platform_tongues(languages, of, "en", 24) == said
