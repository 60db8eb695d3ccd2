"""What can go wrong with the node that runs beside us.

Guarantees: the parameters are names of settings and methods, counts, versions and exit statuses; never an address, a transaction or
a key. Refuses: text that the node wrote (it is in the node's own log)::

    Unavailable    ├── NotInstalled ├── NotReady ├── NodeDied ├── NodeGaveUp ├── NodeAway ├── NodeRefused
    InputError     ├── WrongProgram ├── BadSetting
    Conflict       └── NodeExists
    IntegrityError ├── OtherPremises ├── SignStateKept ├── SignStateLost ├── ConsensusHalted └── BadAnswer
"""

from __future__ import annotations

from akashi.errors import Conflict, InputError, IntegrityError, Unavailable


class NotInstalled(Unavailable):
    """The program ``cometbft`` is not on this machine."""

    code = "network.node.not_installed"
    ja, en = "cometbft がありません（必要な版 {version}）。", "cometbft is not installed (version {version} is needed)."
    hint_ja = "tools/cometbft.sh を実行してください。"
    hint_en = "Run tools/cometbft.sh."


class WrongProgram(InputError):
    """The program is of another version, or was built from other sources than the pinned ones."""

    code = "network.node.wrong_program"
    ja = "cometbft が指定の版ではありません（{found}、必要な版 {version}）。"
    en = "cometbft is not the pinned one ({found}, version {version} is needed)."
    hint_ja = "tools/cometbft.sh で入れ直してください。"
    hint_en = "Install it again with tools/cometbft.sh."


class BadSetting(InputError):
    """A value cannot stand in the node's configuration."""

    code = "network.node.setting"
    ja, en = "ノードの設定 {name} が使えません。", "The node's setting {name} cannot be used."


class NodeExists(Conflict):
    """The node has keys already; they are never replaced."""

    code = "network.node.exists"
    ja, en = "ノードの鍵はすでにあります（{name}）。", "The node has its keys already ({name})."
    hint_ja = "別のサーバーにする場合は、新しい場所に作ってください。"
    hint_en = "For another server, use a new home."


class OtherPremises(IntegrityError):
    """The file of the chain's first premises is not the one that this server began with, or that is asked for now."""

    code = "network.node.premises"
    ja, en = "台帳網の始まりの記録（{name}）が一致しません。", "The chain's first premises ({name}) are not the same."
    hint_ja = "別の台帳網の設定で起動していないか確かめてください。"
    hint_en = "See that the server is not started with another network's settings."


class SignStateKept(IntegrityError):
    """Somebody asked to write a sign state that is there, or was: writing it could make the server sign twice."""

    code = "network.node.sign_state"
    ja = "署名の記録（{name}）は上書きも復元もしません。"
    en = "The sign state ({name}) is neither overwritten nor restored."
    hint_ja = "ディスクを失ったサーバーは、新しい鍵で加え直してください。"
    hint_en = "A server that lost its disk joins again with a new key."


class SignStateLost(IntegrityError):
    """The key is there and its sign state is not: the server cannot know what it has signed."""

    code = "network.node.sign_state_lost"
    ja = "署名の記録（{name}）が失われています。この鍵では起動しません。"
    en = "The sign state ({name}) is lost: the node does not start with this key."
    hint_ja = "バックアップから戻さず、新しい鍵のサーバーとして加え直してください。"
    hint_en = "Do not restore it from a backup; join again with a new key."


class NotReady(Unavailable):
    """The node did not answer within the time given; it may still be reading its blocks."""

    code = "network.node.not_ready"
    ja, en = "ノードの準備ができていません（{seconds} 秒待ちました）。", "The node is not ready (waited {seconds} s)."


class NodeDied(Unavailable):
    """The process ended and nobody had asked it to."""

    code = "network.node.died"
    ja, en = "ノードが止まりました（終了状態 {status}）。", "The node stopped (exit status {status})."
    hint_ja = "自動で起動し直します。繰り返すときはノードのログを確かめてください。"
    hint_en = "It is started again. If this repeats, look at the node's log."


class NodeGaveUp(Unavailable):
    """The process ended so often that it is not started again."""

    code = "network.node.gave_up"
    ja = "ノードが {count} 回続けて止まったため、起動をやめました。"
    en = "The node stopped {count} times in a row and is not started again."
    hint_ja = "ノードのログを確かめ、原因を除いてからサーバーを起動し直してください。"
    hint_en = "Look at the node's log, remove the cause, and start the server again."


class ConsensusHalted(IntegrityError):
    """The node's consensus stopped on purpose; going on could break the agreement, so it is not started again alone."""

    code = "network.node.halted"
    ja, en = "ノードが合意を止めました。", "The node halted its consensus."
    hint_ja = "このサーバーの台帳を他のサーバーと照合してから、起動し直してください。"
    hint_en = "Compare this server's ledger with the others before starting it again."


class NodeAway(Unavailable):
    """The node does not answer at its socket."""

    code = "network.node.away"
    ja, en = "ノードが応答しません（{method}）。", "The node does not answer ({method})."


class NodeRefused(Unavailable):
    """The node answered with an error (no such height yet, for instance)."""

    code = "network.node.refused"
    ja, en = "ノードが要求を断りました（{method}、{number}）。", "The node refused the request ({method}, {number})."


class BadAnswer(IntegrityError):
    """The node's answer is too large, or is not what the method answers."""

    code = "network.node.answer"
    ja, en = "ノードの応答を読めません（{method}）。", "The node's answer cannot be read ({method})."
