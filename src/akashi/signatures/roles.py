"""Reading a health-care certificate: its policy class, and the 国家資格 in its ``hcRole``.

Guarantees: strict DER of bounded size; whatever does not fit the form is ``readable=False``, never half read. Refuses to prove anything: a
certificate may claim what it likes, the chain to a configured HPKI root decides (``rules.standing_of``).

The form (ISO 17090-2; profile of the Japanese health-care PKI): ``subjectDirectoryAttributes`` holds an attribute ``1.0.17090.0.1`` whose value is
a SET OF HCActor; HCActor is ``SEQUENCE { [0] SET { [0] scheme, [1] value?, [2] free text? }, [1] regional? }``; the qualification's English
name is the free text under the scheme ``1.2.392.100495.1.6.1.1``. Tags are explicit. Sources and what is uncertain: docs/signatures.md section 4.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from asn1crypto import core
from cryptography import x509

from akashi.signatures.model import CertificateSeen, PolicyClass, Qualification, Role

DIRECTORY_ATTRIBUTES = x509.ObjectIdentifier("2.5.29.9")
ROLE_TYPE = "1.0.17090.0.1"
SCHEME = "1.2.392.100495.1.6.1.1"
MOST_BYTES, MOST_ROLES, MOST_NAME = 4096, 16, 64

POLICIES: Mapping[str, PolicyClass] = MappingProxyType(
    {
        "1.2.392.100495.1.5.1.1.0.1": PolicyClass.SIGNING,
        "1.2.392.100495.1.5.1.2.0.1": PolicyClass.PERSON_AUTHENTICATION,
        "1.2.392.100495.1.5.1.3.0.1": PolicyClass.ORGANISATION_AUTHENTICATION,
        "1.2.392.100495.1.5.1.1.0.0": PolicyClass.TEST,
    }
)
"""Policy identifiers of the Japanese health-care PKI; to be compared with an issued certificate before it is relied on."""

NAMES: Mapping[str, Qualification] = MappingProxyType(
    {
        "Medical Doctor": Qualification.DOCTOR,
        "Dentist": Qualification.DENTIST,
        "Pharmacist": Qualification.PHARMACIST,
        "Medical Technologist": Qualification.LABORATORY_TECHNOLOGIST,
        "Radiological Technologist": Qualification.RADIOGRAPHER,
        "General Nurse": Qualification.NURSE,
        "Public Health Nurse": Qualification.PUBLIC_HEALTH_NURSE,
        "Midwife": Qualification.MIDWIFE,
        "Physical Therapist": Qualification.PHYSICAL_THERAPIST,
        "Occupational Therapist": Qualification.OCCUPATIONAL_THERAPIST,
        "Orthoptist": Qualification.ORTHOPTIST,
        "Speech Therapist": Qualification.SPEECH_THERAPIST,
        "Dental Technician": Qualification.DENTAL_TECHNICIAN,
        "National Registered Dietitian": Qualification.DIETITIAN,
        "Certified Social Worker": Qualification.SOCIAL_WORKER,
        "Certified Care Worker": Qualification.CARE_WORKER,
        "Emergency Medical Technician": Qualification.PARAMEDIC,
        "Psychiatric Social Worker": Qualification.PSYCHIATRIC_SOCIAL_WORKER,
        "Clinical Engineer": Qualification.CLINICAL_ENGINEER,
        "Dental Hygienist": Qualification.DENTAL_HYGIENIST,
        "Director of Hospital": Qualification.HOSPITAL_DIRECTOR,
        "Director of Clinic": Qualification.CLINIC_DIRECTOR,
        "Supervisor of Pharmacy": Qualification.PHARMACY_SUPERVISOR,
    }
)
"""Names as they stand in certificates."""


class _Malformed(ValueError):
    """Not the form."""


def read_certificate(certificate: x509.Certificate) -> CertificateSeen:
    """Policy class and claimed roles. Never raises for what the certificate says: a malformed extension is ``readable=False``."""
    try:
        policies = _policies(certificate)
        roles = _roles(certificate)
    except (_Malformed, ValueError, TypeError, KeyError, AttributeError, RecursionError, x509.DuplicateExtension):
        return CertificateSeen(PolicyClass.NONE, (), (), readable=False)
    known = [POLICIES[policy] for policy in policies if policy in POLICIES]
    return CertificateSeen(known[0] if len(set(known)) == 1 else PolicyClass.NONE, policies, roles)


def _policies(certificate: x509.Certificate) -> tuple[str, ...]:
    try:
        found = certificate.extensions.get_extension_for_class(x509.CertificatePolicies).value
    except x509.ExtensionNotFound:
        return ()
    return tuple(one.policy_identifier.dotted_string for one in found)


def _roles(certificate: x509.Certificate) -> tuple[Role, ...]:
    held = [one for one in certificate.extensions if one.oid == DIRECTORY_ATTRIBUTES]
    if not held:
        return ()
    value = held[0].value
    if not isinstance(value, x509.UnrecognizedExtension) or len(value.value) > MOST_BYTES:
        raise _Malformed
    return roles_in(value.value)


def roles_in(der: bytes) -> tuple[Role, ...]:
    """The roles in a ``SubjectDirectoryAttributes`` (DER). Raises ``ValueError`` for anything but the form."""
    found: list[Role] = []
    seen = False
    for attribute in _items(_one(der, 0x30)):
        kind, values, *more = list(_items(_content(attribute, 0x30)))
        if more:
            raise _Malformed
        if core.ObjectIdentifier.load(kind, strict=True).native != ROLE_TYPE:
            _content(values, 0x31)
            continue
        if seen:
            raise _Malformed  # twice the same attribute: which one would count?
        seen = True
        (data,) = _items(_content(values, 0x31))
        found += [role for actor in _items(_content(data, 0x31)) if (role := _role(actor)) is not None]
    if len(found) > MOST_ROLES:
        raise _Malformed
    return tuple(found)


def _role(actor: bytes) -> Role | None:
    """One HCActor; ``None`` where it states something under another scheme."""
    coded, *more = list(_items(_content(actor, 0x30)))
    if len(more) > 1 or (more and more[0][0] != 0xA1):
        raise _Malformed
    fields: dict[int, bytes] = {}
    for item in _items(_content(_content(coded, 0xA0), 0x31)):
        if item[0] not in (0xA0, 0xA1, 0xA2) or item[0] in fields:
            raise _Malformed
        fields[item[0]] = _content(item, item[0])
    if 0xA0 not in fields:
        raise _Malformed
    if core.ObjectIdentifier.load(fields[0xA0], strict=True).native != SCHEME:
        return None
    if 0xA2 not in fields:
        raise _Malformed
    name = core.UTF8String.load(fields[0xA2], strict=True).native
    if not isinstance(name, str) or not 0 < len(name) <= MOST_NAME or not name.isprintable():
        raise _Malformed
    return Role(name, NAMES.get(name, Qualification.OTHER))


def _one(data: bytes, tag: int) -> bytes:
    """The content of the only element in ``data``."""
    (element,) = _items(data)
    return _content(element, tag)


def _content(element: bytes, tag: int) -> bytes:
    if element[0] != tag:
        raise _Malformed
    start, _ = _bounds(element, 0)
    return element[start:]


def _items(data: bytes) -> Iterator[bytes]:
    """The elements that lie side by side in ``data``, whole and with nothing between or after them."""
    at = 0
    while at < len(data):
        _, end = _bounds(data, at)
        yield data[at:end]
        at = end


def _bounds(data: bytes, at: int) -> tuple[int, int]:
    """Where the content of the element at ``at`` starts and ends; DER lengths only (X.690 10.1)."""
    if at + 2 > len(data) or data[at] & 0x1F == 0x1F:
        raise _Malformed
    length, start = data[at + 1], at + 2
    if length >= 0x80:
        count = length & 0x7F
        octets = data[start : start + count]
        if not 1 <= count <= 2 or len(octets) != count or octets[0] == 0:
            raise _Malformed
        length, start = int.from_bytes(octets, "big"), start + count
        if length < 0x80:
            raise _Malformed
    if start + length > len(data):
        raise _Malformed
    return start, start + length
