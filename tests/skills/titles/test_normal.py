"""Titles that differ in spelling only are one title."""

from __future__ import annotations

import pytest

from skillfirst.skills.titles.normal import normal_title, writings


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("Sr. SW Eng.", "software engineer"),
        ("Senior Software Engineer", "software engineer"),
        ("Software Engineer II", "software engineer"),
        ("Softwareentwickler (m/w/d)", "softwareentwickler"),
        ("Softwareentwicklerin", "softwareentwickler"),
        ("Développeuse front-end", "developpeur front end"),
        ("Directrice générale", "directeur generale"),
        ("VP Mktg", "vice president marketing"),
        ("Programadora", "programador"),
        ("Senior", "senior"),
        ("  ", ""),
    ],
)
def test_normal_form(written: str, normal: str) -> None:
    assert normal_title(written) == normal


@pytest.mark.parametrize("title", ["Nurse", "Doctor", "C++ Developer", "看護師"])
def test_what_is_no_feminine_form_stays(title: str) -> None:
    assert normal_title(title).replace(" ", "") == title.lower().replace(" ", "")


def test_an_alias_with_an_aside_is_three_names() -> None:
    assert writings("Rocket Officer (RO)") == ["rocket officer ro", "rocket officer", "ro"]
