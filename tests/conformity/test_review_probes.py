"""A manager who lets probes look where they have no business, and hostile files (review of issue 3)."""

from __future__ import annotations

from pathlib import Path

import pytest

from akashi.app.conformity.library import judges
from akashi.clock import FixedClock
from akashi.conformity.catalogues.catalogue import read_yaml
from akashi.conformity.errors import CatalogueInvalid, Unreached
from akashi.conformity.forms.package import packed
from akashi.conformity.forms.workbook import read_workbook
from akashi.conformity.host.backup import backup
from akashi.conformity.host.plain_secrets import scan
from akashi.conformity.judges.registry import judge_check
from akashi.conformity.model import Measurement, Reach, Target, TargetKind, Verdict
from akashi.conformity.probing import Bench, Observed, Pace, Probe, measure
from tests.conformity.small import DAY, NOW


def looked(
    tmp_path: Path, kind: TargetKind, address: str, options: dict[str, str], name: str = "papers"
) -> Measurement:
    """What a probe that shows everything brings from a target; ``secret`` is closed to it."""

    def show(target: Target, _bench: Bench) -> Observed:
        return Observed({}, b"whatever is there", target.handle)

    (tmp_path / "secret").mkdir()
    (tmp_path / "open").mkdir()
    (tmp_path / "secret" / "gateway.db").write_bytes(b"x")
    (tmp_path / "open" / "link.csv").symlink_to(tmp_path / "secret" / "gateway.db")
    bench = Bench(FixedClock(NOW), "here", Pace(100), tmp_path, (), (tmp_path / "secret",))
    target = Target(
        "tgt-1", kind, address.format(tmp_path), {key: one.format(tmp_path) for key, one in options.items()}, NOW + DAY
    )
    return measure(Probe(name, 1, kind, active=False, measure=show), target, bench)


@pytest.mark.parametrize(
    ("kind", "address", "options"),
    [
        (TargetKind.FILE, "{}/secret", {"papers": ""}),
        (TargetKind.FILE, "{}/secret/gateway.db", {"papers": ""}),
        (TargetKind.FILE, "{}/open", {"papers": "../secret/gateway.db"}),
        (TargetKind.FILE, "{}/open/link.csv", {"papers": ""}),
        (TargetKind.FILE, "{}/open", {"papers": "link.csv"}),
        (TargetKind.FILE, "{}/open/x.csv", {"papers": "{}/secret/gateway.db"}),
        (TargetKind.MACHINE, "127.0.0.1", {"clock": "{}/open/../secret/gateway.db"}),
        (TargetKind.BACKUP, "{}/secret", {"method": "nas"}),
        (TargetKind.FILE, "{}/open\0", {"papers": ""}),
    ],
)
def test_closed_folders_stay_closed(tmp_path: Path, kind: TargetKind, address: str, options: dict[str, str]) -> None:
    """Key stores and other institutions' homes are no target's file, by no way of writing it."""
    seen = looked(tmp_path, kind, address, options)
    assert (seen.reach, seen.note, seen.raw) == (Reach.REFUSED, "closed", b"")


def test_what_is_not_closed_is_read(tmp_path: Path) -> None:
    """The rule does not stop honest targets."""
    assert looked(tmp_path, TargetKind.FILE, "{}/open", {"papers": "list.csv"}).reach is Reach.REACHED


def test_a_scan_for_secrets_may_look_everywhere(tmp_path: Path) -> None:
    """It brings counts and kinds only, also of the own settings."""
    assert looked(tmp_path, TargetKind.FILE, "{}/secret", {"secrets": "1"}, "secrets").reach is Reach.REACHED


@pytest.mark.parametrize(
    "address",
    [
        "sftp:-oProxyCommand=touch x:/y", "sftp:a@-oProxyCommand=x:/y", "sftp://-oProxyCommand=x/y", "rclone::sftp,ssh=x:y",
        "rclone:-v:y", "rclone:a,ssh=x:y", "rclone:a:-y", "s3:-x", "rest:file:///x", "sftp:a b:/x",
    ],
)  # fmt: skip
def test_an_address_is_no_option_of_another_program(tmp_path: Path, address: str) -> None:
    """Restic hands hosts on to ssh and remotes to rclone: what would be an option there is refused before it runs."""
    ran = tmp_path / "ran"
    tool = tmp_path / "restic"
    tool.write_text(f"#!/bin/sh\ntouch {ran}\n")
    tool.chmod(0o700)
    bench = Bench(FixedClock(NOW), "here", Pace(100), tmp_path, (tmp_path,))
    target = Target("tgt-1", TargetKind.BACKUP, address, {"password_file": "x"}, NOW + DAY)
    with pytest.raises(Unreached) as refused:
        backup(target, bench)
    assert (refused.value.params["reason"], ran.exists()) == ("address", False)


@pytest.mark.parametrize(
    "address", ["sftp:backup@nas.example:/srv", "rest:https://nas.example/x", "rclone:cloud:folder"]
)
def test_honest_addresses_are_asked(tmp_path: Path, address: str) -> None:
    """A second site is reached as before: the program runs."""
    ran = tmp_path / "ran"
    tool = tmp_path / "restic"
    tool.write_text(f"#!/bin/sh\ntouch {ran}\nexit 1\n")
    tool.chmod(0o700)
    bench = Bench(FixedClock(NOW), "here", Pace(100), tmp_path, (tmp_path,))
    with pytest.raises(Unreached):
        backup(Target("tgt-1", TargetKind.BACKUP, address, {"password_file": "x"}, NOW + DAY), bench)
    assert ran.exists()


@pytest.mark.parametrize(
    "text",
    ["day: 2026-13-45", "n: " + "9" * 9000, "[" * 5000, "a: !!python/object:x {}", "a: &a [1]\nb: *a"],
    ids=["date", "number", "deep", "object", "alias"],
)
def test_a_hostile_yaml_is_refused_in_words(text: str) -> None:
    """A 13th month, a number of 9,000 digits, a tower of brackets, an object, an alias: our own error, never another."""
    with pytest.raises(CatalogueInvalid):
        read_yaml(text.encode(), "list")


def test_a_number_format_without_end_is_no_date() -> None:
    """A workbook of one KiB whose number format would be searched for a minute and a half is read at once, as a number."""
    relation = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    parts = {
        "[Content_Types].xml": "<Types/>",
        "_rels/.rels": f'<R><Relationship Id="a" Type="{relation}/officeDocument" Target="xl/workbook.xml"/></R>',
        "xl/workbook.xml": '<workbook xmlns:r="r"><sheets><sheet name="a" r:id="a"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<R><Relationship Id="a" Type="{relation}/worksheet" Target="sheet.xml"/>'
        f'<Relationship Id="b" Type="{relation}/styles" Target="styles.xml"/></R>',
        "xl/sheet.xml": '<worksheet><sheetData><row r="1"><c s="0"><v>46000</v></c></row></sheetData></worksheet>',
        "xl/styles.xml": f'<s><numFmts><numFmt numFmtId="200" formatCode="{"[a" * 200_000}yyyy"/></numFmts>'
        '<cellXfs><xf numFmtId="200"/></cellXfs></s>',
    }
    book = read_workbook(packed({name: text.encode() for name, text in parts.items()}))
    assert book.sheets[0].texts == {(1, 1): "46000"}


@pytest.mark.timeout(300)
def test_a_file_of_dots_does_not_hold_up_a_run() -> None:
    """Lines of ``0.0.0.`` were searched for half a second each; a secret among them is still found."""
    lines = ["0." * 2_000] * 40 + ["a." * 500 + "password = Nue-tsubaki-9"]
    assert list(scan("\n".join(lines))) == [("password", 41)]


def test_a_fact_that_trips_a_judge_is_undecided() -> None:
    """Facts of a stranger's bundle may be anything; the verifier goes on."""
    judge = judges().find("wireless.channels")
    assert judge is not None
    facts = {"wireless.channels": ("9" * 5000,)}
    one = Measurement(judge.probe, 1, "tgt-1", "here", "t", NOW, NOW, Reach.REACHED, facts)
    assert judge_check(judge, [one], {}).opinion.verdict is Verdict.UNDECIDED
