"""What stops the approval of a map, and what makes an approved one unusable.

Guarantees: parameters are handles, versions, reasons of the ledger and ids of maps; never words of a map or of a file.

::

    AkashiError
    ├── InputError   MapIdTaken, MapVersionWrong, MapDatesWrong
    ├── Denied       SecondPersonNeeded, ApprovalRefused
    ├── NotFound     MapHandleUnknown, MapDraftUnknown
    ├── Conflict     MapDraftClosed, MapDraftMoved, MapDraftsMany
    └── Denied       MapNotUsable
"""

from __future__ import annotations

from akashi.checkup.reasons import MAP_STATE, MAP_STEP, Worded
from akashi.errors import Conflict, Denied, InputError, NotFound


class MapIdTaken(InputError):
    """The map's id is that of a map which ships with the program, or of another institution's map that is adopted here."""

    code = "checkup.map_id_taken"
    ja, en = "変換表の名前「{name}」はすでに使われています。", "The map id `{name}` is taken."
    hint_ja, hint_en = "名前を変えてから承認してください。", "Give the map another id."


class MapVersionWrong(InputError):
    """The version in the text does not follow the last approved one."""

    code = "checkup.map_version"
    ja, en = (
        "変換表の版が {found} です。次に承認できる版は {wanted} です。",
        "The map says version {found}; the next one is version {wanted}.",
    )
    hint_ja, hint_en = "変換表の版の番号（version）を {wanted} にしてください。", "Set `version: {wanted}` in the map."


class MapDatesWrong(InputError):
    """Dates that the ledger cannot hold: before 1970."""

    code = "checkup.map_dates"
    ja, en = "変換表の有効期間が正しくありません。", "The map's dates cannot be recorded."
    hint_ja, hint_en = "1970 年以降の日付にしてください。", "Use dates from 1970 on."


class SecondPersonNeeded(Denied):
    """Two persons are asked for, and this one made the last change, or nobody is known to have made one."""

    code = "checkup.map_second_person"
    ja, en = "変換表を最後に直した人は、承認できません。", "Who changed a map last cannot approve it."
    hint_ja = "別の承認者に依頼してください。手元の変換表は、先に下書きとして登録してください。"
    hint_en = "Ask another approver; hand a file in as a draft first."


class ApprovalRefused(Worded, Denied):
    """The ledger refused the step; nothing changed."""

    code = "checkup.map_refused"
    words = MAP_STEP
    ja, en = "台帳がこの操作を受け付けませんでした（{reason}）。", "The ledger refused this step ({reason})."
    hint_ja, hint_en = (
        "変換表の一覧を見直して、もう一度操作してください。",
        "Look at the list of maps again; docs/checkup-maps.md explains the reasons.",
    )


class MapHandleUnknown(NotFound):
    """No map, or no such version of it, that this institution may use."""

    code = "checkup.map_unknown"
    ja, en = "変換表 {name} はありません。", "There is no map {name}."
    hint_ja, hint_en = "変換表の一覧を見てください。", "`akashi checkup map list` shows them."


class MapDraftUnknown(NotFound):
    """No draft of this handle."""

    code = "checkup.map_draft_unknown"
    ja, en = "変換表の下書き {name} はありません。", "There is no draft {name}."
    hint_ja, hint_en = "下書きの一覧を見直してください。", "Look at the list of drafts."


class MapDraftClosed(Conflict):
    """The draft was approved or put away; it takes no decisions any more."""

    code = "checkup.map_draft_closed"
    ja, en = "変換表の下書き {name} は閉じています。", "The draft {name} is closed."
    hint_ja, hint_en = "新しい下書きを作ってください。", "Start another draft."


class MapDraftMoved(Conflict):
    """Somebody changed the draft after its text was shown: what would be signed is not what was read."""

    code = "checkup.map_moved"
    ja, en = "表示のあとで、下書きが変わりました。", "The draft changed after it was shown."
    hint_ja, hint_en = "新しい内容を確かめてから、承認してください。", "Look at it as it is now, then approve."


class MapDraftsMany(Conflict):
    """As many drafts are open as an institution keeps at once; nothing was kept."""

    code = "checkup.map_drafts"
    ja, en = "変換表の下書きが多すぎます（{limit} 件まで）。", "Too many drafts are open (at most {limit})."
    hint_ja, hint_en = "要らない下書きを閉じてください。", "Put away those that nobody needs."


class MapNotUsable(Worded, Denied):
    """A map of this institution that the ledger does not allow to be used; ``reason`` says why."""

    code = "checkup.map_not_usable"
    words = MAP_STATE
    ja, en = (
        "変換表 {map} 第 {version} 版は使えません（{reason}）。",
        "Version {version} of the map {map} is not usable ({reason}).",
    )
    hint_ja = "別の版を承認してください。"
    hint_en = "retired, never approved, altered on disk, or no longer shared: approve or adopt another version."
