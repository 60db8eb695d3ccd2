"""The values of document signatures: levels, qualifications, what a verifier trusts, what it saw.

Guarantees: frozen values. What the ledger records is digests and enums; a signer's name is only in :class:`SignatureSeen`, which is made for
whoever verifies the file and is stored nowhere. Names do not show in ``repr``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum

MIB = 1024 * 1024


class Level(IntEnum):
    """PAdES baseline levels (ETSI EN 319 142-1). Permanent numbers, only appended."""

    B_B = 1
    B_T = 2
    B_LT = 3
    B_LTA = 4


class Qualification(IntEnum):
    """A 国家資格 or an office that an HPKI certificate states. Permanent numbers, only appended."""

    OTHER = 0
    """A name that is not in our table."""
    DOCTOR = 1
    DENTIST = 2
    PHARMACIST = 3
    LABORATORY_TECHNOLOGIST = 4
    RADIOGRAPHER = 5
    NURSE = 6
    PUBLIC_HEALTH_NURSE = 7
    MIDWIFE = 8
    PHYSICAL_THERAPIST = 9
    OCCUPATIONAL_THERAPIST = 10
    ORTHOPTIST = 11
    SPEECH_THERAPIST = 12
    DENTAL_TECHNICIAN = 13
    DIETITIAN = 14
    SOCIAL_WORKER = 15
    CARE_WORKER = 16
    PARAMEDIC = 17
    PSYCHIATRIC_SOCIAL_WORKER = 18
    CLINICAL_ENGINEER = 19
    DENTAL_HYGIENIST = 20
    HOSPITAL_DIRECTOR = 21
    CLINIC_DIRECTOR = 22
    PHARMACY_SUPERVISOR = 23


class PolicyClass(IntEnum):
    """What the certificate's policy says that it is for."""

    NONE = 0
    SIGNING = 1
    PERSON_AUTHENTICATION = 2
    ORGANISATION_AUTHENTICATION = 3
    TEST = 4


class Standing(IntEnum):
    """What a claimed qualification is worth."""

    NOTHING_CLAIMED = 0
    UNCONFIRMED = 1
    """Claimed, but the chain does not end at a configured HPKI root, or the policy is not one for signing."""
    CONFIRMED = 2


class Fault(IntEnum):
    """Why a signature is not valid. Each has its Japanese sentence in ``saying``."""

    BYTES_CHANGED = 1
    SIGNATURE_WRONG = 2
    CERTIFICATE_UNTRUSTED = 3
    CERTIFICATE_EXPIRED = 4
    CERTIFICATE_REVOKED = 5
    USAGE = 6
    STATUS_UNKNOWN = 7
    ALGORITHM = 8
    STAMP_INVALID = 9
    CHANGED_LATER = 10
    COVERAGE = 11
    MALFORMED = 12


class Later(IntEnum):
    """What came into the file after the signature."""

    NOTHING = 0
    LONG_TERM = 1
    """Revocation information and document time stamps only."""
    SIGNATURES = 2
    """More signatures."""
    CONTENT = 3
    """Anything else: the signature no longer stands for what is shown."""


class Revocation(IntEnum):
    """Where the answer about revocation came from."""

    UNKNOWN = 0
    EMBEDDED = 1
    GIVEN = 2


@dataclass(frozen=True, slots=True)
class Limits:
    """What a document may take of the machine. Trusted: whoever can raise these can let a file hold us up."""

    bytes_most: int = 64 * MIB
    pages_most: int = 3000
    objects_most: int = 200_000
    nodes_deep: int = 64
    signatures_most: int = 32
    decoded_most: int = 256 * MIB


@dataclass(frozen=True, slots=True)
class Trust:
    """Whom a verifier believes; certificates, lists and answers are DER.

    Trusted: whoever can change this decides whose signatures count as valid, and whose roles as confirmed.
    """

    roots: tuple[bytes, ...] = ()
    hpki_roots: tuple[bytes, ...] = ()
    """Roots of health-care PKIs: the only ones that confirm a qualification."""
    stamp_roots: tuple[bytes, ...] = ()
    others: tuple[bytes, ...] = ()
    """Intermediate certificates; believed only through a root."""
    crls: tuple[bytes, ...] = ()
    ocsps: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class Role:
    """One hcRole entry: the name as it stands in the certificate, and what our table says that it is."""

    name: str
    qualification: Qualification


@dataclass(frozen=True, slots=True)
class CertificateSeen:
    """What an HPKI-like certificate says of itself; nothing of it is proved by the reading."""

    policy: PolicyClass
    policies: tuple[str, ...]
    roles: tuple[Role, ...]
    readable: bool = True
    """Whether the role extension, if there is one, was well formed."""


@dataclass(frozen=True, slots=True)
class StampSeen:
    """A time stamp that was checked: the document existed at ``time_ms`` ± ``accuracy_ms`` by that authority's clock."""

    time_ms: int
    accuracy_ms: int | None
    trusted: bool
    """By a root that the verifier named, and intact."""
    intact: bool


@dataclass(frozen=True, slots=True)
class SignatureSeen:
    """One signature of a document, judged."""

    name: str = field(repr=False)
    """The certificate's common name: personal data, for whoever holds the file."""
    issuer: str
    certificate: bytes
    """SHA-256 of the certificate."""
    digest: bytes
    """SHA-256 of the signature's CMS."""
    faults: tuple[Fault, ...]
    level: Level | None
    stamp: StampSeen | None
    claimed_ms: int | None
    later: Later
    revocation: Revocation
    algorithms: str
    seen: CertificateSeen
    standing: Standing

    @property
    def valid(self) -> bool:
        """Whether nothing speaks against it."""
        return not self.faults


@dataclass(frozen=True, slots=True)
class DocumentSeen:
    """A PDF, judged: its digest, its signatures, its document time stamps (newest last)."""

    digest: bytes
    pages: int
    signatures: tuple[SignatureSeen, ...]
    stamps: tuple[StampSeen, ...]

    @property
    def valid(self) -> bool:
        """Whether it is signed, every signature is valid and no document time stamp is broken."""
        return (
            bool(self.signatures)
            and all(one.valid for one in self.signatures)
            and all(one.intact for one in self.stamps)
        )


@dataclass(frozen=True, slots=True)
class Signed:
    """A signed document and what the ledger may know of it."""

    pdf: bytes = field(repr=False)
    document: bytes
    signature: bytes
    certificate: bytes
    level: Level
    qualification: Qualification | None


@dataclass(frozen=True, slots=True)
class DocumentRecord:
    """A signature as the ledger records it."""

    signature: bytes
    document: bytes
    certificate: bytes
    level: Level
    qualification: Qualification | None
    institution: str
    person: str
    signed_ms: int
