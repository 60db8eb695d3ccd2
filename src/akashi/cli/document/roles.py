"""``akashi document roles``: what a certificate says about qualification."""

from __future__ import annotations

import argparse
from pathlib import Path

from akashi.cli.files import read_bounded
from akashi.cli.shell import Shell, manual
from akashi.signatures.holding import MOST_FILE, certificates_in
from akashi.signatures.roles import read_certificate
from akashi.signatures.rules import standing_of
from akashi.signatures.saying import policy_said, roles_said


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "roles",
        help="the qualification that a certificate states",
        **manual(
            parent,
            "Reads policy and hcRole of a certificate (PEM or DER). It only reads: whether the statement can be believed is\n"
            "decided by `akashi document verify` and the HPKI roots in its folder.",
            "akashi document roles hanako.pem",
        ),
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="the certificate")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    certificate = certificates_in(read_bounded(arguments.file, MOST_FILE))[0]
    seen = read_certificate(certificate)
    standing = standing_of(seen, anchored=False)
    value = {
        "policies": list(seen.policies),
        "policy": seen.policy.name.lower(),
        "readable": seen.readable,
        "roles": [{"name": one.name, "qualification": one.qualification.name.lower()} for one in seen.roles],
    }
    shell.result(value, [policy_said(seen.policy, shell.language), roles_said(seen, standing, shell.language)])
    return 0
