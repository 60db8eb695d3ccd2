"""More people for a home of ``tests.app.service``: hired by the console, signed in with password and code."""

from __future__ import annotations

from dataclasses import dataclass, field

import pyotp
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from akashi.app.gateway.home import Gateway
from akashi.identity.lifecycle.model import DepartmentKind
from akashi.identity.model import Job, Role, Session
from tests.app.service import CLINIC, PASSWORD, Service


@dataclass(frozen=True, slots=True)
class Staff:
    """A clinic's ward: a manager, a planner, the ward's head and a nurse, all signed in on the gateway's machine."""

    boss: Session
    planner: Session
    head: Session
    nurse: Session
    ward: str


def signed_in(gateway: Gateway, person: str) -> Session:
    """The person with a fresh code and the usual password."""
    clock, accounts = gateway.clock, gateway.accounts
    seed = accounts.enrol_totp(person).secret
    accounts.confirm_totp(person, pyotp.TOTP(seed).at(clock.now_ms() // 1000 - 30))
    accounts.set_password(person, PASSWORD)
    login = accounts.account(person).login
    code = pyotp.TOTP(seed).at(clock.now_ms() // 1000)
    return accounts.sign_in(login, PASSWORD, code, gateway.machine_certificate())


def again(gateway: Gateway, session: Session) -> Session:
    """The session as the next request sees it."""
    return gateway.accounts.session(session.token, session.certificate)


def hired(gateway: Gateway, login: str, roles: Role) -> Session:
    """A new person, signed in."""
    return signed_in(gateway, gateway.accounts.add_person(login=login, name=f"架空 {login}", roles=roles))


@dataclass(frozen=True, slots=True)
class Ward:
    """The tokens of a staffed ward, for opening a copy of its home."""

    tokens: tuple[str, str, str] = field(repr=False)
    department: str


def ward_of(service: Service) -> Ward:
    """Hire the clinic's ward: a planner, a head, a nurse."""
    gateway = service.clinic
    boss = service.session(CLINIC)
    planner = hired(gateway, "kikaku", Role.PLANNER)
    head = hired(gateway, "shunin", Role.APPROVER)
    nurse = hired(gateway, "kango", Role.OPERATOR)
    department = gateway.people.lifecycle.register_department("病棟", head.person, DepartmentKind.CLINICAL, boss)
    for one in (head, nurse):
        gateway.people.lifecycle.place(one.person, department, Job.NURSE, boss)
    return Ward((planner.token, head.token, nurse.token), department)


def staffed(service: Service, ward: Ward) -> Staff:
    """The people of a copy of that home."""
    gateway = service.clinic
    planner, head, nurse = (gateway.accounts.session(token, gateway.machine_certificate()) for token in ward.tokens)
    return Staff(service.session(CLINIC), planner, head, nurse, ward.department)


def device(service: Service, gateway: Gateway, responsible: str) -> tuple[str, bytes]:
    """A new device of a person: its handle and its certificate's SHA-256."""
    issued = service.server.issue_device(
        gateway.institution, responsible, ec.generate_private_key(ec.SECP256R1()).public_key()
    )
    return issued.device, x509.load_pem_x509_certificate(issued.certificate).fingerprint(hashes.SHA256())
