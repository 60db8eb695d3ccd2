"""Commands about signed documents (PDF)."""

from __future__ import annotations

from akashi.cli.groups import Group, held

GROUP = Group(
    "document",
    help="signed PDFs: sign, verify, roles",
    description="Sign a PDF for the long term, verify one offline, read the qualification in a certificate.",
    members=held(__name__, "sign", "verify", "roles"),
)
