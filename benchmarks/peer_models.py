"""A peer's model fitted and asked for everybody's list, in the peer's own environment; `peers.py` starts this.

    <peer's python> benchmarks/peer_models.py "implicit, cosine" interactions.npz 100

`interactions.npz` holds `user` and `item`, int32 and dense, each pair once. Prints one JSON object: seconds of wall and
CPU and peak memory, with the processes it started; how many lists came out and how long they are.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

WORTH_PROCESSES = 10_000  # users; LensKit's processes take seconds to start
Fit = Callable[[Any, Any], Callable[[int], tuple[int, int]]]  # (user, item) -> recommend(k) -> (lists, courses in all)


def implicit_cosine(user: Any, item: Any) -> Callable[[int], tuple[int, int]]:
    import scipy.sparse as sp
    from implicit.nearest_neighbours import CosineRecommender

    rows = sp.csr_matrix((np.ones(len(user), np.float32), (user, item)))
    model = CosineRecommender(K=100, num_threads=0)
    model.fit(rows, show_progress=False)

    def recommend(k: int) -> tuple[int, int]:
        _, score = model.recommend(np.arange(rows.shape[0]), rows, N=k, filter_already_liked_items=True)
        return int((score > 0).any(axis=1).sum()), int((score > 0).sum())

    return recommend


def _rectools(model: Any, user: Any, item: Any) -> Callable[[int], tuple[int, int]]:
    import pandas as pd
    from rectools import Columns
    from rectools.dataset import Dataset

    table = pd.DataFrame({Columns.User: user, Columns.Item: item, Columns.Weight: 1.0})
    table[Columns.Datetime] = pd.Timestamp("2026-01-01")
    dataset = Dataset.construct(table)
    model.fit(dataset)

    def recommend(k: int) -> tuple[int, int]:
        found = model.recommend(users=np.unique(user), dataset=dataset, k=k, filter_viewed=True)
        return int(found[Columns.User].nunique()), len(found)

    return recommend


def rectools_ease(user: Any, item: Any) -> Callable[[int], tuple[int, int]]:
    from rectools.models import EASEModel

    return _rectools(EASEModel(), user, item)


def rectools_cosine(user: Any, item: Any) -> Callable[[int], tuple[int, int]]:
    from implicit.nearest_neighbours import CosineRecommender
    from rectools.models import ImplicitItemKNNWrapperModel

    return _rectools(ImplicitItemKNNWrapperModel(CosineRecommender(K=100)), user, item)


def _lenskit(scorer: Any, user: Any, item: Any) -> Callable[[int], tuple[int, int]]:
    import pandas as pd
    from lenskit.batch import recommend as recommend_all
    from lenskit.data import from_interactions_df
    from lenskit.pipeline import topn_pipeline

    table = pd.DataFrame({"user_id": user, "item_id": item})
    jobs = len(os.sched_getaffinity(0)) if user.max() >= WORTH_PROCESSES else 1
    pipeline = topn_pipeline(scorer)
    pipeline.train(from_interactions_df(table))

    def recommend(k: int) -> tuple[int, int]:
        found = recommend_all(pipeline, np.unique(user), n=k, n_jobs=jobs)
        sizes = [len(items) for _, items in found]
        return sum(n > 0 for n in sizes), sum(sizes)

    return recommend


def lenskit_knn(user: Any, item: Any) -> Callable[[int], tuple[int, int]]:
    from lenskit.knn import ItemKNNScorer

    return _lenskit(ItemKNNScorer(max_nbrs=20, feedback="implicit"), user, item)


MODELS: dict[str, Fit] = {
    "implicit, cosine": implicit_cosine,
    "RecTools, implicit's cosine": rectools_cosine,
    "RecTools, EASE": rectools_ease,
    "LensKit, item kNN": lenskit_knn,
}


def _cpu() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(u.ru_utime + u.ru_stime for u in used)


def main() -> None:
    name, path, k = sys.argv[1], sys.argv[2], int(sys.argv[3])
    with np.load(path) as arrays:
        user, item = arrays["user"], arrays["item"]
    # libraries are loaded, loops compiled and threads started on a few members first
    few = user < 50
    MODELS[name](user[few], np.unique(item[few], return_inverse=True)[1].astype(np.int32))(10)
    began, used = time.perf_counter(), _cpu()
    recommend = MODELS[name](user, item)
    fitted = time.perf_counter()
    lists, courses = recommend(k)
    done = time.perf_counter()
    high = [x for x in Path("/proc/self/status").read_text().splitlines() if x.startswith("VmHWM")]
    child = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss  # of the largest; there are as many as cores
    peak = int(high[0].split()[1]) + child * len(os.sched_getaffinity(0))
    found = {"fit": fitted - began, "recommend": done - fitted, "cpu": _cpu() - used, "lists": lists}
    print(json.dumps({**found, "length": courses / max(lists, 1), "peak": peak // 1024}))


if __name__ == "__main__":
    main()
