"""A node whose clock can be put wrong: the pinned CometBFT with one function changed, built for the driver and for nothing else.

Guarantees: the sources are the pinned module's, which Go has checked against its public checksum database; only ``types/time.Now`` is changed, which gives the time of every vote, proposal and
block: it adds the milliseconds that stand in the file ``clock-offset-ms`` of the node's folder, read again twenty times a second. Akashi itself refuses this program (``node.install``).
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from akashi.app.config import server_paths
from akashi.app.network.places import NetworkPlaces
from akashi.network.node.install import MODULE, VERSION

ROOT = Path(__file__).parents[3]
PROGRAM = ROOT / ".tools" / "cometbft-skewed"
OFFSET = "clock-offset-ms"
_BEFORE = "\treturn Canonical(time.Now())\n"
_AFTER = "\treturn Canonical(time.Now().Add(offset()))\n"
_IMPORTS = 'import (\n\t"sort"\n'
_OFFSET_GO = """
var (
	offsetGate sync.Mutex
	offsetRead time.Time
	offsetHeld time.Duration
)

func offset() time.Duration {
	offsetGate.Lock()
	defer offsetGate.Unlock()
	if now := time.Now(); now.Sub(offsetRead) > 50*time.Millisecond {
		offsetRead, offsetHeld = now, 0
		if text, err := os.ReadFile(os.Getenv("HOME") + "/clock-offset-ms"); err == nil {
			if ms, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64); err == nil {
				offsetHeld = time.Duration(ms) * time.Millisecond
			}
		}
	}
	return offsetHeld
}
"""


def why_not() -> str:
    """Why such a node cannot be had here; empty if it can (or is there)."""
    return "" if PROGRAM.is_file() or _go() else "no Go compiler"


def _go() -> str | None:
    places = [str(ROOT / ".venv/bin"), str(ROOT / ".tools/golang/bin"), os.environ.get("PATH", "")]
    return shutil.which("go", path=os.pathsep.join(places))


def program() -> Path:
    """The program; built if it is not there. Raises ``CalledProcessError``, ``OSError``."""
    go = _go()
    if PROGRAM.is_file():
        return PROGRAM
    if go is None:
        raise FileNotFoundError("go")
    with tempfile.TemporaryDirectory(prefix="akashi-skewed-") as folder:
        sources = Path(folder) / "sources"
        told = _run([go, "mod", "download", "-json", f"{MODULE}@{VERSION}"], Path(folder))
        shutil.copytree(json.loads(told)["Dir"], sources)
        _run(["chmod", "-R", "u+w", str(sources)], Path(folder))
        _change(sources / "types" / "time" / "time.go")
        made = PROGRAM.with_name(f"{PROGRAM.name}.{os.getpid()}")
        _run([go, "build", "-o", str(made), "./cmd/cometbft"], sources)
        made.replace(PROGRAM)
    return PROGRAM


def _run(words: list[str], where: Path) -> str:
    told = {"CGO_ENABLED": "0", "GOTOOLCHAIN": "local", "GOWORK": "off", "GOFLAGS": "-mod=mod"}
    done = subprocess.run(
        words, cwd=where, env={**os.environ, **told}, check=True, capture_output=True, text=True, timeout=900
    )
    return done.stdout


def _change(source: Path) -> None:
    text = source.read_text()
    if text.count(_BEFORE) != 1 or text.count(_IMPORTS) != 1:
        raise OSError("types/time of the pinned module is not what it was")
    imports = 'import (\n\t"os"\n\t"sort"\n\t"strconv"\n\t"strings"\n\t"sync"\n'
    source.write_text(text.replace(_BEFORE, _AFTER).replace(_IMPORTS, imports) + _OFFSET_GO)


def put(home: Path, ms: int) -> None:
    """Put the clock of a home's node off by so much, within a twentieth of a second."""
    node = NetworkPlaces.of(server_paths(home)).node.cometbft
    (node / f"{OFFSET}.new").write_text(str(ms))
    (node / f"{OFFSET}.new").replace(node / OFFSET)
