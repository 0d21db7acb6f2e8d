"""Names with the kind of thing in brackets behind them: `Go (Programming Language)` is Go, `Go (game)` is not."""

from __future__ import annotations

# Only what says that software is meant, word for word: who reads `Swift (banking system)` means another Swift. A word
# that fits other things as well (system, tool, engine) stands here with what makes it one of software.
KINDS = frozenset(
    {
        "programming language", "scripting language", "query language", "markup language", "computer language",
        "computer programming", "programming", "stylesheet language", "style sheet language",
        "software", "computer software", "software library", "software framework", "framework", "library",
        "web framework", "javascript framework", "javascript library", "python library", "python package",
        "java framework", "php framework", "css framework", "machine learning library", "deep learning framework",
        "version control system", "version control", "operating system", "database", "database management system",
        "configuration management tool", "game engine", "ide",
        "programmiersprache", "skriptsprache", "langage de programmation", "langage de script",
        "lenguaje de programación", "プログラミング言語",
    }
)  # fmt: skip


def bare_name(folded: str) -> str | None:
    """The name before a bracketed kind of software, or None where there is none. `folded`: by `fold_name`."""
    if not folded.endswith(")"):
        return None
    name, _, kind = folded[:-1].rpartition("(")
    return name.strip() or None if kind.strip() in KINDS else None
