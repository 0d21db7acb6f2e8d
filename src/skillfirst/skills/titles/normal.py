"""One writing for titles that differ in spelling only: abbreviations spelt out, seniority and gender taken off."""

from __future__ import annotations

import re

from skillfirst.skills.text import token_line

ABBREVIATIONS = {
    "acct": "accountant",
    "admin": "administrator",
    "ai": "artificial intelligence",
    "anlst": "analyst",
    "arch": "architect",
    "assoc": "associate",
    "asst": "assistant",
    "ceo": "chief executive officer",
    "cfo": "chief financial officer",
    "cio": "chief information officer",
    "coo": "chief operating officer",
    "coord": "coordinator",
    "cto": "chief technology officer",
    "dba": "database administrator",
    "dept": "department",
    "dev": "developer",
    "dir": "director",
    "elec": "electrical",
    "eng": "engineer",
    "engr": "engineer",
    "evp": "executive vice president",
    "exec": "executive",
    "hr": "human resources",
    "intl": "international",
    "jr": "junior",
    "maint": "maintenance",
    "mech": "mechanical",
    "mfg": "manufacturing",
    "mgmt": "management",
    "mgr": "manager",
    "mktg": "marketing",
    "ml": "machine learning",
    "ops": "operations",
    "prog": "programmer",
    "qa": "quality assurance",
    "rep": "representative",
    "rn": "registered nurse",
    "spec": "specialist",
    "sr": "senior",
    "supv": "supervisor",
    "svc": "service",
    "svp": "senior vice president",
    "sw": "software",
    "swe": "software engineer",
    "sysadmin": "system administrator",
    "tech": "technician",
    "vp": "vice president",
}
"""Whole words only; what can mean two things in titles (pm, pa, it) is left to aliases."""

SENIORITY = frozenset(
    {
        "senior", "junior", "intern", "trainee", "apprentice", "graduate", "entry", "mid", "level", "lead", "principal",
        "staff", "distinguished", "i", "ii", "iii", "iv", "v", "1", "2", "3", "4", "debutant", "confirme", "praktikant",
        "werkstudent", "azubi",
    }
)  # fmt: skip

# what people put into a field they must fill; no title, however many names contain such a word
NO_TITLE = frozenset(
    {
        "other", "others", "none", "nothing", "n", "a", "na", "unknown", "various", "misc", "miscellaneous", "not",
        "applicable", "specify", "please", "sonstige", "sonstiges", "andere", "autre", "autres", "otro", "otra",
        "otros", "その他",
    }
)  # fmt: skip

_GENDER_MARKS = re.compile(
    r"\(?\b[mwfdhx](?:\s*[/|]\s*[mwfdhx])+\b\)?|\(in\)|\*in(?:nen)?\b|:in(?:nen)?\b|/-?in(?:nen)?\b", re.I
)
_BOTH_FORMS = re.compile(
    r"[·•.]?\((?:e|ne|euse|trice|ère|a|ora)\)|[·•](?:e|ne|euse|trice|ère)\b|/(?:euse|trice|a|ora)\b", re.I
)
_ASIDE = re.compile(r"\(([^()]*)\)")

# feminine endings of French, Spanish and German job titles, on words long enough to be one; folded, longest first
_ENDINGS = (
    ("entwicklerin", "entwickler"),
    ("euse", "eur"),
    ("trice", "teur"),
    ("ienne", "ien"),
    ("iere", "ier"),
    ("adora", "ador"),
    ("tora", "tor"),
    ("erin", "er"),
    ("orin", "or"),
    ("istin", "ist"),
)
_SHORTEST = 7  # letters; "nurse" and "chorin" are no feminine forms


def _masculine(word: str) -> str:
    if len(word) >= _SHORTEST:
        for ending, other in _ENDINGS:
            if word.endswith(ending):
                return word[: -len(ending)] + other
    return word


def normal_title(text: str) -> str:
    """The folded words of a title, without seniority unless nothing else is left.

    "Sr. SW Eng. (m/f)" is "software engineer".
    """
    text = _BOTH_FORMS.sub("", _GENDER_MARKS.sub(" ", text))
    words = token_line(text).split()
    spelt = " ".join(ABBREVIATIONS.get(word, word) for word in words).split()
    plain = [_masculine(word) for word in spelt if word not in SENIORITY]
    return " ".join(plain or spelt)


def says_nothing(form: str) -> bool:
    """Whether a normal form is how people say that they name no title."""
    return NO_TITLE.issuperset(form.split())


def writings(text: str) -> list[str]:
    """The normal forms of an alias: as a whole, without what stands in brackets, and that alone ("CEO (Chief Executive
    Officer)" is three names of one title)."""
    forms = [normal_title(text)]
    if "(" in text:
        forms.append(normal_title(_ASIDE.sub(" ", text)))
        forms += [normal_title(aside) for aside in _ASIDE.findall(text)]
    return [form for form in dict.fromkeys(forms) if form]
