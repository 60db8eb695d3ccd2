"""A home with three invented institutions, and a runner for transcripts of the command line.

Guarantees: commands run in this process through ``main(argv)`` on real parts, with a clock that moves thirty seconds per command so
that each sign-in has a code of its own. Founding costs seconds, so it is done once; each transcript gets its own copy.

A transcript::

    # a comment
    % step arguments            something that happens outside (see Stage.STEPS)
    $ akashi transfer list @mori
    a line of standard output   {x} captures a word, or must be the word captured before; … is any text
    …                           any number of lines
    ! a line of standard error
    ?2                          the exit status, where it is not 0
"""

from __future__ import annotations

import io
import re
import shlex
import shutil
import sqlite3
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import pyotp

from akashi.app.config import GatewaySettings, ServerSettings, gateway_paths, server_paths
from akashi.app.gateway.enrolment import FirstPerson, Joined, equip, join
from akashi.app.server.home import Server
from akashi.cli.__main__ import main
from akashi.cli.shell import Shell
from akashi.clock import FixedClock
from akashi.exchange.model import DAY_MS
from akashi.identity.model import InstitutionRole, Role
from akashi.keys.model import FAST_UNSAFE_COST
from tests.cli import samples

START = 1_795_219_200_000
PASSPHRASE = b"invented passphrase of a test home"
PASSWORD = "Horse-battery-9-staple"
_STAFF = Role.OPERATOR | Role.MANAGER
_HEADS = {"$": "command", "!": "err", "?": "status", "%": "step", "#": "comment"}
_WORD = re.compile(r"\{([a-z0-9]+)\}")


@dataclass
class Cast:
    """What a copy of the home needs: who acts where, with which seed."""

    names: dict[str, str] = field(default_factory=dict)
    seeds: dict[str, str] = field(default_factory=dict, repr=False)
    places: dict[str, str] = field(default_factory=dict)


def found(home: Path, start_ms: int = START, ports: Sequence[int] = (8443, 8442, 8444, 8445, 8446)) -> Cast:
    """Found the service: the office (jimu), a sending clinic (mori), a receiving payer (hoshi)."""
    clock, cast = FixedClock(start_ms), Cast()
    api, public, *own = ports
    home.mkdir()
    (home / "passphrase").write_bytes(PASSPHRASE)
    settings = ServerSettings(port=api, public_port=public)
    server = Server.create(home, settings, "架空事務局", PASSPHRASE, clock, cost=FAST_UNSAFE_COST)
    terms: dict[str, Any] = {"passphrase": PASSPHRASE, "clock": clock, "cost": FAST_UNSAFE_COST}
    first = FirstPerson("jimu", "架空 事務", Role.SECRETARIAT)
    office = equip(server, home, server.secretariat_handle, first, settings=GatewaySettings(port=own[0]), **terms)
    joined = {"office": office}
    for place, name, number, role, login, port in (
        ("clinic", "架空健診センター", "1319999901", InstitutionRole.SENDER, "mori", own[1]),
        ("payer", "架空健康保険組合", "1329999902", InstitutionRole.RECEIVER, "hoshi", own[2]),
    ):
        terms |= {"first": FirstPerson(login, f"架空 {login}", _STAFF), "settings": GatewaySettings(port=port)}
        joined[place] = join(server, home, name=name, number=number, roles=role, **terms)
    for place, one in joined.items():
        login = one.gateway.accounts.account(one.person).login
        cast.names |= {place: one.institution, f"{login}id": one.person}
        cast.seeds[login], cast.places[login] = _equip(one, clock), place
        one.gateway.close()
    server.close()
    return cast


def _equip(joined: Joined, clock: FixedClock) -> str:
    accounts = joined.gateway.accounts
    seed = accounts.enrol_totp(joined.person).secret
    accounts.confirm_totp(joined.person, pyotp.TOTP(seed).at(clock.now_ms() // 1000))
    accounts.set_password(joined.person, PASSWORD)
    return seed


@dataclass
class Stage:
    """One copy of the home in ``folder``, its clock, and the words captured so far."""

    folder: Path
    cast: Cast
    clock: FixedClock = field(default_factory=lambda: FixedClock(START + DAY_MS))
    held: list[Callable[[], None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.home = self.folder / "home"
        self.words = {"home": str(self.home), "tmp": str(self.folder), **self.cast.names}
        self._seeds = dict(self.cast.seeds)
        (self.folder / "password").write_text(PASSWORD, encoding="utf-8")

    def close(self) -> None:
        """Let go of what steps hold open."""
        for release in self.held:
            release()

    def run(self, line: str) -> tuple[list[str], list[str], int]:
        """Run ``akashi …``: lines of standard output, lines of standard error, exit status."""
        self.clock.advance(30_000)
        words = [word for raw in shlex.split(self.fill(line))[1:] for word in self._expanded(raw)]
        out, err = io.TextIOWrapper(io.BytesIO(), "utf-8", newline=""), io.StringIO()
        status = main(words, Shell(out, err, clock=self.clock))
        out.seek(0)
        text = out.buffer.read().decode("utf-8", "replace")
        return text.splitlines(), err.getvalue().splitlines(), status

    def fill(self, text: str) -> str:
        """``{word}`` by what it stands for."""
        return _WORD.sub(lambda match: self.words[match[1]], text)

    def _expanded(self, word: str) -> list[str]:
        """``@mori`` signs mori in at the gateway of mori's institution; ``@`` alone names the home."""
        if not word.startswith("@"):
            return [word]
        home = ["--home", str(self.home), "--lang", "ja"]
        login = word[1:]
        if not login:
            return home
        code = self.folder / "code"
        code.write_text(pyotp.TOTP(self._seeds[login]).at(self.clock.now_ms() // 1000), encoding="utf-8")
        where = ["--institution", self.cast.names[self.cast.places[login]]]
        return [
            *home,
            *where,
            "--as",
            login,
            "--password-file",
            str(self.folder / "password"),
            "--code-file",
            str(code),
        ]

    # Things that happen outside of the command line

    def step(self, line: str) -> None:
        """Run one ``%`` line."""
        name, *arguments = shlex.split(self.fill(line))
        self.STEPS[name](self, *arguments)

    def _sample(self, name: str) -> None:
        (self.folder / name).write_bytes(samples.SAMPLES[name]())

    def _days(self, days: str) -> None:
        self.clock.advance(int(days) * DAY_MS)

    def _ledger(self) -> Path:
        return server_paths(self.home).ledger / "ledger.db"

    def _flip_leaf(self, index: str) -> None:
        """Turn one bit in the middle of a leaf, as a disk or a hand would."""
        connection = sqlite3.connect(self._ledger())
        with connection:
            (leaf,) = connection.execute("SELECT leaf FROM leaves WHERE idx = ?", (int(index),)).fetchone()
            damaged = bytearray(leaf)
            damaged[len(damaged) // 2] ^= 1
            connection.execute("UPDATE leaves SET leaf = ? WHERE idx = ?", (bytes(damaged), int(index)))
        connection.close()

    def _keep(self, name: str) -> None:
        shutil.copytree(server_paths(self.home).root, self.folder / name)

    def _restore(self, name: str) -> None:
        shutil.rmtree(server_paths(self.home).root)
        shutil.copytree(self.folder / name, server_paths(self.home).root)

    def _cut(self, source: str, target: str) -> None:
        (self.folder / target).write_bytes((self.folder / source).read_bytes()[:-20])

    def _flip(self, source: str, target: str) -> None:
        data = bytearray((self.folder / source).read_bytes())
        data[len(data) // 2] ^= 1
        (self.folder / target).write_bytes(data)

    def _text(self, name: str, text: str) -> None:
        (self.folder / name).parent.mkdir(exist_ok=True)
        (self.folder / name).write_text(text, encoding="utf-8")

    def _limit(self, place: str, limit: str) -> None:
        path = gateway_paths(self.home, self.words[place]).settings
        text = re.sub(r"upload_limit_bytes = \d+", f"upload_limit_bytes = {limit}", path.read_text(encoding="utf-8"))
        path.write_text(text, encoding="utf-8")

    def _deafen(self, place: str) -> None:
        """The gateway looks for its server where nobody listens."""
        path = gateway_paths(self.home, self.words[place]).settings
        text = re.sub(r'server_url = ".*"', 'server_url = "https://127.0.0.1:1"', path.read_text(encoding="utf-8"))
        path.write_text(text, encoding="utf-8")

    def _hold(self) -> None:
        """Another process has the home open."""
        self.held.append(Server.open(self.home, PASSPHRASE, self.clock).close)

    def _remove(self, name: str) -> None:
        (self.folder / name).unlink()

    def _code(self, login: str, uri: str) -> None:
        """An authenticator app reads the seed, and its present code is written down."""
        self._seeds[login] = pyotp.parse_uri(uri).secret
        self.cast.places.setdefault(login, "clinic")
        now = (self.clock.now_ms() + 30_000) // 1000
        (self.folder / "new-code").write_text(pyotp.TOTP(self._seeds[login]).at(now), encoding="utf-8")

    def _seat(self, login: str, institution: str) -> None:
        """Somebody works at an institution that came later."""
        self.cast.places[login] = self.cast.names[f"seat of {login}"] = institution
        self.cast.names[institution] = institution

    def _unzip(self, archive: str, name: str) -> None:
        """Take one file out of a zip, beside it."""
        with zipfile.ZipFile(self.folder / archive) as opened:
            (self.folder / name).write_bytes(opened.read(name))

    STEPS: ClassVar[dict[str, Callable[..., None]]] = {
        "sample": _sample,
        "days": _days,
        "flip-leaf": _flip_leaf,
        "keep-server": _keep,
        "restore-server": _restore,
        "cut": _cut,
        "flip": _flip,
        "text": _text,
        "limit": _limit,
        "deafen": _deafen,
        "hold": _hold,
        "remove": _remove,
        "code": _code,
        "seat": _seat,
        "unzip": _unzip,
    }


def play(stage: Stage, script: str) -> Iterator[str]:
    """Play a transcript; yields what differs from it, command by command."""
    for command, wanted in _parsed(script):
        if command.startswith("%"):
            stage.step(command[1:])
            continue
        out, err, status = stage.run(command[1:])
        seen = [*out, *(f"! {line}" for line in err), *([f"?{status}"] if status else [])]
        if not _fits(stage, wanted, seen):
            yield "\n".join([command, "wanted:", *wanted, "seen:", *seen])


def _parsed(script: str) -> Iterator[tuple[str, list[str]]]:
    commands: list[tuple[str, list[str]]] = []
    for line in script.splitlines():
        kind = _HEADS.get(line[:1], "out")
        if kind in ("command", "step"):
            commands.append((line, []))
        elif kind != "comment" and line.strip():
            commands[-1][1].append(line)
    yield from commands


def _fits(stage: Stage, wanted: list[str], seen: list[str]) -> bool:
    """Line by line; one line ``…`` stands for any number of lines."""
    if "…" in wanted:
        gap = wanted.index("…")
        rest = len(wanted) - gap - 1
        if len(seen) < gap + rest:
            return False
        wanted, seen = wanted[:gap] + wanted[gap + 1 :], seen[:gap] + seen[len(seen) - rest :]
    return len(wanted) == len(seen) and all(map(_matches, [stage] * len(seen), wanted, seen))


def _matches(stage: Stage, pattern: str, line: str) -> bool:
    """Compare, capturing new words. Words are captured only where the whole line fits."""
    parts, fresh = [], set[str]()
    for piece in re.split(r"(\{[a-z0-9]+\}|…)", pattern):
        word = _WORD.fullmatch(piece)
        if piece == "…":
            parts.append(".*")
        elif word is None:
            parts.append(re.escape(piece))
        elif word[1] in stage.words:
            parts.append(re.escape(stage.words[word[1]]))
        elif word[1] in fresh:
            parts.append(f"(?P={word[1]})")
        else:
            fresh.add(word[1])
            parts.append(rf"(?P<{word[1]}>[^\s\",]+)")
    found = re.fullmatch("".join(parts), line)
    if found is None:
        return False
    stage.words |= found.groupdict()
    return True
