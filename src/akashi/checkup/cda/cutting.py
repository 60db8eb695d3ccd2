"""The fast road of the hc08 reader: equal entries of many documents are parsed once.

Guarantees: what this road gives is what the ordinary one gives (a property test holds them together); whatever is in doubt
goes the ordinary way. What is remembered is bounded in number and length. Trusts: ``refuse_shape`` has let the
document pass.

Many documents repeat the same entries byte for byte. Where a document is plain (no comments, CDATA or instructions, all
namespaces on the root), each entry is cut out and the rest is parsed with empty entries in their places. ``<`` can stand
nowhere but at the start of a tag, so each piece is well-formed by itself exactly when the whole is. A series of
observations under a parent that says nothing is cut into its members the same way.
"""

from __future__ import annotations

from lxml.etree import XPath, _Element

from akashi.checkup.cda.parsing import parse_refused
from akashi.checkup.cda.statements import NS, Entry, Remark, is_silent, read_entry
from akashi.checkup.errors import DocumentInvalid
from akashi.checkup.formats.items import ItemTable

ENTRIES = f"{NS}component/{NS}structuredBody/{NS}component/{NS}section/{NS}entry"
_V3, _XSI = "urn:hl7-org:v3", "http://www.w3.org/2001/XMLSchema-instance"
_OPEN, _CLOSE, _EMPTY = b"<entry>", b"</entry>", b"<entry/>"
_MEMBER, _MEMBER_END, _PARENT_END = b"<entryRelationship ", b"</entryRelationship>", b"</observation>"
_WRAP, _UNWRAP = f'<section xmlns="{_V3}" xmlns:xsi="{_XSI}">'.encode(), b"</section>"
_ALL = XPath("count(descendant::h:entry)", namespaces={"h": _V3})
_COUNT = XPath("count(h:component/h:structuredBody/h:component/h:section/h:entry)", namespaces={"h": _V3})
_REMEMBERED, _LONGEST, _MOST_OPENINGS = 16_384, 768, 256


def lines_of_entries(data: bytes) -> list[int]:
    """The lines the cut-out entries start on."""
    lines, line = [], 1
    for piece in data.split(_OPEN)[:-1]:
        line += piece.count(b"\n")
        lines.append(line)
    return lines


def _cut(data: bytes) -> tuple[_Element, list[bytes]] | None:
    """(root with empty entries, the entries), or nothing where a cut would not be sound."""
    pieces = data.split(_OPEN)
    if len(pieces) < 2 or b"<!" in data or data.find(b"<?", 1) >= 0:
        return None
    rest, fragments = [pieces[0]], []
    for piece in pieces[1:]:
        fragment, closed, after = piece.partition(_CLOSE)
        # A member of a series states something; the same bytes straight inside an entry state nothing.
        if not closed or fragment.startswith(_MEMBER):
            return None
        fragments.append(fragment)
        rest.append(after)
    skeleton = _EMPTY.join(rest)
    start = skeleton.find(b"<ClinicalDocument")
    # The next "<" ends the root's own tag; namespaces declared later would change what the pieces mean.
    if start < 0 or b"xmlns" in skeleton[skeleton.find(b"<", start + 1) :]:
        return None
    root = parse_refused(skeleton)
    named = root.nsmap
    if named.get(None) != _V3 or named.get("xsi") != _XSI or not _COUNT(root) == _ALL(root) == len(fragments):
        return None
    return root, fragments


class EntryMemory:
    """Entries and members of series, by their bytes, as read against one item table."""

    def __init__(self, items: ItemTable) -> None:
        self._items = items
        self._known: dict[bytes, Entry] = {}
        self._openings: dict[bytes, bool] = {}

    def parted(self, data: bytes) -> tuple[_Element, list[Entry]] | None:
        """(root with empty entries, what the entries state), or nothing where only the ordinary way is sound."""
        try:
            cut = _cut(data)
            return None if cut is None else (cut[0], self._entries(cut[1]))
        except DocumentInvalid:
            return None

    def _silent(self, opening: bytes) -> bool:
        """Whether ``opening`` starts an observation that only holds a series together."""
        known = self._openings.get(opening)
        if known is None:
            if len(self._openings) >= _MOST_OPENINGS:
                self._openings.clear()
            node = parse_refused(_WRAP + _OPEN + opening + _PARENT_END + _CLOSE + _UNWRAP)[0]
            known = self._openings[opening] = len(node) == 1 and is_silent(node[0])
        return known

    def _members(self, fragment: bytes) -> list[bytes] | None:
        """The members of a series, white space behind each kept for its lines; nothing where it is no plain series."""
        opening, *pieces = fragment.split(_MEMBER)
        if not pieces or not self._silent(opening):
            return None
        members = [opening]
        for piece in pieces:
            member, closed, after = piece.partition(_MEMBER_END)
            if not closed:
                return None
            members += (_MEMBER + member + _MEMBER_END, after)
        if members[-1].strip() != _PARENT_END or any(part.strip() for part in members[2:-1:2]):
            return None
        return members

    def _entries(self, fragments: list[bytes]) -> list[Entry]:
        known = self._known
        series = {}
        new: dict[bytes, bytes] = {}
        found: dict[bytes, Entry] = {}
        for fragment in fragments:
            entry = known.get(fragment)
            if entry is not None:
                found[fragment] = entry
                continue
            members = self._members(fragment)
            if members is None:
                new[fragment] = _OPEN + fragment + _CLOSE
                continue
            series[fragment] = members
            for member in members[1::2]:
                entry = known.get(member)
                if entry is None:
                    new[member] = member
                else:
                    found[member] = entry
        self._learn(new, found)
        for fragment, members in series.items():
            found[fragment] = _joined(members, found)
        return [found[fragment] for fragment in fragments]

    def _learn(self, new: dict[bytes, bytes], found: dict[bytes, Entry]) -> None:
        """Parse what was not met before, all at once; ``new`` holds what is remembered and its whole element."""
        if not new:
            return
        known = self._known
        for fragment, node in zip(new, parse_refused(_WRAP + b"".join(new.values()) + _UNWRAP), strict=True):
            found[fragment] = entry = read_entry(node, self._items)
            if len(fragment) <= _LONGEST:
                if len(known) >= _REMEMBERED:
                    known.clear()
                known[fragment] = entry


def _joined(members: list[bytes], found: dict[bytes, Entry]) -> Entry:
    """One entry of a series' members, in their order."""
    entries = [found[member] for member in members[1::2]]
    results = tuple(result for entry in entries for result in entry.results)
    if not any(entry.remarks for entry in entries):
        return Entry(results, ())
    remarks: list[Remark] = []
    line = members[0].count(b"\n")
    for member, after in zip(members[1::2], members[2::2], strict=True):
        remarks += [remark._replace(line=remark.line + line) for remark in found[member].remarks]
        line += member.count(b"\n") + after.count(b"\n")
    return Entry(results, tuple(remarks))
