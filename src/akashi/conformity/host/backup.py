"""Backups: how many generations, on how many kinds of media, whether they can be destroyed, and whether they come back whole.

Guarantees: what is deleted is a canary that this probe added itself; whether older generations are sealed is found by asking for the
change of a mode to what it already is, which alters nothing. A restore goes to scratch and is compared by SHA-256. Refuses: to touch a
generation. Trusts: restic for its own repository format (its blobs are named by their SHA-256); the owner for what kind of medium it is.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
import tarfile
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from akashi.conformity.errors import Unreached
from akashi.conformity.host.reading import files_below, given_path, json_value, moment_ms, objects, read_bytes, text
from akashi.conformity.model import DAY_MS, Fact, Target, TargetKind
from akashi.conformity.probing import Bench, Observed, probe
from akashi.durable import make_directory, write_file

CANARY = "akashi-canary"
METHODS = frozenset({"internal", "external", "removable", "nas", "cloud"})
MAX_DRILL_MB = 200
MAX_DRILL_FILES = 500
MAX_SEALS = 2_000
NEVER_MS = 1 << 62
QUIET_MS = 30 * DAY_MS
"""A series that has been silent this much longer than the newest one has ended, and is not judged."""
_REFUSED = re.compile(rb"permission denied|read-only|operation not permitted|\b403\b|forbidden", re.IGNORECASE)
_MANIFEST = "SHA256SUMS"


@dataclass(frozen=True, slots=True)
class Generation:
    """One backup: its name in the store, and when it was made."""

    name: str
    made_ms: int


@probe("backup", kind=TargetKind.BACKUP, active=True)
def backup(target: Target, bench: Bench) -> Observed:
    """A restic repository (``password_file``) or a folder of generations.

    ``method`` and, for a second repository, ``second``, ``second_method``, ``second_password_file``; ``original``: what was backed up.
    """
    for key in ("method", "second_method"):
        if target.options.get(key, "nas") not in METHODS:
            raise Unreached(reason="option")
    store = _store(target, bench, target.address, "password_file")
    found, raw = store.generations()
    if not found:
        return Observed({"generations": 0, "days": 0, "newest_ms": 0, "methods": ()}, raw, store.tool)
    facts: dict[str, Fact] = {
        "generations": len(found),
        "days": len({one.made_ms // DAY_MS for one in found}),
        "newest_ms": found[0].made_ms,
        "local": Path(target.address).exists(),
        **_methods(target, bench),
        "sealed_from": _sealed_from(store, found),
    }
    refused = store.canary()
    if refused is not None:
        facts["canary_refused"] = refused
    facts |= store.drill(found[0])
    return Observed(facts, raw, store.tool)


def _methods(target: Target, bench: Bench) -> dict[str, Fact]:
    """The kinds of media that really hold a generation; two on one device are one."""
    made = {target.options["method"]} if target.options.get("method") else set[str]()
    second = target.options.get("second", "")
    same = False
    if second:
        key = "second_password_file" if target.options.get("second_password_file") else "password_file"
        try:
            found, _ = _store(target, bench, second, key).generations()
        except Unreached:
            found = []  # a medium that is not there holds nothing; the first one is still to be judged
        same = _device(target.address) is not None and _device(target.address) == _device(second)
        if found and not same and target.options.get("second_method"):
            made.add(target.options["second_method"])
    return {"methods": tuple(sorted(made)), "same_device": same}


def _device(address: str) -> int | None:
    try:
        return Path(address).stat().st_dev
    except OSError:
        return None


def _sealed_from(store: Restic | Folder, found: Sequence[Generation]) -> int:
    """The first generation (1 is the newest) from which on all are sealed; one more than there are if none is."""
    first = len(found) + 1
    for number in range(len(found), 0, -1):
        if not store.sealed(found[number - 1], found[number - 2].made_ms if number > 1 else NEVER_MS):
            break
        first = number
    return first


def sealed(path: Path) -> bool:
    """Whether even its owner may not change this file or folder: an immutable or append-only mark, or a medium for reading only."""
    state = path.lstat()
    if stat.S_ISLNK(state.st_mode):
        return not os.access(path.parent, os.W_OK)
    try:
        os.chmod(path, stat.S_IMODE(state.st_mode))
    except OSError:
        # A stranger's file refuses us too, and can still be taken out of a folder that is ours.
        return os.geteuid() in (0, state.st_uid) or not os.access(path.parent, os.W_OK)
    return False


class Restic:
    """A restic repository, by the program of that name."""

    tool = "restic"

    def __init__(self, target: Target, bench: Bench, address: str, key: str) -> None:
        program = bench.tool("restic")
        if program is None:
            raise Unreached(reason="no-tool")
        if not target.options.get(key):
            raise Unreached(reason="option")
        self._bench, self._address, self._target = bench, address, target
        self._listed: list[dict[str, object]] = []
        self._command = [program, "--no-cache", "--repo", address, "--password-file", target.options[key]]

    def _run(self, *words: str, given: bytes = b"", seconds: int = 60) -> tuple[int, bytes]:
        return self._bench.run([*self._command, *words], given=given, seconds=seconds)

    def _snapshots(self) -> tuple[list[dict[str, object]], bytes]:
        status, raw = self._run("--no-lock", "--json", "snapshots", seconds=20)
        if status != 0:
            raise Unreached(reason="repository")
        return objects(json_value(raw)), raw

    def generations(self) -> tuple[list[Generation], bytes]:
        """Those of the worst living series (host and paths), newest first."""
        listed, raw = self._snapshots()
        self._listed = listed
        series: dict[str, list[Generation]] = {}
        for one in listed:
            name, when = one.get("id"), one.get("time")
            if not isinstance(name, str) or not isinstance(when, str) or not re.fullmatch("[0-9a-f]{64}", name):
                raise Unreached(reason="format")
            if CANARY not in _tags(one):
                # restic writes nanoseconds; Python reads no more than microseconds
                made = moment_ms(re.sub(r"(\.\d{6})\d+", r"\1", when))
                series.setdefault(json.dumps([one.get("hostname"), one.get("paths")]), []).append(
                    Generation(name, made)
                )
        newest = max((one.made_ms for some in series.values() for one in some), default=0)
        living = [some for some in series.values() if max(one.made_ms for one in some) >= newest - QUIET_MS]
        worst = min(living, key=lambda some: (len(some), max(one.made_ms for one in some)), default=[])
        return sorted(worst, key=lambda one: -one.made_ms), raw

    def sealed(self, one: Generation, until_ms: int) -> bool:
        """A local repository's snapshot, and everything that was there before the next one began.

        Where nothing is that old (a copy that lost its times), it cannot be told what belongs to it: it is not sealed.
        """
        top = Path(self._address)
        if not (top / "snapshots").is_dir():
            return False
        head = [top / "config", *(top / "keys").iterdir(), top / "snapshots" / one.name]
        packs, indexes = (
            [path for path in files_below(top / name) if path.stat().st_mtime_ns // 1_000_000 <= until_ms]
            for name in ("data", "index")
        )
        return bool(packs) and all(sealed(path) for path in (*head, *_spread([*packs, *indexes], MAX_SEALS)))

    def canary(self) -> bool | None:
        """Add a snapshot of our own and try to forget it; ``None`` where it did not become clear.

        One that could not be forgotten stays, and the next run tries the same one.
        """
        known = self._canaries(self._listed)
        if not known:
            words = ("--host", CANARY, "--json", "backup", "--stdin", "--stdin-filename", CANARY, "--tag", CANARY)
            status, said = self._run(*words, given=b"canary")
            made = re.search(rb'"snapshot_id":"([0-9a-f]{8,64})"', said)
            if status != 0 or made is None:
                return True if _REFUSED.search(said) else None
            known = [made[1].decode()]
        said = self._forgotten(known[0])
        if not any(one.startswith(known[0]) for one in self._canaries(self._snapshots()[0])):
            return False
        return True if _REFUSED.search(said) else None  # a slow or broken connection is no protection

    def _forgotten(self, name: str) -> bytes:
        """Try it for a while. restic tries a refused deletion again for minutes, and cleans up its lock when it is interrupted."""
        timeout = self._bench.tool("timeout")
        if timeout is None:
            return b""
        patience = "3" if Path(self._address).exists() else "20"
        command = [timeout, "--signal=INT", "--kill-after=5", patience, *self._command, "forget", name]
        status, said = self._bench.run(command, seconds=40)
        if status == 128 + 9:
            self._run("unlock")  # only locks whose process is gone
        return said

    def _canaries(self, listed: Sequence[Mapping[str, object]]) -> list[str]:
        return [str(one.get("id")) for one in listed if _tags(one) == [CANARY] and one.get("hostname") == CANARY]

    def drill(self, one: Generation) -> dict[str, Fact]:
        """Restore the newest into scratch; restic compares each file with its blobs, and we with the original where one is named."""
        status, raw = self._run("--no-lock", "--json", "stats", "--mode", "restore-size", one.name)
        if status != 0:  # it was listed a moment ago: what cannot be measured now cannot be restored
            return {**_compared({}, {}, "engine"), "drill_files": 0, "drill_whole": False}
        size = objects([json_value(raw)])[0].get("total_size")
        if not isinstance(size, int) or size > MAX_DRILL_MB << 20:
            return {"drill_tried": False}
        place = self._bench.scratch / f"drill-{one.name[:8]}"
        try:
            status, _ = self._run("--no-lock", "restore", one.name, "--target", str(place), "--verify", seconds=120)
            restored = {str(path.relative_to(place)): path for path in files_below(place)} if place.is_dir() else {}
            facts = _compared({}, {}, "engine")
            if self._target.options.get("original"):
                original = given_path(self._target, "original").resolve()
                below = {name: path for name, path in restored.items() if Path("/", name).is_relative_to(original)}
                relative = {str(Path("/", name).relative_to(original)): _digest(path) for name, path in below.items()}
                facts = _compared(_originals(original, one.made_ms), relative, "original")
            return {**facts, "drill_files": len(restored), "drill_whole": status == 0}
        finally:
            shutil.rmtree(place, ignore_errors=True)


def _tags(one: Mapping[str, object]) -> list[object]:
    found = one.get("tags")
    return list(found) if isinstance(found, list) else []


class Folder:
    """A folder whose entries (folders, tar and zip archives) are generations."""

    tool = "akashi"

    def __init__(self, target: Target, bench: Bench, address: str) -> None:
        self._top, self._bench, self._target = Path(address), bench, target
        if not self._top.is_dir():
            raise Unreached(reason="file")

    def generations(self) -> tuple[list[Generation], bytes]:
        """Newest first; one without a single file with content is none."""
        made = []
        for entry in sorted(self._top.iterdir()):
            if entry.name.startswith((".", CANARY)) or entry.is_symlink():
                continue
            states = [path.stat() for path in (files_below(entry) if entry.is_dir() else [entry])]
            if any(state.st_size for state in states):
                made.append(Generation(entry.name, max(state.st_mtime_ns for state in states) // 1_000_000))
        raw = json.dumps([(one.name, one.made_ms) for one in made], ensure_ascii=False).encode()
        return sorted(made, key=lambda one: -one.made_ms), raw

    def sealed(self, one: Generation, until_ms: int) -> bool:  # noqa: ARG002
        """The entry and every file in it; ``until_ms`` matters to repositories only."""
        top = self._top / one.name
        inside = list(files_below(top)) if top.is_dir() else []
        folders = {path.parent for path in inside}
        return all(sealed(path) for path in [top, *folders, *_spread(inside, MAX_SEALS)])

    def canary(self) -> bool | None:
        """Add an empty folder and try to remove it. It stays where the store only grows, and the next run tries the same one."""
        place = self._top / CANARY
        try:
            make_directory(place)
        except OSError:
            return True
        try:
            place.rmdir()
        except OSError:
            return True
        return place.exists()

    def drill(self, one: Generation) -> dict[str, Fact]:
        """Write the newest into scratch, read it back, compare with its manifest (``SHA256SUMS``) or with the original."""
        place = self._bench.scratch / f"drill-{sha256(one.name.encode()).hexdigest()[:8]}"
        restored: dict[str, str] = {}
        whole, manifest = True, b""
        make_directory(place)
        try:
            left = MAX_DRILL_MB << 20
            for number, (name, data) in enumerate(_contents(self._top / one.name)):
                left -= len(data)
                if left < 0 or number >= MAX_DRILL_FILES:
                    return {"drill_tried": False}
                if name == _MANIFEST:
                    manifest = data
                    continue
                write_file(place / str(number), data)
                restored[name] = _digest(place / str(number))
        except (tarfile.TarError, zipfile.BadZipFile, EOFError, OSError, RuntimeError, ValueError):
            whole = False
        finally:
            shutil.rmtree(place, ignore_errors=True)
        if manifest:
            known = _manifest(manifest)
            facts = _compared(known, restored, "manifest")
            facts["drill_unlisted"] = len(restored.keys() - known.keys())
        elif self._target.options.get("original"):
            facts = _compared(_originals(given_path(self._target, "original"), one.made_ms), restored, "original")
        else:
            facts = _compared({}, {}, "none")
        return {**facts, "drill_files": len(restored), "drill_whole": whole}


_REMOTE = re.compile(r"(rest|sftp|s3|b2|azure|gs|swift|rclone):")
_SAFE = re.compile(
    r"rest:https?://[A-Za-z0-9\[].*|(?:s3|b2|azure|gs|swift):[A-Za-z0-9].*"
    r"|sftp:(?://)?(?:[A-Za-z0-9_][\w.-]*@)?[A-Za-z0-9][A-Za-z0-9.-]*(?::[0-9]+(?=/))?[:/].*|rclone:[A-Za-z0-9][\w.-]*:[^-].*",
    re.ASCII,
)
"""restic hands the host of ``sftp`` and the remote of ``rclone`` to another program: neither may be an option or a description of one."""


def _store(target: Target, bench: Bench, address: str, key: str) -> Restic | Folder:
    """By what lies there: a restic repository has these four; an address with a scheme can only be one."""
    top = Path(address)
    known = all((top / name).exists() for name in ("config", "keys", "snapshots", "data"))
    remote = _REMOTE.match(address)
    if remote is not None and _SAFE.fullmatch(address) is None:
        raise Unreached(reason="address")
    return Restic(target, bench, address, key) if known or remote is not None else Folder(target, bench, address)


def _contents(path: Path) -> Iterator[tuple[str, bytes]]:
    """The files of one generation, each whole in memory."""
    limit = MAX_DRILL_MB << 20
    if path.is_dir():
        for one in files_below(path):
            yield str(one.relative_to(path)), read_bytes(one, limit) if one.stat().st_size else b""
    elif zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            for entry in archive.infolist():
                if not entry.is_dir() and entry.file_size <= limit:
                    yield entry.filename, archive.read(entry)
    else:
        with tarfile.open(path) as archive_tar:
            for member in archive_tar:
                content = archive_tar.extractfile(member) if member.isfile() and member.size <= limit else None
                if content is not None:
                    yield member.name.removeprefix("./"), content.read()


def _manifest(raw: bytes) -> dict[str, str]:
    """``sha256sum`` lines."""
    lines = [re.fullmatch(r"([0-9a-f]{64}) [ *](?:\./)?(.+)", line) for line in text(raw).splitlines() if line.strip()]
    return {found[2]: found[1] for found in lines if found} if all(lines) else {}


def _originals(top: Path, until_ms: int) -> dict[str, str]:
    """What has not changed since the generation was made."""
    paths = [path for path in files_below(top) if path.stat().st_mtime_ns // 1_000_000 <= until_ms]
    return {str(path.relative_to(top)): _digest(path) for path in _spread(paths, MAX_SEALS)}


def _compared(expected: Mapping[str, str], restored: Mapping[str, str], against: str) -> dict[str, Fact]:
    return {
        "drill_tried": True,
        "drill_against": against,
        "drill_expected": len(expected),
        "drill_equal": sum(1 for name, digest in expected.items() if restored.get(name) == digest),
        "drill_missing": len(expected.keys() - restored.keys()),
    }


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        made = sha256()
        while piece := stream.read(1 << 20):
            made.update(piece)
    return made.hexdigest()


def _spread(paths: Sequence[Path], limit: int) -> Sequence[Path]:
    """All, or so many of them evenly from first to last."""
    return paths if len(paths) <= limit else [paths[at * len(paths) // limit] for at in range(limit)]
