"""What a disk refused, in words, and what to do about it: one rule for every store and for the command line.

The system says it in numbers and often without the place; Arrow, NumPy, SQLite and LMDB pass it on in texts of their
own. Whoever knows what was being done says so, and this says why it did not work.
"""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from skillfirst.errors import SkillfirstError, StoreError


class Refusal(NamedTuple):
    """What happened, in plain words, and the next step."""

    what: str
    next_step: str


_FULL = Refusal("the disk is full", "Make room on it, or name a folder on another disk, and do it again.")
_READ_ONLY = Refusal("the disk is read-only", "Mount it so that it can be written, or name a folder on another one.")
_RIGHTS = Refusal("this user has no permission", "Give the permission (chown, chmod), or name another place.")
_SHORT = Refusal(
    "not everything could be written, for the disk is full or a limit on the length of files is reached",
    "Make room, or raise the limit (ulimit -f), and do it again.",
)
REFUSALS = {
    errno.ENOSPC: _FULL,
    errno.EDQUOT: Refusal("this user's share of the disk is used up", "Make room, or have the quota raised."),
    errno.EFBIG: Refusal(
        "a file became longer than this process may write", "Raise the limit (ulimit -f) and do it again."
    ),
    errno.EROFS: _READ_ONLY,
    errno.EACCES: _RIGHTS,
    errno.EPERM: _RIGHTS,
    errno.ENOTDIR: Refusal("a part of its path is a file, not a folder", "Name a folder."),
    errno.EEXIST: Refusal("there is a file where a folder must be", "Name a folder."),
    errno.EISDIR: Refusal("it is a folder, not a file", "Name a file."),
    errno.EIO: Refusal("the disk does not answer as it should", "Look whether it is full or broken."),
    errno.EMFILE: Refusal("too many files are open at once", "Raise the limit (ulimit -n) and do it again."),
}
#: DuckDB's text, which reaches us as a finding about a table: the file it was writing, and the system's words
_DUCKDB = re.compile(r'ould not write file \\?"(?P<path>[^"\\]+)\\?": (?P<why>[^"\\]+)')
_NUMBER = re.compile(r"\[errno (\d+)\]", re.IGNORECASE)
#: how NumPy and SQLite say it, who keep the number to themselves
_TEXTS = (
    (re.compile(r"\d+ requested and \d+ written"), _SHORT),
    (re.compile(r"database or disk is full"), _FULL),
    (re.compile(r"attempt to write a readonly database"), _READ_ONLY),
    (re.compile(r"disk I/O error"), REFUSALS[errno.EIO]),
)


def refusal(error: BaseException) -> Refusal | None:
    """What the disk refused, or None where `error` is about something else."""
    text = str(error)
    number = error.errno if isinstance(error, OSError) else None
    if number is None and (written := _NUMBER.search(text)):
        number = int(written[1])
    if number in REFUSALS:
        return REFUSALS[number]
    named = next((REFUSALS[code] for code in REFUSALS if os.strerror(code) in text), None)
    return named or next((said for pattern, said in _TEXTS if pattern.search(text)), None)


def refused(done: str, error: BaseException) -> StoreError:
    """The error for what could not be done ("the event log x cannot be written"), with the reason `error` gives."""
    found = refusal(error)
    if found is None:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        return StoreError(f"{done}: {reason}")
    return StoreError(f"{done}: {found.what}", next_step=found.next_step)


def disk_error(error: BaseException | None) -> OSError | None:
    """The refusal of a disk behind an error: itself, what it was raised from or what it quotes; None without one."""
    while error is not None and not isinstance(error, StoreError):
        if isinstance(error, OSError) and not isinstance(error, SkillfirstError) and refusal(error) is not None:
            return error
        if (written := _DUCKDB.search(str(error))) and refusal(OSError(written["why"])):
            number = next((code for code in REFUSALS if os.strerror(code) in written["why"]), errno.EIO)
            return OSError(number, os.strerror(number), written["path"])
        error = error.__cause__
    return None


@contextmanager
def telling(done: str) -> Iterator[None]:
    """Whatever the disk refuses meanwhile is raised as `refused(done, ...)`; a file it names is named too."""
    try:
        yield
    except OSError as error:
        if isinstance(error, SkillfirstError):
            raise
        named = f" ({error.filename})" if error.filename and str(error.filename) not in done else ""
        raise refused(f"{done}{named}", error) from error
