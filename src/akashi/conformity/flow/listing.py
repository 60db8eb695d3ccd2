"""The public list as static files: a page, one JSON, a mark for each entry, and the redacted bundles that the marks link to.

Guarantees: the same entries at the same moment give the same bytes; whatever comes from people is escaped; each mark links to its bundle
and shows its SHA-256, so that a stranger can verify; withdrawn, expired and renewed entries stay and say so. No script, no address outside
of the folder. Refuses a bundle that is not the one that was published. Pure: names, bundles and the moment are inputs.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta, timezone
from enum import StrEnum
from hashlib import sha256
from html import escape

from akashi.conformity.errors import BundleInvalid
from akashi.conformity.flow.model import ApplicantKind, Listed

FORMAT = "akashi-conformity-list/1"
_JAPAN = timezone(timedelta(hours=9))
_KINDS = {ApplicantKind.PROVIDER: "サービス事業者", ApplicantKind.OPERATOR: "運営主体"}


class Standing(StrEnum):
    """What an entry says today."""

    VALID = "valid"
    EXPIRED = "expired"
    RENEWED = "renewed"
    WITHDRAWN = "withdrawn"


_WORDS = {
    Standing.VALID: "有効",
    Standing.EXPIRED: "期限切れ",
    Standing.RENEWED: "更新済み（新しい評価があります）",
    Standing.WITHDRAWN: "取り下げ",
}
_COLOURS = {
    Standing.VALID: "#0b6e4f",
    Standing.EXPIRED: "#8a5a00",
    Standing.RENEWED: "#3f5873",
    Standing.WITHDRAWN: "#9b1c1c",
}
_STYLE = (
    "body{font-family:sans-serif;margin:2rem auto;max-width:60rem;padding:0 1rem;line-height:1.7;color:#1b1b1b}"
    "table{border-collapse:collapse;width:100%}th,td{border-bottom:1px solid #bbb;padding:.5rem;text-align:left;"
    "vertical-align:top}code{overflow-wrap:anywhere;font-size:.85em}img{width:7rem}.withdrawn,.expired{color:#6b1414}"
)


def standing(entry: Listed, now_ms: int) -> Standing:
    """What an entry says at ``now_ms``: a withdrawal first, then the end of its time, then its renewal."""
    if entry.withdrawn_ms is not None:
        return Standing.WITHDRAWN
    if now_ms >= entry.valid_until_ms:
        return Standing.EXPIRED
    return Standing.VALID if entry.renewed_by is None else Standing.RENEWED


def export_list(
    entries: Sequence[Listed], names: Mapping[str, str], now_ms: int, bundles: Mapping[str, bytes] | None = None
) -> dict[str, bytes]:
    """File name to bytes: ``index.html``, ``list.json``, ``mark-….svg`` and, where their bytes are given, the bundles by assessment.

    ``names``: institution handle to the name that its ledger entry commits to; without one the handle is shown.
    """
    files = {"index.html": _page(entries, names, now_ms), "list.json": _json(entries, names, now_ms)}
    for entry in entries:
        files[mark_file(entry)] = mark(entry, now_ms)
        data = (bundles or {}).get(entry.assessment)
        if data is not None:
            if sha256(data).digest() != entry.bundle:
                raise BundleInvalid(failure="flow.listed_bundle")
            files[bundle_file(entry)] = data
    return files


def bundle_file(entry: Listed) -> str:
    """The name of an entry's redacted bundle."""
    return f"{entry.assessment}.akc"


def mark_file(entry: Listed) -> str:
    """The name of an entry's mark."""
    return f"mark-{entry.assessment}.svg"


def mark(entry: Listed, now_ms: int) -> bytes:
    """The mark of an entry (SVG, our own drawing): a seal with a tick, its standing, its last day, the head of the bundle's SHA-256.

    It links to the bundle beside it; struck through unless it is valid.
    """
    now = standing(entry, now_ms)
    colour, word = _COLOURS[now], _WORDS[now].split("（")[0]
    struck = "" if now is Standing.VALID else f'<path d="M14 14 86 86" stroke="{colour}" stroke-width="6"/>'
    digest = entry.bundle.hex()
    drawn = (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 240 100" role="img" font-family="sans-serif">'
        f"<title>証 {word} {_day(entry.valid_until_ms)}まで SHA-256 {digest}</title>"
        f'<a href="{bundle_file(entry)}">'
        '<rect width="240" height="100" rx="10" fill="#fff" stroke="#c9c9c9"/>'
        f'<circle cx="50" cy="50" r="38" fill="none" stroke="{colour}" stroke-width="5"/>'
        f'<circle cx="50" cy="50" r="31" fill="none" stroke="{colour}" stroke-width="1.5" stroke-dasharray="3 3"/>'
        f'<path d="M34 51 46 63 68 37" fill="none" stroke="{colour}" stroke-width="8" stroke-linecap="round"/>{struck}'
        f'<text x="100" y="32" font-size="17" font-weight="bold" fill="{colour}">証 {word}</text>'
        f'<text x="100" y="55" font-size="12" fill="#333">{_day(entry.valid_until_ms)} まで</text>'
        f'<text x="100" y="78" font-size="10" fill="#555" font-family="monospace">{digest[:16]}…</text>'
        "</a></svg>\n"
    )
    return drawn.encode()


def _json(entries: Sequence[Listed], names: Mapping[str, str], now_ms: int) -> bytes:
    rows = [
        {
            "assessment": one.assessment,
            "applicant": {"handle": one.applicant, "name": names.get(one.applicant, "")},
            "assessor": {"handle": one.assessor, "name": names.get(one.assessor, "")},
            "kind": one.kind.name.lower(),
            "published": _instant(one.published_ms),
            "valid_until": _instant(one.valid_until_ms),
            "standing": standing(one, now_ms).value,
            "withdrawn": None if one.withdrawn_ms is None else _instant(one.withdrawn_ms),
            "reason": None if one.reason is None else one.reason.name.lower(),
            "renewed_by": one.renewed_by,
            "bundle": {"file": bundle_file(one), "sha256": one.bundle.hex()},
            "mark": mark_file(one),
        }
        for one in entries
    ]
    document = {"format": FORMAT, "at": _instant(now_ms), "entries": rows}
    return (json.dumps(document, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode()


def _page(entries: Sequence[Listed], names: Mapping[str, str], now_ms: int) -> bytes:
    rows = "".join(_row(one, names, now_ms) for one in entries)
    page = (
        '<!doctype html>\n<html lang="ja"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none';img-src 'self';"
        "style-src 'unsafe-inline'\">"
        f"<title>適合性評価の公表一覧</title><style>{_STYLE}</style></head><body><h1>適合性評価の公表一覧</h1>"
        f"<p>{_day(now_ms)} 現在、{len(entries)} 件。しるしを押すと、誰でも検証できる証拠束を開けます。検証のしかた: "
        "<code>akashi conformity verify ファイル</code>。ファイルの SHA-256 が一覧と同じことも確かめてください。</p>"
        "<table><thead><tr><th>しるし</th><th>評価を受けた機関</th><th>状態</th><th>評価した機関</th>"
        f"<th>証拠束</th></tr></thead><tbody>{rows}</tbody></table></body></html>\n"
    )
    return page.encode()


def _row(one: Listed, names: Mapping[str, str], now_ms: int) -> str:
    now = standing(one, now_ms)
    file = escape(bundle_file(one))
    when = f"{_day(one.published_ms)} 公表、{_day(one.valid_until_ms)} まで"
    if one.withdrawn_ms is not None:
        when += f"、{_day(one.withdrawn_ms)} 取り下げ"
    return (
        f'<tr class="{now.value}" id="{escape(one.assessment)}"><td><a href="{file}">'
        f'<img src="{escape(mark_file(one))}" alt="{_WORDS[now]}のしるし"></a></td>'
        f"<td>{escape(names.get(one.applicant) or one.applicant)}<br>{_KINDS[one.kind]}</td>"
        f"<td><strong>{_WORDS[now]}</strong><br>{when}</td>"
        f"<td>{escape(names.get(one.assessor) or one.assessor)}</td>"
        f'<td><a href="{file}">{file}</a><br><code>{one.bundle.hex()}</code></td></tr>'
    )


def _day(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms // 1000, _JAPAN).date().isoformat()


def _instant(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
