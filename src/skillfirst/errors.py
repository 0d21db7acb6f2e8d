"""Every error this package raises on purpose hangs on one tree and is also the built-in it resembles.

SkillfirstError
├── DataError        (ValueError)    a table, a row, a mapping file is wrong       exit code 1
├── RunError         (RuntimeError)  a run, a publish, a service could not go on   exit code 1
├── StoreError       (OSError)       a store cannot be read or written             exit code 1
├── NotFound         (LookupError)   a member, course, run is not there            exit code 1
├── ExtraMissing     (ImportError)   an optional dependency is not installed       exit code 1
└── UsageError       (ValueError)    a command, a setting, a call is wrong         exit code 2
"""

from __future__ import annotations


class SkillfirstError(Exception):
    """What went wrong and, where there is one, the next step; shown to people without a traceback."""

    exit_code = 1

    def __init__(self, message: str, *, next_step: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.next_step = next_step

    def __str__(self) -> str:
        if not self.next_step:
            return self.message
        return f"{self.message.rstrip('.')}. {self.next_step}"


class DataError(SkillfirstError, ValueError):
    """A table or one of its columns does not hold what the contract asks for.

    `table`, `column`, `count` (rows concerned) and `first` (the first offender, as text) are kept apart
    so that a program can read them; the message already contains them.
    """

    def __init__(
        self,
        message: str,
        *,
        table: str | None = None,
        column: str | None = None,
        count: int | None = None,
        first: str | None = None,
        next_step: str | None = None,
    ) -> None:
        where = ".".join(part for part in (table, column) if part)
        text = f"{where}: {message}" if where else message
        if count is not None:
            text += f" ({count:,} row{'s' if count != 1 else ''}"
            text += f", first: {first})" if first is not None else ")"
        elif first is not None:
            text += f" (first: {first})"
        super().__init__(text, next_step=next_step)
        self.table, self.column, self.count, self.first = table, column, count, first


class RunError(SkillfirstError, RuntimeError):
    """A run, a publish or a service cannot go on."""


class StoreError(SkillfirstError, OSError):
    """A store cannot be opened, read or written."""

    __str__ = SkillfirstError.__str__  # OSError brings a __str__ of its own


class NotFound(SkillfirstError, LookupError):
    """A member, course, skill or run that was asked for is not there."""


class UsageError(SkillfirstError, ValueError):
    """A command line, a setting or a call that can never work."""

    exit_code = 2


class ExtraMissing(SkillfirstError, ImportError):
    """An optional dependency is needed and not installed; the message is the line that installs it."""

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(
            f"{what} needs an optional part that is not installed",
            next_step=f"Install it with: pip install 'skillfirst[{extra}]'",
        )
        self.extra = extra
