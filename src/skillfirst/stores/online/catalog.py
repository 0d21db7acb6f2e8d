"""Which versions an online store holds and which one it serves: a small pure state machine.

Every store keeps one catalog as JSON and changes it atomically, so that all stores follow the same rules:

- A put writes into a *generation* of its own, whatever its version is called; generations never mix.
- A generation can be served only when its put came to the end.
- At most one put is under way: a newer one takes over, and the older one is refused at its next write. So a
  killed put never blocks the next, and needs no time limit.
- Kept are the serving generation, the one served before it, and the newest finished one that waits for its
  switch; all others are doomed: marked first, removed, then forgotten, so a kill in between loses nothing.
"""

from __future__ import annotations

from typing import Any

import msgspec

from skillfirst.errors import NotFound, RunError


class Generation(msgspec.Struct):
    """One version's rows. `slot` is the smallest number not in use, for stores with a fixed number of places."""

    number: int
    slot: int
    version: str
    complete: bool = False
    doomed: bool = False
    meta: dict[str, Any] = {}


class Catalog(msgspec.Struct):
    """The state of an online store."""

    next_number: int = 1
    serving: int = 0
    previous: int = 0
    publisher: str = ""
    generations: list[Generation] = []
    #: keys (hex) erased while a put was under way, to be erased from it at its end
    erased: list[str] = []

    # --- questions

    def find(self, number: int) -> Generation | None:
        return next((g for g in self.generations if g.number == number), None)

    @property
    def served(self) -> Generation | None:
        return self.find(self.serving)

    def complete_versions(self) -> list[str]:
        """Versions that can be switched to, oldest first, each once."""
        return list(dict.fromkeys(g.version for g in self.generations if g.complete and not g.doomed))

    def newest(self, version: str) -> Generation:
        """The newest finished generation of a version.

        Raises:
            NotFound: there is none.
        """
        for generation in reversed(self.generations):
            if generation.version == version and generation.complete and not generation.doomed:
                return generation
        known = ", ".join(self.complete_versions()) or "none"
        raise NotFound(f"the online store has no finished version {version!r}", next_step=f"It has: {known}")

    def doomed(self) -> list[Generation]:
        return [g for g in self.generations if g.doomed]

    def check_publisher(self, publisher: str) -> None:
        """Raises RunError when another put has taken over since this one began."""
        if self.publisher != publisher:
            raise RunError("another publish has begun, this one stops", next_step="The serving version is unchanged")

    # --- changes

    def begin(self, version: str, publisher: str) -> Generation:
        """A new generation for `version`; unfinished ones and finished ones nobody needs become doomed."""
        waiting = [g for g in self.generations if g.complete and g.number not in (self.serving, self.previous)]
        for generation in self.generations:
            generation.doomed = generation.doomed or not generation.complete
        for generation in waiting[:-1]:
            generation.doomed = True
        taken = {g.slot for g in self.generations}
        slot = next(s for s in range(len(taken) + 1) if s not in taken)
        new = Generation(self.next_number, slot, version)
        self.next_number += 1
        self.publisher = publisher
        self.erased = []
        self.generations.append(new)
        return new

    def finish(self, number: int, publisher: str, erased: int, meta: dict[str, Any]) -> bool:
        """Mark a generation complete, unless members were erased beyond the first `erased`: then False."""
        self.check_publisher(publisher)
        if len(self.erased) != erased:
            return False
        generation = self.find(number)
        assert generation is not None
        generation.complete, generation.meta = True, meta
        self.publisher, self.erased = "", []
        return True

    def switch(self, version: str) -> None:
        """Serve the newest finished generation of `version`."""
        target = self.newest(version)
        if target.number != self.serving:
            self.previous, self.serving = self.serving, target.number
        self._doom_others()

    def rollback(self) -> str:
        """Serve what was served before; the generation rolled back from stays until the next switch."""
        target = self.find(self.previous)
        if target is None or target.doomed:
            raise NotFound("the online store has no previous version to roll back to")
        self.serving, self.previous = target.number, 0
        return target.version

    def _doom_others(self) -> None:
        for generation in self.generations:
            if generation.complete and generation.number not in (self.serving, self.previous):
                generation.doomed = True

    def forget(self, number: int) -> None:
        self.generations = [g for g in self.generations if g.number != number]

    def note_erased(self, key: bytes) -> list[int]:
        """Remember an erasure for the put under way; returns the generations to erase from."""
        if self.publisher and key.hex() not in self.erased:
            self.erased.append(key.hex())
        return [g.number for g in self.generations]


def encode(catalog: Catalog) -> bytes:
    return msgspec.json.encode(catalog)


_decoder = msgspec.json.Decoder(Catalog)


def decode(content: bytes | None) -> Catalog:
    """The catalog in `content`; an empty one where there is nothing yet."""
    return _decoder.decode(content) if content else Catalog()
