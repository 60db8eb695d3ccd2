"""Judges of what conversion does: standard formats, older codes, display and paper, the emergency export, maps, wrong input.

Guarantees: pure; one value that is lost, one fault that is missed, one map that slips through decides, however many did not; where there
is nothing to look at the answer is 判定不能, and 対象外 where an institution has no map of its own. Refuses: to call a format handled that was not both
written and read. Trusts the facts of the self check.
"""

from __future__ import annotations

from akashi.conformity.judges.people import SENSELESS, count
from akashi.conformity.judges.registry import Given, Limits, conforms, fails, judge, not_applicable, partial, undecided
from akashi.conformity.model import Opinion

STANDARD = ("archive", "csv", "fhir", "fkac", "hc08", "hg08", "jma")
"""The formats that must go out and come in again."""
FORMS = ("above", "below", "not_done", "unmeasurable", "value")
"""What a result can be, as records name it."""
FINDINGS = ("csv", "json", "xlsx")
_NOBODY = undecided("conversion.nobody", "架空の人を作れず、確かめられません。", "Nobody was converted.")


@judge("formats.standard", probe="standards")
def formats_standard(given: Given, _limits: Limits) -> Opinion:
    """Every standard format was written and read back equal, and passed its receiver's checks."""
    people, values = count(given, "people"), count(given, "values")
    formats, unequal = given.texts("formats"), given.texts("formats.unequal")
    stops, bundles, broken = count(given, "archive.stops"), count(given, "bundles"), count(given, "bundles.broken")
    if not people or not values:
        return _NOBODY
    if unequal or stops or broken:
        return fails(
            "formats.standard.unequal",
            f"{len(formats)} 形式のうち {len(unequal)} 形式で読み戻した値が違うか、受け取る側の検査で {stops + broken} 件止まります。",
            f"{len(unequal)} of {len(formats)} formats came back otherwise, or {stops + broken} checks of receivers stop them.",
        )
    missing = [one for one in STANDARD if one not in formats]
    if missing or bundles < people or any(one not in given.texts("forms") for one in FORMS):
        return partial(
            "formats.standard.some",
            f"標準の {len(STANDARD)} 形式のうち {len(STANDARD) - len(missing)} 形式で、値 {values} 個が同じまま戻りました。",
            f"{len(STANDARD) - len(missing)} of {len(STANDARD)} standard formats gave {values} values back equal.",
        )
    return conforms(
        "formats.standard.equal",
        f"標準の {len(STANDARD)} 形式（CSV、特定健診の一式、FHIR ほか）で出し、値 {values} 個が同じまま戻り、受取り側の検査も通りました。",
        f"All {len(STANDARD)} standard formats (CSV, checkup archive, FHIR and others) gave {values} values back equal and passed the checks.",
    )


@judge("formats.older", probe="standards")
def formats_older(given: Given, _limits: Limits) -> Opinion:
    """Codes of the earlier item table and claims in the earlier version are read."""
    codes, read = count(given, "older.codes"), count(given, "older.read")
    if read > codes:
        return SENSELESS
    if read < codes or not given.truth("older.claim"):
        return fails(
            "formats.older.unread",
            f"前の期の項目コード {codes} 個のうち {codes - read} 個か、前の版の決済データが読めません。",
            f"{codes - read} of {codes} codes of the earlier table, or claims of the earlier version, cannot be read.",
        )
    if not codes:
        return _NOBODY
    return conforms(
        "formats.older.read",
        f"前の期だけの項目コード {codes} 個と、前の版の決済データを、値を変えずに読めました。",
        f"{codes} codes of the earlier table only, and a claim of the earlier version, were read unchanged.",
    )


@judge("results.shown", probe="results")
def results_shown(given: Given, _limits: Limits) -> Opinion:
    """Everybody is found by number; every value stands on the page and on paper, with the version of the table."""
    people, found, values = count(given, "people"), count(given, "found"), count(given, "values")
    shown, printed, named = count(given, "values.shown"), count(given, "values.printed"), count(given, "tables.named")
    if max(found, named) > people or max(shown, printed) > values:
        return SENSELESS
    if not people or not values:
        return _NOBODY
    if found < people or shown < values or printed < values or not count(given, "pages"):
        return fails(
            "results.shown.lost",
            f"架空の {people} 人のうち {found} 人だけが見つかるか、値 {values} 個のうち画面で {values - shown} 個、紙で {values - printed} 個が欠けます。",
            f"{found} of {people} people are found; of {values} values {values - shown} lack on the page, {values - printed} on paper.",
        )
    if named < people:
        return partial(
            "results.shown.table",
            f"値 {values} 個は画面と紙に出ますが、項目表の版が {people - named} 人分の紙にありません。",
            f"All {values} values are shown, but {people - named} papers do not name the version of the table.",
        )
    return conforms(
        "results.shown.all",
        f"架空の {people} 人を番号で探し、値 {values} 個すべてを画面と紙（PDF）から読み取りました。項目表の版も付いています。",
        f"{people} people were found by number, and all {values} values read from page and paper, with the table's version.",
    )


@judge("results.emergency", probe="results")
def results_emergency(given: Given, _limits: Limits) -> Opinion:
    """The emergency export opens with other programs and holds everything."""
    people, values, results = count(given, "people"), count(given, "values"), count(given, "export.results")
    listed, held, rows = count(given, "export.people"), count(given, "export.values"), count(given, "export.rows")
    if held > values or listed > people:
        return SENSELESS
    if not people or not values:
        return _NOBODY
    if listed < people or held < values or rows != results or count(given, "export.links_broken"):
        return fails(
            "results.emergency.lost",
            f"非常時用の書き出しで、{people} 人のうち {people - listed} 人、値 {values} 個のうち {values - held} 個が読めません。",
            f"In the emergency export {people - listed} of {people} people and {values - held} of {values} values are missing.",
        )
    if count(given, "export.outside"):
        return fails(
            "results.emergency.outside",
            f"非常時用の書き出しが、外の通信かプログラムを {count(given, 'export.outside')} か所で使います。",
            f"The emergency export uses the network or a program in {count(given, 'export.outside')} places.",
        )
    return conforms(
        "results.emergency.whole",
        f"非常時用の書き出しを別のプログラムで開き、{people} 人・値 {values} 個と表 {rows} 行をすべて読めました。通信は要りません。",
        f"Other programs opened the emergency export: {people} people, {values} values and {rows} rows, without any network.",
    )


@judge("maps.approved", probe="maps")
def maps_approved(given: Given, _limits: Limits) -> Opinion:
    """The institution's maps are approved by a person on the ledger; altered or unapproved ones are refused."""
    versions, usable, altered = count(given, "versions"), count(given, "usable"), count(given, "altered")
    approvals, by_people = count(given, "approvals"), count(given, "approvals.by_people")
    tried = count(given, "drills.altered") + count(given, "drills.smuggled")
    refused = count(given, "drills.altered_refused") + count(given, "drills.smuggled_refused")
    if max(usable, altered, approvals) > versions or by_people > approvals or refused > tried:
        return SENSELESS
    if refused < tried or by_people < usable:
        return fails(
            "maps.approved.slipped",
            f"書き換えた変換表または承認のない変換表が、{tried} 回の試しのうち {tried - refused} 回使えました（承認のない版 {usable - min(by_people, usable)}）。",
            f"Altered or unapproved maps were usable in {tried - refused} of {tried} drills ({usable - min(by_people, usable)} without approval).",
        )
    if altered:
        return fails(
            "maps.approved.altered",
            f"変換表 {versions} 版のうち {altered} 版が、承認されたときの中身と違います。",
            f"{altered} of {versions} versions of maps are not what was approved.",
        )
    if not versions:
        return not_applicable(
            "maps.approved.none",
            "この機関が自分で作った変換表はありません。",
            "This institution has made no map of its own.",
        )
    if not usable or not tried:
        return undecided(
            "maps.approved.unused",
            "使える変換表がこの機関になく、確かめられません。",
            "No map of this institution is in use, so nothing was shown.",
        )
    return conforms(
        "maps.approved.held",
        f"使える変換表 {usable} 版はすべて人が台帳の上で承認したもので、書き換えと未承認の {tried} 回の試しはすべて断られました。",
        f"All {usable} usable maps were approved by a person on the ledger; {tried} drills with altered or unapproved ones were refused.",
    )


@judge("input.checked", probe="wrong_input")
def input_checked(given: Given, _limits: Limits) -> Opinion:
    """Each single fault is found, and findings come in every form with what to do."""
    spoiled, found, missed = count(given, "spoiled"), count(given, "found"), given.texts("missed")
    if found > spoiled or (found < spoiled) != bool(missed):
        return SENSELESS
    if missed:
        return fails(
            "input.checked.missed",
            f"わざと入れた誤り {spoiled} 種のうち {len(missed)} 種が見つかりません（{'、'.join(missed)}）。",
            f"{len(missed)} of {spoiled} planted faults are not found ({', '.join(missed)}).",
        )
    if not spoiled or not count(given, "findings"):
        return _NOBODY
    if count(given, "sentences.missing") or any(one not in given.texts("forms") for one in FINDINGS):
        return partial(
            "input.checked.told",
            f"誤り {spoiled} 種はすべて見つかりますが、一覧の形か、どうするかの文が欠けています。",
            f"All {spoiled} planted faults are found, but a form of the list or a sentence on what to do is missing.",
        )
    return conforms(
        "input.checked.found",
        f"わざと入れた誤り {spoiled} 種（値の食違い、二重の人、壊れた文書など）はすべて見つかり、どうするかの文と一緒に一覧にできました。",
        f"All {spoiled} planted faults (values that disagree, people twice, broken files) were found and listed with what to do.",
    )
