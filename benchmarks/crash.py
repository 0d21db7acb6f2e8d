"""Kill -9 in the middle of runs, publishes and appends, as often as asked, and check what readers see after each.

    python benchmarks/crash.py --kills 50

Three kills of four are at a drawn step of the writing process (the same seed, the same places), the fourth comes
from outside at whatever it is doing. Exits with 1 at the first violation, after telling how to repeat it.
"""

from __future__ import annotations

import argparse
import importlib.util
import random
import shutil
import sys
import tempfile
import time
from pathlib import Path

ROUNDS = 4


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--kills", type=int, default=50, help="of each target")
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--target", action="append", help="run, lmdb, sqlite, log (default: all)")
    asked = arguments.parse_args()
    place = Path(__file__).resolve().parents[1] / "tests" / "stores" / "crash_check.py"
    spec = importlib.util.spec_from_file_location("crash_check", place)
    assert spec is not None
    assert spec.loader is not None
    crash = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(crash)
    for what in asked.target or crash.TARGETS:
        began = time.perf_counter()
        work = Path(tempfile.mkdtemp(prefix=f"skillfirst-crash-{what}-"))
        steps = crash.run_to_the_end(what, work / "counted", ROUNDS)
        draw = random.Random(f"{asked.seed} {what}")
        killed, acknowledged = 0, 0
        for number in range(asked.kills):
            if number % 4 == 3:
                told = crash.kill_from_outside(what, work / "store", draw.randrange(1, 12))
            else:
                told = crash.kill_itself(what, work / "store", ROUNDS, draw.randrange(1, steps))
            killed += not any(words[0] == "steps" for words in told)
            acknowledged += len(told)
            try:
                crash.check(what, work / "store", told)
            except AssertionError as violation:
                print(f"{what}: kill {number} of seed {asked.seed}: {violation}; the store is kept in {work}")
                return 1
        shutil.rmtree(work)
        print(
            f"{what}: {killed} kills, {acknowledged} acknowledgements, none lost, {time.perf_counter() - began:.0f} s"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
