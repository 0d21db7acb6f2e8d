"""`skillfirst`: one message for whatever goes wrong, and an exit code that a script can read.

0 fine | 1 the data or the run failed | 2 wrong usage | 130 interrupted
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Annotated, Any, NoReturn

import typer

from skillfirst import __version__
from skillfirst.cli import (
    demo,
    doctor,
    erase,
    evaluate,
    experiments,
    explain,
    export,
    importing,
    night,
    publishing,
    serve,
    simulate,
    skills,
    starting,
    statements,
    tables,
)
from skillfirst.errors import SkillfirstError
from skillfirst.stores.disk_errors import refusal

# Typer carries the command parser inside; these are the roots of its errors
ParserUsageError: type[Any] = typer.BadParameter.__mro__[1]
ParserError: type[Any] = typer.BadParameter.__mro__[2]

INTERRUPTED = 130  # 128 + SIGINT, as shells expect

app = typer.Typer(
    name="skillfirst",
    help="Recommends courses to people by their skills, and says why.",
    epilog="Begin with: skillfirst demo | skillfirst init my-academy | skillfirst COMMAND --help",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)

for _room in (
    demo, starting, tables, importing, skills, evaluate, night, publishing, serve, export, explain, experiments,
    simulate, statements, erase, doctor,
):  # fmt: skip
    _room.add_to(app)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"skillfirst {__version__}")
        raise typer.Exit


@app.callback()
def _skillfirst(
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    del debug, version  # --debug is looked for in `run`, before anything can fail


def run(arguments: Sequence[str]) -> int:
    """Do one command; returns the exit code. Every error is one message on standard error."""
    given = list(arguments) or ["--help"]
    if given[0] == "--debug":
        return _code(app(given, standalone_mode=False, prog_name="skillfirst"))
    try:
        return _code(app(given, standalone_mode=False, prog_name="skillfirst"))
    except SkillfirstError as error:
        return _say(str(error), error.exit_code)
    except (typer.Abort, KeyboardInterrupt):
        return _say("interrupted", INTERRUPTED)
    except ParserUsageError as error:
        where = error.ctx.command_path if error.ctx is not None else "skillfirst"
        words = error.format_message()
        if words.startswith("Usage:"):  # a family without its command: the help is the message
            print(words)
            return 2
        return _say(f"{words[:1].lower()}{words[1:].rstrip('.')}. See: {where} --help", 2)
    except ParserError as error:
        return _say(error.format_message(), error.exit_code)
    except BrokenPipeError:
        # whoever read our output has enough of it; nothing may be written to it at exit either
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except OSError as error:
        return _say(_in_words(error), 1)
    except MemoryError:
        return _say("there is not enough memory. See docs/operations.md for what a night needs", 1)
    except Exception as error:
        words = " ".join(str(error).split())[:300]
        told = f"{type(error).__name__}: {words}" if words else type(error).__name__
        return _say(f"an error nobody foresaw, {told}. For the traceback: skillfirst --debug {' '.join(arguments)}", 1)


def _code(result: Any) -> int:
    if result == INTERRUPTED:
        return _say("interrupted", INTERRUPTED)
    return result if isinstance(result, int) else 0


def _in_words(error: OSError) -> str:
    """What the system refused where no store says it: the place, if it is known, what happened and the next step."""
    place = os.fsdecode(error.filename) if error.filename else ""
    told = refusal(error)
    if told is None:
        return f"{place}: {error.strerror or error}" if place else error.strerror or str(error)
    return f"{place or 'a file cannot be written'}: {told.what}. {told.next_step}"


def _say(message: str, code: int) -> int:
    print(f"skillfirst: {message}", file=sys.stderr, flush=True)
    return code


def main() -> NoReturn:
    """The console script."""
    sys.exit(run(sys.argv[1:]))
