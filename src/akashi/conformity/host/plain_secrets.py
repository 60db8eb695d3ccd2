"""Passwords, keys and tokens that stand in configuration files in the clear.

Guarantees: what is found is told by kind and by place (number of the file in the sorted list, line); the secret itself never leaves this
module, neither in facts nor in raw output. A folder that could not be read whole says so. Refuses: to follow links out of the folder.
Trusts nobody: a file is judged by its bytes, not by its name.

>>> [kind for kind, _ in scan("db_password = hunter22")], [kind for kind, _ in scan("db_password = ${DB_PASSWORD}")]
(['password'], [])
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterator
from pathlib import Path

from akashi.conformity.errors import Unreached
from akashi.conformity.host.reading import files_below, links_below, read_bytes, text
from akashi.conformity.model import Target, TargetKind
from akashi.conformity.probing import Bench, Observed, probe

MAX_FILE = 2 << 20
MAX_WHOLE = 64 << 20
MAX_LINE = 4_096
MAX_PLACES = 200

_NAME = (
    r"(?:pass(?:word|wd|phrase)?|pwd|secret|token|api[_-]?key|access[_-]?key|secret[_-]?key|private[_-]?key|auth[_-]?key|"
    r"credential|psk|pre[_-]?shared[_-]?key|community|\w{0,40}パスワード|\w{0,40}暗証番号)"
)
_ASSIGNED = re.compile(
    rf"""(?<![^\W_])(?P<name>(?:[\w.\-]{{0,60}}[_.\-])?{_NAME}\d?|[a-z]\w{{0,60}}?(?:Password|Secret|Token|ApiKey|Passwd))["']?\s*"""
    r"""(?:=>|:=|=|:|：)\s*(?P<value>"[^"]*"|'[^']*'|[^\s;,&#]+)""",
    re.IGNORECASE,
)
_SPOKEN = re.compile(
    r"^\s*(?:\S+\s+){0,6}?(?P<name>password|secret|passphrase|pre-shared-key(?:\s+\d+)?(?:\s+(?:text|ascii-text))?|snmp-server community|key-string)"
    r"(?:\s+[057])?\s+(?P<value>\"[^\"]*\"|\S+)\s*(?:\S+\s*)?$",
    re.IGNORECASE,
)
_ELEMENT = re.compile(rf"<(?P<name>[\w.:\-]*{_NAME})\b[^>]*>(?P<value>[^<]+)</", re.IGNORECASE)
_KEYED = re.compile(rf"""key\s*=\s*["'][\w.:\-]*{_NAME}["']\s+value\s*=\s*(?P<value>"[^"]*"|'[^']*')""", re.IGNORECASE)
_URL = re.compile(r"\b[a-z][a-z0-9+.\-]*://[^\s/:@\"'<>]*:(?P<value>[^\s/@\"'<>]+)@", re.IGNORECASE)
_HEADER = re.compile(r"\bauthorization\b\W{1,6}(?:basic|bearer)\s+(?P<value>[\w.~+/=\-]{8,})", re.IGNORECASE)
_KNOWN = re.compile(
    r"\b(?:AKIA[0-9A-Z]{16}|ghp_[0-9A-Za-z]{36}|github_pat_\w{30,}|xox[abprs]-[\w-]{10,}|AIza[\w-]{35}|sk_live_\w{16,}|"
    r"eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}|AGE-SECRET-KEY-1[0-9A-Z]{50,})"
)
_KEY_BEGIN = re.compile(r"-----BEGIN (?P<kind>[A-Z0-9 ]*)PRIVATE KEY-----")
_PGPASS = re.compile(r"^[\w.*\-]+:(?:\d+|\*):[^:\s]+:[^:\s]+:(?P<value>\S+)$")

_NOT_SECRET = re.compile(
    r"^(?:|null|none|nil|true|false|yes|no|on|off|required|requisite|optional|sufficient|prompt|ask|env|file|never|always|any|"
    r"disabled|enabled|unset|\*+|x{3,}|\.{3,}|-+|<[^>]*>|\{\{.*\}\}|\$\{.*\}|\$\(.*\)|(?-i:\$[A-Z_][A-Z0-9_]*)|(?-i:%[A-Z_]+%)|%\(\w+\)s|@\w+@|!vault\b.*|"
    r"(?:env|vault|file|ref|keyring|awskms|ssm|arn|op):\S*[:/.]\S*|env:\w+|os\.environ.*|getenv.*|ENC\[.*|ENC\(.*|"
    r"\$(?:2[aby]|5|6|7|y|gy|1|argon2\w*|pbkdf2\S*|scrypt)\$.*|SCRAM-SHA-256\$.*|\{(?:CRYPT|PBKDF2|ARGON2|BLF-CRYPT|SHA512-CRYPT)\S*\}.*|"
    r"pbkdf2[_:]\S+|scrypt:\S+|/[\w.\-]+/[\w./\-]*|[A-Z]:\\.*|\.{1,2}/.*|~/.*)$",
    re.IGNORECASE,
)
_REFERENCE_NAME = re.compile(r"(?:file|path|env|cmd|command|command_line|ref)$", re.IGNORECASE)
_ENCRYPTED_SSH = re.compile(rb"^openssh-key-v1\0\0\0\0\x04none")


def scan(written: str) -> Iterator[tuple[str, int]]:
    """``(kind, line)`` of everything in a text that looks like a secret in the clear."""
    lines = written.splitlines()
    for number, line in enumerate(lines, 1):
        piece = line[:MAX_LINE]
        kind = _kind(piece)
        if kind:
            yield kind, number
        found = _KEY_BEGIN.search(piece)
        if found is not None and not _encrypted(found["kind"], lines[number : number + 200]):
            yield "private_key", number
        if len(line) > MAX_LINE:
            yield from ((kind, number) for kind in _long(line))


def _long(line: str) -> Iterator[str]:
    """A very long line (a JSON text without breaks) in overlapping pieces."""
    for at in range(MAX_LINE // 2, len(line), MAX_LINE // 2):
        kind = _kind(line[at : at + MAX_LINE])
        if kind:
            yield kind
            return


def _kind(line: str) -> str:
    if _KNOWN.search(line):
        return "token"
    if any(_is_secret(found["value"]) for found in _URL.finditer(line)):
        return "url"
    if _HEADER.search(line):
        return "token"
    for pattern in (_ASSIGNED, _ELEMENT, _KEYED):
        for found in pattern.finditer(line):
            name = found.groupdict().get("name") or "password"
            if not _REFERENCE_NAME.search(name) and _is_secret(found["value"]):
                return "token" if re.search("token|key", name, re.IGNORECASE) else "password"
    for pattern in (_SPOKEN, _PGPASS):
        match = pattern.match(line)
        if match is not None and _is_secret(match["value"]) and not line.lstrip().startswith(("#", "//")):
            return "password"
    return ""


def _is_secret(value: str) -> bool:
    bare = value.strip().strip("\"'`").strip()
    return len(bare) >= 2 and _NOT_SECRET.match(bare) is None


def _encrypted(kind: str, body: list[str]) -> bool:
    """Whether a PEM private key is sealed by a passphrase, by its own bytes."""
    if kind.strip() == "ENCRYPTED":
        return True
    if any(line.startswith("Proc-Type: 4,ENCRYPTED") for line in body[:3]):
        return True
    if kind.strip() != "OPENSSH":
        return False
    packed = "".join(line.strip() for line in body[:3])
    try:
        start = base64.b64decode(packed[: len(packed) // 4 * 4], validate=True)
    except (ValueError, binascii.Error):
        return False
    return start.startswith(b"openssh-key-v1\0") and _ENCRYPTED_SSH.match(start) is None


@probe("secrets", kind=TargetKind.FILE, option="secrets")
def secrets(target: Target, bench: Bench) -> Observed:  # noqa: ARG001
    """Scan the file or folder of the address; the option only says that it is one of settings."""
    top = Path(target.address)
    paths = [top] if top.is_file() else list(files_below(top)) if top.is_dir() else []
    if not paths:
        raise Unreached(reason="file")
    places: list[tuple[int, int, str]] = []
    skipped = (
        0 if top.is_file() else sum(1 for path in links_below(top) if not path.resolve().is_relative_to(top.resolve()))
    )
    read = whole = 0
    for number, path in enumerate(paths, 1):
        data = _content(path, MAX_WHOLE - whole)
        if data is None:
            skipped += 1
            continue
        whole += len(data)
        read += 1
        places += [(number, line, kind) for kind, line in scan(_readable(data))]
    raw = json.dumps({"files": len(paths), "places": places[:MAX_PLACES]}).encode()
    return Observed(
        {
            "files": read,
            "complete": skipped == 0,
            "findings": len(places),
            "kinds": tuple(sorted({kind for _, _, kind in places})),
            "places": tuple(f"{number}:{line}" for number, line, _ in places[:MAX_PLACES]),
        },
        raw,
        "akashi",
    )


def _content(path: Path, left: int) -> bytes | None:
    """A file's bytes; ``None`` where it cannot be read or the whole becomes too much. An empty file holds no secret."""
    try:
        return read_bytes(path, min(MAX_FILE, left))
    except Unreached as error:
        return b"" if error.params.get("reason") == "empty" else None


def _readable(data: bytes) -> str:
    """Text as it is; the printable runs of anything else, also those in two-byte letters."""
    try:
        return text(data)
    except Unreached:
        runs = re.findall(rb"[\x20-\x7e]{6,}|(?:[\x20-\x7e]\0){6,}", data)
        return "\n".join(run.replace(b"\0", b"").decode("ascii") for run in runs)
