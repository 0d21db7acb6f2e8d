"""What a check found: one dataclass, the words for every kind of problem, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from skillfirst.errors import DataError
from skillfirst.tables.schemas import INPUT, Kind, Table


class Weight(StrEnum):
    """How much a finding matters."""

    NOTE = "note"  # worth knowing
    WARNING = "warning"  # rows or values were left out; the run goes on
    FATAL = "fatal"  # the run cannot go on


@dataclass(frozen=True, slots=True)
class Finding:
    """One sentence about one column of one table.

    `count`: rows concerned; `first`: the first offender as text; `next_step`: what to do. `rows_stay`: only values
    were left out. `follows`: the rows were left out because those they refer to were.
    """

    weight: Weight
    table: str | None
    column: str | None
    message: str
    count: int | None = None
    first: str | None = None
    next_step: str | None = None
    rows_stay: bool = False
    follows: bool = False

    def error(self) -> DataError:
        return DataError(
            self.message,
            table=self.table,
            column=self.column,
            count=self.count,
            first=self.first,
            next_step=self.next_step,
        )

    def __str__(self) -> str:
        return str(self.error())

    @classmethod
    def of(cls, error: DataError, table: str | None = None) -> Finding:
        """A fatal finding from an error raised while opening a file."""
        text = error.message
        for part in (f"{error.table}.{error.column}: ", f"{error.table}: "):
            text = text.removeprefix(part)
        return cls(Weight.FATAL, error.table or table, error.column, text, next_step=error.next_step)


_KIND_WORDS = {
    Kind.DATE: "no date that exists, like 2024-05-31",
    Kind.TIME: "no time, like 2024-05-31T09:30:00Z",
    Kind.NUMBER: "no number",
    Kind.INTEGER: "no whole number",
    Kind.FLAG: "neither true nor false",
    Kind.LANGUAGE: "no BCP 47 language tag, like en or pt-BR",
    Kind.LANGUAGES: "no BCP 47 language tag, like en or pt-BR",
    Kind.MAP: 'no map, like {"experiment": "arm"}',
}


FORMAT = "format"  # the problem of a date that is not written as date_format says
NOT_UTF_8 = "the bytes are not UTF-8"
REPAIR = "Repair these lines in the file"
SAY_THE_ENCODING = (
    'Save the file as UTF-8, or say in skillfirst.toml how it is written: encoding = "cp1252" for an export of Windows'
)
REJECTED = "rejected"  # the problem of a row that refers to one that was left out


def words(table: Table, column: str, problem: str) -> tuple[str, str]:
    """(what is wrong, what to do) for a reason code `problem` of a column."""
    if column == "":
        step = f"{SAY_THE_ENCODING}, or repair these lines" if problem == NOT_UTF_8 else REPAIR
        return problem, step
    contract = table.column(column)
    if problem == "empty":
        return "a required value is empty", "Fill it or leave the row out"
    if problem == FORMAT:
        return "the value is not written as date_format says", "Correct the values, or give several formats in a list"
    if problem in (Kind.DATE, Kind.TIME):
        example = "%d.%m.%Y" if problem == Kind.DATE else "%d.%m.%Y %H:%M"
        step = f'Say how they are written in skillfirst.toml, such as date_format = {{{column} = "{example}"}}'
        return f"the value is {_KIND_WORDS[contract.kind]}", f"{step}, or correct the values"
    if problem == "beyond":
        return "an impossible date", "Check for a wrong century, a zero or a wrong time unit"
    if problem == "range":
        low, high = contract.low, contract.high
        bounds = f"at least {low:g}" if high is None else f"between {low:g} and {high:g}"
        return f"the value is not {bounds}", "Check its unit"
    if problem == "choice":
        step = f'Map the words: values = {{{column} = {{"your word" = "{contract.choices[0]}"}}}}'
        return f"the value is none of {', '.join(contract.choices)}", step
    if problem == "duplicate":
        return "the id stands there already; the first row stays", "Give every row an id of its own"
    if problem == "reference":
        return f"there is no such row in {contract.refers}", f"Add it to {contract.refers} or leave these rows out"
    if problem == REJECTED:
        step = f"Nothing to do here: they come back when those rows of {contract.refers} are repaired"
        return f"these are rows of rejected {contract.refers}", step
    if problem == "needs":
        return f"this kind of event needs a {column}", f"Fill {column} or leave these events out"
    if problem == "language":
        return "the value is " + _KIND_WORDS[
            Kind.LANGUAGE
        ], f'Map the words: values = {{{column} = {{English = "en"}}}}'
    return f"the value is {_KIND_WORDS[contract.kind]}", "Correct the values, or map another column"


def missing_needed(table: str) -> Finding:
    return Finding(
        Weight.FATAL, table, None, f"the table is missing: {INPUT[table].meaning}",
        next_step=f"Add {table}.parquet, {table}.csv or {table}.jsonl, or name it as [sources.{table}]",
    )  # fmt: skip
