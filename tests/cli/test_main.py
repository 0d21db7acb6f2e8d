"""One message for whatever goes wrong; help for everything; light where nothing is computed."""

from __future__ import annotations

import subprocess
import sys

import pytest

from skillfirst import __version__
from skillfirst.cli import console
from skillfirst.cli.main import app, run

HEAVY = ("numba", "duckdb", "sklearn", "lightgbm", "scipy", "pyarrow", "pandas", "fastapi", "matplotlib")
COMMANDS = (
    "demo", "init", "check", "import", "tag", "review-tags", "infer", "evaluate", "run", "publish", "rollback", "serve",
    "export", "explain", "fit-discount", "lift", "replay", "simulate", "statements", "erase", "doctor",
)  # fmt: skip


def test_the_commands_are_the_ones_promised():
    names = {c.name or c.callback.__name__.replace("_", "-") for c in app.registered_commands}
    names |= {group.name for group in app.registered_groups}
    assert set(COMMANDS) <= names


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example(skillfirst, command):
    family = {"evaluate": ["evaluate", "tagging"]}.get(command, [command])
    said = skillfirst(*family, "--help")
    assert said.code == 0
    assert f"Example: skillfirst {' '.join(family)}" in " ".join(said.out.split())


def test_help_without_a_command_names_them_all(skillfirst):
    said = skillfirst()
    assert said.code == 0
    assert all(command in said.out for command in COMMANDS)


def test_the_version(skillfirst):
    assert skillfirst("--version").out == f"skillfirst {__version__}\n"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["frobnicate"], "no such command 'frobnicate'"),
        (["run"], "missing option '--data'"),
        (["run", "--data", "x", "--store", "y", "--engine", "cloud"], "'cloud' is not one of 'local', 'spark'"),
        (["run", "--data", "x", "--store", "y", "--master", "local[2]"], "--master goes with --engine spark"),
        (["run", "--data", "x", "--store", "y", "--frobnicate"], "no such option: --frobnicate"),
        (["run", "--data", "x", "--store", "y", "--day", "yesterday"], "a day is written like 2026-11-22"),
        (["run", "--data", "x", "--store", "y", "--set", "policy.pace=3"], "there is no setting policy.pace"),
        (["run", "--data", "x", "--store", "y", "--set", "policy.page.rows=many"], "policy.page.rows"),
        (["run", "--data", "x", "--store", "y", "--set", "keep_rums=3"], "Did you mean keep_runs?"),
        (["run", "--data", "x", "--store", "y", "--set", "memory=lots"], "an amount of memory such as 1GB"),
        (["run", "--data", "x", "--store", "y", "--set", "keep_runs"], "--set wants name=value"),
        (["run", "--data", "x", "--store", "y", "--var", "shared"], "--var wants NAME=VALUE"),
        (["serve", "--store", "x", "--online", "y", "--port", "70000"], "'--port'"),
    ],
)
def test_wrong_usage_is_code_2_and_one_message(skillfirst, arguments, words):
    skillfirst(*arguments).fails(2, words)


def test_a_family_without_its_command_shows_its_help(skillfirst):
    said = skillfirst("evaluate")
    assert said.code == 2
    assert "tagging" in said.out


def test_what_nobody_foresaw_is_one_line_with_a_way_to_see_more(skillfirst, monkeypatch):
    def broken(*_):
        raise ZeroDivisionError("a number\nover two lines")

    monkeypatch.setattr("skillfirst.cli.explain.open_run", broken)
    said = skillfirst("explain", "--store", "s", "m")
    assert (said.code, said.out) == (1, "")
    assert "ZeroDivisionError: a number over two lines" in said.err
    assert "skillfirst --debug explain --store s m" in said.err
    assert len(said.err.splitlines()) == 1
    with pytest.raises(ZeroDivisionError):
        run(["--debug", "explain", "--store", "s", "m"])


def test_an_interruption_is_code_130(skillfirst, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("skillfirst.cli.explain.open_run", interrupted)
    said = skillfirst("explain", "--store", "s", "m")
    assert (said.code, said.err) == (130, "skillfirst: interrupted\n")


def _modules_after(code: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", f"import sys\n{code}\nprint(*sys.modules)"], capture_output=True, text=True, check=True
    )
    return set(done.stdout.splitlines()[-1].split())


@pytest.mark.parametrize("arguments", [["--help"], ["run", "--help"], ["serve", "--help"], ["frobnicate"]])
def test_help_loads_nothing_heavy(arguments):
    loaded = _modules_after(f"from skillfirst.cli.main import run\nrun({arguments!r})")
    assert "skillfirst.cli.night" in loaded
    assert not loaded & set(HEAVY)


def test_a_stored_answer_is_read_without_the_compiler(night):
    place = night.parent / "light"
    code = f"""
from skillfirst.stores.online import open_online, OnlineMember
with open_online('lmdb:{place}') as store:
    store.put('2026-06-10-001', [OnlineMember('m1', b'd', {{'home': b'page'}})], {{}})
    store.switch('2026-06-10-001')
    assert store.get('m1', 'home') == b'page'
"""
    assert not _modules_after(code) & {"numba", "duckdb", "sklearn", "scipy"}


def test_columns_stand_below_one_another():
    assert console.columns([("a", 1), ("long", 1200)], "") == "a         1\nlong  1,200"
    assert console.columns([]) == ""
    assert console.columns([(None, 0.123456, True)], "") == "-  0.1235  yes"


def test_lines_instead_of_a_bar_unless_somebody_watches(capfd, monkeypatch):
    times = iter([0.0, 1.0, 61.0, 62.0, 63.5, 63.5, 65.0])
    monkeypatch.setattr(console.time, "monotonic", lambda: next(times))
    with console.progress() as show:
        show("check", 0, 0)
        show("check", 1_000, 2_000)
        show("check", 1_500, 2_000)  # a minute later
        show("check", 1_600, 2_000)
        show("gather", 0, 0)
    lines = ["check begun", "check, 1,500 of 2,000", "check done in 63.5 s", "gather begun", "gather done in 1.5 s"]
    assert capfd.readouterr() == ("", "".join(f"skillfirst: {line}\n" for line in lines))


def test_a_stage_that_fails_is_not_said_to_be_done(capfd):
    def failing():
        with console.progress() as show:
            show("check", 0, 0)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        failing()
    assert capfd.readouterr() == ("", "skillfirst: check begun\n")


def test_a_bar_on_standard_error_when_somebody_watches(capfd, monkeypatch):
    monkeypatch.setattr(console, "watched", lambda: True)
    with console.progress() as show:
        show("check", 1, 2)
        show("gather", 0, 0)
    assert capfd.readouterr().out == ""
