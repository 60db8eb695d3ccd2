"""The maps, item table and format definition that a gateway converts with.

Guarantees: the files in ``formats/`` are parsed strictly when first needed; of the institution's own maps only those count that are approved on
the ledger and unaltered, and they come before shipped ones. Refuses: files over 4 MiB; maps that merely lie in a folder. Trusted: whoever
can change ``formats/`` or ``standard-format.yaml`` can change what a column means, and who can change ``terms/`` what a word means; what was
decided about words at the gateway (``decided``) comes last and wins.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import date
from pathlib import Path

from akashi.checkup import FormatDefinition, Inspection, ItemTable, LayoutMap, load_definition, load_items, load_map
from akashi.checkup.approval.errors import MapNotUsable
from akashi.checkup.approval.model import Unusable, Usable
from akashi.checkup.errors import LayoutUnknown
from akashi.checkup.mapping.words import WordList, load_words
from akashi.checkup.tabular.layout import newest_of
from akashi.checkup.thesaurus.vocabulary import Vocabulary, load_vocabulary
from akashi.errors import InputError

FORMATS = Path(__file__).resolve().parents[4] / "formats"
STANDARD_DEFINITION = "akashi-subset-1.yaml"
_LICENSEE, _TERMS = "standard-format.yaml", "terms"
_ITEM_TABLES = tuple(f"items-{name}.csv" for name in ("v4", "additional", "own", "v3", "guidance", "municipal"))
MAX_TEXT = 4 * 1024 * 1024


class MapTooLarge(InputError):
    """A map file over 4 MiB."""

    code = "app.map_too_large"
    ja, en = "変換表のファイルが大きすぎます（{name}）。", "The map file is too large ({name})."


Approved = Callable[[], tuple[list[Usable], list[Unusable]]]
"""What ``MapApprovals.look`` says: own and adopted maps that may be used, and those that may not."""
Decided = Callable[[], tuple[str, ...]]
"""Thesauri that the institution's own people made of words nobody knew."""


class MapShelf:
    """Loads each shipped file once; asks each time which of the institution's own maps may be used. Thread-safe.

    ``folder`` holds a licensee's ``standard-format.yaml``, and in ``terms/`` the institution's own thesauri and judgement vocabularies. With ``loose`` its other files are maps too, approved by nobody: for the
    console, where somebody tries a map and names the folder.
    """

    def __init__(
        self,
        folder: Path,
        formats: Path = FORMATS,
        approved: Approved | None = None,
        *,
        decided: Decided | None = None,
        loose: bool = False,
    ) -> None:
        self._folder, self._formats, self._approved, self._loose = folder, formats, approved, loose
        self._decided = decided
        self._lock = threading.Lock()
        self._shipped: list[LayoutMap] | None = None
        self._own: list[LayoutMap] | None = None
        self._items: ItemTable | None = None
        self._definition: FormatDefinition | None = None
        self._words: WordList | None = None
        self._vocabulary: tuple[object, Vocabulary] | None = None

    def maps(self) -> list[LayoutMap]:
        """The institution's own maps that may be used, the newest version of each first, then the shipped ones."""
        usable = self._approved()[0] if self._approved else []
        return [*(one.layout_map for one in usable), *self._loose_maps(), *self.shipped()]

    def map_for(self, seen: Inspection, on: date) -> LayoutMap:
        """The map for a file that was looked at. Raises ``LayoutUnknown``, ``MapNotValid``, ``MapNotUsable``.

        Of several versions the highest that is valid on the day counts; of several maps the one valid since the latest day.
        """
        known = [one for one in self.maps() if one.layout_hash == seen.layout_hash or one.map_id == seen.map_id]
        if not any(one.valid_on(on) for one in known):
            self._refuse_unusable(seen.layout_hash)
            if not known:
                raise LayoutUnknown(columns=len(seen.columns))
        return newest_of(known, on)

    def _refuse_unusable(self, layout_hash: str) -> None:
        """A file whose only map was retired or altered is not one of an unknown layout."""
        for one in self._approved()[1] if self._approved else []:
            if f"sha256:{one.layout.hex()}" == layout_hash:
                raise MapNotUsable(map=one.version.map_id, version=one.version.version, reason=one.version.state.value)

    def shipped(self) -> list[LayoutMap]:
        """The maps that are part of the program; nobody needs to approve them."""
        with self._lock:
            if self._shipped is None:
                self._shipped = [load_map(_text(path)) for path in sorted((self._formats / "maps").glob("*.yaml"))]
            return self._shipped

    def shipped_ids(self) -> frozenset[str]:
        """Ids that no map of an institution may have."""
        return frozenset(one.map_id for one in self.shipped())

    def _loose_maps(self) -> list[LayoutMap]:
        if not self._loose or not self._folder.is_dir():
            return []
        with self._lock:
            if self._own is None:
                self._own = [load_map(_text(path)) for path in self.lying()]
            return self._own

    def lying(self) -> list[Path]:
        """Map files in the institution's folder: nobody approved them, so no conversion at a gateway uses them."""
        found = sorted(self._folder.glob("*.yaml")) if self._folder.is_dir() else []
        return [path for path in found if path.name != _LICENSEE]

    def items(self) -> ItemTable:
        """The item table (codes, names, types, units)."""
        with self._lock:
            if self._items is None:
                tables = [_text(self._formats / name) for name in _ITEM_TABLES]
                self._items = load_items(tables, _text(self._formats / "codes-v4.csv"))
            return self._items

    def words(self) -> WordList:
        """The drafter's word list."""
        with self._lock:
            if self._words is None:
                self._words = load_words(_text(self._formats / "map-words.yaml"))
            return self._words

    def vocabulary(self) -> Vocabulary:
        """Thesauri and judgement vocabularies: the shipped ones, those in ``terms/``, and what was decided; read again when that changed.

        Raises ``VocabularyInvalid``.
        """
        shipped = [*self._formats.glob("thesaurus/*.yaml"), *self._formats.glob("judgements/*.yaml")]
        paths = [*sorted(shipped), *sorted(self._folder.glob(f"{_TERMS}/*.yaml"))]
        decided = self._decided() if self._decided else ()
        files = [(path, seen.st_mtime_ns, seen.st_size) for path, seen in ((path, path.stat()) for path in paths)]
        state = files, decided
        with self._lock:
            if self._vocabulary is None or self._vocabulary[0] != state:
                self._vocabulary = state, load_vocabulary([*map(_text, paths), *decided])
            return self._vocabulary[1]

    def definition(self) -> FormatDefinition:
        """The format definition of the standard CSV: our own subset unless a licensee's file stands in its place."""
        with self._lock:
            if self._definition is None:
                own = self._folder / _LICENSEE
                self._definition = load_definition(_text(own if own.is_file() else self._formats / STANDARD_DEFINITION))
            return self._definition


def today(now_ms: int) -> date:
    """The day in Japan at ``now_ms``: fixed offset +9 h, no daylight saving."""
    return date.fromordinal(date(1970, 1, 1).toordinal() + (now_ms + 9 * 3_600_000) // 86_400_000)


def _text(path: Path) -> str:
    if path.stat().st_size > MAX_TEXT:
        raise MapTooLarge(name=path.name)
    return path.read_text(encoding="utf-8")
