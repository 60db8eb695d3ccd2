"""Enrolling and removing one's own authenticators and keys.

Guarantees: what is shown once (a seed, recovery codes) is on one page and nowhere else; a further key is told to the ledger only with a signature
by an earlier one, on a page of its own, so that it can be done again. Refuses to change anything without a fresh proof (``app.people.factors``).
"""

from __future__ import annotations

import json
from hashlib import sha256

import segno
from fastapi import APIRouter
from starlette.responses import Response

from akashi.app.people import factors
from akashi.errors import AkashiError
from akashi.identity.factors.model import FactorKind
from akashi.identity.factors.passkeys import from_base64, to_base64
from akashi.web.forms import Form, FormInvalid
from akashi.web.people.account import show
from akashi.web.people.places import left
from akashi.web.visitors import Here, OwnForm, needs, to

router = APIRouter()


@router.get("/me/passkey", **needs("self.manage"))
def new_passkey(visitor: Here) -> Response:
    """A page that asks the browser to make a passkey."""
    try:
        options = factors.passkey_options(visitor.gateway, visitor.session)
    except AkashiError as error:
        return show(visitor, error)
    return visitor.page("account_passkey.html", options=json.dumps(options), script=True)


@router.post("/me/passkey", **needs("self.manage"))
def keep_passkey(visitor: Here, form: OwnForm) -> Response:
    """Enrol what the browser made."""
    try:
        held = factors.enrol_passkey(visitor.gateway, visitor.session, form.get("answer"), form.get("label"))
    except AkashiError as error:
        return show(visitor, error)
    return _enrolled(held)


def _enrolled(held: factors.Held) -> Response:
    return to("/me", notice="factor_set" if held.on_ledger else "factor_waits")


@router.post("/me/totp", **needs("self.manage"))
def new_totp(visitor: Here, form: OwnForm) -> Response:
    """A seed as a square code, shown this once."""
    try:
        seed = factors.new_totp(visitor.gateway, visitor.session, form.get("label"))
    except AkashiError as error:
        return show(visitor, error)
    square = segno.make(seed.uri, micro=False).svg_data_uri(scale=4, border=4)
    return visitor.page("account_totp.html", square=square, secret=seed.secret)


@router.post("/me/totp/confirm", **needs("self.manage"))
def confirm_totp(visitor: Here, form: OwnForm) -> Response:
    """Put the seed in force with a code of it."""
    try:
        factors.confirm_totp(visitor.gateway, visitor.session, form.get("code"))
    except AkashiError as error:
        return show(visitor, error)
    return to("/me", notice="factor_set")


@router.post("/me/recovery", **needs("self.manage"))
def recovery(visitor: Here, _form: OwnForm) -> Response:
    """Ten new codes, shown this once."""
    try:
        codes = factors.recovery_codes(visitor.gateway, visitor.session)
    except AkashiError as error:
        return show(visitor, error)
    return visitor.page("account_recovery.html", codes=codes)


@router.post("/me/key", **needs("self.manage"))
def new_key(visitor: Here, form: OwnForm) -> Response:
    """A key that the browser just made, before it has proved to be there."""
    try:
        spki = _bytes(form, "spki")
        message = factors.possession_wanted(visitor.gateway, visitor.session, spki)
    except AkashiError as error:
        return show(visitor, error)
    options = {"key": sha256(spki).hexdigest(), "message": to_base64(message)}
    return visitor.page("account_key.html", spki=form.get("spki"), options=json.dumps(options), script=True)


@router.post("/me/key/enrol", **needs("self.manage"))
def keep_key(visitor: Here, form: OwnForm) -> Response:
    """Enrol the browser's key, which signed."""
    spki, possession = _bytes(form, "spki"), _bytes(form, "possession")
    told = (FactorKind.BROWSER_KEY, spki, possession, form.get("label"))
    try:
        held = factors.enrol_key(visitor.gateway, visitor.session, *told)
    except AkashiError as error:
        return show(visitor, error)
    return _enrolled(held)


def _bytes(form: Form, name: str) -> bytes:
    try:
        return from_base64(form.get(name))
    except ValueError as error:
        raise FormInvalid from error


@router.post("/me/factors/{factor}/introduce", **needs("self.manage"))
def introduce(visitor: Here, factor: str, _form: OwnForm) -> Response:
    """Tell the ledger of a further key; an earlier one signs."""
    try:
        factors.introduce(visitor.gateway, visitor.session, factor)
    except AkashiError as error:
        return show(visitor, error)
    return to("/me", notice="factor_set")


@router.post("/me/factors/{factor}/remove", **needs("self.manage"))
def remove(visitor: Here, factor: str, form: OwnForm) -> Response:
    """Remove an authenticator; one signs in again without it."""
    try:
        factors.remove(visitor.gateway, visitor.session, factor, lost=form.get("lost") == "1")
    except AkashiError as error:
        return show(visitor, error)
    return left()
