"""Files made to hurt: bombs, floods, endless things. Run as a program in a process of little memory.

    python -m tests.checkup.fuzz.nasty hc08

prints one line per case, ``name: error or type of what was read``, and is killed where a case takes too long.
"""

from __future__ import annotations

import io
import resource
import signal
import struct
import sys
import zipfile
import zlib
from collections.abc import Callable, Iterator
from functools import cache, partial

from akashi.checkup import Finding
from akashi.errors import AkashiError
from tests.checkup.conftest import TINY_HEADERS
from tests.checkup.fuzz.samples import JSON, MAP_TEXT, SUBJECTS, TABLES, XML, ZIPS

MEMORY = 1 << 30
SECONDS = 6.0  # of the processor: the slowest takes 0.8 of them on a quiet machine, twice that beside others, which share its caches
MILLION = 1_000_000
Case = tuple[str, Callable[[], bytes]]


def _xml_around(sample: bytes, inside: bytes) -> bytes:
    """``inside`` as the first thing within the document's root."""
    start = sample.index(b">", sample.index(b"<", sample.index(b"?>"))) + 1
    return sample[:start] + inside + sample[start:]


def _recoded(data: bytes, code: str) -> bytes:
    return data.decode().encode(code, "replace")


def _declared(sample: bytes, doctype: bytes, used: bytes = b"") -> bytes:
    head, rest = sample.split(b"?>", 1)
    return _xml_around(head + b"?>" + doctype + rest, used)


def _laughs() -> bytes:
    lines = b"".join(b'<!ENTITY l%d "%s">' % (n, b"&l%d;" % (n - 1) * 10) for n in range(1, 12))
    return b'<!DOCTYPE l [<!ENTITY l0 "lol">' + lines + b"]>"


def xml_cases(name: str) -> Iterator[Case]:
    """Entities, depth, floods of tags, attributes and namespaces, long runs."""
    sample = XML[name].sample()
    quadratic = b'<!DOCTYPE q [<!ENTITY a "' + b"a" * 100_000 + b'">]>'
    outside = b'<!DOCTYPE x [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    parameter = b'<!DOCTYPE x [<!ENTITY % p SYSTEM "http://127.0.0.1:9/x.dtd"> %p;]>'
    yield "billion laughs", lambda: _declared(sample, _laughs(), b"<t>&l11;</t>")
    yield "quadratic blow-up", lambda: _declared(sample, quadratic, b"<t>" + b"&a;" * 50_000 + b"</t>")
    yield "external entity", lambda: _declared(sample, outside, b"<t>&x;</t>")
    yield "parameter entity", lambda: _declared(sample, parameter)
    yield "external DTD", lambda: _declared(sample, b'<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd">')
    yield "entity without DTD", lambda: _xml_around(sample, b"<t>&x;</t>")
    for code in ("utf-16", "utf-16-be", "utf-32", "utf-7", "cp500"):
        yield f"DTD in {code}", partial(_recoded, _declared(sample, _laughs(), b"<t>&l11;</t>"), code)
    yield "deep", lambda: _xml_around(sample, b"<a>" * 45_000 + b"</a>" * 45_000)
    yield (
        "deepest allowed",
        lambda: _xml_around(
            sample, b"<entryRelationship><observation>" * 120 + b"</observation></entryRelationship>" * 120
        ),
    )
    yield "never closed", lambda: _xml_around(sample, b"<a>" * 90_000)
    yield "a million tiny elements", lambda: _xml_around(sample, b"<a/>" * MILLION)
    yield "as many as allowed", lambda: _xml_around(sample, b"<a/>" * 95_000)
    yield "entries", lambda: sample.replace(b"</section>", b"<entry><act/></entry>" * 33_000 + b"</section>", 1)
    yield (
        "observations",
        lambda: sample.replace(
            b"</section>",
            b"<entry>" + b"<observation><code code='x'/></observation>" * 30_000 + b"</entry></section>",
            1,
        ),
    )
    yield "persons", lambda: _xml_around(sample, b"<recordTarget/>" * 90_000)
    yield "tickets", lambda: _xml_around(sample, b"<participant typeCode='HLD'/>" * 90_000)
    yield (
        "many attributes",
        lambda: _xml_around(sample, b"<a " + b" ".join(b"a%d=''" % n for n in range(MILLION // 10)) + b"/>"),
    )
    flood = b"<a " + b" ".join(b"b%x=''" % n for n in range(3_000)) + b"/>"
    yield "attributes as many as allowed", lambda: _xml_around(sample, flood * 100)
    spaces = b"<a " + b" ".join(b"xmlns:b%x='b'" % n for n in range(2_000)) + b"/>"
    yield "namespaces", lambda: _xml_around(sample, spaces * 100)
    nested = b"<a " + b" ".join(b"xmlns:c%x='b'" % n for n in range(500)) + b">"
    yield "nested namespaces", lambda: _xml_around(sample, nested * 200 + b"<b/>" * 20_000 + b"</a>" * 200)
    yield "long names", lambda: _xml_around(sample, b"".join(b"<%s%d/>" % (b"n" * 30_000, n) for n in range(100)))
    yield "long text", lambda: _xml_around(sample, b"<t>" + b"x" * (4 << 20) + b"</t>")
    yield "long comment", lambda: _xml_around(sample, b"<!--" + b"x" * (3 << 20) + b"-->")
    yield "many comments", lambda: _xml_around(sample, b"<!---->" * 95_000)
    yield "many CDATA", lambda: _xml_around(sample, b"<t>" + b"<![CDATA[x]]>" * 90_000 + b"</t>")
    yield "many references", lambda: _xml_around(sample, b"<t>" + b"&#65;" * 6_000 + b"</t>")
    for number in (
        b"9" * MILLION,
        b"9" * 30_000,
        b"1e999999999",
        b"-1E-999999999",
        b"NaN",
        b"INF",
        b"0." + b"0" * 30_000 + b"1",
    ):
        what = f"number of {len(number)} signs {number[:4].decode()}"
        yield what, partial(sample.replace, b'"163.7"', b'"' + number + b'"')


def _table(name: str, *rows: bytes) -> bytes:
    head = {"jma": b"", "fkac522": b"1,99000001,x,20260601,FKAC522\r\n2,9910000001,x,20260516,,,9N001000000000001\r\n"}
    if name == "standard":
        return SUBJECTS[name].sample().split(b"\r\n")[0] + b"\r\n" + b"\r\n".join(rows)
    return head.get(name, ",".join(TINY_HEADERS).encode() + b"\r\n") + b"\r\n".join(rows)


def _row(name: str, cell: bytes) -> bytes:
    """``cell`` in every place of a row that the reader takes."""
    if name == "jma":
        one = b"9N001000000000001,x,1,,," + cell + b",cm,"
        return b",".join([cell] * 13) + b"," + one + b"," + b",".join([b"1A020000000191111", *[cell] * 7])
    if name == "fkac522":
        return b"5," + b",".join([cell] * 6)
    return b",".join([cell] * (15 if name == "standard" else len(TINY_HEADERS)))


_CELLS = {
    "digits": lambda: b"9" * (MILLION // 20),
    "marks": lambda: b"a" + "\u0300\u0323".encode() * (MILLION // 100),
    "voices": lambda: "\u0300ﾞ".encode() * (MILLION // 100),
    "ligatures": lambda: "\ufdfa".encode() * (MILLION // 100),
    "blanks": lambda: b"x" + b" " * (MILLION // 25) + b"x",
    "wide blanks": lambda: "１".encode() + "　".encode() * (MILLION // 60) + "１".encode(),
    "midnights": lambda: b"2026/5/16" + b" 0:00" * (MILLION // 100),
    "units": lambda: b"1" + b"cm" * (MILLION // 50) + b"!",
    "letters": lambda: b"1" + b"a" * (MILLION // 25) + b"!",
    "advice": lambda: "所見".encode() + "、要受診".encode() * (MILLION // 250),
    "separators": lambda: b"/" * (MILLION // 25),
    "signs": lambda: b"+-" * (MILLION // 50),
    "apostrophes": lambda: b"'" * (MILLION // 25) + b"=1",
    "exponent": lambda: b"1e999999999",
    "NaN": lambda: b"NaN",
    "infinity": "∞".encode,
    "direction": "\u202e5.361\u2066".encode,
    "controls": lambda: b"\x01\x02\x1b[2J\x7f" * 10_000,
    "formula": lambda: b"=cmd|' /C calc'!A0",
    "circled": lambda: "①".encode() * 10_000,
}  # fmt: skip


def _spoilt_cells(name: str, cell: Callable[[], bytes]) -> bytes:
    return _table(name, _row(name, cell()), _row(name, cell()))


def _spoilt_headings(name: str, cell: Callable[[], bytes]) -> bytes:
    return _row(name, cell()) + b"\r\n" + _row(name, b"x") + b"\r\n"


def table_cases(name: str) -> Iterator[Case]:
    """Wide rows, endless lines and quotes, cells on which searching or sorting would take for ever."""
    for what, cell in _CELLS.items():
        yield f"cell of {what}", partial(_spoilt_cells, name, cell)
        yield f"heading of {what}", partial(_spoilt_headings, name, cell)
    yield "wide headings", lambda: b",".join(b"h%d" % n for n in range(100_000)) + b"\r\n" + b"," * 99_999 + b"\r\n"
    yield "a million columns", lambda: (b"," * MILLION + b"\r\n") * 20
    yield "rows of a million empty cells too many", lambda: _table(name, *[_row(name, b"x") + b"," * 900_000] * 20)
    yield "an endless line", lambda: b"a,b\n" + b"x" * (8 << 20)
    yield "an endless quotation", lambda: b'a,b\n1,"' + (b"x" * 1000 + b"\n") * 5_000
    yield "quotation marks", lambda: b"a,b\n" + b'"' * (1 << 19) + b"\n" + b'""",' * 100_000
    yield "empty lines", lambda: b"a,b\n" + b"\n" * (MILLION // 5)
    yield "a million carriage returns", lambda: b"a,b\n" + b"\r" * MILLION
    yield "blanks", lambda: b" " * (8 << 20)
    yield "short rows", lambda: _table(name, *[b"5"] * 100_000)
    yield "wrong cells everywhere", lambda: _table(name, *[_row(name, b"?")] * 3_000)
    yield (
        "many codes, short rows",
        lambda: b"1,2,3,4,FKAC522\n2,,,,,," + b"A1234," * 150_000 + b"\n" + b"5,,,,,,1\n" * 50_000,
    )
    yield (
        "an examination in a hundred thousand",
        lambda: b"1," * 13 + b",".join([b"9N001000000000001,x,1,,,1,cm,"] * 30_000),
    )


def _zipped(*members: tuple[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in members:
            archive.writestr(path, content)
    return out.getvalue()


def _raw_zip(entries: list[tuple[bytes, int, int, int]], body: bytes, *, method: int = 8) -> bytes:
    """A directory of our own: (name, offset, packed, size) over ``body``."""
    central = b"".join(
        struct.pack(
            "<4s6H3I5H2I", b"PK\1\2", 20, 20, 0, method, 0, 0, 0, packed, size, len(name), 0, 0, 0, 0, 0, offset
        )
        + name
        for name, offset, packed, size in entries
    )
    count = min(len(entries), 0xFFFF - 1)
    return body + central + struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, count, count, len(central), len(body), 0)


@cache
def _kernel(size: int) -> bytes:
    squeezer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return squeezer.compress(bytes(size)) + squeezer.flush()


def _local(name: bytes, packed: int, size: int, extra: int = 0) -> bytes:
    return struct.pack("<4s5H3I2H", b"PK\3\4", 20, 0, 8, 0, 0, 0, packed, size, len(name), extra) + name


def _overlapping() -> bytes:
    """All members are one and the same kernel."""
    kernel = _kernel(4 << 20)
    body = _local(b"a", len(kernel), 4 << 20) + kernel
    return _raw_zip([(b"%05d" % n, 0, len(kernel), 4 << 20) for n in range(30_000)], body)


def _quoted(count: int = 2_000) -> bytes:
    """Each member quotes the next one's header as stored data, and all end in one kernel."""
    kernel = _kernel(4 << 20)
    headers = [_local(b"%05d" % n, 0, 4 << 20) for n in range(count)]
    parts, offsets = [], []
    at = 0
    for header in headers:
        offsets.append(at)
        parts.append(header + struct.pack("<B2H", 0, len(header), 0xFFFF ^ len(header)))
        at += len(parts[-1])
    body = b"".join(parts) + kernel
    return _raw_zip([(b"%05d" % n, offset, len(body) - offset - 35, 4 << 20) for n, offset in enumerate(offsets)], body)


def _extra_quoted(count: int = 100) -> bytes:
    """Each member says that the others' headers are its extra field, so that all have one kernel."""
    kernel = _kernel(4 << 20)
    headers = [_local(b"%05d" % n, len(kernel), 4 << 20, 35 * (count - n - 1)) for n in range(count)]
    return _raw_zip([(b"%05d" % n, 35 * n, len(kernel), 4 << 20) for n in range(count)], b"".join(headers) + kernel)


SLIPS = (
    "../a", "a/../../b", "/etc/passwd", "C:/a", "c:a", "a\\..\\b", "..\\a", "//host/a", "./a", "a//b", "a/./b", "a/", "\u2025/a", "．．/a",
    "a\u202elmx.h", "a\x00.xml", "a\nb", "a" * 60_000, "/".join("a" * 3_000), "CON", "a:b", "a\u2028b", "\u200b",
)  # fmt: skip


def zip_cases(_name: str) -> Iterator[Case]:
    """Bombs of every make, and names that lead outside."""
    sample = ZIPS["archive"].sample()
    folder = "9910000001_99000001_202606010_1"
    bomb = _kernel(400 << 20)
    stored = _local(b"a", len(bomb), 400 << 20) + bomb
    lying = _local(b"a", len(bomb), 1000) + bomb
    yield "flat bomb", lambda: _raw_zip([(b"a", 0, len(bomb), 400 << 20)], stored)
    yield (
        "bomb that lies about its size",
        lambda: _raw_zip([(f"{folder}/ix08_V08.xml".encode(), 0, len(bomb), 1000)], lying),
    )
    yield "many small bombs", lambda: _zipped(*((f"{folder}/DATA/h{n}.xml", bytes(260_000)) for n in range(300)))
    yield (
        "nested bomb",
        lambda: _zipped((f"{folder}/DATA/h1.xml", _zipped(*((f"{n}.zip", bytes(900_000)) for n in range(20))))),
    )
    yield "overlapping members", _overlapping
    yield "quoted overlap", _quoted
    yield "overlap by extra fields", _extra_quoted
    yield "too many members", lambda: _raw_zip([(b"%d" % n, 0, 0, 0) for n in range(60_000)], b"")
    yield "a count in ZIP64", lambda: (
        struct.pack("<4sQ2H2I4Q", b"PK\6\6", 44, 45, 45, 0, 0, 1 << 60, 1 << 60, 0, 0)
        + struct.pack("<4sIQI", b"PK\6\7", 0, 0, 1) + struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    )  # fmt: skip
    yield "end records without end", lambda: b"PK\5\6" * 100_000
    yield (
        "directory of itself",
        lambda: sample[:-22] + struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, 5, 5, len(sample) - 22, 0, 0),
    )
    for number, path in enumerate(SLIPS):
        yield f"name {number}", partial(_zipped, (path, b"x"))
        yield f"name {number} inside", partial(_zipped, (f"{folder}/DATA/{path}", b"x"))


def json_cases(_name: str) -> Iterator[Case]:
    """Depth, floods, numbers, keys, references."""
    sample = JSON["echeckup"].sample()
    start = sample[:-1]
    for what, value in (
        ("deep lists", b"[" * 400_000), ("deep objects", b'{"a":' * 100_000), ("depth of the limit", b"[" * 22 + b"]" * 22),
        ("digits", b"9" * MILLION), ("exponent", b"1e9999999999999999999"), ("exponent of Decimal", b"1E-999999999999999999"),
        ("NaN", b"NaN"), ("infinity", b"-Infinity"), ("surrogate", b'"\\ud800"'), ("NUL", b'"\\u0000"'),
        ("many lists", b"[" + b"[]," * MILLION + b"[]]"), ("many numbers", b"[" + b"0," * 790_000 + b"0]"),
        ("many keys", b"{" + b",".join(b'"%d":0' % n for n in range(300_000)) + b"}"), ("long text", b'"' + b"x" * (7 << 20) + b'"'),
        ("repeated keys", b'{"a":1,"a":1}'), ("escapes", b'"' + b"\\u0041" * 10_000 + b'"'),
    ):  # fmt: skip
        yield what, partial(b"".join, (start, b',"text":', value, b"}"))
        yield f"{what} as a value", partial(sample.replace, b"163.7", value)
        yield f"{what} alone", partial(bytes, value)

    def with_resources(resources: list[bytes]) -> bytes:
        entries = b"".join(b',{"fullUrl":"urn:x:%d","resource":%s}' % (n, one) for n, one in enumerate(resources))
        at = sample.rindex(b"]")
        return sample[:at] + entries + sample[at:]

    coded = b'"status":"final","code":{"coding":[{"code":"X1"}]},"valueString":"x"'
    doctor = b'{"resourceType":"Practitioner","name":[' + b"{}," * 90_000 + b"{}]}"
    series = b",".join(b'{"reference":"urn:x:%d"}' % n for n in range(300))
    head = b'{"resourceType":"Observation","hasMember":[' + series + b"]," + coded + b"}"
    ring = [
        b'{"resourceType":"Observation","hasMember":[{"reference":"urn:x:%d"}],%s}' % ((n + 1) % 900, coded)
        for n in range(900)
    ]
    signed = b'{"resourceType":"Observation","performer":[{"reference":"urn:x:0"}],' + coded + b"}"
    yield "a doctor of many names", lambda: with_resources([doctor, *[signed] * 4_000])
    yield "series of each other", lambda: with_resources([head] * 300)
    yield "a ring", lambda: with_resources(ring)
    yield "coverages", lambda: with_resources([b'{"resourceType":"Coverage","identifier":[{}]}'] * 4_900)
    yield "too many entries", lambda: with_resources([b"{}"] * 60_000)
    codings = b'{"resourceType":"Observation","status":"final","code":{"coding":[' + b"{}," * 150_000 + b"{}]}}"
    yield "an observation of many codes", lambda: with_resources([codings])


def yaml_cases(name: str) -> Iterator[Case]:
    """Depth, aliases, tags, floods of nodes, rules and columns."""
    sample = SUBJECTS[name].sample()
    yield (
        "many columns",
        lambda: sample.replace(
            b"columns:\n", b"columns:\n" + b"".join(b"- {name: n%d, kind: spare}\n" % n for n in range(19_000))
        ),
    )
    yield (
        "many words",
        lambda: sample.replace(
            b"terms:\n", b"terms:\n" + b"".join(b"  T%d: [w%d, x%d]\n" % (n, n, n) for n in range(15_000))
        ),
    )
    yield "a long word", lambda: sample.replace(b"terms:\n", b"terms:\n  LONG: [" + b"w" * MILLION + b"]\n")
    spelled = b"".join(b"  x%dq: y%dz\n" % (n, n) for n in range(20_000))
    yield "many spellings", lambda: sample.replace(b"spellings:\n", b"spellings:\n" + spelled)
    yield (
        "as many as allowed",
        lambda: sample.replace(b"spellings:\n", b"spellings:\n" + spelled[:2_200]).replace(
            b"qualifiers:\n", b"qualifiers:\n" + b"".join(b"  Q%d: [r%d]\n" % (n, n) for n in range(10_000))
        ),
    )
    yield "many sections", lambda: sample.replace(b"terms:\n", b"terms:\n" + b"- {for: [ecg]}\n" * 15_000)
    yield (
        "many grades",
        lambda: sample.replace(
            b"grades:\n",
            b"grades:\n" + b"".join(b"- {word: W%d, rank: 1, signs: [S%d]}\n" % (n, n) for n in range(8_000)),
        ),
    )
    if name != "map":
        # They share the parser with maps.
        return
    for what, value in (
        ("deep lists", b"[" * 400_000), ("deep keys", b"{a: " * 100_000), ("compact lists", b"- " * 200_000),
        ("compact keys", b"? " * 200_000), ("stairs", b"".join(b" " * n + b"a:\n" for n in range(3_000))),
        ("laughs", b"a: &a [x]\nb: &b [*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b]\nd: [*c,*c,*c]\n"), ("a ring", b"a: &a [*a]\n"),
        ("a tag", b"a: !!python/object/apply:os.system [true]\n"), ("many nodes", b"- a\n" * 500_000), ("long text", b"a: " + b"x" * (7 << 20)),
        ("too large", b"#" * (9 << 20)), ("documents", b"--- a\n" * MILLION), ("many keys", b"".join(b"k%d: v\n" % n for n in range(90_000))),
        ("surrogates", b"a: \xed\xa0\x80\xff\n"), ("quotes", b'"' * MILLION), ("tabs", b"\t" * MILLION), ("lines", b"\n" * 8 * MILLION),
        ("folded", b"a: >\n" + b" x\n" * MILLION), ("merge", b"<<: {a: b}\n"), ("big key", b"? " + b"x" * (1 << 20) + b"\n: x\n"),
        ("braces", b"[" + b"{}," * MILLION + b"]"), ("NUL", b"a: \x00\n"), ("bidi", "a: \u202e\u2066\n".encode()), ("directives", b"%YAML 1.1\n" * 100_000),
    ):  # fmt: skip
        yield what, partial(bytes, value)
        yield f"{what} behind", partial(b"".join, (sample, value))
    rules = MAP_TEXT.partition("rules:\n")[0].encode() + b"rules:\n"
    many = [b'- {to: "9N0010000000%05d", at: "a", kind: text}\n' % n for n in range(9_000)]
    parted = [
        b'- {to: "9N0010000000%05d", at: "a", kind: text, when: {at: "b", in: ["%d"]}}\n' % (n, n) for n in range(5_000)
    ]
    yield "many rules", lambda: rules + b"".join(many)
    yield "many rules for one column", lambda: rules + b"".join(parted)
    yield "one rule many times", lambda: rules + many[0] * 9_000
    yield (
        "runs of columns",
        lambda: MAP_TEXT.encode().replace(
            b'["\xe5\x82\x99\xe8\x80\x83"]', b"[" + b"{columns: 1-999999}," * 20_000 + b"]"
        ),
    )
    yield (
        "runs as long as allowed",
        lambda: MAP_TEXT.encode().replace(
            b'["\xe5\x82\x99\xe8\x80\x83"]', b"[" + b"{columns: 1-99999}," * 20_000 + b"]"
        ),
    )


_Cases = Callable[[str], Iterator[Case]]
# One reader of each kind, of whose parts the others are made; and the others.
GROUPS: dict[str, list[tuple[str, _Cases]]] = {
    "hc08": [("hc08 again", xml_cases)],
    "archive": [("archive", zip_cases)],
    "echeckup": [("echeckup", json_cases)],
    "map": [("map", yaml_cases)],
    "tabular": [("tabular", table_cases)],
    "draft": [("draft", table_cases)],
    "jma": [("jma", table_cases)],
    "fkac522": [("fkac522", table_cases)],
}
OTHERS: dict[str, list[tuple[str, _Cases]]] = {
    "other XML": [(name, xml_cases) for name in XML if name != "hc08 again"],
    "other zip": [(name, zip_cases) for name in ZIPS if name != "archive"],
    "other JSON": [(name, json_cases) for name in JSON if name != "echeckup"],
    "other YAML": [("definition", yaml_cases), *((name, yaml_cases) for name in ("words", "thesaurus", "judgements"))],
    "other tables": [(name, table_cases) for name in TABLES if name not in GROUPS],
}


def outcome(name: str, data: bytes) -> str:
    """``read``, the class of our own error, or ``FAILED`` and the class of any other."""
    counted = [0]

    def count(_finding: Finding) -> None:
        counted[0] += 1

    try:
        SUBJECTS[name].read(data, count)
    except AkashiError as error:
        return type(error).__name__
    except Exception as error:  # noqa: BLE001  # the parent reads the class; MemoryError is one of them
        return f"FAILED {type(error).__name__}"
    return "read"


def main(group: str) -> None:
    """Run a group of cases, each with a bounded time of the processor, all in bounded memory."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for name, cases in (GROUPS | OTHERS)[group]:
        for what, make in cases(name):
            data = make()
            print(f"{name}, {what}:", end=" ", flush=True)
            signal.setitimer(signal.ITIMER_PROF, SECONDS)
            said = outcome(name, data)
            left, _interval = signal.setitimer(signal.ITIMER_PROF, 0)
            print(f"{said} ({SECONDS - left:.2f} s)", flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
