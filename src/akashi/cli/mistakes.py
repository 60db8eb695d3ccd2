"""What the argument parser says of a command line's mistakes, in Japanese.

Guarantees: names of options and commands, and what the person typed, stay as they are; a sentence that is not in the table (a later
Python's) is shown as it came, never left out. Refuses nothing. Trusts nobody.
"""

from __future__ import annotations

import re

_ABOUT = re.compile(r"argument (?P<name>[^:]+): (?P<rest>.*)", re.DOTALL)
_SENTENCES: tuple[tuple[str, str], ...] = (
    (r"the following arguments are required: (.+)", r"必要な指定がありません: \1"),
    (r"one of the arguments (.+) is required", r"どれか一つの指定が必要です: \1"),
    (r"not allowed with argument (.+)", r"\1 と同時には指定できません"),
    (r"expected one argument", r"値を一つ続けてください"),
    (r"expected at least one argument", r"値を一つ以上続けてください"),
    (r"expected at most one argument", r"値は一つまでです"),
    (r"expected (\d+) arguments?", r"値を \1 個続けてください"),
    (r"invalid choice: (.+) \(choose from (.*)\)", r"\1 は選べません（選べるもの: \2）"),
    (r"invalid choice: (.+?)", r"\1 は選べません"),
    (r"invalid (?:int|float) value: (.+)", r"\1 は数ではありません"),
    (r"invalid \w+ value: (.+)", r"\1 は使えない値です"),
    (r"unrecognized arguments: (.+)", r"知らない指定です: \1"),
    (r"ambiguous option: (.+) could match (.+)", r"\1 だけでは決まりません（候補: \2）"),
    (r"not UTF-8: (.+)", r"文字として読めません。UTF-8 の端末で入力してください: \1"),
    (r"ignored explicit argument (.+)", r"値は要りません: \1"),
)
"""The sentences of Python's argparse, 3.11 to 3.13, and ours."""
_KNOWN = [(re.compile(pattern, re.DOTALL), japanese) for pattern, japanese in _SENTENCES]


def in_japanese(said: str) -> str:
    """The parser's sentence for a person; what is no sentence of the parser's comes back unchanged.

    >>> in_japanese("argument --most: expected one argument")
    '--most: 値を一つ続けてください'
    >>> in_japanese("--to archive: --receiver NUMBER")
    '--to archive: --receiver NUMBER'
    """
    about = _ABOUT.fullmatch(said)
    if about:
        return f"{about['name']}: {in_japanese(about['rest'])}"
    for pattern, japanese in _KNOWN:
        found = pattern.fullmatch(said)
        if found:
            return found.expand(japanese)
    return said
