"""What every online store does: rows of a version in, a switch, answers of one version out.

A store holds, for every member of a version, the document and one answer a channel. What they say it does not look
into; answers in shorthand (tables/shorthand.py) are expanded when they are read, by phrases that stand in the version.
Versions never mix: a snapshot sees one of them, whatever is published meanwhile.
"""

from __future__ import annotations

import secrets
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, NamedTuple, TypeVar

from skillfirst.errors import StoreError
from skillfirst.stores.online.catalog import Catalog, Generation
from skillfirst.stores.online.expanded import Expanded
from skillfirst.stores.online.keys import member_key
from skillfirst.tables.shorthand import Phrases, expanded

T = TypeVar("T")

#: the name under which a member's document lies beside the answers
DOCUMENT_NAME = ""
#: one durable write of a put: large enough to hide a disk's latency, small enough to hold in memory
ROWS_A_WRITE = 4_096
BYTES_A_WRITE = 16 * 2**20
#: who the phrases of a version stand under, as if they were a member's answer; nobody can be called so
SHARED = "\x00\x00shared"
SHARED_PART = -1


class OnlineMember(NamedTuple):
    """What is stored for one member; members of one put are distinct, ascending where that is cheap (faster)."""

    member_id: str
    document: bytes
    answers: Mapping[str, bytes]  # channel -> answer; channel names have 1 to 64 bytes


@dataclass(frozen=True, slots=True)
class Put:
    """A version being put, as whoever adds to it must know it; it pickles and may travel to other machines."""

    generation: Generation
    publisher: str


class Snapshot(ABC):
    """One version, unchanging. Short-lived: take one a request, from one thread."""

    version: str | None

    @abstractmethod
    def stored(self, member_id: str, names: Sequence[str]) -> dict[str, bytes | None]:
        """The member's values as they are stored, perhaps shortened."""

    def get_many(self, member_id: str, names: Sequence[str]) -> dict[str, bytes | None]:
        """The member's answers in these channels (`DOCUMENT_NAME` for the document), None where there is none."""
        found = self.stored(member_id, names)
        return {name: value and expanded(value, self._phrases) for name, value in found.items()}

    def _phrases(self, name: bytes) -> bytes:
        content = self.stored(SHARED, (name.hex(),))[name.hex()]
        if content is None:
            raise StoreError("answers stand in shorthand whose phrases are not there", next_step="Publish again.")
        return content

    def get(self, member_id: str, channel: str) -> bytes | None:
        return self.get_many(member_id, (channel,))[channel]

    def get_document(self, member_id: str) -> bytes | None:
        return self.get_many(member_id, (DOCUMENT_NAME,))[DOCUMENT_NAME]


class OnlineStore(ABC):
    """One online store. Its methods may be called from several threads; several processes may share one place."""

    #: where it is, as it may be shown: no password
    place = "memory:"
    #: whether other machines come to the same store by its address, and so can add to a put
    reached_from_elsewhere = False

    # --- reading

    @abstractmethod
    def snapshot(self) -> AbstractContextManager[Snapshot]:
        """The serving version as it is now, for several reads that must agree."""

    def get(self, member_id: str, channel: str) -> bytes | None:
        """The serving version's answer for a member in a channel, or None."""
        stored = self._stored_one(member_id, channel)
        if stored is None:
            return None
        place = (member_id, channel)
        answer = self._expanded.get(place, stored)
        if answer is None:
            try:
                answer = expanded(stored, _unknown)
            except _UnknownPhrases:
                return self.get_many(member_id, (channel,))[channel]
            if answer is not stored:
                self._expanded.keep(place, stored, answer)
        return answer

    @cached_property
    def _expanded(self) -> Expanded:
        return Expanded()

    def get_document(self, member_id: str) -> bytes | None:
        """The serving version's document of a member, or None."""
        return self.get_many(member_id, (DOCUMENT_NAME,))[DOCUMENT_NAME]

    def get_many(self, member_id: str, names: Sequence[str]) -> dict[str, bytes | None]:
        """Several of a member's values out of one version."""
        try:
            found = self._stored(member_id, names)
            return {name: value and expanded(value, _unknown) for name, value in found.items()}
        except _UnknownPhrases:  # once a version: values and phrases must be of the same one
            with self.snapshot() as snapshot:
                return snapshot.get_many(member_id, names)

    def _stored(self, member_id: str, names: Sequence[str]) -> dict[str, bytes | None]:
        """The member's values as they are stored, out of one version."""
        with self.snapshot() as snapshot:
            return snapshot.stored(member_id, names)

    def _stored_one(self, member_id: str, name: str) -> bytes | None:
        """One of the member's values as it is stored."""
        return self._stored(member_id, (name,))[name]

    def serving(self) -> str | None:
        """The version that is served, or None."""
        served = self._catalog().served
        return served.version if served else None

    def versions(self) -> list[str]:
        """All finished versions, oldest first."""
        return self._catalog().complete_versions()

    def previous(self) -> str | None:
        """The version `rollback` would serve, or None."""
        catalog = self._catalog()
        generation = catalog.find(catalog.previous)
        return generation.version if generation else None

    def meta(self, version: str) -> dict[str, Any]:
        """What was said about a version at its put, with `members` added: how many it holds.

        Raises:
            NotFound: there is no such finished version.
        """
        return self._catalog().newest(version).meta

    # --- publishing

    def put(
        self, version: str, rows: Iterable[OnlineMember], meta: Mapping[str, Any] | None = None,
        phrases: Phrases | None = None,
    ) -> int:  # fmt: skip
        """Store a version beside the serving one; returns the number of members. Nothing is served before `switch`.

        `phrases`: what answers in shorthand stand on.

        Raises:
            RunError: another put began meanwhile; this one is void.
        """
        put = self.begin(version, phrases)
        members = 0
        for chunk in chunks(rows):
            self._write(put.generation, put.publisher, chunk)
            members += len(chunk)
        self.finish(put, members, meta)
        return members

    def begin(self, version: str, phrases: Phrases | None = None) -> Put:
        """Begin a put that several processes add to; one that began before is void. Ends by `finish`, or by the next
        `begin`, which removes what was added. `phrases`: see `put`."""
        publisher = secrets.token_hex(8)
        generation = self._change(lambda catalog: catalog.begin(version, publisher))
        self._clean()
        self._create(generation, publisher)
        put = Put(generation, publisher)
        if phrases is not None:
            self.add(put, SHARED_PART, [OnlineMember(SHARED, b"", {phrases.name.hex(): phrases.content})])
        return put

    def add(self, put: Put, part: int, rows: Iterable[OnlineMember]) -> int:
        """Add the members of part number `part`, from any process; returns how many. Parts hold distinct members.

        A part that is added twice, because nobody heard that it was done or its process died midway, is there once.

        Raises:
            RunError: another put began meanwhile; this one is void.
        """
        members = 0
        for chunk in chunks(rows):
            self._write(put.generation, put.publisher, chunk)
            members += len(chunk)
        return members

    def finish(self, put: Put, members: int, meta: Mapping[str, Any] | None = None) -> None:
        """All parts are in, `members` altogether: the version may be switched to.

        Raises:
            RunError: another put began meanwhile; this one is void.
        """
        self._settle(put.generation)
        self._finish(put.generation, put.publisher, {**(meta or {}), "members": members})

    def _finish(self, generation: Generation, publisher: str, meta: dict[str, Any]) -> None:
        """Complete a generation, without the members that were erased while it was put."""
        erased: list[str] = []

        def finish(catalog: Catalog) -> bool:
            return catalog.finish(generation.number, publisher, len(erased), meta)

        while not self._change(finish):
            erased[:] = self._catalog().erased
            for key in erased:
                self._erase(generation, bytes.fromhex(key))

    def switch(self, version: str) -> None:
        """Serve a finished version from now on; only it and the one served before are kept.

        Raises:
            NotFound: there is no such finished version.
        """
        self._change(lambda catalog: catalog.switch(version))
        self._clean()

    def rollback(self) -> str:
        """Serve the version that was served before the last switch; returns its name.

        Raises:
            NotFound: there is none (also after a rollback: go forward with `switch`).
        """
        return self._change(lambda catalog: catalog.rollback())

    def erase(self, member_id: str) -> int:
        """Remove a member from every version, finished or not; returns the number of values removed."""
        if member_id == SHARED:
            return 0
        key = member_key(member_id)
        numbers = self._change(lambda catalog: catalog.note_erased(key))
        catalog = self._catalog()
        return sum(self._erase(g, key) for g in catalog.generations if g.number in numbers)

    def _clean(self) -> None:
        """Remove doomed generations, also those a killed process had marked."""
        for generation in self._catalog().doomed():
            self._drop(generation)
            self._change(partial(Catalog.forget, number=generation.number))

    # --- what a store brings

    @abstractmethod
    def _catalog(self) -> Catalog:
        """The catalog as stored now."""

    @abstractmethod
    def _change(self, change: Callable[[Catalog], T]) -> T:
        """Change the catalog atomically and durably; an exception in `change` leaves it as it was."""

    @abstractmethod
    def _create(self, generation: Generation, publisher: str) -> None:
        """Make an empty place for a generation, unless another put has taken over."""

    @abstractmethod
    def _write(self, generation: Generation, publisher: str, rows: list[OnlineMember]) -> None:
        """Add rows, after `catalog.check_publisher` in the same transaction; rows that are there are replaced, but for
        stores with an `add` of their own."""

    def _settle(self, generation: Generation) -> None:  # noqa: B027  most stores need nothing here
        """All rows are in; indexes may be built."""

    @abstractmethod
    def _drop(self, generation: Generation) -> None:
        """Remove a generation's rows; also called for one that was never created, or is half gone."""

    @abstractmethod
    def _erase(self, generation: Generation, key: bytes) -> int:
        """Remove one member's values; returns how many there were."""

    @abstractmethod
    def close(self) -> None:
        """Give back what is held; the store cannot be used afterwards."""

    def __enter__(self) -> OnlineStore:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _UnknownPhrases(Exception):
    """Answers stand in shorthand whose phrases this process has not read yet."""


def _unknown(name: bytes) -> bytes:
    raise _UnknownPhrases(name)


def chunks(rows: Iterable[OnlineMember]) -> Iterator[list[OnlineMember]]:
    """Rows in lists of one durable write each."""
    chunk: list[OnlineMember] = []
    size = 0
    for row in rows:
        chunk.append(row)
        size += len(row.document) + sum(map(len, row.answers.values()))
        if len(chunk) >= ROWS_A_WRITE or size >= BYTES_A_WRITE:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk
