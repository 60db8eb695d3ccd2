"""Documents and build files keep pace with the code: glossary, README, decisions, locks, no private addresses."""

from __future__ import annotations

import ast
import os
import re
import subprocess

import pytest

from tests.architecture.source import ROOT, house

PIN = re.compile(r"^([a-z0-9][a-z0-9._-]*)==(\S+)", re.MULTILINE)
LOCKS = ["requirements.txt", "requirements-dev.txt"]
# In halves, so that this file may be tracked itself.
REGISTRIES = ["py" + "pi.org", "pythonhosted" + ".org", "npmjs" + ".org", "proxy.golang" + ".org", "--index" + "-url"]
MACHINE_PATHS = ["/wo" + "rk/", "/ro" + "ot/", "/ho" + "me/"]


def page(name: str) -> str:
    """The text of a file at the root of the tree."""
    return (ROOT / name).read_text(encoding="utf-8")


def tracked() -> list[str]:
    """The text files that git tracks."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout: which files are tracked cannot be told")
    command = ["git", "-c", f"safe.directory={ROOT}", "ls-files", "-z"]
    listing = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, stdin=subprocess.DEVNULL).stdout
    return [name for name in os.fsdecode(listing).split("\0") if name and (ROOT / name).is_file()]


def test_every_model_class_is_in_the_glossary() -> None:
    """Each public class of each part's ``model.py`` stands in docs/glossary.md as `part.Class`."""
    glossary = page("docs/glossary.md")
    missing = [
        f"{source.part}.{node.name}"
        for source in house()
        if source.path.name == "model.py"
        for node in source.tree.body
        if isinstance(node, ast.ClassDef)
        and not node.name.startswith("_")
        and f"`{source.part}.{node.name}`" not in glossary
    ]

    assert missing == []


@pytest.mark.parametrize("readme", ["README.md", "README.ja.md"])
def test_the_readme_names_what_the_ci_runs(readme: str) -> None:
    """A stranger finds the two commands, and each make target that .ci/run calls."""
    called = re.findall(r"for target in ([a-z -]+);", page(".ci/run"))[0].split()

    assert [target for target in ["demo", "serve", *called] if f"make {target}" not in page(readme)] == []


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_is_hashed_and_names_no_address(lock: str) -> None:
    """Each pin carries a SHA-256; no line is an option, a URL or a path."""
    pins = re.sub(r"^ *#.*\n?", "", page(lock), flags=re.MULTILINE).strip()
    blocks = re.split(r"\n(?=[a-z0-9])", pins)

    assert [block.splitlines()[0] for block in blocks if not PIN.match(block) or "--hash=sha256:" not in block] == []
    assert not re.search(r"://|^-|@ ?file:", pins, re.MULTILINE)


def test_the_development_lock_holds_the_runtime_lock() -> None:
    """Tests run on the very versions that the product runs on."""
    runtime, development = (dict(PIN.findall(page(lock))) for lock in LOCKS)

    assert runtime.items() <= development.items()


def test_every_dependency_has_its_reason() -> None:
    """Each package of the .in files has its line in the decision on dependencies."""
    decision = page("docs/adr/0002-dependencies.md")
    wanted = re.findall(
        r"^[a-zA-Z0-9][a-zA-Z0-9-]*", page("requirements.in") + page("requirements-dev.in"), re.MULTILINE
    )

    assert [name for name in wanted if f"| {name} |" not in decision] == []


def test_every_debian_package_has_its_reason() -> None:
    """Each package that tools/setup.sh may install has its line in the decision on dependencies."""
    packages = set(re.findall(r"echo ([a-z0-9-]+)$|\|\| echo ([a-z0-9-]+)$", page("tools/setup.sh"), re.MULTILINE))
    decision = page("docs/adr/0002-dependencies.md")

    assert [name for pair in packages for name in pair if name and f"| {name} |" not in decision] == []


def test_no_tracked_file_names_this_machine_or_a_registry() -> None:
    """No absolute path of a machine and no address of a package registry is committed."""
    found = []
    for name in tracked():
        content = (ROOT / name).read_bytes()
        words = [word for word in [*REGISTRIES, *MACHINE_PATHS] if word.encode() in content]
        found += [f"{name}: {word}" for word in words]

    assert found == []


def test_changelog_fragments_are_well_formed() -> None:
    """A fragment is ``<issue>-<what>.<added|changed|fixed|removed|security>.md`` and not empty."""
    fragments = [path for path in (ROOT / "changelog.d").iterdir() if path.name != "README.md"]
    well_formed = re.compile(r"\d+-[a-z0-9-]+\.(added|changed|fixed|removed|security)\.md")

    assert [
        p.name for p in fragments if not well_formed.fullmatch(p.name) or not p.read_text(encoding="utf-8").strip()
    ] == []
