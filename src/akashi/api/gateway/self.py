"""One's own account over REST: factors, keys, sessions, devices.

Guarantees: everybody's own only; the same use cases as the pages. Seeds and recovery codes are in one answer, once. Refuses to change factors
without a fresh proof (401 ``identity.proof_needed``: ``/session/prove`` first), and to take binary values in anything but base64url.
"""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Path
from pydantic import Field
from starlette.responses import Response

from akashi.api.gateway.session import GatewayHere, SessionHere, Strict, person
from akashi.api.problems import RequestInvalid
from akashi.app.people import devices, factors, presence
from akashi.identity.factors.model import FactorKind
from akashi.identity.factors.passkeys import from_base64, to_base64

router = APIRouter(prefix="/api/v1/me", tags=["me"])
Factor = Annotated[str, Path(pattern=r"^fac-[0-9a-z]{4,32}$")]
Device = Annotated[str, Path(pattern=r"^dev-[0-9a-z]{4,32}$")]
Key = Annotated[str, Path(pattern=r"^[0-9a-z_-]{4,64}$")]
_KINDS = {"browser": FactorKind.BROWSER_KEY, "device": FactorKind.DEVICE_KEY}


class PasskeyBody(Strict):
    """What the browser made, as JSON text, and the person's word for it."""

    answer: str = Field(max_length=16_384, repr=False)
    label: str = Field(default="", max_length=80, repr=False)


class LabelBody(Strict):
    """The person's word for a new factor."""

    label: str = Field(default="", max_length=80, repr=False)


class CodeBody(Strict):
    """A code of the new authenticator app."""

    code: str = Field(max_length=12, repr=False)


class PublicKeyBody(Strict):
    """A public key (SubjectPublicKeyInfo, base64url)."""

    spki: str = Field(max_length=1024)


class KeyBody(PublicKeyBody):
    """A key that signs for its person, with its signature over what ``/me/keys/possession`` answered (64 bytes, base64url)."""

    kind: Literal["browser", "device"]
    possession: str = Field(max_length=128)
    label: str = Field(default="", max_length=80, repr=False)


class PasswordBody(Strict):
    """The old password and the new one."""

    old: str = Field(max_length=256, repr=False)
    new: str = Field(max_length=256, repr=False)


class LostBody(Strict):
    """Whether somebody else may have it."""

    lost: bool = False


def _bytes(name: str, text: str) -> bytes:
    try:
        return from_base64(text)
    except ValueError as error:
        raise RequestInvalid(field=name) from error


def _held(one: factors.Held) -> dict[str, object]:
    found = one.factor
    return {
        "factor": found.id,
        "kind": found.kind.name.lower(),
        "label": found.label,
        "state": found.state.name.lower(),
        "made_ms": found.made_ms,
        "used_ms": found.used_ms,
        "on_ledger": one.on_ledger,
    }


@router.get("", **person("self.manage"))
def account(gateway: GatewayHere, session: SessionHere) -> dict[str, object]:
    """Factors, keys on the ledger, open sessions, devices and open alerts of oneself."""
    seen, around = factors.overview(gateway, session), presence.around(gateway, session)
    return {
        "factors": [_held(one) for one in seen.held],
        "recovery_left": seen.standing.recovery,
        "keys": [
            {
                "key": one.key.hex(),
                "kind": int(one.approval or 0),
                "basis": int(one.basis or 0),
                "to_ms": one.valid_to_ms,
            }
            for one in factors.person_keys(gateway, session.person)
        ],
        "sessions": [
            {
                "key": one.key,
                "browser": one.browser,
                "device": one.session.device,
                "since_ms": one.session.started_ms,
                "here": one.here,
            }
            for one in around.stays
        ],
        "devices": [{"device": one.handle, "to_ms": one.to_ms} for one in around.devices],
        "alerts": [
            {"number": one.number, "kind": one.kind, "count": one.count, "last_ms": one.last_ms}
            for one in presence.own_alerts(gateway, session)
        ],
    }


@router.post("/passkey/options", **person("self.manage"))
def passkey_options(gateway: GatewayHere, session: SessionHere) -> dict[str, object]:
    """What to ask the browser to make (``parseCreationOptionsFromJSON``)."""
    return factors.passkey_options(gateway, session)


@router.post("/passkey", status_code=201, **person("self.manage"))
def passkey(gateway: GatewayHere, session: SessionHere, body: PasskeyBody) -> dict[str, object]:
    """Enrol a passkey; where it is not ``on_ledger``, ``introduce`` comes next."""
    return _held(factors.enrol_passkey(gateway, session, body.answer, body.label))


@router.post("/totp", status_code=201, **person("self.manage"))
def totp(gateway: GatewayHere, session: SessionHere, body: LabelBody) -> dict[str, str]:
    """A seed for an authenticator app, in force once confirmed."""
    seed = factors.new_totp(gateway, session, body.label)
    return {"secret": seed.secret, "uri": seed.uri}


@router.post("/totp/confirm", status_code=204, **person("self.manage"))
def totp_confirm(gateway: GatewayHere, session: SessionHere, body: CodeBody) -> Response:
    """Put the seed in force."""
    factors.confirm_totp(gateway, session, body.code)
    return Response(status_code=204)


@router.post("/recovery-codes", status_code=201, **person("self.manage"))
def recovery(gateway: GatewayHere, session: SessionHere) -> dict[str, list[str]]:
    """Ten new recovery codes in place of the old ones."""
    return {"codes": factors.recovery_codes(gateway, session)}


@router.post("/keys/possession", **person("self.manage"))
def possession(gateway: GatewayHere, session: SessionHere, body: PublicKeyBody) -> dict[str, str]:
    """What a new key signs to be enrolled (base64url)."""
    return {"message": to_base64(factors.possession_wanted(gateway, session, _bytes("spki", body.spki)))}


@router.post("/keys", status_code=201, **person("self.manage"))
def key(gateway: GatewayHere, session: SessionHere, body: KeyBody) -> dict[str, object]:
    """Enrol a browser's or device's key; it signs for its person and does not sign in."""
    spki, proof = _bytes("spki", body.spki), _bytes("possession", body.possession)
    return _held(factors.enrol_key(gateway, session, _KINDS[body.kind], spki, proof, body.label))


@router.post("/factors/{factor}/introduce", status_code=204, **person("self.manage"))
def introduce(gateway: GatewayHere, session: SessionHere, factor: Factor) -> Response:
    """Tell the ledger of a further key, with an approval by an earlier one."""
    factors.introduce(gateway, session, factor)
    return Response(status_code=204)


@router.post("/factors/{factor}/remove", status_code=204, **person("self.manage"))
def remove(gateway: GatewayHere, session: SessionHere, factor: Factor, body: LostBody) -> Response:
    """Remove a factor and revoke its key; all one's sessions end."""
    factors.remove(gateway, session, factor, lost=body.lost)
    return Response(status_code=204)


@router.post("/password", status_code=204, **person("self.manage"))
def password(gateway: GatewayHere, session: SessionHere, body: PasswordBody) -> Response:
    """A new password; all one's sessions end."""
    gateway.accounts.change_password(session, body.old, body.new)
    return Response(status_code=204)


@router.delete("/sessions/{key}", status_code=204, **person("self.manage"))
def end(gateway: GatewayHere, session: SessionHere, key: Key) -> Response:
    """End one of one's sessions."""
    presence.end(gateway, session, key)
    return Response(status_code=204)


@router.post("/sessions/{key}/disown", status_code=204, **person("self.manage"))
def disown(gateway: GatewayHere, session: SessionHere, key: Key) -> Response:
    """Say that a session is not one's own: all end, and that browser is shut out."""
    presence.disown(gateway, session, key)
    return Response(status_code=204)


@router.delete("/sessions", **person("self.manage"))
def everywhere(gateway: GatewayHere, session: SessionHere) -> dict[str, int]:
    """End all one's sessions."""
    return {"ended": presence.everywhere(gateway, session)}


@router.post("/leak", **person("self.manage"))
def leak(gateway: GatewayHere, session: SessionHere) -> dict[str, int]:
    """Stop one's password, factors and sessions at once; only a reset brings them back."""
    return {"ended": presence.suspect_leak(gateway, session)}


@router.post("/devices/{device}/lost", status_code=204, **person("self.manage"))
def lost(gateway: GatewayHere, session: SessionHere, device: Device) -> Response:
    """Revoke a device that one answers for."""
    devices.lost(gateway, session, device)
    return Response(status_code=204)
