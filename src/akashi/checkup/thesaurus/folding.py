"""Folding of terms: one key for the many ways to write the same word.

Guarantees: pure and idempotent: width, case, spaces, brackets, kana and dashes after katakana are levelled, then the
thesaurus's own spellings. Refuses: being shown to anybody; a key is for comparing only.

>>> term_key("（ポリ－プ）"), term_key("ぽりーぷ"), term_key("頚動脈", {"頚": "頸"})
('ポリープ', 'ポリープ', '頸動脈')
>>> is_negated("結節なし"), is_negated("無気肺"), is_negated("結節（－）")
(True, False, True)
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from akashi.checkup.cells.fold import key, normal

_BRACKETS = str.maketrans("", "", "()[]{}<>〈〉《》「」『』【】〔〕〘〙〚〛⟨⟩")
_TO_KATAKANA = str.maketrans({chr(sign): chr(sign + 0x60) for sign in range(0x3041, 0x3097)})
_LONG = re.compile(r"(?<=[ァ-ヺー])-(?=[ァ-ヺ])")
# 「(-)」 says no; without its brackets it could be taken for anything.
_MINUS = re.compile(r"[(\[〔【]-+[)\]〕】]")
_PASSES = 6
# In Japanese what says "not", "none" or "excluded" stands at the end. 「結節(-)」 is 「結節無」 by then.
_ENDS = re.compile(r"(ナシ|無シ|無|[メエレ見]ズ|ナイ|マセン|陰性|否定|除外|消失|-)[。.]?$")
_ANYWHERE = re.compile(r"ナシ|無|ズ|ナイ|マセン|陰性|否定|除外|消失|±|-$")
_ENGLISH = re.compile(r"(?<![a-z])(no|not|without|negative|neg)(?![a-z])")


def _levelled(text: str) -> str:
    bare = _MINUS.sub("無", key(text)).translate(_BRACKETS).translate(_TO_KATAKANA)
    return key(_LONG.sub("ー", bare))


def term_key(text: str, spellings: Mapping[str, str] | None = None) -> str:
    """The key of ``text``; ``spellings`` are replacements of parts (keys on both sides), longest first."""
    for _ in range(_PASSES):
        folded = _levelled(text)
        for old, new in spellings.items() if spellings else ():
            folded = folded.replace(old, new)
        if folded == text:
            return text
        text = folded
    return text


def is_negated(text: str) -> bool:
    """Whether ``text``, as one word, says that something is absent."""
    return _ENDS.search(term_key(text)) is not None


def may_negate(text: str) -> bool:
    """Whether a text nobody understands may say that something is absent: rather too often than not often enough.

    >>> may_negate("腫瘤は認めないが要注意"), may_negate("no mass"), may_negate("nodule")
    (True, True, False)
    """
    return _ANYWHERE.search(term_key(text)) is not None or _ENGLISH.search(normal("NFKC", text).casefold()) is not None
