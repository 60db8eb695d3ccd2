"""Judges of one machine: time, secrets, stored passwords, the door, the lock, services, disks, endpoints, settings, remote logins.

Guarantees: pure; every sentence carries the numbers it stands on; what was counted from nothing is 判定不能. Refuses: to read a fact that
the probe did not give (the table turns that into 判定不能). Trusts: the facts.
"""

from __future__ import annotations

from akashi.conformity.judges.registry import (
    Given,
    Limits,
    conforms,
    fails,
    judge,
    not_applicable,
    partial,
    undecided,
)
from akashi.conformity.model import DAY_MS, Opinion

HOUR_MS = 3_600_000


@judge("clock.synchronised", probe="clock", defaults={"clock.max_offset_ms": 1_000})
def clock_synchronised(given: Given, limits: Limits) -> Opinion:
    """A source that is in step, and a small offset."""
    most = limits.number("clock.max_offset_ms")
    if not given.truth("synchronised"):
        source = given.text("source")
        return fails(
            "clock.unsynchronised",
            f"時刻が合わせられていません（源: {source}）。",
            f"The clock is not synchronised (source: {source}).",
        )
    if not given.truth("offset_known"):
        return partial(
            "clock.offset_unknown",
            "時刻は合わせられていますが、ずれの大きさが分かりません。",
            "The clock is synchronised, but its offset is not told.",
        )
    offset = given.number("offset_ms")
    if offset > most:
        return fails(
            "clock.offset",
            f"時刻が {offset} ミリ秒ずれています（上限 {most}）。",
            f"The clock is off by {offset} ms (at most {most}).",
        )
    stratum = given.number("stratum")
    return conforms(
        "clock.synchronised",
        f"時刻は階層 {stratum} の源に合い、ずれは {offset} ミリ秒以内です。",
        f"The clock follows a stratum {stratum} source within {offset} ms.",
    )


@judge("secrets.plain", probe="secrets")
def secrets_plain(given: Given, limits: Limits) -> Opinion:  # noqa: ARG001
    """No secret in the clear, in files that were all read."""
    found, files = given.number("findings"), given.number("files")
    kinds = ", ".join(given.texts("kinds"))
    if found > 0:
        return fails(
            "secrets.found",
            f"設定ファイルに平文の秘密が {found} か所あります（{kinds}）。",
            f"{found} secrets stand in the clear ({kinds}).",
        )
    if not given.truth("complete") or files <= 0:
        return undecided(
            "secrets.incomplete",
            f"読めないファイルがあり、{files} 個しか見ていません。",
            f"Some files could not be read; {files} were.",
        )
    return conforms(
        "secrets.none",
        f"{files} 個の設定ファイルに平文の秘密はありません。",
        f"No secret stands in the clear in {files} files.",
    )


@judge("accounts.hashes", probe="password_store")
def accounts_hashes(given: Given, limits: Limits) -> Opinion:  # noqa: ARG001
    """Only slow, salted hashes."""
    accounts, strong = given.number("accounts"), given.number("strong")
    plain, weak, empty = given.number("plain"), given.number("weak"), given.number("empty")
    if plain + weak + empty > 0:
        return fails(
            "accounts.hashes.weak",
            f"平文 {plain}、弱い形 {weak}、空 {empty} のパスワードがあります（全 {accounts}）。",
            f"{plain} plain, {weak} weakly hashed and {empty} empty passwords among {accounts} accounts.",
        )
    if accounts <= 0:
        return undecided("accounts.hashes.empty", "アカウントが 1 つも読めません。", "No account could be read.")
    if strong <= 0:
        return not_applicable(
            "accounts.hashes.none",
            f"パスワードを持つアカウントがありません（全 {accounts}）。",
            f"None of {accounts} accounts has a password.",
        )
    classes = ", ".join(given.texts("classes"))
    return conforms(
        "accounts.hashes.strong",
        f"{strong} 件のパスワードはすべて安全な形です（{classes}）。",
        f"All {strong} passwords are stored safely ({classes}).",
    )


_KINDS = 3
"""What one knows, has and is; the probe gives one more where not even all of them open a door."""
_BASTION = frozenset({"no_admin", "patched", "no_shared_passwords", "other_domain", "bastion_two_factors"})
_BASTION_EDR = frozenset({"no_admin", "patched", "no_shared_passwords", "edr", "vpn_only"})


@judge("login.host_factors", probe="host_login", defaults={"mfa.factors": 2})
def login_host_factors(given: Given, limits: Limits) -> Opinion:
    """Two kinds of factors at the operating system's own door, or an alternative of the guideline (7.0 14⑤)."""
    factors, least, doors = given.number("factors"), limits.number("mfa.factors"), given.number("doors")
    if factors > _KINDS:
        return undecided(
            "login.host_factors.closed",
            "この設定では誰も入れません。設定を確かめてください。",
            "Nobody gets in by these settings.",
        )
    if factors >= least:
        if not given.truth("effective"):
            return partial(
                "login.host_factors.file",
                f"設定ファイルの上では {factors} 種類の要素が要ります。動いている設定は見ていません。",
                f"By its file {factors} kinds of factors are needed; the running configuration was not seen.",
            )
        return conforms(
            "login.host_factors.enough",
            f"サーバの OS に入るには {factors} 種類の要素が要ります（{doors} 通りすべて）。",
            f"All {doors} ways into the server need {factors} kinds of factors.",
        )
    claims = frozenset(given.texts("alternative.claims"))
    needed = {"bastion": _BASTION, "bastion_edr": _BASTION_EDR}.get(given.text("alternative"))
    if needed is not None and needed <= claims and factors >= 1:
        return partial(
            "login.host_factors.alternative",
            f"サーバの OS は {factors} 種類ですが、踏み台による代わりの対策が届け出られています。人の確認が要ります。",
            f"The server itself asks for {factors} kinds of factors; an alternative with a bastion is declared and needs a person's check.",
        )
    return fails(
        "login.host_factors.few",
        f"サーバの OS に {factors} 種類の要素で入れます（必要 {least}）。",
        f"The server opens to {factors} kinds of factors ({least} needed).",
    )


@judge("idle.lock", probe="idle", defaults={"idle.max_minutes": 15})
def idle_lock(given: Given, limits: Limits) -> Opinion:
    """Every machine locks itself soon enough; where nobody works at a screen there is nothing to lock."""
    if given.has("desktop"):
        if given.truth("desktop"):
            return fails(
                "idle.desktop",
                "画面のない機器とされていますが、画面が入っています。",
                "It is declared to have no desktop, but has one.",
            )
        return not_applicable(
            "idle.no_desktop",
            "画面で操作する機器は対象にありません。",
            "No machine in scope has a desktop that could be left open.",
        )
    machines, open_, most = given.number("machines"), given.number("unlocked"), limits.number("idle.max_minutes")
    seconds = given.number("lock_seconds")
    if machines <= 0:
        return undecided("idle.none", "端末が 1 台もありません。", "No machine was read.")
    if open_ > 0:
        return fails(
            "idle.unlocked",
            f"{machines} 台のうち {open_} 台は自動でロックされません。",
            f"{open_} of {machines} machines never lock.",
        )
    if seconds > most * 60:
        return fails(
            "idle.late",
            f"ロックまで {seconds} 秒かかります（上限 {most} 分）。",
            f"It takes {seconds} s to lock (at most {most} min).",
        )
    return conforms(
        "idle.locked",
        f"{machines} 台とも {seconds} 秒以内にロックされます。",
        f"All {machines} machines lock within {seconds} s.",
    )


@judge("services.expected", probe="services")
def services_expected(given: Given, limits: Limits) -> Opinion:  # noqa: ARG001
    """Nothing listens that nobody asked for."""
    more, inside = given.texts("unexpected"), given.number("unexpected_loopback")
    listening, absent = given.number("listening"), given.texts("absent")
    if more:
        shown = ", ".join(more[:10])
        return fails(
            "services.unexpected",
            f"予定にないサービスが {len(more)} つ待ち受けています（{shown}）。",
            f"{len(more)} services listen that nobody expects ({shown}).",
        )
    if inside > 0:
        return partial(
            "services.loopback",
            f"機器の内側だけで待ち受ける予定外のサービスが {inside} つあります。",
            f"{inside} unexpected services listen inside the machine only.",
        )
    if absent:
        shown = ", ".join(absent[:10])
        return partial(
            "services.absent",
            f"予定のサービスが動いていません（{shown}）。",
            f"Expected services do not listen ({shown}).",
        )
    return conforms(
        "services.expected",
        f"待ち受けている {listening} つは、すべて予定のものです。",
        f"All {listening} listening services are expected.",
    )


@judge("disk.encrypted", probe="disk")
def disk_encrypted(given: Given, limits: Limits) -> Opinion:  # noqa: ARG001
    """Every volume in use."""
    volumes, plain = given.number("volumes"), given.number("plain")
    if volumes <= 0:
        return undecided("disk.none", "使われている領域が見つかりません。", "No volume in use was found.")
    if plain > 0:
        return fails(
            "disk.plain",
            f"{volumes} 領域のうち {plain} は暗号化されていません。",
            f"{plain} of {volumes} volumes are not encrypted.",
        )
    return conforms(
        "disk.encrypted", f"{volumes} 領域はすべて暗号化されています。", f"All {volumes} volumes are encrypted."
    )


@judge("disk.health", probe="disk_health")
def disk_health(given: Given, limits: Limits) -> Opinion:  # noqa: ARG001
    """No disk that announces its end."""
    disks, failing, worn = given.number("disks"), given.number("failing"), given.number("worn")
    if disks <= 0:
        return undecided("disk.health.none", "ディスクの記録がありません。", "There is no disk record.")
    if failing > 0:
        return fails(
            "disk.failing",
            f"{disks} 台のうち {failing} 台が故障を予告しています。",
            f"{failing} of {disks} disks announce a failure.",
        )
    if worn > 0:
        return partial(
            "disk.worn", f"{disks} 台のうち {worn} 台に劣化の印があります。", f"{worn} of {disks} disks show wear."
        )
    return conforms("disk.healthy", f"{disks} 台のディスクは健全です。", f"All {disks} disks are healthy.")


@judge("endpoint.protected", probe="endpoint")
def endpoint_protected(given: Given, limits: Limits) -> Opinion:  # noqa: ARG001
    """Protection against malware and a firewall on each."""
    machines = given.number("machines")
    bare, open_ = given.number("antivirus_off"), given.number("firewall_off")
    if machines <= 0:
        return undecided("endpoint.none", "端末が 1 台もありません。", "No machine was read.")
    if bare + open_ > 0:
        return fails(
            "endpoint.unprotected",
            f"{machines} 台のうち、対策ソフト停止 {bare} 台、ファイアウォール停止 {open_} 台です。",
            f"Of {machines} machines {bare} have no protection on and {open_} no firewall.",
        )
    return conforms(
        "endpoint.protected",
        f"{machines} 台とも対策ソフトとファイアウォールが動いています。",
        f"Protection and firewall are on on all {machines} machines.",
    )


@judge("endpoint.minimal", probe="endpoint")
def endpoint_minimal(given: Given, limits: Limits) -> Opinion:  # noqa: ARG001
    """Only allowed programs, and no administrators but the named ones."""
    machines, extra = given.number("machines"), given.number("admins_extra")
    unlisted = given.number("programs_unlisted")
    if machines <= 0:
        return undecided("endpoint.none", "端末が 1 台もありません。", "No machine was read.")
    if extra > 0:
        return fails(
            "endpoint.admins",
            f"届け出のない管理者が {extra} 件あります。",
            f"There are {extra} administrators that nobody named.",
        )
    if not given.truth("allow_list"):
        return undecided(
            "endpoint.no_list", "使ってよいソフトの一覧がありません。", "There is no list of allowed programs."
        )
    if unlisted > 0:
        return fails(
            "endpoint.programs",
            f"一覧にないソフトが {unlisted} 種類あります。",
            f"{unlisted} programs are not on the list.",
        )
    return conforms(
        "endpoint.minimal",
        f"{machines} 台とも、一覧のソフトだけで、余分な管理者はいません。",
        f"All {machines} machines hold listed programs only and no extra administrators.",
    )


@judge("settings.drift", probe="settings")
def settings_drift(given: Given, limits: Limits) -> Opinion:  # noqa: ARG001
    """No change without a ticket since an approved baseline."""
    files, unexplained = given.number("files"), given.number("unexplained")
    changes = given.number("changed") + given.number("added") + given.number("removed")
    if unexplained > 0:
        return fails(
            "settings.unexplained",
            f"申請のない設定の変更が {unexplained} 件あります（変更は全部で {changes} 件）。",
            f"{unexplained} of {changes} changes have no ticket.",
        )
    if not given.truth("approved"):
        return undecided("settings.unapproved", "基準の設定が承認されていません。", "The baseline is not approved.")
    return conforms(
        "settings.explained",
        f"{files} 個の設定は基準どおりか、申請された {changes} 件の変更だけです。",
        f"{files} settings are as approved or changed by ticket ({changes}).",
    )


@judge(
    "monitoring.alive",
    probe="monitoring",
    defaults={"monitoring.max_silence_hours": 24, "monitoring.max_alarm_days": 180},
)
def monitoring_alive(given: Given, limits: Limits) -> Opinion:
    """Every asset is watched, was heard of lately, and the alarm was tried."""
    assets, unwatched = given.number("assets"), given.number("unwatched")
    hours, days = limits.number("monitoring.max_silence_hours"), limits.number("monitoring.max_alarm_days")
    if assets <= 0:
        return undecided("monitoring.none", "台帳に使用中の機器がありません。", "No asset is in use.")
    if unwatched > 0:
        return fails(
            "monitoring.unwatched",
            f"{assets} 台のうち {unwatched} 台は監視されていません。",
            f"{unwatched} of {assets} assets are not watched.",
        )
    now, oldest, alarm = given.ended_ms, given.number("oldest_ms"), given.number("alarm_ms")
    if max(given.number("newest_ms"), alarm) > now + HOUR_MS:
        return undecided("monitoring.future", "監視の記録が未来の時刻です。", "The monitoring tells of the future.")
    silent = (now - oldest) // HOUR_MS
    if silent >= hours:
        return fails(
            "monitoring.silent",
            f"{silent} 時間、便りのない機器があります（上限 {hours}）。",
            f"An asset has been silent for {silent} h (at most {hours}).",
        )
    if alarm <= 0:
        return partial(
            "monitoring.never_tried",
            f"{assets} 台とも監視されていますが、警報は一度も試されていません。",
            f"All {assets} assets are watched, but the alarm was never tried.",
        )
    tried = (now - alarm) // DAY_MS
    if tried >= days:
        return partial(
            "monitoring.untried",
            f"警報を最後に試してから {tried} 日です（上限 {days}）。",
            f"The alarm was last tried {tried} days ago (at most {days}).",
        )
    return conforms(
        "monitoring.alive",
        f"{assets} 台とも監視され、警報は {tried} 日前に試されています。",
        f"All {assets} assets are watched; the alarm was tried {tried} days ago.",
    )


@judge("remote.limited", probe="remote_login", defaults={"remote.max_window_hours": 72})
def remote_limited(given: Given, limits: Limits) -> Opinion:
    """Every login from outside lies in a window that somebody approved."""
    logins, outside, most = given.number("logins"), given.number("outside"), limits.number("remote.max_window_hours")
    longest, future = given.number("longest_hours"), given.number("future")
    if outside > 0:
        return fails(
            "remote.outside",
            f"{logins} 回の接続のうち {outside} 回は承認の外です。",
            f"{outside} of {logins} logins were outside what was approved.",
        )
    if logins <= 0 or future > 0:
        return undecided(
            "remote.silent", "接続の記録が空か、未来の時刻です。", "The log is empty or tells of the future."
        )
    if longest > most or given.number("unapproved") > 0:
        return partial(
            "remote.wide",
            f"接続の許可が最長 {longest} 時間です（上限 {most}）。または承認者のない許可があります。",
            f"A window of {longest} h (at most {most}) or one that nobody approved.",
        )
    return conforms(
        "remote.limited",
        f"{logins} 回の接続は、すべて承認された時間内です。",
        f"All {logins} logins were within approved windows.",
    )
