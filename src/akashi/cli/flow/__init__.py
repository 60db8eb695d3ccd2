"""Commands between institutions about conformity: requests to vendors, and assessments from the application to the public list."""

from __future__ import annotations

from akashi.cli.groups import held

MEMBERS = (
    *held(__name__, "request", "reply", "boundary", "notify", "production"),
    *held(__name__, "certificate", "assess", "publishing: publish-list"),
)
"""What stands beside the commands of ``akashi.cli.conformity`` under the one word ``conformity``."""
