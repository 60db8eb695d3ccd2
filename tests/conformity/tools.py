"""Tools that nobody here wrote, run as separate processes from ``.tools`` (tools/setup.sh dev)."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TOOLS = ROOT / ".tools"
SCHEMAS = TOOLS / "oscal"
needs_tools = pytest.mark.skipif(
    not (TOOLS / "bin" / "trestle").exists(), reason=".tools is not set up (tools/setup.sh dev)"
)
needs_schemas = pytest.mark.skipif(
    not (SCHEMAS.is_dir() and (TOOLS / "bin" / "check-jsonschema").exists()),
    reason="the schemas are not in .tools/oscal (tools/oscal_schemas.sh)",
)
PLACES = {
    "catalog": "catalogs",
    "profile": "profiles",
    "mapping-collection": "mapping-collections",
    "system-security-plan": "system-security-plans",
    "assessment-plan": "assessment-plans",
    "assessment-results": "assessment-results",
    "plan-of-action-and-milestones": "plan-of-action-and-milestones",
}
"""Where trestle looks for each model."""


def run(*command: str | Path, at: Path) -> tuple[int, str]:
    """Exit status and everything that a tool said."""
    done = subprocess.run(
        [str(one) for one in command],
        cwd=at,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
        timeout=600,
    )
    return done.returncode, done.stdout.decode(errors="replace")


def trestle(documents: Mapping[str, bytes], at: Path) -> tuple[int, str]:
    """Let compliance-trestle validate OSCAL documents (file name to bytes) in a new workspace."""
    # What `trestle init` leaves: an empty configuration marks the folder as a workspace.
    (at / ".trestle").mkdir()
    (at / ".trestle" / "config.ini").touch()
    for number, (name, data) in enumerate(documents.items()):
        model = next(iter(json.loads(data)))
        folder = at / PLACES[model] / f"n{number}"
        folder.mkdir(parents=True)
        (folder / f"{model}.json").write_bytes(data)
        # It looks for what a document refers to in the workspace itself.
        (at / name).write_bytes(data)
    return run(TOOLS / "bin" / "trestle", "validate", "-a", at=at)
