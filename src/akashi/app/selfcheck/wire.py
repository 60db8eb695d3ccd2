"""Routes without a session, and a revoked device on an open connection, over the origins that are served.

Guarantees: requests carry nothing but a path that names nothing that exists; TLS is that of a browser (1.3, the service's own CA), with a
deadline of ten seconds. Refuses: to call a route closed because nothing answered at all. Trusts: the route tables it is given to be
whole (``akashi.api.faces`` takes them from the applications).
"""

from __future__ import annotations

import http.client
import json
import re
import ssl
from contextlib import closing
from urllib.parse import urlsplit

from akashi.app.gateway.home import MACHINE_KEY, Gateway
from akashi.app.gateway.machine_tls import client_context
from akashi.app.selfcheck.context import TOOL, SelfContext
from akashi.app.selfcheck.faces import CLOSED, Answer, Ask, Face
from akashi.app.selfcheck.trial import TrialDevice, trial_device, trial_person
from akashi.conformity.errors import Unreached
from akashi.conformity.model import Fact, Target
from akashi.conformity.probing import Bench, Observed
from akashi.identity.errors import SessionEnded
from akashi.identity.events import devices

SECONDS = 10
"""A slow machine's answer is an answer: one that is not waited for would leave the check undecided."""
_SESSION = "/api/v1/session"
_HARMLESS, _LEDGER = ("GET", _SESSION), ("GET", "/api/v1/ledger")
"""What a good machine gets an answer to: that it has no session; which ledger this is."""
_HEADERS = {"Sec-Fetch-Site": "same-origin", "Accept": "application/json"}
_MOST_BODY = 1 << 16


def doors(here: SelfContext, _target: Target, bench: Bench) -> Observed:
    """Every route of the gateway's and the server's tables: without a certificate, and with one that is not enough.

    People sign in at a gateway: there the machine's certificate without a session is not enough. The server knows machines only: there a
    person's device is not enough.
    """
    if not here.faces:
        raise Unreached(reason="routes")
    tried, let, closed = 0, list[str](), 0
    own = here.gateway.machine_certificate()
    with trial_person(here) as trial, trial_device(here, trial.person) as device:
        for face in here.faces:
            ask, paced = _ask_of(here, face, device)
            strangers = [None] if paced else [None, *_strangers(here, face)]
            poor = own if face.sessions else device.digest
            for method, path in face.routes:
                for certificate in strangers if (method, path) in face.open else [*strangers, poor]:
                    if paced:
                        bench.pace.wait()
                    answer = ask(method, filled(path), certificate)
                    tried += 1
                    closed += 1 if answer.status == CLOSED else 0
                    let += [] if answer.refused else [f"{face.name} {method} {path}"]
    facts: dict[str, Fact] = {
        "faces": tuple(sorted(face.name for face in here.faces)),
        "routes": sum(len(face.routes) for face in here.faces),
        "tried": tried,
        "refused": tried - len(let),
        "closed": closed,
        "let": tuple(sorted(set(let))[:20]),
        "open_by_design": sum(len(face.open) for face in here.faces),
        "reached": all(_alive(here, face) for face in here.faces),
    }
    return Observed(facts, json.dumps(sorted(let)).encode(), TOOL)


def _strangers(here: SelfContext, face: Face) -> list[bytes]:
    """Certificates that nobody may come with: one that was never issued and, at a gateway, another institution's machine's."""
    with here.gateway.ledger.view() as state:
        others = [one for one in devices(state) if one.institution != here.gateway.institution and one.machine]
    return [bytes(32), *(one.certificate for one in others[:1] if face.sessions)]


def _ask_of(here: SelfContext, face: Face, device: TrialDevice) -> tuple[Ask, bool]:
    """Over HTTPS where the face is served (then connections are paced), else in this process."""
    if face.sessions:
        return (https_ask(here.base_url, here.gateway), True) if here.base_url else (face.ask, False)
    if here.server is not None:
        return face.ask, False
    return https_ask(here.gateway.settings.server_url, here.gateway, device), True


def _alive(here: SelfContext, face: Face) -> bool:
    """Whether something answers a good machine at all: a dead port refuses everything, and proves nothing."""
    url = here.base_url if face.sessions else "" if here.server is not None else here.gateway.settings.server_url
    ask = https_ask(url, here.gateway) if url else face.ask
    method, path = _HARMLESS if face.sessions else _LEDGER
    answer = ask(method, path, here.gateway.machine_certificate())
    return answer.code == SessionEnded.code if face.sessions else answer.status == 200


def filled(path: str) -> str:
    """The path with well-formed handles of nothing in its places.

    >>> filled("/api/v1/transfers/{name}")
    '/api/v1/transfers/tr-selfcheck0000'
    """
    for place, value in _FILLED.items():
        path = path.replace(place, value)
    return _PLACE.sub("tr-selfcheck0000", path)


_PLACE = re.compile(r"\{[^}]*\}")
_FILLED = {
    "{name}": "tr-selfcheck0000",
    "{draft}": "draft",
    "{institution}": "inst-selfcheck0000",
    "{device}": "dev-selfcheck0000",
    "{operation}": "00" * 32,
    "{subject}": "tr-selfcheck0000",
    "{space}": "tr",
    "{version}": "1",
    "{column}": "1",
    "{key}": "00" * 32,
    "{payload}": "00" * 16,
}


def https_ask(url: str, gateway: Gateway, device: TrialDevice | None = None) -> Ask:
    """Ask over HTTPS: with the gateway machine's certificate (or a device's), or with none."""
    ca = gateway.paths.ca.read_bytes()
    if device is None:
        known = client_context(ca, gateway.paths.certificate.read_bytes(), gateway.keystore.private_key(MACHINE_KEY))
    else:
        known = client_context(ca, device.certificate, device.key)
    nobody = _context(gateway)

    def ask(method: str, path: str, certificate: bytes | None) -> Answer:
        try:
            with closing(_connection(url, nobody if certificate is None else known)) as connection:
                return _asked(connection, method, path)
        except (OSError, http.client.HTTPException):
            return Answer(CLOSED)

    return ask


def _context(gateway: Gateway) -> ssl.SSLContext:
    """A client without a certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_verify_locations(cadata=gateway.paths.ca.read_bytes().decode("ascii"))
    return context


def _connection(url: str, context: ssl.SSLContext) -> http.client.HTTPSConnection:
    parts = urlsplit(url)
    if parts.scheme != "https" or not parts.hostname:
        raise Unreached(reason="url")
    return http.client.HTTPSConnection(parts.hostname, parts.port or 443, timeout=SECONDS, context=context)


def _asked(connection: http.client.HTTPSConnection, method: str, path: str) -> Answer:
    connection.request(method, path, headers=_HEADERS)
    answer = connection.getresponse()
    body = answer.read(_MOST_BODY)
    try:
        told = json.loads(body)
    except ValueError:
        told = None
    code = told.get("code", "") if isinstance(told, dict) else ""
    return Answer(answer.status, answer.headers.get("location", ""), str(code))


def revocation(here: SelfContext, _target: Target, _bench: Bench) -> Observed:
    """Enrol a device, use it, revoke it: the same open connection, a resumed one and a new one must all be refused."""
    if not here.base_url:
        raise Unreached(reason="serve")
    with trial_person(here) as trial, trial_device(here, trial.person) as device:
        context = client_context(here.gateway.paths.ca.read_bytes(), device.certificate, device.key)
        with closing(_connection(here.base_url, context)) as connection:
            before = _asked(connection, "GET", _SESSION)
            session = connection.sock.session if isinstance(connection.sock, ssl.SSLSocket) else None
            device.revoke()
            on_open = _tried(connection)
        resumed = _resumed(here, device, context, session)
        fresh = _new(here, device)
    answers = {"before": before, "open": on_open, "resumed": resumed, "new": fresh}
    facts: dict[str, Fact] = {
        "before.admitted": before.code == SessionEnded.code,
        "open.refused": shut(on_open),
        "resumed.refused": shut(resumed),
        "new.refused": shut(fresh),
        "tickets": session is not None and session.has_ticket,
    }
    return Observed(facts, json.dumps({name: one._asdict() for name, one in answers.items()}).encode(), TOOL)


def shut(answer: Answer) -> bool:
    """Closed, or refused for the certificate itself; ``401`` for want of a session means that the device was let in."""
    return answer.status in (CLOSED, 403)


def _tried(connection: http.client.HTTPSConnection) -> Answer:
    """Another request on the connection that is open; it must not be opened anew."""
    if connection.sock is None:
        return Answer(CLOSED)
    connection.auto_open = 0
    try:
        return _asked(connection, "GET", _SESSION)
    except (OSError, http.client.HTTPException):
        return Answer(CLOSED)


def _new(here: SelfContext, device: TrialDevice) -> Answer:
    context = client_context(here.gateway.paths.ca.read_bytes(), device.certificate, device.key)
    try:
        with closing(_connection(here.base_url, context)) as connection:
            return _asked(connection, "GET", _SESSION)
    except (OSError, http.client.HTTPException):
        return Answer(CLOSED)


def _resumed(here: SelfContext, device: TrialDevice, context: ssl.SSLContext, session: ssl.SSLSession | None) -> Answer:
    """With the session of the connection from before, where the server gave a ticket for one; else as a new one."""
    if session is None or not session.has_ticket:
        return _new(here, device)
    try:
        with closing(_connection(here.base_url, context)) as connection:
            connection.connect()
            raw = connection.sock
            if not isinstance(raw, ssl.SSLSocket):
                return Answer(CLOSED)
            raw.session = session
            return _asked(connection, "GET", _SESSION)
    except (OSError, ValueError, http.client.HTTPException):
        return Answer(CLOSED)
