"""Changes the log's key: the committed successor takes over, and the one after it is committed to.

Guarantees: the successor is in the key store before the operation is submitted, and so is the key it commits to; from the operation's
block on the successor signs. The trust file follows; what an interruption leaves undone is done at the next start. Refuses when
the committed key is not in the key store: no other can ever follow. Trusts whoever opened the server: this is the console's.
"""

from __future__ import annotations

from akashi.app.server.home import Server
from akashi.app.server.logkeys import log_key_names, log_public, number_of, publish_log_key
from akashi.errors import IntegrityError
from akashi.keys.model import KeyKind
from akashi.ledger.errors import LedgerDamaged
from akashi.ledger.port import Acknowledged
from akashi.ledger.registry import LogRekeyed, log_identity, log_key_commitment


class SuccessorMissing(IntegrityError):
    """The key that the ledger has committed to is not in the server's key store; nothing was changed."""

    code = "app.log_successor"
    ja, en = "次の台帳の鍵が鍵束にありません。", "The log's next key is not in the key store."
    hint_ja = "鍵束の控えを戻してください。戻せなければ、この鍵のまま続けられますが、交代はできません。"
    hint_en = "Restore the key store from its copy; without it the log can go on, but never change its key."


def rekey(server: Server) -> Acknowledged:
    """Let the committed successor sign from now on. Raises :class:`SuccessorMissing`, and what ``Engine.rekey`` raises."""
    publish_log_key(server.paths, server.engine)  # of an earlier change whose file could not be written
    successor = _committed(server)
    following = f"log-{number_of(successor) + 1}"
    if following not in server.keystore.names():  # it is there if an earlier attempt was interrupted
        server.keystore.generate(following, KeyKind.ED25519)
    body = LogRekeyed(
        log_key=log_public(server.keystore, successor),
        next_log_key=log_key_commitment(log_public(server.keystore, following)),
    )
    signer = server.keystore.note_signer(successor, server.engine.origin)
    envelope = server.author.compose(body, subject=server.secretariat_handle)
    done = server.engine.rekey(signer, envelope)
    publish_log_key(server.paths, server.engine)
    return done


def _committed(server: Server) -> str:
    """The name of the key that the ledger says comes next."""
    with server.engine.view() as state:
        identity = log_identity(state)
    if identity is None:
        raise LedgerDamaged("state.log")
    for name in log_key_names(server.keystore):
        if log_key_commitment(log_public(server.keystore, name)) == identity.next_log_key:
            return name
    raise SuccessorMissing
