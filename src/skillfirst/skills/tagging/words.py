"""Names of skills that are also ordinary words or given names: they need their proper case to be meant.

Only words whose everyday sense is another one stand here: "design" is a skill in either case, "excel" is not.
"""

from __future__ import annotations

_WORDS = """
access act air ajax amber angular ant apex arc aspect atom aurora babel backbone bamboo base bash beam bear
bottle brackets bridge camel canvas capture care cascade castle chain chart chef chrome cinder circle clean
click cobalt cocoa concur condor confluence coral core couch crystal current dart dash dial discord dispatch
dove draw dream drill drive drop eagle echo eclipse edge elastic electron element elk elm ember epic escape
essence excel express eye fabric fiddler fire flash flask flex flow flume flux focus forge forms framer fusion
galaxy gatling gem glue go grasshopper grid groovy guard hack helm hive horizon hub hyper ignite impala indigo
ink insight iris jam jasmine jest jump keynote kite knife lambda less light lightning lime live loom lotus lucid
luna lynx magic make mantis mars maven meet mercury mesh metro mint mocha mono motion muse nano native neon nest
next node notes notion nova numbers oracle orange outlook oxygen pages parcel phoenix pig pilot play polymer
power presto prism processing project pulse puppet pure push quest quick raft rails raven reach react reason
relay remix rest revel ring rocket rose rust saga sage salt sass scheme scratch script season sense sentinel
sheets shell siri sketch slack slim smart snowflake soap solo sonar spark spine splash spring spruce squash
stage star stencil storm stream sublime surface swift swing sync tableau tally teams tempo titan torch tornado
triton unity unreal vault vector viper vision visit wave wing wire word workday workplace works yarn yeoman
zeppelin zone zoom
"""

_NAMES = """
ada alice angela anna bella clara claude clementine delphi diana dylan elena ella emma eva felix grace hugo iris
ivy jade jasmine jenkins julia julius kali lara laurel leo lily lisa luna maria marlin maya mia miranda nina
oliver otto pascal penelope ruby sam scala siri sophia stella theo tyler victoria watson
"""

COMMON_WORDS = frozenset(_WORDS.split())
GIVEN_NAMES = frozenset(_NAMES.split())


def is_ambiguous(line: str) -> bool:
    """Whether a folded token line is one letter, an ordinary word or a given name."""
    if len(line) == 1:
        return line.isalpha() and line.isascii()
    return line in COMMON_WORDS or line in GIVEN_NAMES
