"""How people enter this machine: stored passwords, factors at the operating system's door, the idle lock.

Guarantees: hashes are told by class and number only, never kept; a door is as strong as its weakest alternative, and factors are counted
by kind, so two keys are one. Refuses: to call a password store sound that holds nothing it can read. Trusts: the configuration that it is
shown is the one in force; ``sshd -T`` of the running machine says so, a copied file does not.
"""

from __future__ import annotations

import itertools
import json
import re
import sqlite3
from collections import Counter
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from pathlib import Path

from akashi.conformity.errors import Unreached
from akashi.conformity.host import pam
from akashi.conformity.host.reading import exported, given_path, json_value, listed, objects, read_bytes, text
from akashi.conformity.model import Fact, Target, TargetKind
from akashi.conformity.probing import Bench, Observed, probe

SHADOW = Path("/etc/shadow")
SSHD = Path("/etc/ssh/sshd_config")
PAM = Path("/etc/pam.d/sshd")
MIN_BCRYPT_COST = 8
MIN_PBKDF2_ROUNDS = 100_000
MIN_CRYPT_ROUNDS = 5_000
_STRONG = (
    ("yescrypt", re.compile(r"\$g?y\$.+\$.+\$.+")),
    ("scrypt", re.compile(r"(\$7\$|scrypt:|\$scrypt\$).{20,}")),
    ("argon2", re.compile(r"(\{ARGON2[ID]*\})?\$argon2id?\$v=\d+\$m=\d+,t=\d+,p=\d+\$[A-Za-z0-9+/]{11,}\$[A-Za-z0-9+/]{20,}")),
)  # fmt: skip
_WEAK = (
    ("md5crypt", re.compile(r"\$(1|apr1)\$.+")),
    ("ldap-digest", re.compile(r"\{(SSHA|SHA|SMD5|MD5|SSHA256|SSHA512|SHA256|SHA512)\}.+", re.IGNORECASE)),
    ("bare-digest", re.compile(r"(0x)?([0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{56}|[0-9a-f]{64}|[0-9a-f]{96}|[0-9a-f]{128})", re.IGNORECASE)),
    ("mysql", re.compile(r"\*[0-9A-F]{40}")),
    ("descrypt", re.compile(r"[./0-9A-Za-z]{13}")),
)  # fmt: skip


def hash_class(stored: str) -> tuple[str, str]:
    """``(strength, class)`` of a stored password: strong, weak, plain, locked or empty."""
    if stored.startswith(("!", "*")) and not re.fullmatch(r"\*[0-9A-F]{40}", stored):
        return "locked", "locked"
    if not stored or re.fullmatch(r"x{1,2}", stored):
        return ("locked", "elsewhere") if stored else ("empty", "empty")
    for name, pattern in _STRONG:
        if pattern.fullmatch(stored):
            return "strong", name
    bcrypt = re.fullmatch(r"(?:\{BLF-CRYPT\})?\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}", stored)
    if bcrypt is not None:
        return ("strong" if int(bcrypt[1]) >= MIN_BCRYPT_COST else "weak"), "bcrypt"
    crypt = re.fullmatch(
        r"(?:\{(?:CRYPT|SHA\d+-CRYPT)\})?\$([56])\$(?:rounds=(\d{1,9})\$)?[^$]{1,16}\$[./A-Za-z0-9]{43,86}", stored
    )
    if crypt is not None:
        return ("strong" if int(crypt[2] or 5_000) >= MIN_CRYPT_ROUNDS else "weak"), f"sha{crypt[1]}crypt"
    pbkdf2 = re.match(
        r"(?:\{PBKDF2[^}]*\}|\$?pbkdf2[-_:a-z0-9]*\$|pbkdf2:[a-z0-9]+:)(\d{1,9})\$.{20,}", stored, re.IGNORECASE
    )
    if pbkdf2 is not None:
        return ("strong" if int(pbkdf2[1]) >= MIN_PBKDF2_ROUNDS else "weak"), "pbkdf2"
    return next((("weak", name) for name, pattern in _WEAK if pattern.fullmatch(stored)), ("plain", "plain"))


@probe("password_store", kind=TargetKind.MACHINE)
def password_store(target: Target, bench: Bench) -> Observed:
    """Stored passwords by class. ``password_store``: an export (``name:hash`` lines) or, with ``password_column``, a SQLite database."""
    if target.options.get("password_column"):
        stored = stored_column(given_path(target, "password_store"), target.options["password_column"])
        tool = "sqlite"
    else:
        raw = exported(target, "password_store", bench) if target.options.get("password_store") else read_bytes(SHADOW)
        stored = [parts[1] for parts in _entries(text(raw))]
        tool = "akashi"
    facts = stored_facts(stored)
    return Observed(facts, json.dumps(facts, sort_keys=True).encode(), tool)


def stored_facts(stored: Iterable[str]) -> dict[str, Fact]:
    """How many of these stored passwords are of what strength and class."""
    found = [hash_class(one) for one in stored]
    strengths = Counter(strength for strength, _ in found)
    facts: dict[str, Fact] = {name: strengths[name] for name in ("strong", "weak", "plain", "empty", "locked")}
    facts["accounts"] = len(found)
    facts["classes"] = tuple(f"{name}={count}" for name, count in sorted(Counter(name for _, name in found).items()))
    return facts


def _entries(written: str) -> list[list[str]]:
    lines = [line.split(":") for line in written.splitlines() if line.strip() and not line.startswith("#")]
    if any(len(parts) < 2 or not re.fullmatch(r"[\w.@$+\\ -]{1,128}", parts[0]) for parts in lines):
        raise Unreached(reason="format")
    return lines


def stored_column(path: Path, column: str) -> list[str]:
    """One column of a database that is opened for reading only; NULL is an account without a password, so it is locked."""
    found = re.fullmatch(r"([a-z_][a-z0-9_]*)\.([a-z_][a-z0-9_]*)", column)
    if found is None or not path.is_file():
        raise Unreached(reason="option")
    try:
        database = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=2)
        try:
            rows = database.execute(f"SELECT {found[2]} FROM {found[1]} LIMIT 100000").fetchall()
        finally:
            database.close()
    except sqlite3.Error as error:
        raise Unreached(reason="format") from error
    return ["!" if row[0] is None else str(row[0]) for row in rows]


@probe("host_login", kind=TargetKind.MACHINE)
def host_login(target: Target, bench: Bench) -> Observed:
    """The fewest kinds of factors that open a shell over SSH.

    ``sshd``: a configuration, ``sshd_effective``: the output of ``sshd -T`` beside it; ``pam``: the PAM file, its included files beside it;
    ``alternative``: ``bastion`` or ``bastion_edr`` (guideline 7.0 14⑤) with ``alternative_claims``.
    """
    written, tool, folder = _sshd(target, bench)
    pam_path = given_path(target, "pam") if target.options.get("pam") else PAM
    doors = _doors(written, folder)
    stack = (
        (text(read_bytes(pam_path)), _beside(pam_path)) if any(_on(door, "usepam", "no") for door in doors) else None
    )
    opens = [
        min((len(held) for held in _sets() if _open(door, stack, held)), default=len(pam.KINDS) + 1) for door in doors
    ]
    weakest = min(opens)
    facts: dict[str, Fact] = {
        "factors": weakest,
        "doors": len(doors),
        "effective": tool != "file",
        "root.password": any(door.get("permitrootlogin", "") == "yes" for door in doors),
        "alternative": target.options.get("alternative", ""),
        "alternative.claims": tuple(sorted(listed(target.options.get("alternative_claims", "")))),
    }
    return Observed(facts, written.encode(), tool)


def _sshd(target: Target, bench: Bench) -> tuple[str, str, Path]:
    """The settings, where they come from, and the folder of included files.

    Blocks under ``Match`` do not show in ``sshd -T``: the file's own are put behind it.
    """
    path = given_path(target, "sshd") if target.options.get("sshd") else SSHD
    if not path.is_file():
        raise Unreached(reason="no-sshd")
    written = text(read_bytes(path))
    blocks = "".join(re.split(r"(?im)^(?=\s*match\s)", written, maxsplit=1)[1:])
    if target.options.get("sshd_effective"):
        return text(exported(target, "sshd_effective", bench)) + "\n" + blocks, "export", path.parent
    sshd = bench.tool("sshd")
    if path == SSHD and sshd is not None:
        status, raw = bench.run([sshd, "-T"], seconds=5)
        if status == 0:
            return text(raw) + "\n" + blocks, "sshd", path.parent
    return written, "file", path.parent


def _doors(written: str, folder: Path, depth: int = 0) -> list[dict[str, str]]:
    """The settings in force outside and inside each ``Match`` block; of a keyword's values the first counts."""
    doors: list[dict[str, str]] = [{}]
    for line in _included(written, folder, depth):
        found = re.match(r"\s*(\w+)(?:\s*=\s*|\s+)(.*?)\s*$", line)
        if found is None:
            if line.strip():
                raise Unreached(reason="format")
            continue
        key, value = found[1].lower(), found[2].strip('"')
        if key == "match":
            doors.append({})
        else:
            doors[-1].setdefault(
                {"challengeresponseauthentication": "kbdinteractiveauthentication"}.get(key, key), value
            )
    if not doors[0]:
        raise Unreached(reason="format")
    return [doors[0], *({**doors[0], **block} for block in doors[1:])]


def _included(written: str, folder: Path, depth: int) -> Iterable[str]:
    for line in written.splitlines():
        bare = line.split("#", 1)[0]
        found = re.match(r"\s*include\s+(\S+)\s*$", bare, re.IGNORECASE)
        if found is None:
            yield bare
            continue
        if depth > 4:
            raise Unreached(reason="include")
        pattern = found[1].removeprefix(f"{SSHD.parent}/")
        if pattern.startswith("/"):
            raise Unreached(reason="include")
        for path in sorted(folder.glob(pattern))[:100]:
            yield from _included(text(read_bytes(path)), folder, depth + 1)


def _beside(path: Path) -> dict[str, str]:
    made = {}
    for other in sorted(path.parent.iterdir())[:200]:
        if other.is_file() and other.stat().st_size:
            made[other.name] = text(read_bytes(other, 1 << 20))
    return made


def _sets() -> Iterable[frozenset[str]]:
    return (frozenset(some) for size in range(len(pam.KINDS) + 1) for some in itertools.combinations(pam.KINDS, size))


def _on(door: Mapping[str, str], key: str, default: str) -> bool:
    return door.get(key, default).lower() in ("yes", "true")


def _open(door: Mapping[str, str], stack: tuple[str, dict[str, str]] | None, held: AbstractSet[str]) -> bool:
    """Whether these factors open this door by one of its alternatives."""

    def asked() -> bool:
        return pam.passes(*stack, held) if _on(door, "usepam", "no") and stack else "know" in held

    ways = {
        "publickey": _on(door, "pubkeyauthentication", "yes") and "have" in held,
        "password": _on(door, "passwordauthentication", "yes") and (asked() or _on(door, "permitemptypasswords", "no")),
        "keyboard-interactive": _on(door, "kbdinteractiveauthentication", "yes") and asked(),
        "gssapi-with-mic": _on(door, "gssapiauthentication", "no") and "know" in held,
        "hostbased": _on(door, "hostbasedauthentication", "no"),
    }
    lists = door.get("authenticationmethods", "any").split()
    if lists in (["any"], []):
        return any(ways.values())
    return any(all(ways.get(one.split(":")[0], False) for one in way.split(",")) for way in lists)


NEVER = 1 << 30


_DESKTOPS = (Path("/usr/share/xsessions"), Path("/usr/share/wayland-sessions"))


NO_DESKTOP = "no-desktop"


@probe("idle", kind=TargetKind.MACHINE, option="idle")
def idle(target: Target, bench: Bench) -> Observed:
    """After how many seconds an unattended screen locks.

    ``idle``: a policy export; or ``no-desktop`` where the owner says that nobody works at a screen within the whole scope, which is looked
    after on this machine and believed of the others.
    """
    if target.options["idle"] == NO_DESKTOP:
        desktop = any(any(folder.glob("*.desktop")) for folder in _DESKTOPS)
        return Observed({"machines": 0, "desktop": desktop}, b"installed desktop sessions were looked for", "akashi")
    raw = exported(target, "idle", bench)
    written = text(raw)
    if written.lstrip().startswith(("{", "[")):
        value = json_value(raw)
        found = [_machine(one) for one in objects(value if isinstance(value, list) else [value])]
    else:
        found = [_policy(written)]
    if not found:
        raise Unreached(reason="format")
    facts: dict[str, Fact] = {"machines": len(found), "unlocked": found.count(NEVER), "lock_seconds": max(found)}
    return Observed(facts, raw, "export")


def _machine(one: Mapping[str, object]) -> int:
    seconds, asks = one.get("lock_seconds"), one.get("password_on_wake")
    if isinstance(seconds, bool) or not isinstance(seconds, int) or not isinstance(asks, bool):
        raise Unreached(reason="format")
    return seconds if asks and seconds > 0 else NEVER


def _policy(written: str) -> int:
    """Windows (``InactivityTimeoutSecs``, screen saver) or GNOME (``idle-delay``) settings as text."""
    found = re.findall(
        r"(?im)^.*?([\w-]+)\"?[ \t]*[=:,\s][ \t]*(?:uint32 |REG_\w+[ \t]+)?(dword:[0-9a-f]{8}|0x[0-9a-f]+|\"?\d+\"?|true|false)\s*$",
        written,
    )
    values = {key.lower(): _value(value) for key, value in found}
    if len(values) != len(found) or not values:
        raise Unreached(reason="format")
    if "inactivitytimeoutsecs" in values:
        return values["inactivitytimeoutsecs"] or NEVER
    if "screensavetimeout" in values:
        active = values.get("screensaveactive", 0) and values.get("screensaverissecure", 0)
        return values["screensavetimeout"] if active and values["screensavetimeout"] else NEVER
    if "idle-delay" in values and "lock-enabled" in values:
        locked = values["lock-enabled"] and values["idle-delay"]
        return values["idle-delay"] + values.get("lock-delay", 0) if locked else NEVER
    raise Unreached(reason="format")


def _value(written: str) -> int:
    bare = written.strip('"').lower()
    if bare in ("true", "false"):
        return int(bare == "true")
    return int(bare.removeprefix("dword:"), 16) if bare.startswith(("dword:", "0x")) else int(bare)
