"""What can go wrong between servers."""

from __future__ import annotations

from akashi.errors import Conflict, InputError, IntegrityError, NotFound, Unavailable


class NotFinal(Unavailable):
    """The operation is kept and will be sent on; nobody may be told that it is done."""

    code = "network.not_final"
    waited = True
    ja = "まだ確定していません（未確定）。受け付けた操作は保存されていて、サーバーがそろえば自動で確定します。"
    en = "Not final yet. The operation is kept and becomes final by itself once enough servers answer."
    hint_ja = "同じ操作をやり直す必要はありません。しばらくしてから一覧で「確定」になったかを確かめてください。"
    hint_en = "There is no need to do it again. Look later whether the list says that it is final."


class NetworkMissing(NotFound):
    """The home keeps its ledger alone."""

    code = "network.missing"
    ja, en = "このホームは 1 台だけのサーバーです。", "This home is a server of its own, not one of several."
    hint_ja = "複数台にするには akashi network init を実行してください。"
    hint_en = "Run akashi network init to make several of it."


class NetworkExists(Conflict):
    """The ledger is already kept by several."""

    code = "network.exists"
    ja, en = "すでに複数台の構成になっています。", "This ledger is kept by several servers already."


class TransactionMalformed(InputError):
    """A transaction that no honest server proposes."""

    code = "network.transaction"
    ja, en = "取引の形式が正しくありません（{failure}）。", "The transaction is not of the right form ({failure})."

    def __init__(self, failure: str) -> None:
        self.failure = failure
        super().__init__(failure=failure)


class GenesisDiffers(IntegrityError):
    """The chain begins with another ledger than the one in this home."""

    code = "network.genesis"
    ja = "この連鎖の始まりは、このホームの台帳と一致しません（{failure}）。"
    en = "The chain begins with another ledger than the one in this home ({failure})."
    hint_ja = "ホームを取り違えていないか確かめ、正しいサーバーから写し直してください。"
    hint_en = "Check that this is the right home, and copy the ledger from a server of this network again."

    def __init__(self, failure: str) -> None:
        self.failure = failure
        super().__init__(failure=failure)


class CommitUnproven(IntegrityError):
    """What the local node calls committed is not signed by more than two thirds of the servers that this ledger names."""

    code = "network.commit_unproven"
    ja, en = "ブロックの確定を確かめられません（{failure}）。", "The block is not proven to be final ({failure})."
    hint_ja = "このサーバーの票を止めて、akashi network status を確かめてください。"
    hint_en = "Stop this server's vote and look at akashi network status."

    def __init__(self, failure: str) -> None:
        self.failure = failure
        super().__init__(failure=failure)


class NodeGarbled(Unavailable):
    """The node beside this server gave an answer that cannot be read: nothing is proven by it, and nothing disproven."""

    code = "network.garbled"
    ja, en = "隣で動くノードの応答を読み取れません。", "The answer of the node beside this server cannot be read."
    hint_ja = "自動でやり直します。続くときはノードが起動し直されます。"
    hint_en = "It is asked again by itself; if that goes on the node is started again."


class Misbehaved(IntegrityError):
    """Consensus has evidence that a server signed two votes that exclude each other: two of its kind are at work, or it lies."""

    code = "network.misbehaved"
    ja = "サーバー {server} が、高さ {height} で食い違う二つの票に署名しました。"
    en = "Server {server} signed two votes of height {height} that exclude each other."
    hint_ja = "同じ鍵のサーバーが二つ動いていないか確かめ、akashi network remove で外してください。"
    hint_en = "See whether two servers run with the same keys, and remove it with akashi network remove."


class SplitView(IntegrityError):
    """Two checkpoints of one size with different roots: somebody lies, and it can be proven."""

    code = "network.split_view"
    ja = "サーバー {server} が、同じ大きさ（{size}）で異なる台帳に署名しました。証拠を保存しました。"
    en = "Server {server} signed another ledger of the same size ({size}). The proof is kept."
    hint_ja = "akashi network status で証拠を確かめ、そのサーバーを外してください。"
    hint_en = "Look at the proof with akashi network status, and remove that server."


class ServerNotRunning(Unavailable):
    """Nobody answers at the home's control socket."""

    code = "network.not_running"
    ja, en = "このサーバーは動いていません（{name}）。", "This server is not running ({name})."
    hint_ja, hint_en = "akashi network start で起動してください。", "Start it with akashi network start."


class ControlRefused(InputError):
    """The running server refused."""

    code = "network.control"
    ja, en = "動いているサーバーが断りました（{failure}）。", "The running server refused ({failure})."


class ServerCount(InputError):
    """A number of servers that makes no sense."""

    code = "network.count"
    ja, en = "サーバーの台数は 1 から {most} までです。", "The number of servers is 1 to {most}."
    hint_ja = "1 台の故障に耐えるには 4 台が必要です（3 台では 1 台も許せません）。"
    hint_en = "Four tolerate the loss of one; three tolerate none."


class NetworkNotReady(Unavailable):
    """The servers did not come to order in time."""

    code = "network.not_ready"
    ja, en = "{seconds} 秒以内にサーバーがそろいませんでした。", "The servers did not come together within {seconds} s."
    hint_ja, hint_en = "akashi network status で様子を確かめてください。", "Look at akashi network status."


class PortsOut(InputError):
    """Not every server would have its two ports."""

    code = "network.ports"
    ja = "ポートの番号は {least} から {most} までです（最初の番号から、1 台に 2 個ずつ使います）。"
    en = "Port numbers are {least} to {most} (two for each server, from the first on)."
    hint_ja, hint_en = "--port に別の番号を指定してください。", "Name another number with --port."


class HostOut(InputError):
    """Neither a host name nor an IP address; its text is not repeated, for it may steer a terminal."""

    code = "network.host"
    ja = "サーバーの場所（--host）が、ホスト名でも IP アドレスでもありません。"
    en = "The server's place (--host) is neither a host name nor an IP address."
    hint_ja = "他のサーバーからこの機械に届く名前かアドレスを指定してください。例: --host 10.0.0.5"
    hint_en = "Name how the other servers reach this machine, such as --host 10.0.0.5."


class PortsOverlap(InputError):
    """Two would listen at one place: two servers, or a server and the service itself."""

    code = "network.ports_overlap"
    ja = "ポート {port} は、このサービス自身か別のサーバーが使う番号です。"
    en = "Port {port} is the service's own or another server's."
    hint_ja = "--port に別の番号を指定してください（1 台に 2 個、最初の番号から続けて使います）。"
    hint_en = "Name another number with --port (two for each server, from the first on)."


class FirstServer(Conflict):
    """The home has the secretariat's keys: as a further server it would answer no gateway."""

    code = "network.first"
    ja, en = "このホームは最初のサーバーです。", "This home is the first server."
    hint_ja, hint_en = "akashi serve で動かしてください。", "Run it with akashi serve."


class ServerUnknown(NotFound):
    """The ledger names no such server, or names it with another key."""

    code = "network.server"
    ja, en = "サーバー {number} は台帳にありません。", "The ledger names no server {number} like this."
    hint_ja = "番号と、案内ファイルがこの台帳のものかを確かめてください。"
    hint_en = "Check the number, and that the invitation is of this ledger."


class FounderStays(Conflict):
    """The founding server has the secretariat's keys and the gateways: it cannot be removed."""

    code = "network.founder"
    ja, en = "最初のサーバーは外せません。", "The founding server cannot be removed."


class TooFewLeft(Conflict):
    """Those who answer now would be no quorum afterwards: nothing would become final any more."""

    code = "network.too_few"
    ja = "この変更のあと {voters} 台のうち {needed} 台が必要ですが、いま答えているのは {up} 台です。"
    en = "After this {needed} of {voters} servers would be needed, and {up} answer now."
    hint_ja = "止まっているサーバーを起動するか、先に外してください。"
    hint_en = "Start the servers that are down, or remove those first."


class AllNeeded(Conflict):
    """Not every server that votes answers now; one that misses the end of a chain would have to be rebuilt."""

    code = "network.all_needed"
    ja = "次のチェーンへ移るには、投票する {voters} 台がすべて動いている必要がありますが、いま答えているのは {up} 台です。"
    en = "All {voters} servers that vote must run to begin the next chain, and {up} answer now."
    hint_ja = "止まっているサーバーを起動するか、もう使わないサーバーを外してから、もう一度操作してください。"
    hint_en = "Start the servers that are down, or remove those that are gone, and try again."


class NotCaughtUp(Unavailable):
    """The server does not answer, or does not have everything yet."""

    code = "network.behind"
    ja = "サーバー {number} はまだ追いついていません（{size} / {wanted} 件）。"
    en = "Server {number} has not caught up yet ({size} of {wanted} leaves)."
    hint_ja = "起動していることを確かめ、しばらくしてからやり直してください。"
    hint_en = "See that it runs, and try again a little later."


class PaperInvalid(InputError):
    """A file that is neither an offer nor an invitation, or is damaged."""

    code = "network.paper"
    ja = "このファイルは、サーバーの申し込みとしても案内としても読めません。"
    en = "This file can be read neither as a server's offer nor as an invitation."
    hint_ja = "akashi network offer、init、add が書いたファイルを、そのまま指定してください。"
    hint_en = "Name a file as akashi network offer, init or add wrote it."


class InvitationStrange(Conflict):
    """The invitation is for a server with other keys."""

    code = "network.invitation"
    ja, en = "この案内ファイルは、別のサーバーのためのものです。", "This invitation is for another server."
    hint_ja = "このホームの申し込みファイルに対する案内を使ってください。"
    hint_en = "Use the invitation that answers this home's offer."
