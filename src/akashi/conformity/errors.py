"""Errors of conformity: catalogues and files that cannot be used, steps that the flow does not allow, bundles that do not verify.

Guarantees: stable codes; parameters are identifiers, counts, line numbers and file names only. What a single row or a single probe has
wrong is a finding or a measurement, never an exception.
"""

from __future__ import annotations

from collections.abc import Mapping

from akashi.errors import Conflict, Denied, InputError, IntegrityError, Misuse, NotFound, Unavailable


class CatalogueInvalid(InputError):
    """A catalogue file that is not what its format says, or that does not hold the items it announces."""

    code = "conformity.catalogue"
    ja, en = "カタログ {name} を読めません（{where}）。", "The catalogue {name} cannot be used ({where})."
    hint_ja, hint_en = (
        "docs/conformity.md の「カタログの形式」を見てください。",
        "See `Catalogue format` in docs/conformity.md.",
    )


class CatalogueUnknown(NotFound):
    """No catalogue of this id."""

    code = "conformity.catalogue_unknown"
    ja, en = "カタログ {name} はありません。", "There is no catalogue {name}."
    hint_ja, hint_en = "akashi conformity catalog で一覧を見られます。", "`akashi conformity catalog` lists them."


class ItemUnknown(NotFound):
    """No item of this id in the catalogue."""

    code = "conformity.item_unknown"
    ja, en = "{catalogue} に項目 {item} はありません。", "{catalogue} has no item {item}."
    hint_ja = "akashi conformity catalog {catalogue} で項目を見られます。"
    hint_en = "`akashi conformity catalog {catalogue}` lists its items."


class FeatureUnknown(InputError):
    """A declared feature that no catalogue knows."""

    code = "conformity.feature_unknown"
    ja, en = "{name} という条件はありません。", "There is no feature {name}."
    hint_ja, hint_en = "akashi conformity declare で条件を見られます。", "`akashi conformity declare` lists them."


class TargetRefused(Denied):
    """An active probe without a registered target, a consent in force, or within its rate."""

    code = "conformity.target_refused"
    ja, en = "対象 {target} は測れません（{reason}）。", "The target {target} may not be probed ({reason})."
    hint_ja = "対象を登録し、管理者の同意と期限を記録してください。"
    hint_en = "Register the target and record its owner's consent and until when it holds."


class DisclosureLayout(InputError):
    """A text that holds no disclosure table."""

    code = "conformity.disclosure_layout"
    ja, en = "開示書の表が見つかりません（{where}）。", "No disclosure table was found ({where})."
    hint_ja, hint_en = (
        "要求事項と対応状況の列がある文章を読み込んでください。",
        "Load a text with the columns of requirements and answers.",
    )


class WorkbookRefused(InputError):
    """A workbook whose headings or cells are not what the mapping says."""

    code = "conformity.workbook"
    ja, en = "この Excel は読み込めません（{where}: {reason}）。", "This workbook cannot be used ({where}: {reason})."
    hint_ja = "示された所を直すか、保存し直してください。自分の様式のときは、列の対応表も見直してください。"
    hint_en = "Mend that place or save the file anew; for a form of your own, review the column mapping too."

    def sentence(self, language: str = "ja") -> str:
        """The message with the reason in words."""
        code = str(self.params["reason"])
        ja, en = WORKBOOK_REASONS.get(code, (code, code))
        told = self.ja if language == "ja" else self.en
        return told.format(**{**self.params, "reason": ja if language == "ja" else en})


class BundleInvalid(IntegrityError):
    """A conformity bundle that does not verify."""

    code = "conformity.bundle"
    http_status = 400
    ja, en = "証拠束が検証できません（{failure}）。", "The bundle does not verify ({failure})."


class StepRefused(Conflict):
    """A step that the flow does not allow now, or not to this role."""

    code = "conformity.step"
    ja, en = "この操作は今はできません（{reason}）。", "This step is not possible now ({reason})."
    hint_ja = "今どの段階か、自分の役割でできる操作かを確かめてください。"
    hint_en = "Check where it stands, and whether your role may take this step."

    def sentence(self, language: str = "ja") -> str:
        """The message with the reason in words; the code stays beside them."""
        code = str(self.params["reason"])
        known = STEP_REASONS.get(code)
        told = code if known is None else f"{known[0] if language == 'ja' else known[1]} [{code}]"
        return (self.ja if language == "ja" else self.en).format(reason=told)


STEP_REASONS = {
    "flow.role": ("この役割の人の仕事ではありません", "it is not for this role"),
    "flow.person": ("この機関の人として登録されていません", "the person is not registered here"),
    "flow.institution": ("相手の機関が登録されていないか、止められています", "the institution is unknown or disabled"),
    "flow.self": ("相手が自分の機関です", "the other party is one's own institution"),
    "flow.opening_key": ("相手の開封用の鍵を確かめられません", "the other party's opening key is not proven"),
    "flow.own": ("別の機関のものです", "it is another institution's"),
    "request.closed": ("依頼はもう閉じています", "the request is closed"),
    "request.due": ("期限が正しくありません", "the day it is due is not possible"),
    "boundary.not_proposed": ("提案中の分担表ではありません", "it is not a proposed table"),
    "boundary.digest": ("示された表と同じものではありません", "it is not the table that was shown"),
    "boundary.ended": ("この分担はもう終わっています", "the boundary has ended"),
    "boundary.parties": ("分担表の当事者ではありません", "not a party to the table"),
    "report.self": ("自分あての報告はできません", "nobody reports to themselves"),
    "report.to": ("報告を受ける人が正しくありません", "the receiver of the report is not possible"),
    "report.item": ("報告を求める項目ではありません", "the item asks for no report"),
    "report.received": ("もう受け取られています", "it has been received"),
    "production.open": ("判定していない項目が残っています", "items are still undecided"),
    "production.fails": (
        "不適合の項目があり、リスクの受け入れも記録されていません",
        "something fails and no risk was accepted",
    ),
    "production.counts": ("測定の記録と数が合いません", "the counts are not those of the run"),
    "production.run": ("台帳にある自分の測定ではありません", "the run is not one's own on the ledger"),
    "production.started": ("もう始まっています", "it has started"),
    "production.risk_until": ("受け入れの期限が正しくありません", "the end of the acceptance is not possible"),
    "assessment.assessor": ("評価を行う機関ではありません", "the institution does not assess"),
    "assessment.documents": ("申請に必要な資料が足りません", "documents of the application are missing"),
    "assessment.sheets": ("申請するシートがありません", "the application names no sheet"),
    "assessment.final": ("もう終わった評価です", "the assessment is final"),
    "assessment.not_applied": ("この段階ではできません", "it is not at this stage"),
    "assessment.questions_open": ("答えのない質問が残っています", "questions are unanswered"),
    "assessment.replied": ("もう答えています", "it has been answered"),
    "assessment.same_person": (
        "評価・委員会・理事会は別の人が行います",
        "evaluator, committee and board are different people",
    ),
    "assessment.unfit": ("前の段階で認められていません", "the stage before did not approve"),
    "assessment.renews": ("更新のもとになる評価が正しくありません", "what it renews is not possible"),
    "assessment.valid_until": ("有効期限が正しくありません", "the end of validity is not possible"),
}
"""Why a step is refused, in words; a code without words is shown as it is."""


class RecordUnknown(NotFound):
    """No such answer, request, report, assessment or evidence here."""

    code = "conformity.record_unknown"
    ja, en = "{name} はここにありません。", "There is no {name} here."
    hint_ja = "番号と、操作する機関が正しいか確かめてください。"
    hint_en = "Check the handle, and at which institution you act."


class NothingMeasured(NotFound):
    """The newest run is asked for, and the ledger holds none of this institution."""

    code = "conformity.nothing_measured"
    ja, en = "まだ一度も測っていません。", "Nothing was measured yet."
    hint_ja, hint_en = (
        "先に「測る」（akashi conformity run）を行ってください。",
        "Run `akashi conformity run`, or press Measure, first.",
    )


class ToolMissing(Unavailable):
    """A program that an export needs is not installed."""

    code = "conformity.tool_missing"
    ja, en = "{name} が入っていません。", "{name} is not installed."
    hint_ja, hint_en = (
        "docs/operations.md の「外部の道具」を見てください。",
        "See `Outside tools` in docs/operations.md.",
    )


class AnswerUnsaid(Unavailable):
    """Answers are kept here, and the ledger could not be reached to say so; it is said again later."""

    code = "conformity.unsaid"
    ja, en = "答えは保存しました。台帳への記録はまだです。", "The answers are kept; the ledger does not hold them yet."
    hint_ja, hint_en = (
        "サーバーに届くようになれば、自動で記録されます。",
        "It is recorded by itself once the server answers.",
    )


class FactMissing(Misuse):
    """A judge asks for a fact that a probe did not give, or of another type; the table of judges turns it into 判定不能."""

    code = "conformity.fact"
    ja, en = "測定の結果に {name} がありません。", "The measurement has no {name}."


class Unreached(Unavailable):
    """A probe did not reach its target; the runner turns it into a measurement that says so."""

    code = "conformity.unreached"
    ja, en = "対象に届きませんでした（{reason}）。", "The target was not reached ({reason})."


WORKBOOK_REASONS: Mapping[str, tuple[str, str]] = {
    "another_file": ("突き合わせたときの Excel と違います", "not the file that was matched"),
    "bomb": ("展開すると大きすぎます", "unpacks to too much"),
    "broken_zip": ("ファイルが壊れています", "the file is damaged"),
    "cell_order": ("セルの並びが正しくありません", "cells out of order"),
    "compression": ("使えない圧縮方式です", "a compression that is not supported"),
    "doctype": ("外部の定義を含んでいます", "contains a document type declaration"),
    "duplicate": ("同じ番号が二度あります", "the same id twice"),
    "duplicate_member": ("同じ名前の部品が二つあります", "two parts of one name"),
    "duplicate_sheet": ("同じシートが二つあります", "the same sheet twice"),
    "encoding": ("文字コードが UTF-8 ではありません", "not UTF-8"),
    "encrypted_or_old": (
        "パスワード付きか古い形式（.xls）です。.xlsx で保存し直してください",
        "encrypted, or an old .xls",
    ),
    "formula": ("数式の入ったセルには書き込みません", "a formula is not overwritten"),
    "header": ("見出しが違います", "another heading"),
    "heading": ("この様式にない見出しです", "a heading that the form does not have"),
    "id": ("この様式にない項目です", "an item that the form does not have"),
    "macro": ("マクロを含むファイルは読みません", "contains macros"),
    "member_name": ("部品の名前が正しくありません", "a part's name is not allowed"),
    "merged": ("結合されたセルがあります", "merged cells"),
    "no_clause": ("条項が一つも見つかりません", "no clause was found"),
    "no_workbook": ("Excel（.xlsx）のファイルではありません", "not an .xlsx workbook"),
    "not_open": ("この行または項目は、もう決まっているか、ありません", "this row or item is not open"),
    "other_catalogue": ("対応表は別の一覧（カタログ）のものです", "the mapping is for another catalogue"),
    "other_form": ("別の様式です", "another form"),
    "reference": ("セルの番地が正しくありません", "no such cell"),
    "row_added": ("行が足されています", "a row was added"),
    "row_changed": ("印刷された文か並びが変わっています", "printed sentences or their order changed"),
    "row_missing": ("行が消えています", "rows are missing"),
    "sheet": ("シートがありません", "no such sheet"),
    "string_index": ("文字の表が壊れています", "the table of strings is damaged"),
    "too_large": ("ファイルが大きすぎます", "the file is too large"),
    "too_long": ("一つのセルに入りきらない長さです", "longer than a cell can hold"),
    "too_many_cells": ("セルが多すぎます", "too many cells"),
    "too_many_merged": ("結合が多すぎます", "too many merged areas"),
    "too_many_rows": ("行が多すぎます（5万行まで）", "too many rows (50,000 at most)"),
    "too_many_sheets": ("シートが多すぎます（64枚まで）", "too many sheets (64 at most)"),
    "too_many_strings": ("文字の表が大きすぎます", "too many strings"),
    "xml": ("中身を読み取れません", "the content cannot be read"),
}
"""What the reasons of :class:`WorkbookRefused` mean, in Japanese and in English."""
