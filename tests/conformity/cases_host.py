"""Good and really broken machines, registers and exports: for each check of ``host`` at least one good and two broken."""

from __future__ import annotations

import hashlib
from functools import partial

from tests.conformity.hoststand import Case, case, dumped, seen, table

CHRONY = "A0B1C2D3,a.example,2,1795219000.1,-0.000012,0.00001,0.00002,1.0,0.0,0.01,0.01,0.001,64.2,{leap}\n"
ARGON = "$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHRzb21l$" + "A" * 43
YESCRYPT = "$y$j9T$" + "a" * 22 + "$" + "b" * 43
PAM_TWO = "auth required pam_unix.so\nauth required pam_oath.so usersfile=/x/y\n"
PAM_ONE = "auth required pam_unix.so\n"
SSHD = "authenticationmethods {methods}\npasswordauthentication yes\nkbdinteractiveauthentication yes\nusepam yes\n"
ASSETS = table(
    "資産番号,MACアドレス,IPアドレス,状態",
    "A-1,02:00:00:00:00:01,192.0.2.1,使用中",
    "A-2,02:00:00:00:00:02,192.0.2.2,使用中",
    "A-9,02:00:00:00:00:09,192.0.2.9,廃棄",
)
NEIGHBOURS = "192.0.2.1 dev eth0 lladdr 02:00:00:00:00:01 REACHABLE\n192.0.2.2 dev eth0 lladdr 02:00:00:00:00:02 STALE\n192.0.2.7 dev eth0  FAILED\n"
NMAP = (
    '<?xml version="1.0"?><!DOCTYPE nmaprun><nmaprun><host><status state="up"/><address addr="192.0.2.1" addrtype="ipv4"/>'
    '<address addr="02:00:00:00:00:01" addrtype="mac"/></host>{more}<runstats><finished time="1"/></runstats></nmaprun>'
)
SECOND_HOST = '<host><status state="up"/><address addr="192.0.2.2" addrtype="ipv4"/></host>'


def _clock() -> list[Case]:
    check, good, bad = "clock.synchronised", CHRONY.format(leap="Normal"), CHRONY.format(leap="Not synchronised")
    late = CHRONY.format(leap="Normal").replace("-0.000012", "-2.500000")
    windows = "Leap Indicator: {leap}(x)\nStratum: {stratum} (x)\nPhase Offset: 0.0003s\n"
    return [
        case(check, "clock", "chrony in step", "good", {"t": good}, {"clock": "t"}),
        case(check, "clock", "w32tm in step", "good", {"t": windows.format(leap=0, stratum=4)}, {"clock": "t"}),
        Case(
            check, "chronyc itself", "good", lambda: seen("clock", {}, {}, tools={"chronyc": f"echo '{good.strip()}'"})
        ),
        case(check, "clock", "not synchronised", "broken", {"t": bad}, {"clock": "t"}),
        case(check, "clock", "two and a half seconds off", "broken", {"t": late}, {"clock": "t"}),
        case(check, "clock", "its own clock", "broken", {"t": good.replace("A0B1C2D3", "7F7F0101")}, {"clock": "t"}),
        case(
            check,
            "clock",
            "last heard two days ago",
            "broken",
            {"t": good.replace("1795219000.1", "1795000000.1")},
            {"clock": "t"},
        ),
        case(
            check,
            "clock",
            "w32tm on its own clock",
            "broken",
            {"t": windows.format(leap=0, stratum=1) + "Source: Local CMOS Clock\n"},
            {"clock": "t"},
        ),
        case(check, "clock", "stratum 16", "broken", {"t": good.replace(",2,", ",16,")}, {"clock": "t"}),
        case(check, "clock", "w32tm out of step", "broken", {"t": windows.format(leap=3, stratum=0)}, {"clock": "t"}),
        case(check, "clock", "timedatectl says no", "broken", {"t": "NTP=yes\nNTPSynchronized=no\n"}, {"clock": "t"}),
        Case(check, "no time source at all", "broken", lambda: seen("clock", {}, {})),
    ]


def _secrets() -> list[Case]:
    check, option = "secrets.plain", {"secrets": "1"}
    good = {
        "app/a.toml": 'password_file = "/run/secrets/db"\n[password]\nmin_length = 13\n',
        "app/b.env": "DB_PASSWORD=${DB_PASSWORD}\nTOKEN_URL=\n",
    }
    bad: dict[str, bytes | str] = {
        "a password": "db_password: himitsu-no-kotoba\n",
        "a password in UTF-16": "password=himitsu99\n".encode("utf-16"),
        "a password in Shift_JIS": "管理者パスワード：ひみつ99\n".encode("cp932"),
        "a private key": "-----BEGIN PRIVATE KEY-----\nMIGHAgEA\n-----END PRIVATE KEY-----\n",
        "an address with a password": "url = postgres://akashi:geheim1@db.example/x\n",
        "a token in one long line": '{"a":"' + "x" * 9_000 + '","api_token":"abcdef123456"}',
        "a router's shared key": "ipsec ike pre-shared-key 1 text himitsu99\n",
        "a password inside a binary": b"\0\1\2\3password=himitsu99\0\0\xff\xfe\xfd",
    }  # fmt: skip
    cases = [
        Case(check, name, "broken", partial(seen, "secrets", {"etc/x.conf": text}, option, address="etc"))
        for name, text in bad.items()
    ]
    big = {"etc/x.conf": "a = 1\n" * 400_000}
    cases.append(Case(check, "a file too large to read", "broken", lambda: seen("secrets", big, option, address="etc")))
    return [Case(check, "references only", "good", lambda: seen("secrets", good, option, address="app")), *cases]


def _hashes() -> list[Case]:
    check, option = "accounts.hashes", {"password_store": "s"}
    good = f"root:!:20000::::::\nyamada:{YESCRYPT}:20000::::::\nsuzuki:{ARGON}:20000::::::\n"
    bad = {
        "plain": "geheim",
        "md5crypt": "$1$salt$" + "a" * 22,
        "descrypt": "abJnggxhB/yWI",
        "bare digest": "0" * 40,
        "empty": "",
        "few rounds": "$6$rounds=1000$salt$" + "a" * 86,
    }
    made = [
        case(check, "password_store", name, "broken", {"s": good + f"test:{value}:2::::::\n"}, option)
        for name, value in bad.items()
    ]
    return [case(check, "password_store", "yescrypt and argon2", "good", {"s": good}, option), *made]


def _login() -> list[Case]:
    check, two = "login.host_factors", {"sshd": "sshd_config", "pam": "pam/sshd"}

    def door(name: str, quality: str, methods: str, pam: str, more: str = "", *, effective: bool = True) -> Case:
        written = SSHD.format(methods=methods)
        files = {"sshd_config": written + more, "t": written, "pam/sshd": pam, "pam/common-auth": PAM_ONE}
        options = {**two, "sshd_effective": "t"} if effective else two
        return case(check, "host_login", name, quality, files, options)

    return [
        door("a key and a password", "good", "publickey,password", PAM_ONE),
        door("a password and a code", "good", "keyboard-interactive", PAM_TWO),
        door("an included stack", "good", "publickey,password", "@include common-auth\n"),
        door("a file that nobody saw running", "broken", "publickey,password", PAM_ONE, effective=False),
        door("a stack that asks nothing", "broken", "password", "account required pam_unix.so\n"),
        door("nobody gets in", "broken", "hostbased", PAM_ONE),
        door("any method", "broken", "any", PAM_TWO),
        door("a key alone", "broken", "publickey", PAM_TWO),
        door("two keys are one kind", "broken", "publickey,publickey", PAM_TWO),
        door("password alone", "broken", "password", PAM_ONE),
        door(
            "a code that nobody must have",
            "broken",
            "keyboard-interactive",
            PAM_TWO.replace("usersfile", "nullok usersfile"),
        ),
        door(
            "a password that suffices",
            "broken",
            "keyboard-interactive",
            "auth sufficient pam_unix.so\nauth required pam_oath.so\n",
        ),
        door(
            "a gap for one user",
            "broken",
            "publickey,password",
            PAM_ONE,
            "Match User backup\nAuthenticationMethods publickey\n",
        ),
        door(
            "a gap for an address",
            "broken",
            "publickey,password",
            PAM_ONE,
            "Match Address 192.0.2.1\nAuthenticationMethods any\n",
        ),
        door("an include that is missing", "broken", "publickey,password", "@include elsewhere\n"),
    ]


def _idle() -> list[Case]:
    check, option = "idle.lock", {"idle": "p"}
    machines = [{"lock_seconds": 600, "password_on_wake": True}, {"lock_seconds": 300, "password_on_wake": True}]
    registry = '"InactivityTimeoutSecs"=dword:{value}\n'
    return [
        case(check, "idle", "ten minutes", "good", {"p": dumped(machines)}, option),
        case(check, "idle", "registry", "good", {"p": registry.format(value="00000258")}, option),
        case(
            check,
            "idle",
            "an hour",
            "broken",
            {"p": dumped([{"lock_seconds": 3600, "password_on_wake": True}])},
            option,
        ),
        case(
            check,
            "idle",
            "no password",
            "broken",
            {"p": dumped([*machines, {"lock_seconds": 60, "password_on_wake": False}])},
            option,
        ),
        case(check, "idle", "never", "broken", {"p": registry.format(value="00000000")}, option),
        case(
            check,
            "idle",
            "screen saver off",
            "broken",
            {"p": '"ScreenSaveTimeOut"="300"\n"ScreenSaveActive"="0"\n"ScreenSaverIsSecure"="1"\n'},
            option,
        ),
    ]


def _inventory() -> list[Case]:
    option = {"inventory": "a.csv", "found": "f"}
    stranger = NEIGHBOURS + "192.0.2.66 dev eth0 lladdr 02:00:00:00:00:66 REACHABLE\n"
    retired = NEIGHBOURS + "192.0.2.50 dev eth0 lladdr 02:00:00:00:00:09 REACHABLE\n"
    both = [
        ("found", NEIGHBOURS),
        (
            "nmap",
            NMAP.format(more='<host><status state="up"/><address addr="02:00:00:00:00:02" addrtype="mac"/></host>'),
        ),
    ]
    files = {"a.csv": ASSETS}
    broken = {
        "a stranger": stranger,
        "nmap finds a stranger": NMAP.format(more='<host><address addr="192.0.2.77" addrtype="ipv4"/></host>'),
        "one is missing": NEIGHBOURS.splitlines()[0] + "\n",
        "an address that changed hands": NEIGHBOURS.replace("00:02 ", "00:55 "),
        "nothing found": "192.0.2.7 dev eth0  FAILED\n",
        "a scan that was cut off": NMAP.format(more="").replace('<runstats><finished time="1"/></runstats>', ""),
    }  # fmt: skip
    made = [case("inventory.matches", "inventory", name, "good", {**files, "f": text}, option) for name, text in both]
    made += [
        case("inventory.matches", "inventory", name, "broken", {**files, "f": text}, option)
        for name, text in broken.items()
    ]
    services = {"a.csv": table("asset_id,mac,address,status", "S-1,,127.0.0.1:8443,使用中", "S-2,,[::1]:8444,使用中")}
    ports = table("mac,address", ",127.0.0.1:8443", ",[::1]:8444")
    return [
        *made,
        case("inventory.matches", "inventory", "services", "good", {**services, "f": ports}, option),
        case(
            "inventory.matches",
            "inventory",
            "one more port",
            "broken",
            {**services, "f": ports + ",127.0.0.1:9\n"},
            option,
        ),
        case("inventory.retired", "inventory", "gone", "good", {**files, "f": NEIGHBOURS}, option),
        case("inventory.retired", "inventory", "back under another address", "broken", {**files, "f": retired}, option),
        case(
            "inventory.retired",
            "inventory",
            "nothing found",
            "broken",
            {**files, "f": "192.0.2.7 dev eth0  FAILED\n"},
            option,
        ),
    ]


def _monitoring() -> list[Case]:
    check, option = "monitoring.alive", {"monitoring": "m", "inventory": "a.csv"}

    def export(
        name: str, quality: str, second: str, alarm: str | None, names: tuple[str, ...] = ("A-1", "A-2")
    ) -> Case:
        watched = [
            {"asset_id": one, "seen": "2026-11-20T23:50:00Z" if at == 0 else second} for at, one in enumerate(names)
        ]
        return case(
            check,
            "monitoring",
            name,
            quality,
            {"a.csv": ASSETS, "m": dumped({"alarm_tested": alarm, "watched": watched})},
            option,
        )

    return [
        export("all heard", "good", "2026-11-20T23:00:00Z", "2026-10-01"),
        export("one not watched", "broken", "", "2026-10-01", ("A-1",)),
        export("one silent for days", "broken", "2026-11-18T00:00:00Z", "2026-10-01"),
        export("alarm never tried lately", "broken", "2026-11-20T23:00:00Z", "2025-01-01"),
        export("alarm never tried", "broken", "2026-11-20T23:00:00Z", None),
        export("from the future", "broken", "2027-11-20T23:00:00Z", "2026-10-01"),
    ]


def _services() -> list[Case]:
    check, option = "services.expected", {"services": "tcp/22,tcp/8443", "sockets": "s"}
    good = "tcp LISTEN 0 128 0.0.0.0:22 0.0.0.0:*\ntcp LISTEN 0 128 [::]:8443 [::]:*\n"
    broken = {
        "telnet": "tcp LISTEN 0 5 0.0.0.0:23 0.0.0.0:*\n",
        "snmp": "udp UNCONN 0 0 *:161 *:*\n",
        "inside only": "tcp LISTEN 0 5 127.0.0.1:6379 0.0.0.0:*\n",
    }
    made = [case(check, "services", name, "broken", {"s": good + line}, option) for name, line in broken.items()]
    return [case(check, "services", "as expected", "good", {"s": good}, option), *made]


def _disk() -> list[Case]:
    def tree(sealed: bool, more: object = None) -> str:
        root = {"name": "root", "type": "crypt" if sealed else "lvm", "mountpoints": ["/"]}
        boot = {"name": "vda1", "type": "part", "mountpoints": ["/boot"]}
        parts = [
            boot,
            {"name": "vda2", "type": "part", "mountpoints": [None], "children": [root]},
            *([more] if more else []),
        ]
        return dumped({"blockdevices": [{"name": "vda", "type": "disk", "mountpoints": [None], "children": parts}]})

    locker = "Volume C: [OS]\n    Percentage Encrypted: {done}.0%\n    Protection Status:    Protection {state}\n"
    health = {"smart_status": {"passed": True}, "ata_smart_attributes": {"table": [{"id": 5, "raw": {"value": 0}}]}}
    worn = {"smart_status": {"passed": True}, "ata_smart_attributes": {"table": [{"id": 197, "raw": {"value": 8}}]}}
    check, option, smart = "disk.encrypted", {"disk": "d"}, {"smart": "s"}
    return [
        case(check, "disk", "LUKS", "good", {"d": tree(sealed=True)}, option),
        case(check, "disk", "BitLocker", "good", {"d": locker.format(done=100, state="On")}, option),
        case(check, "disk", "plain", "broken", {"d": tree(sealed=False)}, option),
        case(
            check,
            "disk",
            "a plain one beside",
            "broken",
            {"d": tree(sealed=True, more={"name": "vda3", "type": "part", "mountpoints": ["/srv"]})},
            option,
        ),
        case(check, "disk", "suspended", "broken", {"d": locker.format(done=100, state="Off")}, option),
        case(check, "disk", "half way", "broken", {"d": locker.format(done=47, state="On")}, option),
        case("disk.health", "disk_health", "healthy", "good", {"s": dumped(health)}, smart),
        case(
            "disk.health", "disk_health", "failing", "broken", {"s": dumped({"smart_status": {"passed": False}})}, smart
        ),
        case("disk.health", "disk_health", "worn", "broken", {"s": dumped([health, worn])}, smart),
    ]


def _endpoint() -> list[Case]:
    option = {"endpoint": "e", "allowed": "list", "admins": "kanri"}
    good = {"antivirus": "on", "firewall": "on", "programs": ["Viewer 2", "office"], "admins": ["Kanri"]}

    def pc(check: str, name: str, quality: str, **changed: object) -> Case:
        return case(
            check,
            "endpoint",
            name,
            quality,
            {"e": dumped([good, {**good, **changed}]), "list": "viewer*\nOffice\n"},
            option,
        )

    no_list = case(
        "endpoint.minimal", "endpoint", "no list", "broken", {"e": dumped([good])}, {"endpoint": "e", "admins": "kanri"}
    )
    return [
        pc("endpoint.protected", "all on", "good"),
        pc("endpoint.protected", "no scanner", "broken", antivirus="off"),
        pc("endpoint.protected", "no firewall", "broken", firewall="off"),
        pc("endpoint.protected", "unknown state", "broken", firewall="?"),
        pc("endpoint.minimal", "as listed", "good"),
        pc("endpoint.minimal", "a game", "broken", programs=["office", "game"]),
        pc("endpoint.minimal", "an administrator more", "broken", admins=["kanri", "yamada"]),
        no_list,
    ]


def _settings() -> list[Case]:
    check, option = "settings.drift", {"baseline": "../baseline.json", "tickets": "../tickets.csv"}
    old, new = "listen = 1\n", "listen = 2\n"
    digest = hashlib.sha256(old.encode()).hexdigest(), hashlib.sha256(new.encode()).hexdigest()
    heading = "ticket,path,sha256,approved_by"

    def folder(
        name: str, quality: str, content: str, ticket: str = heading, more: str = "", by: str = "責任者", only: str = ""
    ) -> Case:
        baseline = dumped({"approved_by": by, "approved": "2026-10-01", "files": {"a.conf": digest[0]}})
        files = {
            "etc/a.conf": content,
            "baseline.json": baseline,
            "tickets.csv": table(heading, *([ticket] if ticket != heading else [])),
        }
        files |= {"etc/more.conf": more} if more else {}
        chosen = {**option, "only": only} if only else option
        return Case(check, name, quality, lambda: seen("settings", files, chosen, address="etc"))

    return [
        folder("unchanged", "good", old),
        folder("changed by ticket", "good", new, f"T-1,a.conf,{digest[1]},責任者"),
        folder("changed without", "broken", new),
        folder("a ticket nobody approved", "broken", new, f"T-1,a.conf,{digest[1]},"),
        folder("a ticket for something else", "broken", new, f"T-1,a.conf,{digest[0]},責任者"),
        folder("a file more", "broken", old, more="x = 1\n"),
        folder("data beside the settings", "good", old, more="x = 1\n", only="a.*"),
        folder("changed beside data", "broken", new, more="x = 1\n", only="a.*"),
        folder("a baseline nobody approved", "broken", old, by=""),
    ]


def _remote() -> list[Case]:
    check, option = "remote.limited", {"remote_login": "w.csv", "log": "l.csv"}
    windows = "アカウント,開始,終了,承認者", "vendor1,2026-11-01T09:00,2026-11-01T18:00,責任者"

    def log(name: str, quality: str, *rows: str, more: tuple[str, ...] = ()) -> Case:
        return case(
            check,
            "remote_login",
            name,
            quality,
            {"w.csv": table(*windows, *more), "l.csv": table("account,at", *rows)},
            option,
        )

    return [
        log("inside", "good", "vendor1,2026-11-01T10:00"),
        log("at night", "broken", "vendor1,2026-11-01T10:00", "vendor1,2026-11-02T02:00"),
        log("another account", "broken", "vendor2,2026-11-01T10:00"),
        log(
            "nobody approved",
            "broken",
            "vendor3,2026-11-05T10:00",
            more=("vendor3,2026-11-05T09:00,2026-11-05T12:00,",),
        ),
        log(
            "open for months",
            "broken",
            "vendor1,2026-11-01T10:00",
            more=("vendor1,2026-01-01T00:00,2026-12-31T00:00,責任者",),
        ),
        log("an empty log", "broken"),
    ]


CASES: list[Case] = [
    *_clock(), *_secrets(), *_hashes(), *_login(), *_idle(), *_inventory(), *_monitoring(), *_services(), *_disk(), *_endpoint(),
    *_settings(), *_remote(),
]  # fmt: skip
