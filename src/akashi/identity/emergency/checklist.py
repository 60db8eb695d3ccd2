"""The checklist of recovery: read from a data file, checked, in two languages.

Guarantees: steps are numbered from 1 without a gap; a version is a file of its own, because its number stands on the ledger. Refuses files
that miss a word. Trusts: whoever can write the program's folder.

>>> read_checklist(b'{"version": 1, "steps": [{"number": 1, "ja": "a", "en": "b", "who_ja": "c", "who_en": "d"}]}').steps[0].en
'b'
"""

from __future__ import annotations

import json

from akashi.errors import Misuse
from akashi.identity.emergency.model import MAX_STEPS, Checklist, Step

_WORDS = ("ja", "en", "who_ja", "who_en")


def read_checklist(data: bytes) -> Checklist:
    """One checklist file. Raises ``Misuse`` for a file of ours that is not one."""
    top = json.loads(data)
    rows = top["steps"] if isinstance(top, dict) else []
    steps = []
    for at, row in enumerate(rows, 1):
        if row.get("number") != at or not all(isinstance(row.get(word), str) and row[word] for word in _WORDS):
            raise Misuse(what=f"checklist step {at}")
        steps.append(Step(at, *(row[word] for word in _WORDS)))
    if not steps or len(steps) > MAX_STEPS or not isinstance(top["version"], int):
        raise Misuse(what="checklist")
    return Checklist(top["version"], tuple(steps))
