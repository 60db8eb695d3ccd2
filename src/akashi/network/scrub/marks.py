"""The marker of a repair: that one is wanted, and how far it is.

Guarantees: written whole and durably; as long as it is there and not ``whole`` the server must not vote. A marker that cannot be read means a repair from the beginning.
Trusted: whoever can remove it can make a damaged server start; its own checks then find the damage again.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from akashi.durable import remove_file, write_file
from akashi.network.model import IncidentPlace
from akashi.network.scrub.model import Damage

MARKER = "repair.json"
_ORDER = ("aside", "leaves", "blocks", "whole")


@dataclass(frozen=True, slots=True)
class Mark:
    """How far a repair is. ``stamp``: when it was found (ms), which also names the quarantine."""

    stamp: int
    damage: Damage
    step: str = _ORDER[0]
    said: tuple[str, ...] = ()
    """The signed incidents (base64), once they are composed: after a cut the same ones are handed in."""

    def write(self, network: Path) -> Self:
        """Keep it, durably."""
        value = {
            "stamp": self.stamp, "step": self.step, "said": self.said,
            "place": int(self.damage.place), "failure": self.damage.failure, "at": self.damage.at,
        }  # fmt: skip
        write_file(network / MARKER, json.dumps(value).encode() + b"\n")
        return self

    @property
    def is_whole(self) -> bool:
        """Rebuilt and compared: it may vote, and has yet to report."""
        return self.step == _ORDER[-1]

    @staticmethod
    def remove(network: Path) -> None:
        """All is done."""
        remove_file(network / MARKER)

    @classmethod
    def read(cls, network: Path) -> Self | None:
        """``None`` where no repair is under way. A marker that cannot be read means one from the beginning."""
        try:
            value: dict[str, Any] = json.loads((network / MARKER).read_bytes())
            damage = Damage(IncidentPlace(value["place"]), str(value["failure"]), int(value["at"]))
            if value["step"] in _ORDER:
                return cls(int(value["stamp"]), damage, value["step"], tuple(str(one) for one in value["said"]))
        except FileNotFoundError:
            return None
        except (KeyError, TypeError, ValueError, OSError):
            pass  # said below
        return cls(0, Damage(IncidentPlace.NOTES, "repair.marker", 0))
