"""Stored passwords by class, PAM stacks by what they let through, and a database of accounts."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Set as AbstractSet
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from hypothesis import given
from hypothesis import strategies as st

from akashi.conformity.host import logins, pam
from akashi.conformity.host.logins import hash_class
from akashi.conformity.judges.registry import JUDGES, judge_check
from akashi.conformity.model import Measurement, Reach, Target, TargetKind, Verdict
from akashi.conformity.probing import PROBES, Bench, measure
from tests.conformity.hoststand import NOW, bench_in, seen, verdict

KNOW, BOTH = {"know"}, {"know", "have"}


def test_what_argon2_makes_is_strong() -> None:
    """The form that Akashi itself stores."""
    assert hash_class(PasswordHasher(time_cost=1, memory_cost=64).hash("invented")) == ("strong", "argon2")


@pytest.mark.parametrize(
    ("stored", "strength"),
    [
        ("$2b$12$" + "a" * 53, "strong"),
        ("$2b$04$" + "a" * 53, "weak"),
        ("pbkdf2_sha256$600000$salt$" + "a" * 43, "strong"),
        ("pbkdf2_sha256$1000$salt$" + "a" * 43, "weak"),
        ("{SSHA}" + "a" * 32, "weak"),
        ("8846f7eaee8fb117ad06bdd830b7586c", "weak"),
        ("*2470C0C06DEE42FD1618BB99005ADCA2EC9D1E19", "weak"),
        ("Haru-no-umi-7", "plain"),
        ("$argon2id$short", "plain"),
        ("", "empty"),
        ("!$6$salt$" + "a" * 86, "locked"),
    ],
)
def test_a_stored_password_has_a_class(stored: str, strength: str) -> None:
    """What looks like a hash without being one is plain."""
    assert hash_class(stored)[0] == strength


@given(st.text(min_size=1, max_size=40))
def test_no_word_that_people_choose_is_strong(word: str) -> None:
    """Only the forms of slow hashes are."""
    assert hash_class(word)[0] != "strong"


@pytest.mark.parametrize(
    ("stack", "held", "through"),
    [
        ("auth required pam_unix.so", KNOW, True),
        ("auth required pam_unix.so\nauth required pam_oath.so", KNOW, False),
        ("auth sufficient pam_oath.so\nauth required pam_unix.so", KNOW, True),
        (
            "auth [success=1 default=ignore] pam_unix.so\nauth requisite pam_deny.so\nauth required pam_permit.so",
            KNOW,
            True,
        ),
        (
            "auth [success=1 default=ignore] pam_unix.so\nauth requisite pam_deny.so\nauth required pam_permit.so",
            set(),
            False,
        ),
        ("auth required pam_permit.so", set(), True),
        ("auth required pam_house_rules.so", set(), True),
        ("auth required pam_unix.so\nauth required pam_u2f.so nouserok", KNOW, True),
        ("auth required pam_unix.so\nauth optional pam_oath.so", KNOW, True),
        ("auth requisite pam_unix.so\nauth required pam_google_authenticator.so", BOTH, True),
        ("auth requisite pam_deny.so", BOTH, False),
    ],
)
def test_a_stack_lets_through_what_it_says(stack: str, held: AbstractSet[str], through: bool) -> None:
    """Linux-PAM pam.conf(5): required, requisite, sufficient, optional and the bracket form; an unknown module is at its worst."""
    assert pam.passes(stack, {}, held) is through


def test_a_link_out_of_the_folder_is_not_passed_over(tmp_path: Path) -> None:
    """What a link shows is not read, so the folder was not read whole."""
    (tmp_path / "secret.conf").write_text("password = himitsu-99\n", encoding="utf-8")
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "a.conf").write_text("x = 1\n", encoding="utf-8")
    (tmp_path / "etc" / "b.conf").symlink_to(tmp_path / "secret.conf")
    one = next(one for one in PROBES if one.name == "secrets")
    target = Target("t", TargetKind.FILE, str(tmp_path / "etc"), {"secrets": "1"})

    assert verdict("secrets.plain", [measure(one, target, bench_in(tmp_path))]).name == "UNDECIDED"


def test_an_old_export_is_not_read(tmp_path: Path) -> None:
    """What a machine was like long ago says nothing of now."""
    (tmp_path / "e").write_text('[{"lock_seconds": 60, "password_on_wake": true}]', encoding="utf-8")
    os.utime(tmp_path / "e", (NOW / 1000 - 40 * 86_400,) * 2)
    one = next(one for one in PROBES if one.name == "idle")
    found = measure(one, Target("t", TargetKind.MACHINE, str(tmp_path), {"idle": "e"}), bench_in(tmp_path))

    assert (found.reach, found.note) == (Reach.UNREACHED, "old")


def accounts(folder: Path, *stored: str | None) -> Measurement:
    """A database of accounts, probed."""
    database = sqlite3.connect(folder / "accounts.db")
    database.execute("CREATE TABLE people (login TEXT, password TEXT)")
    database.executemany("INSERT INTO people VALUES ('x', ?)", [(one,) for one in stored])
    database.commit()
    database.close()
    one = next(one for one in PROBES if one.name == "password_store")
    options = {"password_store": "accounts.db", "password_column": "people.password"}
    return measure(one, Target("t", TargetKind.MACHINE, str(folder), options), bench_in(folder))


def test_an_account_database_is_read_by_its_column(tmp_path: Path) -> None:
    """One account without a password and one with a strong one."""
    found = accounts(tmp_path, PasswordHasher(time_cost=1, memory_cost=64).hash("invented"), None)

    assert (found.facts["strong"], found.facts["locked"], verdict("accounts.hashes", [found]).name) == (
        1,
        1,
        "CONFORMS",
    )


def test_no_stored_password_leaves(tmp_path: Path) -> None:
    """Neither facts nor raw output hold what was stored."""
    found = accounts(tmp_path, "himitsu-99")

    assert b"himitsu" not in found.raw
    assert "himitsu" not in repr(found)
    assert verdict("accounts.hashes", [found]).name == "FAILS"


def test_no_secret_that_was_found_leaves() -> None:
    """A finding is a kind and a place."""
    found = seen("secrets", {"etc/a.conf": "x = 1\npassword = himitsu-99\n"}, {"secrets": "1"}, address="etc")[0]

    assert found.facts["places"] == ("1:2",)
    assert b"himitsu" not in found.raw
    assert "himitsu" not in repr(found)


def test_a_column_is_a_name_and_nothing_else(tmp_path: Path) -> None:
    """What is no table and column name is not asked of the database."""
    (tmp_path / "accounts.db").write_bytes(b"")
    one = next(one for one in PROBES if one.name == "password_store")
    options = {"password_store": "accounts.db", "password_column": "people; DROP TABLE people"}
    bench: Bench = bench_in(tmp_path)

    assert measure(one, Target("t", TargetKind.MACHINE, str(tmp_path), options), bench).reach is Reach.UNREACHED


@pytest.mark.parametrize(("installed", "expected"), [(False, Verdict.NOT_APPLICABLE), (True, Verdict.FAILS)])
def test_a_declared_lack_of_screens_is_looked_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, installed: bool, expected: Verdict
) -> None:
    """`no-desktop` makes the check 対象外 only where no desktop session is installed."""
    if installed:
        (tmp_path / "plain.desktop").write_text("[Desktop Entry]\n")
    monkeypatch.setattr(logins, "_DESKTOPS", (tmp_path,))
    target = Target("tgt-here00", TargetKind.MACHINE, "here", {"idle": "no-desktop"}, 0)
    looked = logins.idle(target, bench_in(tmp_path))
    judge = JUDGES.find("idle.lock")
    assert judge is not None
    made = Measurement("idle", 1, "tgt-here00", "here", "t", 0, 1, Reach.REACHED, looked.facts)
    assert judge_check(judge, [made], {}).opinion.verdict is expected
