"""Opening the key store of a home, with the PKCS#11 token that its settings name.

Guarantees: without ``pkcs11_module`` nothing of PKCS#11 is loaded. The PIN is found when a login needs it: in the file that
``AKASHI_PIN_FILE`` names, on the descriptor ``AKASHI_PIN_FD`` (read once), in ``AKASHI_PIN``, in ``HOME/pin``, else typed. It is never
logged, never in a message, never an argument. Trusted: whoever can change the settings can choose the module, which is code.
"""

from __future__ import annotations

import getpass
import os
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from akashi.app.config import GatewaySettings, ServerSettings
from akashi.keys.keystore import FileKeystore
from akashi.keys.model import STANDARD_COST, Cost
from akashi.keys.tokens.errors import TokenPinMissing
from akashi.keys.tokens.model import TokenPlace
from akashi.late import late

if TYPE_CHECKING:
    from akashi.keys.tokens import module
else:
    module = late("akashi.keys.tokens.module")

PIN_FILE, PIN_FD, PIN = "AKASHI_PIN_FILE", "AKASHI_PIN_FD", "AKASHI_PIN"
_MAX_BYTES = 256
_FROM_DESCRIPTOR: dict[int, bytes] = {}
"""A descriptor can be read once, and a token that was removed asks again: whoever reads this memory has the token's session anyway."""

Settings = ServerSettings | GatewaySettings


def token_place(settings: Settings) -> TokenPlace:
    """Module, label and declaration of the settings."""
    return TokenPlace(settings.pkcs11_module, settings.pkcs11_token, settings.pkcs11_validation)


def find_token(home: Path, settings: Settings) -> module.Pkcs11Token | None:
    """The token of the settings, which logs in when it is first needed; ``None`` where keys are files."""
    place = token_place(settings)
    return module.Pkcs11Token(place, partial(find_pin, home)) if place.configured else None


def open_keystore(home: Path, folder: Path, passphrase: bytes, settings: Settings) -> FileKeystore:
    """The key store in ``folder`` of ``home``. Raises what ``FileKeystore.open`` raises."""
    return FileKeystore.open(folder, passphrase, find_token(home, settings))


def create_keystore(
    home: Path, folder: Path, passphrase: bytes, settings: Settings, *, cost: Cost = STANDARD_COST
) -> FileKeystore:
    """A new key store. With a token its facts are asked first, so that a wrong module fails before anything is made."""
    token = find_token(home, settings)
    if token is not None:
        token.facts()
    return FileKeystore.create(folder, passphrase, cost=cost, token=token)


def find_pin(home: Path) -> bytes:
    """The token's PIN. Raises :class:`TokenPinMissing`."""
    named = os.environ.get(PIN_FILE)
    for candidate in ([Path(named)] if named else []) + [home / "pin"]:
        if candidate.is_file():
            text = candidate.read_bytes()[:_MAX_BYTES].strip()
            if text:
                return text
    text = _descriptor() or os.environ.get(PIN, "").encode()
    if not text and sys.stdin.isatty():
        text = getpass.getpass("暗号モジュールの PIN / token PIN: ").encode()
    if not text:
        raise TokenPinMissing
    return text


def _descriptor() -> bytes:
    number = os.environ.get(PIN_FD, "")
    if not number.isascii() or not number.isdecimal() or len(number) > 6:
        return b""
    handle = int(number)
    if handle not in _FROM_DESCRIPTOR:
        try:
            _FROM_DESCRIPTOR[handle] = os.read(handle, _MAX_BYTES).strip()
        except OSError:
            return b""
    return _FROM_DESCRIPTOR[handle]
