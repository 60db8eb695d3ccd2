"""Which part names may lie in a seal (docs/spec/sealed-payload.md section 1).

Guarantees: a name that passes can be the name of one plain file on Windows, macOS and Linux, looks like what it is, and does
not become another one there. The rule is a list of code points, the same in every edition of Unicode. Refuses: names that
would leave a directory, reach a device, hide, or read backwards. Left to the caller: whether two names are equal.

>>> [is_part_name(name) for name in ("結果 2.csv", ".profile", "nul.csv", "a/b", "x\u202evsc.exe")]
[True, False, False, False, False]
"""

from __future__ import annotations

import re

MAX_NAME_BYTES = 255

REFUSED = (
    (0x0000, 0x001F),
    (0x007F, 0x009F),
    (0x00AD, 0x00AD),
    (0x0600, 0x0605),
    (0x061C, 0x061C),
    (0x06DD, 0x06DD),
    (0x070F, 0x070F),
    (0x0890, 0x0891),
    (0x08E2, 0x08E2),
    (0x180E, 0x180E),
    (0x200B, 0x200F),
    (0x2028, 0x202E),
    (0x2060, 0x206F),
    (0xD800, 0xF8FF),
    (0xFDD0, 0xFDEF),
    (0xFEFF, 0xFEFF),
    (0xFFF0, 0xFFFB),
    (0xFFFE, 0xFFFF),
    (0x110BD, 0x110BD),
    (0x110CD, 0x110CD),
    (0x13430, 0x1343F),
    (0x1BCA0, 0x1BCA3),
    (0x1D173, 0x1D17A),
    (0x1FFFE, 0x1FFFF),
    (0x2FFFE, 0x2FFFF),
    (0x3FFFE, 0xE00FF),
    (0xE01F0, 0x10FFFF),
)
"""Controls, format characters, line separators, surrogates, private use, noncharacters, and planes without characters.

Private use is refused because it looks different on every machine. E0100 to E01EF stay: they choose the form of a kanji.
"""

SEPARATORS = '"*/:<>?\\|'
"""No name on Windows may have one; ``/``, ``\\`` and ``:`` separate paths on one system or another."""

_UNSAFE = re.compile("[" + re.escape(SEPARATORS) + "".join(f"{chr(low)}-{chr(high)}" for low, high in REFUSED) + "]")
_DEVICE = re.compile(
    r"(?:CON|PRN|AUX|NUL|CONIN\$|CONOUT\$|(?:COM|LPT)[0-9\u00b9\u00b2\u00b3]) *(?:\..*)?", re.ASCII | re.IGNORECASE
)
"""Windows opens the device whatever follows the first dot. ASCII: only the case of A to Z is ignored."""


def is_part_name(name: str) -> bool:
    """Whether a part may have this name."""
    if not name or _UNSAFE.search(name) or len(name.encode("utf-8")) > MAX_NAME_BYTES:
        return False
    # A dot in front hides the file or is "."; Windows drops dots and spaces at the end.
    return not name.startswith(".") and not name.endswith((".", " ")) and not _DEVICE.fullmatch(name)
