"""Judges of software and of registers: scanner, bill of materials, updates, inventory, papers, disclosures, requirements.

Guarantees: pure; an old or empty list never reads 適合, and a verdict that stands on dates expires with the earliest of them. Refuses:
to treat what is only `possible` as absent. Trusts: the facts.
"""

from __future__ import annotations

from akashi.conformity.judges.registry import Given, Limits, conforms, fails, judge, not_applicable, partial, undecided
from akashi.conformity.model import DAY_MS, Opinion


@judge("malware.refused", probe="malware")
def malware_refused(given: Given, limits: Limits) -> Opinion:  # noqa: ARG001
    """The scanner refuses the samples, lets a harmless text pass, and is there all the time."""
    if given.text("scanner") == "none":
        return fails("malware.none", "この機器にウイルス対策ソフトが入っていません。", "This machine has no scanner.")
    if not given.truth("definitions_known"):
        return fails(
            "malware.blind",
            "ウイルス対策ソフトに定義がなく、何も見つけられません。",
            "The scanner has no definitions and finds nothing.",
        )
    if not given.truth("eicar_refused"):
        return fails("malware.eicar", "試験用のウイルスの見本が通りました。", "The EICAR sample passed.")
    if not given.truth("clean_passed"):
        return undecided(
            "malware.refuses_all",
            "無害な文書まで断られました。検査になっていません。",
            "A harmless text was refused too: that is no inspection.",
        )
    if not given.truth("macro_refused"):
        return partial(
            "malware.macro",
            "ウイルスの見本は断られましたが、マクロ付きの文書が通りました。",
            "EICAR was refused, a document with a macro passed.",
        )
    if not given.truth("resident"):
        return partial(
            "malware.on_demand",
            "見本は断られましたが、常に動く見張りではありません。",
            "The samples were refused, but by a scan on demand only.",
        )
    return conforms(
        "malware.refused",
        "ウイルスの見本とマクロ付きの文書は断られ、無害な文書は通りました。",
        "EICAR and a macro were refused, a harmless text passed.",
    )


@judge("malware.definitions", probe="malware", defaults={"malware.max_definition_days": 7})
def malware_definitions(given: Given, limits: Limits) -> Opinion:
    """Young definitions."""
    made, most = given.number("definitions_ms"), limits.number("malware.max_definition_days")
    if not given.truth("definitions_known") or made <= 0:
        return fails("malware.no_definitions", "検査の定義ファイルがありません。", "There are no definitions.")
    days = (given.ended_ms - made) // DAY_MS
    if days < -1:
        return undecided(
            "malware.definitions.future", "定義の日付が未来です。", "The definitions are dated in the future."
        )
    if days >= most:
        return fails(
            "malware.definitions.old",
            f"検査の定義が {days} 日前のものです（上限 {most}）。",
            f"The definitions are {days} days old (at most {most}).",
        )
    return conforms(
        "malware.definitions.young",
        f"検査の定義は {max(days, 0)} 日前のものです。",
        f"The definitions are {max(days, 0)} days old.",
        expires_ms=made + most * DAY_MS,
    )


@judge("sbom.vulnerabilities", probe="sbom", defaults={"sbom.max_list_days": 30})
def sbom_vulnerabilities(given: Given, limits: Limits) -> Opinion:
    """No component that a young list names."""
    components, most = given.number("components"), limits.number("sbom.max_list_days")
    grave = given.number("critical") + given.number("high") + given.number("unknown")
    slight, possible = given.number("medium") + given.number("low"), given.number("possible")
    if grave > 0:
        return fails(
            "sbom.grave",
            f"{components} 部品に、重い（または重さの分からない）弱点が {grave} 件あります。",
            f"{grave} grave or ungraded vulnerabilities in {components} components.",
        )
    listed, unchecked = given.number("list_ms"), given.number("unchecked")
    days = (given.ended_ms - listed) // DAY_MS
    if components <= 0 or given.number("advisories") <= 0 or days < -1 or days >= most:
        return undecided(
            "sbom.no_list",
            f"弱点の一覧が空か、古すぎます（{days} 日前、上限 {most}）。",
            f"The list of vulnerabilities is empty or too old ({days} days, at most {most}).",
        )
    if slight + possible + unchecked > 0:
        return partial(
            "sbom.slight",
            f"軽い弱点 {slight} 件、確かめの要るもの {possible} 件、調べられない部品 {unchecked} 個があります。",
            f"{slight} slight and {possible} possible vulnerabilities, {unchecked} components that could not be checked.",
        )
    return conforms(
        "sbom.clear",
        f"{components} 部品に、知られた弱点はありません。",
        f"No known vulnerability in {components} components.",
        expires_ms=listed + most * DAY_MS,
    )


@judge("sbom.complete", probe="sbom_installed")
def sbom_complete(given: Given, limits: Limits) -> Opinion:  # noqa: ARG001
    """The bill says what is there."""
    installed, missing, different = given.number("installed"), given.number("missing"), given.number("different")
    extra = given.number("extra")
    if installed <= 0:
        return undecided("sbom.nothing", "入っている部品が読めません。", "What is installed could not be read.")
    if missing + different > 0:
        return fails(
            "sbom.incomplete",
            f"構成表に、{missing} 部品が無く、{different} 部品の版が違います（全 {installed}）。",
            f"The bill misses {missing} and misstates {different} of {installed} components.",
        )
    if extra > 0:
        return partial(
            "sbom.surplus",
            f"構成表に、入っていない部品が {extra} 個あります。",
            f"The bill names {extra} components that are not installed.",
        )
    return conforms(
        "sbom.complete",
        f"構成表は、入っている {installed} 部品と合っています。",
        f"The bill agrees with all {installed} installed components.",
    )


@judge("updates.pending", probe="updates", defaults={"updates.max_list_days": 7})
def updates_pending(given: Given, limits: Limits) -> Opinion:
    """Nothing waits, by a list that was renewed lately."""
    pending, security, most = given.number("pending"), given.number("security"), limits.number("updates.max_list_days")
    if security > 0:
        return fails(
            "updates.security",
            f"安全に関わる更新が {security} 件残っています（全 {pending}）。",
            f"{security} security updates wait (of {pending}).",
        )
    days = (given.ended_ms - given.number("list_ms")) // DAY_MS
    if days < -1 or days >= most:
        return undecided(
            "updates.old_list",
            f"更新の一覧が {days} 日前のものです（上限 {most}）。",
            f"The list of updates is {days} days old (at most {most}).",
        )
    if pending > 0:
        return partial(
            "updates.pending",
            f"更新が {pending} 件残っています（安全に関わるものはありません）。",
            f"{pending} updates wait, none for security.",
        )
    return conforms(
        "updates.none",
        "残っている更新はありません。",
        "No update waits.",
        expires_ms=given.number("list_ms") + most * DAY_MS,
    )


@judge("inventory.matches", probe="inventory")
def inventory_matches(given: Given, limits: Limits) -> Opinion:  # noqa: ARG001
    """Everything found is in the register, and the other way round."""
    found, listed, unknown = given.number("found"), given.number("in_use"), given.number("unknown")
    missing, twice = given.number("missing"), given.number("twice")
    if unknown > 0:
        return fails(
            "inventory.unknown",
            f"台帳にない機器が {unknown} 台つながっています（見つかった {found} 台のうち）。",
            f"{unknown} of {found} devices found are not in the register.",
        )
    if found <= 0 or listed <= 0:
        return undecided(
            "inventory.empty",
            "台帳か、見つかった機器の一覧が空です。",
            "The register or the list of devices found is empty.",
        )
    if missing + twice > 0:
        return partial(
            "inventory.missing",
            f"台帳の {listed} 台のうち {missing} 台が見つからず、同じ番号が {twice} 件あります。",
            f"{missing} of {listed} registered devices were not found; {twice} numbers stand twice.",
        )
    return conforms(
        "inventory.matches",
        f"台帳の {listed} 台と、見つかった {found} 台が合っています。",
        f"The register's {listed} and the {found} devices found agree.",
    )


@judge("inventory.retired", probe="inventory")
def inventory_retired(given: Given, limits: Limits) -> Opinion:  # noqa: ARG001
    """Nothing that was retired is still there."""
    retired, seen, found = given.number("retired"), given.number("retired_seen"), given.number("found")
    if seen > 0:
        return fails(
            "inventory.retired_seen",
            f"廃棄したはずの {seen} 台がつながっています。",
            f"{seen} retired devices are still connected.",
        )
    if found <= 0:
        return undecided("inventory.empty", "見つかった機器の一覧が空です。", "The list of devices found is empty.")
    if retired <= 0:
        return not_applicable(
            "inventory.none_retired", "廃棄した機器は台帳にありません。", "The register has no retired devices."
        )
    return conforms(
        "inventory.retired",
        f"廃棄した {retired} 台は、どれもつながっていません。",
        f"None of {retired} retired devices is connected.",
    )


@judge("documents.current", probe="papers")
def documents_current(given: Given, limits: Limits) -> Opinion:  # noqa: ARG001
    """Each paper has an owner, an approval and a review in time."""
    documents, faulty, missing = given.number("documents"), given.number("faulty"), given.number("missing")
    if documents <= 0:
        return undecided("documents.none", "文書の台帳が空です。", "The register of documents is empty.")
    detail = (given.number("unowned"), given.number("unapproved"), given.number("unreviewed"), given.number("overdue"))
    if faulty + missing > 0:
        ja = f"{documents} 件のうち {faulty} 件に不備があり（責任者なし {detail[0]}、未承認 {detail[1]}、未見直し {detail[2]}、期限切れ {detail[3]}）、必要な {missing} 件がありません。"
        en = f"{faulty} of {documents} papers are not in order (owner {detail[0]}, approval {detail[1]}, review {detail[2]}, overdue {detail[3]}); {missing} are missing."
        return fails("documents.faulty", ja, en) if faulty >= documents else partial("documents.some_faulty", ja, en)
    return conforms(
        "documents.current",
        f"{documents} 件の文書は、責任者・承認・見直しがそろっています。",
        f"All {documents} papers have owner, approval and review.",
        expires_ms=given.number("next_ms"),
    )


@judge("disclosures.current", probe="disclosures")
def disclosures_current(given: Given, limits: Limits) -> Opinion:  # noqa: ARG001
    """Each vendor's disclosure is here, signed and in force."""
    asked, vendors = given.number("asked"), given.number("vendors")
    missing, unsigned, expired = given.number("missing"), given.number("unsigned"), given.number("expired")
    if asked <= 0:
        return undecided("disclosures.none", "開示書の台帳が空です。", "The register of disclosures is empty.")
    if missing + expired > 0:
        return fails(
            "disclosures.missing",
            f"{asked} 件のうち、未受領 {missing} 件、期限切れ {expired} 件です。",
            f"Of {asked} disclosures {missing} are missing and {expired} expired.",
        )
    if unsigned > 0:
        return partial(
            "disclosures.unsigned",
            f"{asked} 件のうち {unsigned} 件に署名がありません。",
            f"{unsigned} of {asked} disclosures are not signed.",
        )
    return conforms(
        "disclosures.current",
        f"{vendors} 社の {asked} 件は、すべて署名され期限内です。",
        f"All {asked} disclosures of {vendors} vendors are signed and in force.",
        expires_ms=given.number("next_ms"),
    )


@judge("requirements.gaps", probe="requirements")
def requirements_gaps(given: Given, limits: Limits) -> Opinion:  # noqa: ARG001
    """Every requirement is answered, and every いいえ has a measure of our own."""
    whole, gaps, open_ = given.number("requirements"), given.number("gaps"), given.number("unanswered")
    covered = given.number("covered")
    if gaps > 0:
        return fails(
            "requirements.gaps",
            f"{whole} 件のうち {gaps} 件は、業者が満たさず、補う対策もありません。",
            f"{gaps} of {whole} requirements are neither met nor covered.",
        )
    if whole <= 0 or open_ > 0:
        return undecided(
            "requirements.unanswered",
            f"{whole} 件のうち {open_} 件に回答がありません。",
            f"{open_} of {whole} requirements are not answered.",
        )
    if given.number("met") + covered <= 0:
        return undecided(
            "requirements.all_absent",
            f"{whole} 件すべてが対象外とされています。",
            f"All {whole} requirements are said not to apply.",
        )
    if covered > 0:
        return partial(
            "requirements.covered",
            f"{whole} 件のうち {covered} 件は、運用で補っています。",
            f"{covered} of {whole} requirements are covered by our own measures.",
        )
    return conforms(
        "requirements.met", f"{whole} 件の要求は、すべて満たされています。", f"All {whole} requirements are met."
    )
