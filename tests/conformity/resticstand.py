"""A real restic repository to be probed, made once and copied; all by the program of that name."""

from __future__ import annotations

import atexit
import base64
import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache, partial
from pathlib import Path

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.poly1305 import Poly1305

from akashi.conformity.model import DAY_MS, Measurement, Target, TargetKind
from akashi.conformity.probing import PROBES, measure
from tests.conformity.hoststand import NOW, SYSTEM, Case, bench_in, seen, write

RESTIC = shutil.which("restic")
FOLDER = Path(tempfile.mkdtemp(prefix="resticstand-"))
atexit.register(shutil.rmtree, FOLDER, ignore_errors=True)


def restic(top: Path, *words: str) -> str:
    """Run it on the repository in this folder."""
    assert RESTIC is not None
    command = [RESTIC, "--no-cache", "--repo", str(top / "repo"), "--password-file", str(top / "key"), *words]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def quicken(repo: Path, password: bytes) -> None:
    """Give the repository a key that opens at once: restic makes a new one so slow that each command takes half a second.

    Its form is JSON with the scrypt parameters and the master key under AES-256-CTR and Poly1305-AES.
    """
    path = next((repo / "keys").iterdir())
    key = json.loads(path.read_bytes())
    sealed = base64.b64decode(key["data"])
    slow = hashlib.scrypt(
        password, salt=base64.b64decode(key["salt"]), n=key["N"], r=key["r"], p=key["p"], dklen=64, maxmem=1 << 30
    )
    master = _crypted(slow, sealed[:16], sealed[16:-16])
    fast = hashlib.scrypt(password, salt=base64.b64decode(key["salt"]), n=2, r=1, p=1, dklen=64)
    nonce = bytes(range(16))
    again = _crypted(fast, nonce, master)
    pad = Cipher(algorithms.AES(fast[32:48]), modes.ECB()).encryptor().update(nonce)  # noqa: S305  # one block, as Poly1305-AES says
    mac = Poly1305.generate_tag(fast[48:64] + pad, again)
    key |= {"N": 2, "r": 1, "p": 1, "data": base64.b64encode(nonce + again + mac).decode()}
    made = json.dumps(key).encode()
    path.unlink()
    (repo / "keys" / hashlib.sha256(made).hexdigest()).write_bytes(made)


def _crypted(key: bytes, nonce: bytes, data: bytes) -> bytes:
    return Cipher(algorithms.AES(key[:32]), modes.CTR(nonce)).encryptor().update(data)


@cache
def template() -> Path:
    """Three generations of one day each, the newest an hour old."""
    write(
        FOLDER,
        {"key": "invented-for-tests\n", "source/a.csv": b"id,value\n1,2\n", "source/b/c.bin": bytes(range(256)) * 500},
    )
    for path in (FOLDER / "source").rglob("*"):
        os.utime(path, (NOW / 1000 - 30 * 86_400,) * 2)
    restic(FOLDER, "init")
    quicken(FOLDER / "repo", b"invented-for-tests")
    for moment in ("2026-11-18 23:00:00", "2026-11-19 23:00:00", "2026-11-20 23:00:00"):
        before = set((FOLDER / "repo").rglob("*"))
        restic(FOLDER, "backup", str(FOLDER / "source"), "--time", moment, "--host", "clinic")
        begun = datetime.fromisoformat(f"{moment}+00:00").timestamp()
        for path in set((FOLDER / "repo").rglob("*")) - before:
            os.utime(path, (begun + 60, begun + 60))
    return FOLDER


def probed(
    prepare: Callable[[Path], None] | None = None, options: Mapping[str, str] | None = None
) -> list[Measurement]:
    """A copy of the repository, changed by ``prepare``, probed with consent and its own password."""
    with tempfile.TemporaryDirectory() as name:
        top = Path(name)
        shutil.copytree(template() / "repo", top / "repo")
        shutil.copy(template() / "key", top / "key")
        try:
            if prepare is not None:
                prepare(top)
            return [look(top, options)]
        finally:
            subprocess.run(["chattr", "-R", "-i", name], check=False, capture_output=True)


@cache
def untouched() -> list[Measurement]:
    """The repository as it was made."""
    return probed()


def look(top: Path, options: Mapping[str, str] | None = None) -> Measurement:
    """Probe the repository in this folder once."""
    chosen = {"password_file": str(top / "key"), "original": str(FOLDER / "source"), **(options or {})}
    target = Target("tgt-backup", TargetKind.BACKUP, str(top / "repo"), chosen, NOW + DAY_MS)
    one = next(one for one in PROBES if one.name == "backup")
    return measure(one, target, bench_in(top, SYSTEM))


def seal(top: Path) -> None:
    """Every file that is there becomes immutable, but for the locks."""
    for name in ("config", "keys", "snapshots", "data", "index"):
        for path in [top / "repo" / name, *(top / "repo" / name).rglob("*")]:
            if path.is_file():
                subprocess.run(["chattr", "+i", str(path)], check=True, capture_output=True)


def _fewer(top: Path) -> None:
    oldest = restic(top, "snapshots", "--json").split('"id":"')[1][:64]
    restic(top, "forget", oldest)


def _flip(top: Path) -> None:
    pack = max(
        (path for path in (top / "repo" / "data").rglob("*") if path.is_file()), key=lambda path: path.stat().st_size
    )
    data = bytearray(pack.read_bytes())
    data[len(data) // 3] ^= 1
    pack.chmod(0o600)
    pack.write_bytes(bytes(data))


def _times_lost(top: Path) -> None:
    seal(top)
    subprocess.run(["chattr", "-R", "-i", str(top / "repo" / "data")], check=True, capture_output=True)
    for path in (top / "repo" / "data").rglob("*"):
        os.utime(path, (NOW / 1000, NOW / 1000))


def _snapshots_only(top: Path) -> None:
    for path in (top / "repo" / "snapshots").iterdir():
        subprocess.run(["chattr", "+i", str(path)], check=True, capture_output=True)


def cases(*, sealing: bool) -> list[Case]:
    """What holds for restic; ``sealing``: this machine can make files immutable."""
    if RESTIC is None:
        return []
    made = [
        Case("backup.generations", "restic, three days", "good", untouched),
        Case("backup.fresh", "restic, an hour ago", "good", untouched),
        Case("backup.restores", "restic, equal", "good", untouched),
        Case("backup.generations", "restic, two", "broken", lambda: probed(_fewer)),
        Case("backup.protected", "restic, open", "broken", untouched),
        Case("backup.restores", "restic, a flipped bit", "broken", lambda: probed(_flip)),
        Case("backup.restores", "restic, a wrong password", "broken", lambda: probed(lambda top: write(top, {"key": "another\n"}))),
        Case("backup.restores", "restic, no program", "broken", lambda: seen("backup", {f"{name}/x": "x" for name in ("config", "keys", "data", "snapshots")}, {"password_file": "/k"})),
    ]  # fmt: skip
    if sealing:
        for name, quality, prepare in (
            ("restic, sealed", "good", seal),
            ("restic, open packs that lost their times", "broken", _times_lost),
            ("restic, snapshots sealed without their data", "broken", _snapshots_only),
        ):
            made.append(Case("backup.protected", name, quality, partial(probed, prepare)))
    return made
