"""What can go wrong between servers.

::

    AkashiError
    ├── InputError
    │   ├── PeerCertificateUnsuitable   not a certificate that a server makes for its peers
    │   └── NoteRefused                 a note that its sender did not sign as it had to
    ├── Denied
    │   └── PeerRefused                 the other server refused the request
    ├── IntegrityError
    │   ├── PeerMistaken                who answers has another key than the ledger names
    │   └── PeerAnswerInvalid           an answer outside its form or bounds
    └── Unavailable
        ├── PeerAway                    no connection, or none that lasted
        └── PeerPortTaken               cannot listen there
"""

from __future__ import annotations

from akashi.errors import Denied, InputError, IntegrityError, Unavailable


class PeerCertificateUnsuitable(InputError):
    """A certificate of another form than ``certificates.peer_certificate`` makes; ``reason`` is a short code."""

    code = "network.peer.certificate"
    ja, en = "サーバ間の証明書が使えません（{reason}）。", "The certificate between servers cannot be used ({reason})."
    hint_ja = "相手のサーバで akashi network status を実行し、証明書を取り直してください。"
    hint_en = "Run `akashi network status` on the other server and fetch its certificate again."


class NoteRefused(InputError):
    """A note whose signatures are not those of the member that sent it; ``failure`` is a short code."""

    code = "network.peer.note"
    ja, en = "署名付き要約を受け取れません（{failure}）。", "The checkpoint cannot be taken ({failure})."

    def __init__(self, failure: str) -> None:
        super().__init__(failure=failure)
        self.failure = failure


class PeerRefused(Denied):
    """The other server answered with an error; ``status`` is HTTP's, ``reason`` its short code."""

    code = "network.peer.refused"
    ja, en = "サーバ {server} が断りました（{status} {reason}）。", "Server {server} refused ({status} {reason})."


class PeerMistaken(IntegrityError):
    """Who answers at a server's address holds another key than the ledger names."""

    code = "network.peer.mistaken"
    ja, en = (
        "サーバ {server} の鍵が台帳と違います。",
        "The key of server {server} is not the one that the ledger names.",
    )
    hint_ja = "アドレスの設定を確かめてください。心当たりがなければ、通信経路を調べてください。"
    hint_en = "Check the configured address; if it is right, examine the network between the servers."


class PeerAnswerInvalid(IntegrityError):
    """An answer that is too long, cut off, or of another form than its route has."""

    code = "network.peer.answer"
    ja, en = "サーバ {server} の応答が正しくありません。", "The answer of server {server} is not valid."


class PeerAway(Unavailable):
    """The other server cannot be reached now, also after the retries."""

    code = "network.peer.away"
    ja, en = "サーバ {server} に接続できません。", "Server {server} cannot be reached."
    hint_ja = "そのサーバが動いているか、通信経路が通じているか確かめてください。"
    hint_en = "See whether that server runs and the network between the servers works."


class PeerPortTaken(Unavailable):
    """The peer plane cannot listen there: the port is taken, or not ours to take."""

    code = "network.peer.address"
    ja, en = "サーバ間通信のポート {port} で待ち受けできません。", "Cannot listen on port {port} for other servers."
    hint_ja = "ほかのプログラムが同じポートを使っていないか確かめるか、別のポートを指定してください。"
    hint_en = "See whether another program uses the port, or choose another one."
