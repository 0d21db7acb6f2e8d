"""Members by a part of their id, for whoever looks for one and does not know how it is written."""

from __future__ import annotations

import pyarrow.compute as pc

from skillfirst.errors import NotFound, StoreError
from skillfirst.serve.service import Service

MOST_MEANT = 8
#: ids looked at before the search is content with what it has: a second or two
MOST_ROWS = 4_000_000


def members_called(service: Service, text: str) -> list[str]:
    """Ids of members of the serving run that contain `text`, whatever its case; those first that begin with it."""
    if service.offline is None or not text:
        return []
    found: set[str] = set()
    rows = 0
    try:
        run = service.offline.open(service.house.now_serving().version)
        for batch in run.table("recommendations", ["member_id"]):
            ids = batch.column("member_id")
            found.update(ids.filter(pc.match_substring(ids, text, ignore_case=True)).to_pylist())
            rows += len(ids)
            if len(found) >= 10 * MOST_MEANT or rows >= MOST_ROWS:
                break
    except (NotFound, StoreError):  # the run is gone; what it published is served all the same
        pass
    return sorted(found, key=lambda name: (not name.lower().startswith(text.lower()), name))[:MOST_MEANT]
