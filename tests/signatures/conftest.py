"""One invented PKI and one signed document for all tests of signatures; nothing in them changes."""

from __future__ import annotations

import pytest

from akashi.signatures.holding import from_file
from akashi.signatures.model import Level, Signed
from akashi.signatures.signing import Signing, sign_pdf
from tests.signatures.pki import PASSPHRASE, World, blank_pdf, world


@pytest.fixture(scope="session")
def here() -> World:
    """The PKI."""
    return world()


@pytest.fixture(scope="session")
def archived(here: World) -> Signed:
    """A document that an invented doctor signed at B-LTA."""
    holding = from_file(here.doctor.p12(here.hpki.certificate), PASSPHRASE)
    return sign_pdf(blank_pdf(), holding, Signing(here.trust(), here.stamps, here.clock))


@pytest.fixture(scope="session")
def long_term(here: World) -> Signed:
    """The same at B-LT, by somebody without a stated qualification."""
    holding = from_file(here.signer.p12(), PASSPHRASE)
    return sign_pdf(blank_pdf(), holding, Signing(here.trust(), here.stamps, here.clock, Level.B_LT))
