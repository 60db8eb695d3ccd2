"""Judges of Akashi's people: passwords, lock-out, sessions, factors, accounts, permissions, resets.

Guarantees: pure; every trial that was let in counts, however many were refused; numbers that contradict each other (more refused than
tried) are 判定不能. Refuses: to call something closed that nobody was seen to enter properly. Trusts the facts of the self check.
"""

from __future__ import annotations

from akashi.conformity.errors import FactMissing
from akashi.conformity.judges.registry import (
    Given,
    Limits,
    conforms,
    fails,
    judge,
    partial,
    undecided,
)
from akashi.conformity.model import Opinion

SENSELESS = undecided(
    "check.senseless", "測定の値が互いに合わないため、決められません。", "The measured values contradict each other."
)
"""Counts that cannot all be true."""


def count(given: Given, key: str) -> int:
    """A count; a negative one is as good as missing."""
    value = given.number(key)
    if value < 0:
        raise FactMissing(name=key)
    return value


@judge(
    "password.rules",
    probe="passwords",
    defaults={
        "password.min_length_with_2fa": 8,
        "password.min_length_without_2fa": 13,
        "password.letters_and_digits": True,
        "password.periodic_change": False,
        "password.common_refused_percent": 80,
    },
)
def password_rules(given: Given, limits: Limits) -> Opinion:
    """Nothing shorter, no letters only, nothing with one's own name; a list of common ones as well."""
    alone, beside = count(given, "shortest.without_factor"), count(given, "shortest.with_factor")
    asked = (limits.number("password.min_length_without_2fa"), limits.number("password.min_length_with_2fa"))
    tried, refused = count(given, "common.tried"), count(given, "common.refused")
    mixed = given.truth("letters.refused") and given.truth("digits.refused")
    own = given.truth("own.refused") and given.truth("repeats.refused")
    if refused > tried or not tried or not alone or not beside:
        return SENSELESS
    if given.truth("stored.plain"):
        return fails(
            "password.rules.plain", "パスワードがそのまま保存されています。", "The password is stored as it is."
        )
    if alone < asked[0] or beside < asked[1]:
        return fails(
            "password.rules.short",
            f"短いパスワードを登録できます（二要素なし {alone} 文字・あり {beside} 文字。求めは {asked[0]}・{asked[1]}）。",
            f"Short passwords are accepted ({alone} characters alone, {beside} with a second factor; {asked[0]} and {asked[1]} are asked).",
        )
    if (limits.truth("password.letters_and_digits") and not mixed) or not own:
        return fails(
            "password.rules.guessable",
            "英字だけ・数字だけ、同じ文字の繰返し、または自分の ID を含むものを登録できます。",
            "Letters only, digits only, repetitions, or one's own login are accepted.",
        )
    if refused * 100 < tried * limits.number("password.common_refused_percent"):
        return partial(
            "password.rules.common",
            f"長さと文字の種類は守られますが、よく使われる言葉 {tried} 個のうち {tried - refused} 個を登録できます。",
            f"Length and mixture hold, but {tried - refused} of {tried} common passwords are accepted.",
        )
    if limits.truth("password.periodic_change"):
        return partial(
            "password.rules.ageing",
            "長さ・種類・よくある言葉は守られますが、定期の変更をさせる仕組みは測っていません。",
            "Length, mixture and common words hold; forced periodic change was not measured.",
        )
    return conforms(
        "password.rules.kept",
        f"{alone} 文字（二要素と併せて {beside} 文字）より短いもの、推測しやすいものは登録できません（よくある言葉は {tried} 個中 {refused} 個を断る）。",
        f"Nothing shorter than {alone} characters ({beside} with a second factor) and nothing easily guessed is accepted ({refused} of {tried} common ones are refused).",
    )


@judge(
    "password.reuse",
    probe="passwords",
    defaults={"password.history_required": False, "password.common_refused_percent": 80},
)
def password_reuse(given: Given, limits: Limits) -> Opinion:
    """Within this system: the password in use cannot be set again, and known ones cannot at all."""
    tried, refused = count(given, "common.tried"), count(given, "common.refused")
    same = given.truth("same.refused")
    if refused > tried or not tried:
        return SENSELESS
    if not same and limits.truth("password.history_required"):
        return fails(
            "password.reuse.accepted",
            "この版は前のパスワードを断ることを求めますが、今と同じものをもう一度登録できます。",
            "This edition asks to refuse earlier passwords, but the one in use can be set again.",
        )
    few = refused * 100 < tried * limits.number("password.common_refused_percent")
    if not same or few:
        return partial(
            "password.reuse.partly",
            f"使い回しを一部だけ断ります（今と同じもの: {'断る' if same else '受け付ける'}、よくある言葉: {refused}/{tried} 個を断る）。",
            f"Reuse is refused in part (the present one: {'refused' if same else 'accepted'}; common ones refused: {refused}/{tried}).",
        )
    return conforms(
        "password.reuse.refused",
        f"今と同じパスワードも、よく使われる {refused}/{tried} 個も断ります（確かめられるのはこのシステムの中だけです）。",
        f"The present password and {refused} of {tried} widely used ones are refused (other systems cannot be seen from here).",
    )


@judge(
    "password.lockout",
    probe="lockout",
    defaults={"password.lockout_failures": 10, "password.lockout_seconds": 300},
)
def password_lockout(given: Given, limits: Limits) -> Opinion:
    """After so many failures the right password is refused too, and stays so for a while."""
    tried, after = count(given, "tried"), count(given, "locked.after")
    closed = count(given, "closed.at_least_s")
    most, least = limits.number("password.lockout_failures"), limits.number("password.lockout_seconds")
    if not tried or after > tried or count(given, "recorded") > tried:
        return SENSELESS
    if not given.truth("locked") or after > most:
        return fails(
            "password.lockout.open",
            f"{tried} 回まちがえても、受け付けなくなりません（求めは {most} 回まで）。",
            f"{tried} failures do not lock the account (at most {most} are asked).",
        )
    if given.number("recorded") < tried:
        return partial(
            "password.lockout.unrecorded",
            f"{after} 回で止まりますが、失敗 {tried} 回のうち {given.number('recorded')} 回しか記録に残っていません。",
            f"It locks after {after} failures, but only {given.number('recorded')} of {tried} are recorded.",
        )
    if closed < least:
        return partial(
            "password.lockout.brief",
            f"{after} 回で止まりますが、{closed} 秒より長く続くことを確かめられません（求めは {least} 秒）。",
            f"It locks after {after} failures, but is not seen to last longer than {closed} s ({least} s are asked).",
        )
    return conforms(
        "password.lockout.closed",
        f"{after} 回の失敗で止まり、少なくとも {closed} 秒は正しいパスワードも受け付けません。",
        f"It locks after {after} failures and refuses the right password for at least {closed} s.",
    )


@judge("session.limits", probe="sessions", defaults={"session.idle_minutes": 15, "session.absolute_hours": 12})
def session_limits(given: Given, limits: Limits) -> Opinion:
    """A session ends by itself, is good on its own device only, and ends with the person."""
    idle, whole = count(given, "idle.limit_s"), count(given, "absolute.limit_s")
    if not given.truth("lives") or not given.truth("second_device.lives") or not given.truth("idle.alive_before"):
        return undecided(
            "session.limits.none",
            "試験用のセッションが続かず、確かめられません。",
            "The test session did not live: nothing was shown.",
        )
    asked = (
        "idle.ended_after",
        "absolute.ended_after",
        "other_device.refused",
        "signed_out.refused",
        "revoked_device.refused",
        "disabled.refused",
    )
    left = [name for name in asked if not given.truth(name)]
    if left:
        return fails(
            "session.limits.lives_on",
            f"終わるはずのセッションが {len(left)} 通りで生き残ります（{'、'.join(left)}）。",
            f"Sessions outlive {len(left)} of {len(asked)} ends ({', '.join(left)}).",
        )
    most = limits.number("session.idle_minutes") * 60
    if not 0 < idle <= most:
        return fails(
            "session.limits.idle",
            f"操作がないまま {idle // 60} 分続きます（求めは {most // 60} 分まで）。",
            f"A session lives {idle // 60} minutes without use (at most {most // 60} are asked).",
        )
    if not 0 < whole <= limits.number("session.absolute_hours") * 3600:
        return partial(
            "session.limits.absolute",
            f"操作がなければ {idle // 60} 分で切れますが、使い続けると {whole // 3600} 時間続きます。",
            f"It ends after {idle // 60} idle minutes, but lives {whole // 3600} hours in use.",
        )
    return conforms(
        "session.limits.kept",
        f"操作がなければ {idle // 60} 分、使い続けても {whole // 3600} 時間で切れ、別の端末では使えません。",
        f"It ends after {idle // 60} idle minutes and {whole // 3600} hours in use, and is refused on another device.",
    )


@judge("factors.share", probe="factors", defaults={"mfa.factors": 2})
def factors_share(given: Given, limits: Limits) -> Opinion:
    """One factor alone is refused, and every sign-in of the period had two."""
    ins, two = count(given, "sign_ins"), count(given, "sign_ins.two_factors")
    accounts, single = count(given, "accounts.with_password"), count(given, "accounts.single_factor")
    if two > ins or single > accounts:
        return SENSELESS
    if limits.number("mfa.factors") > 2:
        return undecided(
            "factors.share.more", "三つ以上の要素は測っていません。", "More than two factors were not measured."
        )
    if not given.truth("single.refused") or not given.truth("wrong_code.refused"):
        return fails(
            "factors.share.single",
            "パスワードだけ、または誤ったコードでもログインできます。",
            "A password alone, or with a wrong code, is enough to sign in.",
        )
    if not given.truth("both.admitted"):
        return undecided(
            "factors.share.both",
            "二つの要素でも入れず、確かめられません。",
            "Both factors were refused too: nothing was shown.",
        )
    if two < ins:
        return fails(
            "factors.share.some",
            f"ログイン {ins} 回のうち {ins - two} 回は一つの要素だけでした。",
            f"{ins - two} of {ins} sign-ins had one factor only.",
        )
    if single:
        return partial(
            "factors.share.accounts",
            f"一要素のログインは断られますが、二つ目の要素を登録していない人が {accounts} 人中 {single} 人います。",
            f"One factor is refused, but {single} of {accounts} accounts have no second factor yet.",
        )
    if not ins:
        return undecided(
            "factors.share.none", "この期間にログインがありません。", "There was no sign-in in the period."
        )
    return conforms(
        "factors.share.all",
        f"ログイン {ins} 回すべてが二要素で、一要素では入れません。",
        f"All {ins} sign-ins had two factors, and one alone is refused.",
    )


@judge("accounts.staff", probe="staff", defaults={"accounts.unused_days": 90})
def accounts_staff(given: Given, limits: Limits) -> Opinion:
    """Nobody has an account who is not on the staff list; unused accounts are told."""
    accounts, extra = count(given, "accounts"), count(given, "not_on_list")
    days, listed, most = given.texts("days_unused"), count(given, "staff"), limits.number("accounts.unused_days")
    if extra > accounts or len(days) > accounts or not listed or not all(one.isdecimal() for one in days):
        return SENSELESS
    unused = sum(1 for one in days if int(one) > most)
    if extra:
        return fails(
            "accounts.staff.extra",
            f"職員の一覧にない ID が {accounts} 件中 {extra} 件使えます。",
            f"{extra} of {accounts} accounts are not on the staff list.",
        )
    if not accounts:
        return undecided("accounts.staff.none", "使える ID が一つもありません。", "There is no account at all.")
    if unused:
        return partial(
            "accounts.staff.unused",
            f"一覧にない ID はありませんが、{most} 日より長く使われていない ID が {unused} 件あります。",
            f"All accounts are on the list, but {unused} were not used for more than {most} days.",
        )
    return conforms(
        "accounts.staff.equal",
        f"使える ID {accounts} 件はすべて職員の一覧にあります。",
        f"All {accounts} accounts are on the staff list.",
    )


@judge("accounts.shared", probe="sharing")
def accounts_shared(given: Given, _limits: Limits) -> Opinion:
    """Nobody is signed in on two devices at the same time."""
    people, together, sessions = count(given, "people"), count(given, "people.at_once"), count(given, "sessions")
    if together > people or people > sessions:
        return SENSELESS
    if together:
        return fails(
            "accounts.shared.at_once",
            f"{people} 人中 {together} 人の ID が、同時に二台以上の端末で使われていました。貸し借りがないか確かめてください。",
            f"{together} of {people} accounts were used on two devices at once: see whether they are shared.",
        )
    if not sessions:
        return undecided(
            "accounts.shared.none", "この期間にログインがありません。", "There was no session in the period."
        )
    return conforms(
        "accounts.shared.none_at_once",
        f"{people} 人・{sessions} 回のログインに、同時に二台の端末で使われた ID はありません。",
        f"In {sessions} sessions of {people} people no account was used on two devices at once.",
    )


@judge("permission.enforced", probe="permissions")
def permission_enforced(given: Given, _limits: Limits) -> Opinion:
    """Whoever has no role for it is refused, and the refusal is recorded."""
    tried, refused, let = count(given, "tried"), count(given, "refused"), given.texts("let")
    recorded = count(given, "recorded")
    if refused > tried or (refused < tried) != bool(let) or not tried:
        return SENSELESS
    if let:
        return fails(
            "permission.enforced.let",
            f"権限のない人が {tried} 通りのうち {tried - refused} 通りの操作をできます。",
            f"Somebody without the role may do {tried - refused} of {tried} operations.",
        )
    if recorded < refused:
        return partial(
            "permission.enforced.unrecorded",
            f"{tried} 通りすべてを断りますが、記録に残ったのは {recorded} 回です。",
            f"All {tried} are refused, but only {recorded} refusals are recorded.",
        )
    return conforms(
        "permission.enforced.refused",
        f"権限のない人の操作 {tried} 通りをすべて断り、記録しました。",
        f"All {tried} operations of somebody without the role were refused and recorded.",
    )


@judge("resets.recorded", probe="resets")
def resets_recorded(given: Given, _limits: Limits) -> Opinion:
    """Every password in the database has its entry in the journal; a reset names who made it."""
    passwords, without = count(given, "passwords"), count(given, "passwords.unrecorded")
    console, manager = count(given, "resets.console"), count(given, "resets.manager")
    if without > passwords:
        return SENSELESS
    if not given.truth("live.recorded") or without:
        return fails(
            "resets.recorded.missing",
            f"記録のないパスワードが {passwords} 件中 {without} 件あるか、今した再設定が記録に残りません。",
            f"{without} of {passwords} passwords have no record, or the reset made just now is not recorded.",
        )
    if console:
        return partial(
            "resets.recorded.nameless",
            f"再設定はすべて記録されていますが、{console} 件は管理用の端末からで、した人の名がありません。",
            f"All resets are recorded, but {console} were made at the console and name nobody.",
        )
    return conforms(
        "resets.recorded.all",
        f"パスワード {passwords} 件はすべて記録があり、管理者の再設定 {manager} 件にはした人が残っています。",
        f"All {passwords} passwords have a record; {manager} resets by a manager name who made them.",
    )
