"""The evidence folder: an index page, one folder for each item, raw output once, and digests of every file.

Guarantees: the same inputs give the same files; every file but the list itself stands in ``SHA256SUMS`` (checked by ``sha256sum -c`` or
anything like it) and, with what it is, in ``manifest.json``; raw output is there with its salt, so that it can be held against the run's
commitment; names can be written on Windows, macOS and Linux. The page has no script and loads nothing. Refuses: more than 20,000 files or
512 MiB. Trusts: the caller for who may read raw output and evidence; the folder is as confidential as what is put in. Pure.
"""

from __future__ import annotations

import io
import json
import re
import unicodedata
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

from akashi.conformity.model import Decision, Item, Measurement
from akashi.conformity.paper.dates import both, iso, minute
from akashi.conformity.paper.errors import FolderTooLarge
from akashi.conformity.paper.page import index_page
from akashi.conformity.paper.report import expiry
from akashi.conformity.paper.view import BASES, REACHES, REPLIES, VERDICTS, RunView, shown_fact
from akashi.conformity.proof.commitments import Committed

MAX_FILES, MAX_BYTES = 20_000, 512 << 20
SUMS, MANIFEST, INDEX, README = "SHA256SUMS", "manifest.json", "index.html", "はじめに.txt"
ITEMS, RAW = "証跡", "測定"
_FORBIDDEN = re.compile(
    '[<>:"/\\\\|?*\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff\ufffe\uffff]'
)
_DEVICES = re.compile(r"(CON|PRN|AUX|NUL|COM[0-9¹²³]|LPT[0-9¹²³])(\..*)?", re.IGNORECASE)
_NAME_BYTES = 120


@dataclass(frozen=True, slots=True)
class Attachment:
    """An evidence file as it is put in."""

    handle: str
    name: str = field(repr=False)
    kept_ms: int
    data: bytes = field(repr=False)


def write_folder(
    view: RunView, label: str, raw: Iterable[Committed] = (), attachments: Iterable[Attachment] = ()
) -> dict[str, bytes]:
    """All files by their paths (``/`` between folders). ``raw``: the run's apart items. Raises :class:`FolderTooLarge`."""
    shelf = _Shelf()
    places = _put_raw(shelf, view, {one.digest: one for one in raw})
    kept = {one.handle: one for one in attachments}
    items = view.items
    folders = {}
    for decision in view.decisions:
        item = items[decision.item]
        folders[item.id] = shelf.folder(f"{ITEMS}/{safe_name(item.id)}")
        _put_item(shelf, view, item, decision, folders[item.id], places, kept)
    shelf.put(INDEX, index_page(view, label, folders), "index")
    shelf.put(README, _readme(view, label), "readme")
    shelf.put(MANIFEST, shelf.manifest(view), "manifest")
    sums = "".join(f"{sha256(data).hexdigest()}  {path}\n" for path, data in sorted(shelf.files.items()))
    shelf.put(SUMS, sums.encode(), "sums")
    return dict(sorted(shelf.files.items()))


def zip_folder(files: Mapping[str, bytes], name: str) -> bytes:
    """The folder ``name`` as one ZIP file, the same bytes for the same files."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        for path, data in sorted(files.items()):
            row = zipfile.ZipInfo(f"{safe_name(name)}/{path}", (1980, 1, 1, 0, 0, 0))
            row.compress_type, row.external_attr = zipfile.ZIP_DEFLATED, 0o600 << 16
            file.writestr(row, data)
    return out.getvalue()


def safe_name(text: str) -> str:
    """A name that every common file system takes: no separators, devices, hidden or endless names.

    >>> safe_name("a/b:c"), safe_name("con.txt"), safe_name(" .. ")
    ('a_b_c', '_con.txt', 'file')
    """
    clean = _FORBIDDEN.sub("_", unicodedata.normalize("NFC", text)).strip(" .")
    stem, dot, ending = clean.rpartition(".")
    if not dot or len(ending.encode()) > 10:  # no ending that is worth keeping
        stem, dot, ending = clean, "", ""
    room = _NAME_BYTES - len((dot + ending).encode())
    short = stem.encode()[:room].decode(errors="ignore").rstrip(" .")
    made = f"{short}{dot}{ending}" if short else ending
    return f"_{made}" if _DEVICES.fullmatch(made) else made or "file"


class _Shelf:
    """Files by path, none of them twice even where case does not count, and what each of them is."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self._about: dict[str, dict[str, str]] = {}
        self._taken: set[str] = set()
        self._size = 0

    def folder(self, path: str) -> str:
        """A folder's path that nothing else has."""
        return self._free(path, "")

    def put(self, path: str, data: bytes, kind: str, **about: str) -> str:
        """Add a file under ``path`` or, where that is taken, beside it."""
        stem, dot, ending = path.rpartition(".")
        made = self._free(stem, f".{ending}") if dot and "/" not in ending else self._free(path, "")
        self._size += len(data)
        if len(self.files) >= MAX_FILES or self._size > MAX_BYTES:
            raise FolderTooLarge(count=len(self.files))
        self.files[made] = data
        self._about[made] = {"kind": kind, **about}
        return made

    def _free(self, stem: str, ending: str) -> str:
        number, made = 1, f"{stem}{ending}"
        while made.casefold() in self._taken:
            number += 1
            made = f"{stem}-{number}{ending}"
        self._taken.add(made.casefold())
        return made

    def manifest(self, view: RunView) -> bytes:
        """What is here, with the digest of each."""
        rows = [
            {"path": path, "sha256": sha256(data).hexdigest(), "bytes": len(data), **self._about[path]}
            for path, data in sorted(self.files.items())
        ]
        value = {
            "format": "akashi-evidence-folder/1",
            "institution": view.institution,
            "run": view.run,
            "root": view.root.hex(),
            "catalogue": {"id": view.catalogue.id, "digest": view.catalogue.digest.hex()},
            "judged_ms": view.judged_ms,
            "files": rows,
        }
        return json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True).encode() + b"\n"


def _put_raw(shelf: _Shelf, view: RunView, raw: Mapping[bytes, Committed]) -> dict[bytes, str]:
    """The raw output of the measurements, once each; commitment to path."""
    places = {}
    for one in view.measurements:
        found = raw.get(one.raw_digest)
        if found is not None and found.value:
            name = safe_name(f"{iso(one.ended_ms)}_{one.probe}_{one.target}.{_ending(found.value)}")
            about = {
                "commitment": found.digest.hex(),
                "salt": found.salt.hex(),
                "probe": one.probe,
                "target": one.target,
            }
            places[one.raw_digest] = shelf.put(f"{RAW}/{name}", found.value, "raw", **about)
    return places


def _ending(data: bytes) -> str:
    """How a raw output's name ends; text only if every byte of it is."""
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return "bin"
    return "txt"


def _put_item(
    shelf: _Shelf,
    view: RunView,
    item: Item,
    decision: Decision,
    folder: str,
    places: Mapping[bytes, str],
    kept: Mapping[str, Attachment],
) -> None:
    """One item's folder: its evidence files, and a page of text that says what was decided on what."""
    answer = view.answers.get(item.id)
    named = []
    for handle in answer.evidence if answer is not None else ():
        one = kept.get(handle)
        if one is not None:
            path = f"{folder}/{safe_name(f'{iso(one.kept_ms)}_{one.name}')}"
            named.append(shelf.put(path, one.data, "evidence", item=item.id, evidence=handle))
    lines = [*_decided(item, decision), *_answered(view, item), *(f"資料: {path}" for path in named)]
    for measured in view.measured(item):
        lines += _measured(measured, places.get(measured.raw_digest, ""))
    text = "".join(f"{line}\r\n" for line in lines).encode()
    shelf.put(f"{folder}/{iso(view.judged_ms)}_判定.txt", text, "decision", item=item.id)


def _decided(item: Item, decision: Decision) -> Sequence[str]:
    ends = expiry(decision)
    return [
        f"条項: {_flat(item.clause or item.id)}",
        f"求められていること（要約。公式の文ではありません）: {_flat(item.text.ja)}",
        f"判定: {VERDICTS[decision.verdict].ja}",
        f"根拠: {BASES[decision.basis].ja}",
        f"わけ: {_flat(decision.why.ja)}（{decision.reason}）",
        f"期限: {both(ends) if ends else 'なし'}",
        *(["食い違い: 申告と測定が合いません。"] if decision.contradiction else []),
        *([f"引き継ぎ元: {decision.carried}"] if decision.carried else []),
        *(f"判定の規則: {one.check} 第{one.judge_version}版" for one in decision.checks),
    ]


def _answered(view: RunView, item: Item) -> Sequence[str]:
    answer = view.answers.get(item.id)
    return [] if answer is None else [f"申告: {REPLIES[answer.reply].ja}（{both(answer.answered_ms)}）"]


def _measured(one: Measurement, path: str) -> Sequence[str]:
    facts = ", ".join(f"{key}={shown_fact(value)}" for key, value in sorted(one.facts.items()))
    said = f"測定: {one.probe} 対象 {one.target} {REACHES[one.reach].ja} {minute(one.ended_ms)} {one.tool} {one.note}"
    return [said.rstrip(), *([f"　値: {_flat(facts)}"] if facts else []), *([f"　生の記録: {path}"] if path else [])]


def _flat(text: str) -> str:
    """A text on one line."""
    return " ".join(text.split())


def _readme(view: RunView, label: str) -> bytes:
    lines = [
        f"{_flat(label)} の証跡フォルダ（{_flat(view.catalogue.title.ja)}）",
        f"判定した時: {minute(view.judged_ms)}（日本時間）　番号: {view.run}",
        "",
        f"はじめに {INDEX} を開いてください。項目ごとの資料は「{ITEMS}」、測定の生の記録は「{RAW}」にあります。",
        "",
        "中身が変わっていないことの確かめ方",
        f"  Linux:    sha256sum -c {SUMS}",
        f"  macOS:    shasum -a 256 -c {SUMS}",
        f"  Windows:  PowerShell の Get-FileHash の値を {SUMS} と見比べます。",
        "",
        "測定の生の記録が、台帳に記した測定のものであることの確かめ方",
        f"  {MANIFEST} の salt（16 バイト）と生の記録をつなぎ、前に",
        '  "akashi/conformity/item/1" と 0 のバイト一つを置いて SHA-256 を計算すると、commitment と同じになります。',
        f"  すべての測定・答え・判定の要約値は {view.root.hex()} です（台帳に記したもの）。",
        "  判定を計算し直すには、証拠の束に akashi conformity verify を使います。",
        "",
        "このフォルダには、施設の設定や名前が入っていることがあります。渡す相手を選んでください。",
    ]
    return "".join(f"{line}\r\n" for line in lines).encode("utf-8-sig")
