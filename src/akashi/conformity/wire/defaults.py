"""The ``defaults`` probe: known default passwords, tried on a registered management screen or sign-in.

Guarantees: at most :data:`MAX_TRIES` tries, at most :data:`MAX_PER_LOGIN` a login name (a lock-out must not be our doing), and none before
it is seen that an invented password is refused; a screen that lets in everybody, or answers an invented password as it answers a default
one, shows nothing. Credentials appear in no fact, no raw output and no message. Refuses: targets without the option. Trusts nobody.

Options: ``defaults`` = ``login:password`` separated by commas; ``defaults_url`` = ``https://host:port/path`` or ``http://…`` on the
target's own host; ``defaults_way`` = ``basic`` (RFC 7617) or ``json`` (``{"login": …, "password": …, "code": ""}``, as Akashi's own); ``cert`` and ``key`` (PEM files), where
only known devices may knock.
"""

from __future__ import annotations

import http.client
import json
import re
import secrets
from base64 import b64encode
from collections import Counter
from dataclasses import dataclass, field

from akashi.conformity.errors import Unreached
from akashi.conformity.model import Target, TargetKind
from akashi.conformity.probing import Bench, Observed, Pace, probe
from akashi.conformity.wire.certificates import Credentials
from akashi.conformity.wire.dial import Place, place
from akashi.conformity.wire.handshakes import open_context, read_credentials

MAX_TRIES, MAX_PER_LOGIN, MAX_ANSWER = 10, 3, 1 << 16
_URL = re.compile(r"(https?)://([^/\s@?#]{1,260})(/[!-~]{0,200})?")
REFUSAL = 401
"""Nothing else: 400, 403 and 422 may be about the form of the request, and would be given to the right password too."""


@dataclass(frozen=True, slots=True)
class Screen:
    """Where and how one signs in."""

    secure: bool
    at: Place
    path: str
    way: str
    pace: Pace = field(repr=False)
    device: Credentials | None = field(default=None, repr=False)

    def ask(self, login: str, attempt: str | None) -> int:
        """The HTTP status of one try; of a request without credentials where ``attempt`` is ``None``."""
        headers, body, method = {"Connection": "close"}, b"", "GET"
        if self.way == "json":
            method, body = "POST", json.dumps({"login": login, "password": attempt or "", "code": ""}).encode()
            headers["Content-Type"] = "application/json"
        elif attempt is not None:
            headers["Authorization"] = "Basic " + b64encode(f"{login}:{attempt}".encode()).decode("ascii")
        self.pace.wait()
        line = self._line()
        try:
            line.request(method, self.path, body=body or None, headers=headers)
            return line.getresponse().status
        except (OSError, http.client.HTTPException) as error:
            if isinstance(error, TimeoutError):
                self.pace.ran_out(self.pace.patience.answer_s)
            raise Unreached(reason="http") from error
        finally:
            line.close()

    def _line(self) -> http.client.HTTPConnection:
        seconds = self.pace.patience.answer_s
        if self.secure:
            return http.client.HTTPSConnection(
                self.at.host, self.at.port, timeout=seconds, context=open_context(self.device)
            )
        return http.client.HTTPConnection(self.at.host, self.at.port, timeout=seconds)


@probe("defaults", kind=TargetKind.HOST, active=True, option="defaults")
def defaults(target: Target, bench: Bench) -> Observed:
    """Try each once."""
    screen, pairs = _screen(target, bench.pace), _pairs(target.options["defaults"])
    bare = screen.ask("", None) if screen.way == "basic" else REFUSAL
    invented = screen.ask(pairs[0][0], secrets.token_urlsafe(18))
    asks = bare == REFUSAL and invented == REFUSAL
    outcomes: list[int] = []
    for login, attempt in pairs if asks else ():
        outcomes.append(screen.ask(login, attempt))
    facts = {
        "defaults.asks": asks,
        "defaults.open": bare < 400 or invented < 400,
        "defaults.tried": len(outcomes),
        "defaults.accepted": sum(status < 400 for status in outcomes),
        "defaults.unclear": sum(status >= 400 and status != REFUSAL for status in outcomes),
    }
    raw = {"address": target.address, "bare": bare, "invented": invented, "statuses": outcomes}
    return Observed(facts, json.dumps(raw).encode(), "akashi defaults")


def _pairs(text: str) -> list[tuple[str, str]]:
    """Raises :class:`Unreached` (``option.defaults``) without telling what stood there."""
    pairs = [tuple(one.strip().split(":", 1)) for one in text.split(",")]
    made = [(one[0], one[1]) for one in pairs if len(one) == 2 and one[0]]
    most = max(Counter(login for login, _ in made).values(), default=0)
    if not made or len(made) != len(pairs) or len(made) > MAX_TRIES or most > MAX_PER_LOGIN:
        raise Unreached(reason="option.defaults")
    return made


def _screen(target: Target, pace: Pace) -> Screen:
    """Raises :class:`Unreached` where the address is not on the registered host."""
    host = place(target.address, 1).host
    url = _URL.fullmatch(target.options.get("defaults_url", f"https://{target.address}/"))
    way = target.options.get("defaults_way", "basic")
    if url is None or way not in ("basic", "json"):
        raise Unreached(reason="option.defaults_url")
    at = place(url[2], 443 if url[1] == "https" else 80)
    if at.host != host:
        raise Unreached(reason="option.defaults_url")
    return Screen(url[1] == "https", at, url[3] or "/", way, pace, read_credentials(target, "cert", "key"))
