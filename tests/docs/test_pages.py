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


def test_every_key_of_a_mapping_stands_in_the_tables_page_and_no_other(page):
    from skillfirst.ingest.mapping import KEYS

    text = page("tables.md")
    part = text[text.index("## Your own files") : text.index("## Tables that come out")]
    assert re.findall(r"^\| `(\w+)` \| `\1 = ", part, re.M) == list(KEYS)


def test_the_example_of_a_mapping_is_read(page, tmp_path):
    from skillfirst.ingest.mapping import read_mapping

    text = page("tables.md")
    example = re.search(r"```\n(\[sources.courses\].*?)```", text, re.S)[1]
    (tmp_path / "skillfirst.toml").write_text(example)
    assert [s.table for s in read_mapping(tmp_path / "skillfirst.toml").sources] == [
        "courses", "members", "member_skills"
    ]  # fmt: skip


def test_the_limits_of_the_check_are_said(page):
    from skillfirst.ingest.checks import FEW_ROWS, MAX_BAD_SHARE

    text = " ".join(page("tables.md").split())
    assert f"{MAX_BAD_SHARE:.0%} when nothing is said" in text
    assert f"up to {FEW_ROWS} bad rows" in text


def test_every_name_of_the_policy_has_a_meaning_or_a_group_that_says_where(page):
    from dataclasses import fields, is_dataclass

    from skillfirst.cli.docs import MEANINGS
    from skillfirst.kernel.policy import Page, Policy

    own = {f.name for f in fields(Policy) if not is_dataclass(getattr(Policy(), f.name))}
    assert set(MEANINGS) >= own | {f"page.{f.name}" for f in fields(Page)}
    text = page("settings.md")
    for name in MEANINGS:
        assert re.search(rf"^\| `policy\.{re.escape(name)}` \| [^|]* \| [^|]*\w[^|]* \|$", text, re.M), name
    for path in re.findall(r"\(`(src/[^`]+)`\)", text):
        assert (ROOT / path).is_file()
    assert 'constants = {languages = "de"}' in text


def test_the_readme_says_how_the_command_comes_about():
    text = (ROOT / "README.md").read_text("utf-8")
    part = text[text.index("## With your own tables") :]
    assert part.index("make install") < part.index("skillfirst init")
    assert "docs/tables.md#your-own-files" in part
