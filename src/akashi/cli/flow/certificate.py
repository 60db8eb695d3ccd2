"""``akashi conformity certificate``: third parties' certificates, kept here with the day on which they end."""

from __future__ import annotations

import argparse

from akashi.app.conformity.desk import ANSWER, READ
from akashi.cli.flow import desk
from akashi.cli.shell import BadArguments, Shell, moment
from akashi.conformity.flow.model import Certificate

_NAME = "akashi conformity certificate"
_MAX_NAME, _MAX_FIELD = 60, 300


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the commands."""
    text = "third parties' certificates: list, keep"
    inner = desk.group(commands, "certificate", text, "Third parties' certificates and their ends.")
    text = "list the kept certificates, with those that end soon or have ended"
    listed = desk.step(inner, parent, _list, "list", text, f"{_NAME} list --running-out --as mori")
    listed.add_argument("--running-out", action="store_true", help="only those that end within 60 days or have ended")
    text = "keep a certificate under a name of one's own, sealed; under the same name it is replaced"
    example = f"{_NAME} keep isms --number X-1 --scope 運用 --issuer 認証機関 --expires 2027-03-31 --as mori"
    keep = desk.step(inner, parent, _keep, "keep", text, example)
    keep.add_argument("name", metavar="NAME", help="a name of one's own")
    for option, meaning in (("number", "its number"), ("scope", "what it covers"), ("issuer", "who issued it")):
        keep.add_argument(f"--{option}", required=True, metavar="TEXT", help=meaning)
    keep.add_argument("--expires", type=desk.day, required=True, metavar="YYYY-MM-DD", help="its last day")


def _list(arguments: argparse.Namespace, shell: Shell) -> int:
    with desk.flowing(arguments, shell, READ) as (flow, _):
        kept, soon = flow.certificates(), flow.certificates_running_out()
    now = shell.clock.now_ms()
    words = {"ended": shell.choose("期限切れ", "ended"), "soon": shell.choose("もうすぐ期限", "soon"), "valid": ""}
    rows, lines = list[dict[str, object]](), list[str]()
    for name, one in sorted(kept.items(), key=lambda pair: (pair[1].expires_ms, pair[0])):
        state = "ended" if one.expires_ms <= now else "soon" if one in soon else "valid"
        if state == "valid" and arguments.running_out:
            continue
        row = {"expires_ms": one.expires_ms, "issuer": one.issuer, "name": name, "number": one.number}
        rows.append(row | {"scope": one.scope, "state": state})
        texts = [moment(one.expires_ms)[:10], name, one.number, one.scope, one.issuer, words[state]]
        lines.append("  ".join(text for text in texts if text))
    shell.result(rows, lines)
    return 0


def _keep(arguments: argparse.Namespace, shell: Shell) -> int:
    name, texts = arguments.name.strip(), (arguments.number, arguments.scope, arguments.issuer)
    number, scope, issuer = (text.strip() for text in texts)
    if not 0 < len(name) <= _MAX_NAME or not all(0 < len(text) <= _MAX_FIELD for text in (number, scope, issuer)):
        raise BadArguments(what="NAME, --number, --scope, --issuer", command=f"{_NAME} keep")
    with desk.flowing(arguments, shell, ANSWER) as (flow, _):
        flow.keep_certificate(name, Certificate(number, scope, issuer, arguments.expires))
    return desk.done(name, shell)
