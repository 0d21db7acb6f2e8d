"""Generated pages are fresh, links lead somewhere, commands that pages name exist, and nothing names a host."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import typer

from skillfirst.cli.docs import pages
from skillfirst.cli.main import app

ROOT = Path(__file__).parents[2]
WRITTEN = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *(ROOT / "examples").rglob("*.md")])


@pytest.mark.parametrize("name", ["tables.md", "commands.md", "settings.md"])
def test_generated_pages_are_fresh(name):
    assert (ROOT / "docs" / name).read_text("utf-8") == pages()[name], "run: make docs"


@pytest.mark.parametrize("path", WRITTEN, ids=lambda p: str(p.relative_to(ROOT)))
def test_links_lead_somewhere(path):
    for target in re.findall(r"\]\(([^)#]+)", path.read_text("utf-8")):
        if not target.startswith(("http:", "https:", "mailto:")):
            assert (path.parent / target).exists(), f"{path.name} links to {target}"


@pytest.mark.parametrize("path", WRITTEN, ids=lambda p: str(p.relative_to(ROOT)))
def test_commands_and_options_that_pages_name_exist(path):
    group = typer.main.get_command(app)
    for block in re.findall(r"```[a-z]*\n(.*?)```", path.read_text("utf-8"), re.S):
        for line in block.replace("\\\n", " ").splitlines():
            for part in line.split("&&"):
                words = part.split("#")[0].split("|")[0].split()
                if len(words) < 2 or words[0] not in ("skillfirst", ".venv/bin/skillfirst") or words[1].startswith("-"):
                    continue
                assert words[1] in group.commands, part
                command = group.commands[words[1]]
                if hasattr(command, "commands"):
                    assert words[2] in command.commands, part
                    command = command.commands[words[2]]
                known = {opt for param in command.params for opt in param.opts}
                unknown = [w.split("=")[0] for w in words if w.startswith("--") and w.split("=")[0] not in known]
                assert not unknown, part


def test_requirements_name_no_host():
    for path in (ROOT / "requirements").iterdir():
        text = path.read_text("utf-8")
        assert "://" not in text, path
        if path.suffix == ".txt":
            assert all(re.fullmatch(r"[a-z0-9-]+==[\w.]+( ; .+)?", line) for line in text.splitlines()), path
