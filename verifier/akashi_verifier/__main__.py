"""`python -m akashi_verifier [--trust TRUST] [--json] FILE`: read two files, print what was proven and what was not.

Guarantees: exit status 0 verified, 6 failed, 9 self-consistent only, 2 unreadable arguments; no traceback for any
input. Refuses: the network and writing. Trusts: the trust file that the user names. A trust chain (network.md) is gone
through from that file; then the file of today is in the JSON.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import sys
from datetime import UTC, datetime
from typing import Any

from akashi_verifier import steps
from akashi_verifier.bundle import MAX_FILE
from akashi_verifier.conformity import show
from akashi_verifier.conformity import steps as conformity
from akashi_verifier.conformity.form import MAGIC
from akashi_verifier.servers import chain
from akashi_verifier.trust import MAX_FILE as MAX_TRUST

EXIT = {"verified": 0, "failed": 6, "self_consistent": 9}
_STATUS = {
    "verified": ("検証できました。", "Verified."),
    "self_consistent": (
        "つじつまは合っていますが、信頼ファイルがないため、誰の記録かは確かめていません。",
        "Self-consistent only: without a trust file it is not known whose record this is.",
    ),
    "failed": (
        "検証できませんでした。この証拠を使わないでください。",
        "Verification failed. Do not rely on this evidence.",
    ),
}
_LEVEL = {
    "attested": (
        "水準: 署名された記録への登載(運営者の処理を信頼)",
        "Level: attested - in the signed tree; its operator applied the rules",
    ),
    "replayed": ("水準: 全記録の再計算", "Level: replayed - the whole log was recomputed"),
}
_UNPROVEN = {
    "no_trust": ("ログの鍵が信頼できるか", "whether the log's key is to be trusted"),
    "revocation_absence": ("この束の外に鍵の失効がないこと", "that no revocation stands outside this bundle"),
    "no_stamp_before": ("一部の操作がいつより後か", "after which time some operations were recorded"),
    "no_stamp_after": ("一部の操作がいつより前か", "before which time some operations existed"),
    "effects": ("操作が台帳に与えた効果", "what the operations did to the ledger's state"),
    "signer": ("操作に署名した者", "who signed the operation"),
    "kinds": ("この検証器が知らない種類の操作の許可", "who may sign operations of kinds unknown to this program"),
    "newer": ("これより新しい変更がないこと", "that no newer change of who signs exists"),
    **show.UNPROVEN,
}


def main(arguments: list[str] | None = None) -> int:
    """Run the program; return its exit status."""
    parser = argparse.ArgumentParser(
        prog="akashi_verifier",
        description="証(Akashi)の証拠を検証します。 Verify an Akashi bundle, receipt, conformity bundle or trust chain, offline.",
        epilog="exit status: 0 verified, 6 failed, 9 self-consistent only, 2 unreadable arguments",
    )
    parser.add_argument("--trust", metavar="TRUST", help="信頼ファイル / the trust file")
    parser.add_argument("--json", action="store_true", help="結果をJSONで / print the result as JSON")
    parser.add_argument(
        "file",
        metavar="FILE",
        help="証拠、受領証、適合の束または信頼の連鎖 / a bundle, a receipt, a conformity bundle or a trust chain",
    )
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    options = parser.parse_args(arguments)
    try:
        data = _read(options.file, MAX_FILE)
        trust = None if options.trust is None else _read(options.trust, MAX_TRUST)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "name"
        print(f"error: ファイルを読めません。 A file cannot be read ({reason}).", file=sys.stderr)
        print("hint: 名前と権限を確かめてください。 Check its name and permissions.", file=sys.stderr)
        return 2
    if data.startswith(chain.PREFIX):
        return _followed(data, trust, as_json=options.json)
    run = data.startswith(MAGIC)
    result = conformity.verify(data, trust) if run else steps.verify(data, trust)
    try:
        print(json.dumps(result, ensure_ascii=False, indent=2) if options.json else _text(result, run=run), flush=True)
    except BrokenPipeError:
        # The reader has seen enough (`| head`). The interpreter would complain once more when it flushes at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return EXIT[result["status"]]


def _followed(data: bytes, trust: bytes | None, *, as_json: bool) -> int:
    """A trust chain, from the trust file; without one there is nothing from which it could lead."""
    if trust is None:
        print("error: 信頼ファイルが必要です。 A trust chain needs the trust file (--trust).", file=sys.stderr)
        return 2
    result = chain.verify(data, trust)
    print(json.dumps(result, ensure_ascii=False, indent=2) if as_json else show_chain(result), flush=True)
    return EXIT[result["status"]]


def show_chain(result: dict[str, Any]) -> str:
    """The result of a trust chain for a person, in both languages."""
    lines = [" ".join(_STATUS[result["status"]])]
    if result["status"] == "failed":
        return "\n".join([*lines, f"理由 / failure: {result['failure']}"])
    lines += [
        f"  {row['at']}  {row['kind']}  server {row['server']}  {_time(row['block_ms'])}  {row['voting']}"
        for row in result["steps"]
    ]
    lines.append(f"信じてよいサーバー / servers to believe: {result['servers']} ({result['needed']})")
    lines.append("  今の信頼ファイルは --json の trust / the trust file of today: key trust of --json")
    lines.append("証明していないこと / not proven:")
    lines += ["  - " + " / ".join(_UNPROVEN[word]) for word in result["unproven"]]
    return "\n".join(lines)


def _read(name: str, limit: int) -> bytes:
    """Read one byte more than the limit at most, so that the parser can tell a file that is too large."""
    with open(name, "rb") as file:
        return file.read(limit + 1)


def _time(ms: int | None) -> str:
    if ms is None:
        return "?"
    try:
        return datetime.fromtimestamp(ms // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (ValueError, OverflowError, OSError):
        return f"{ms} ms"


def _text(result: dict[str, Any], *, run: bool) -> str:
    """The result for a person, in both languages; `run`: it is one of a conformity bundle."""
    lines = [" ".join(_STATUS[result["status"]])]
    if result["status"] == "failed":
        lines += [show.row_line(row, _time) for row in result.get("decisions", [])]
        return "\n".join([*lines, f"理由 / failure: {result['failure']}"])
    lines += show.text(result, _time) if run else _evidence(result)
    lines.append("証明していないこと / not proven:")
    lines += ["  - " + " / ".join(_UNPROVEN[word]) for word in result["unproven"]]
    return "\n".join(lines)


def _evidence(result: dict[str, Any]) -> list[str]:
    """Lines about a bundle or a receipt that did not fail."""
    lines = [f"{result['origin']}  {result['size']}", " / ".join(_LEVEL[result["level"]])]
    for row in result["operations"]:
        outcome = "受理 accepted" if row["result"] == 0 else f"拒否 refused ({row['result']})"
        who = row["institution"] + (f" {row['person']}" if row["person"] else "")
        interval = f"{_time(row['after_ms'])} < {_time(row['block_ms'])} < {_time(row['before_ms'])}"
        lines.append(f"  {row['index']}  {row['kind']}  {outcome}  {who}  {interval}  {row['id']}")
        lines += [f"      {line}" for line in _signatures(row, known="signer" not in result["unproven"])]
    for stamp in result["stamps"]:
        counted = "有効 counted" if stamp["counted"] else "不算入 not counted"
        lines.append(f"  時刻印 stamp  {stamp['size']}  {_time(stamp['time_ms'])}  {counted}")
    for erasure in result["erasures"]:
        horizon = _time(erasure["backup_horizon_ms"])
        lines.append(f"  消去 erased  {erasure['payload']}  level {erasure['level']}  backup horizon {horizon}")
    return lines


_KEYS = {1: "パスキー passkey", 2: "ブラウザーの鍵 browser key", 3: "端末の鍵 device key"}
_BASES = {
    1: "機関が登録 enrolled on the institution's word",
    2: "本人の鍵で登録 enrolled with a key of their own",
    3: "本人確認のうえ再登録 enrolled after an identity check",
}


def _signatures(row: dict[str, Any], *, known: bool) -> list[str]:
    """Who signed an accepted operation beside the machine; where the actor did not, that it was signed for them."""
    if row["result"] != 0 or not known:
        return []
    lines = []
    if row["person"] and row["person"] not in [each["person"] for each in row["approvals"]]:
        lines.append("機関のゲートウェイが代わって署名 / signed by the institution's gateway on behalf")
    for each in row["approvals"]:
        own = (
            "本人の署名 signed by the person" if each["person"] == row["person"] else f"署名 signed by {each['person']}"
        )
        lines.append(f"{own}: {_KEYS[each['kind']]}, {_BASES[each['basis']]}")
    return lines


if __name__ == "__main__":
    sys.exit(main())
