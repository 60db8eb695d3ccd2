"""Where a token is, and what it says of itself.

Guarantees: facts are the module's own words; a validation (FIPS 140, JCMVP) is never inferred from them, because a module cannot
prove it: only what the operator declared is repeated, and named as declared. Trusts nobody.

>>> TokenPlace("/usr/lib/example.so", "akashi").configured
True
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TokenPlace:
    """A PKCS#11 module (path of the shared library), the label of the token in it, and what the operator declares of it."""

    module: str = ""
    label: str = ""
    declared: str = ""
    """The validation that the operator declares (certificate number), or empty."""

    @property
    def configured(self) -> bool:
        """Whether there is one at all."""
        return bool(self.module)


@dataclass(frozen=True, slots=True)
class TokenFacts:
    """What the module and the token report (PKCS#11 v3.0, CK_INFO and CK_TOKEN_INFO)."""

    module: str
    """File name of the library."""
    digest: str
    """SHA-256 of the library's file, hex: which edition it is, whatever it says."""
    library: str
    library_version: str
    cryptoki: str
    label: str
    manufacturer: str
    model: str
    firmware: str
    ed25519: bool
    """Whether it signs with Ed25519; otherwise such keys stay files."""
    wraps: bool
    """Whether it encrypts with AES-GCM, so that opening keys can be wrapped."""
    declared: str

    @property
    def validation(self) -> str:
        """The one sentence about validation that may be said."""
        return f"not known (declared by the operator: {self.declared})" if self.declared else "not known"
