"""Getting a node's home ready for a start, or for a start anew.

Guarantees: the configuration is written at each start, so that nothing changed by hand stays; the premises of the chain are written once
and compared ever after. :func:`forget_blocks` throws away what other servers can give back, and never the sign state; :func:`set_aside` ends a chain
and keeps all of it, :func:`take_back` undoes that while the next one has not begun. Refuses: other premises than those the chain began with. Trusts: the caller that the node does not run meanwhile.
"""

from __future__ import annotations

import json
import os
import shutil
from hashlib import sha256

from akashi.durable import fsync_directory, make_directory, write_file
from akashi.errors import Misuse
from akashi.network.node.config import NodeSettings, config_toml
from akashi.network.node.errors import OtherPremises
from akashi.network.node.home import NodeHome
from akashi.network.node.keys import UNSIGNED, check_sign_state


def prepare(home: NodeHome, settings: NodeSettings, genesis: str) -> tuple[str, ...]:
    """Write what CometBFT reads; the arguments for its start. Raises :class:`OtherPremises` and what the settings raise.

    The arguments hold the digest of ``genesis``: CometBFT compares the file once more when it reads it.
    """
    text, premises = config_toml(settings).encode(), genesis.encode()
    home.make()
    if not home.genesis.exists():
        write_file(home.genesis, premises)
    elif home.genesis.read_bytes() != premises:
        raise OtherPremises(name=home.genesis.name)
    write_file(home.settings, text)
    return (f"--genesis_hash={sha256(premises).hexdigest()}",)


def forget_blocks(home: NodeHome) -> None:
    """Remove the node's blocks, state and diary, so that it fetches all of them from the others at its next start.

    What it voted stays (else it could vote twice on the way back). Raises ``SignStateLost``. Repeatable after a cut.
    """
    check_sign_state(home)
    folder = home.sign_state.parent
    for path in sorted(folder.iterdir()):
        if path == home.sign_state:
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
    fsync_directory(folder)


def chain_of(genesis: str) -> str:
    """The id of the chain that these premises begin. Raises :class:`OtherPremises`."""
    try:
        found = json.loads(genesis)["chain_id"]
    except (KeyError, TypeError, ValueError):
        found = None
    if not isinstance(found, str):
        raise OtherPremises(name="genesis.json")
    return found


def set_aside(home: NodeHome) -> None:
    """End the chain of this home: its blocks, its diary, its premises and what was voted go to ``chains/<id>``; the next one begins with nothing voted.

    A vote names its chain, so an empty sign state lets nobody vote twice. The premises in place change only with :func:`begin`: until then this may be repeated, or taken back.
    """
    premises = home.genesis.read_bytes()
    kept = home.set_aside(chain_of(premises.decode()))
    data = home.sign_state.parent
    make_directory(kept)
    if not (kept / data.name).exists():
        check_sign_state(home)
        write_file(kept / home.genesis.name, premises)
        os.replace(data, kept / data.name)
        for folder in (kept, data.parent):
            fsync_directory(folder)
    make_directory(data)
    if not home.sign_state.exists():
        write_file(home.sign_state, UNSIGNED)


def take_back(home: NodeHome) -> bool:
    """Undo a :func:`set_aside` after which nothing began; whether there was one. Repeatable, and harmless where there was none.

    Whoever opens a home begins with it: until the next chain begins the former one may still have to be voted on, with what was voted.
    """
    data = home.sign_state.parent
    kept = home.set_aside(chain_of(home.genesis.read_text(encoding="utf-8"))) / data.name
    voted = home.sign_state.read_bytes() if home.sign_state.exists() else UNSIGNED
    if not kept.is_dir() or voted != UNSIGNED:  # what was voted in its place is never thrown away
        return False
    if data.exists():
        shutil.rmtree(data)
    os.replace(kept, data)
    for folder in (kept.parent, data.parent):
        fsync_directory(folder)
    return True


def begin(home: NodeHome, genesis: str) -> None:
    """Premises for the chain that follows one that was :func:`set_aside`; the last step. Raises ``Misuse`` where it was not."""
    if not (home.set_aside(chain_of(home.genesis.read_text(encoding="utf-8"))) / home.genesis.name).exists():
        raise Misuse(what="the former chain was not set aside")
    write_file(home.genesis, genesis.encode())
