"""Write the pins: every distribution that the .in files need, at the version installed here.

    .venv/bin/python requirements/pin.py

Names and versions only: which index serves them is the machine's own business. Markers keep a pin to the Pythons and
systems that ask for it.
"""

from __future__ import annotations

import re
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement

FOLDER = Path(__file__).parent
FILES = {"build": (), "core": (), "dev": ("build", "core")}  # what stands in the latter is not repeated
OF_THE_VENV = {"pip", "setuptools"}  # come with the environment


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def closure(lines: list[str]) -> dict[str, str]:
    """Canonical name -> "name==version" of everything these requirements need on this machine."""
    pins: dict[str, str] = {}
    # those with a marker last: what anybody needs everywhere is needed everywhere
    todo = sorted((Requirement(line) for line in lines), key=lambda r: r.marker is None)
    done: set[tuple[str, str]] = set()
    while todo:
        wanted = todo.pop()
        for extra in wanted.extras or {""}:
            if canonical(wanted.name) in OF_THE_VENV or (canonical(wanted.name), extra) in done:
                continue
            done.add((canonical(wanted.name), extra))
            try:
                found = distribution(wanted.name)
            except PackageNotFoundError:
                raise SystemExit(f"{wanted} is not installed here") from None
            pin = f"{canonical(found.metadata['Name'])}=={found.version}"
            asked = "" if wanted.marker is None or "extra" in str(wanted.marker) else f" ; {wanted.marker}"
            pins.setdefault(canonical(wanted.name), pin + asked)
            for text in found.requires or []:
                needed = Requirement(text)
                if needed.marker is None or needed.marker.evaluate({"extra": extra}):
                    needed.marker = wanted.marker
                    todo.insert(0 if needed.marker else len(todo), needed)
    return pins


def lines_of(path: Path) -> list[str]:
    lines = (line.partition("#")[0].strip() for line in path.read_text().splitlines())
    return [line for line in lines if line]


def main() -> None:
    pinned: dict[str, dict[str, str]] = {}
    for name, others in FILES.items():
        pins = closure(lines_of(FOLDER / f"{name}.in"))
        for other in others:
            pins = {key: pin for key, pin in pins.items() if key not in pinned[other]}
        pinned[name] = pins
        (FOLDER / f"{name}.txt").write_text("".join(f"{pins[key]}\n" for key in sorted(pins)))


if __name__ == "__main__":
    main()
