"""What the unseen layouts may mean: short keys of this test's own, each with its target and kind.

The keys are never shown to the drafter; they only save writing seventeen digits in every layout.
"""

from __future__ import annotations

from dataclasses import dataclass

from akashi.checkup.formats.items import ItemTable
from akashi.checkup.model import Role

ROLES = {
    "J": Role.JUDGEMENT, "L": Role.LOWER, "U": Role.UPPER, "M": Role.METHOD, "F": Role.FLAG, "T": Role.TEXT,
    "Q": Role.QUALIFIER,
}  # fmt: skip

_FIELDS = """
id person.id text|name person.name name|kana person.kana kana|sex person.sex sex|birth person.birth date
postal person.postal postal|addr person.address text|date visit.date date|visit visit.number text
course visit.course text|age visit.age text|inst institution.code digits|instname institution.name text
insurer insurance.insurer digits|symbol insurance.symbol text|number insurance.number text
branch insurance.branch digits|ticket ticket.number digits|emp employer.name text|sect employer.section text
empno employer.number text
"""
_NUMBERS = """
height 9N001000000000001|weight 9N006000000000001|bmi 9N011000000000001|waist 9N016160100000001
obesity 9N026000000000002|visceral 9N021000000000001|fat AK00002|ideal Z9N06000000000001
sbp1 9A751000000000001|sbp2 9A752000000000001|sbp 9A755000000000001|dbp1 9A761000000000001
dbp2 9A762000000000001|dbp 9A765000000000001|pulse 9N121000000000001|tc 3F050000002327101|tg 3F015000002327101
tgc 3F015129902327101|hdl 3F070000002327101|ldl 3F077000002327101|nonhdl 3F069000002391901|tbil 3J010000002327101
dbil 3J015000002327101|ast 3B035000002327201|alt 3B045000002327201|ggt 3B090000002327101|alp 3B070000002327101
ld 3B050000002327201|che 3B110000002399801|lap 3B135000002399801|amy 3B160000002399801|ck 3B010000002399801
cre 3C015000002327101|egfr 8A065000002391901|ua 3C020000002327101|bun 3C025000002399801|tp 3A010000002327101
alb 3A015000002327101|ag 3A016000002327102|ferritin 5C095000002302301|fe 3I010000002327101
fbs 3D010000001927201|cbs 3D010129901927201|a1c 3D046000001920402|rbc 2A020000001930101|wbc 2A010000001930101
hb 2A030000001930101|ht 2A040000001930102|plt 2A050000001930101|mcv 2A060000001930101|mch 2A070000001930101
mchc 2A080000001930101|neut 2A160000001960351|eos 2A160000001960354|baso 2A160000001960355
mono 2A160000001960356|lymph 2A160000001960357|crp 5C070000002306301|na 3H010000002326101|k 3H015000002326101
cl 3H020000002326101|ca 3H030000002327101|p 3H040000002327101|tsh 4A055000002399801|ft3 4B015000002399801
ft4 4B035000002399801|cea 5D010000002399801|afp 5D015000002399801|ca199 5D130000002399801
ca125 5D100000002399801|psa AK00097|ugrav 1A030000000190301|uph 1A035000000190101|va_r 9E160162100000001
va_l 9E160162200000001|vc_r 9E160162500000001|vc_l 9E160162600000001|iop_r 9E105162100000001
iop_l 9E105162200000001|fvc 9C310000000000001|fev1 9C320000000000001|fev1p 9C330000000000002
vcp 9C380000000000002|chest AK00111|grip_r AK00109|grip_l AK00110|pg1 3B340000002399801|pg2 3B345000002399801
"""
_GRADED = """
uglu 1A020000000191111|upro 1A010000000191111|uob 1A100000000191111|uuro 1A040000000190111
uket 1A060000000190111|ubil 1A055000000190111
"""
_CODES = """
hxr 9N056000000000011|subj 9N061000000000011|obj 9N066000000000011|draw 9N141000000000011
ecg_f 9A110160700000011|cxr_f 9N206160700000011|ugi_f 9N256160700000011|egd_f 9N266160700000011
us_f 9F130160700000011|hr1 9D100163100000011|hr4 9D100163200000011|hl1 9D100163500000011|hl4 9D100163600000011
kw 9E100166000000011|schh 9E100166100000011|schs 9E100166200000011|fob 1B030000001599811
fob1 1B040Z121015Z0111|fob2 1B040Z122015Z0111|hbs 5F016141002399811|hcv 5F360149502399811
syph 5E071000002399811|abo 5H010000001910111|rh 5H020000001910111|mets 9N501000000000011|level 9N506000000000011
q1 9N701000000000011|q2 9N706000000000011|q3 9N711000000000011|q4 9N716000000000011|q5 9N721000000000011
q6 9N726000000000011|q7 9N731000000000011|q8 9N736000000000011|q9 9N741000000000011|q10 9N746000000000011
q11 9N751000000000011|q12 9N756000000000011|q13 9N872000000000011|q14 9N766000000000011|q15 9N771000000000011
q16 9N782000000000011|q17 9N781000000000011|q18 9N786000000000011|q19 9N791000000000011|q20 9N796000000000011
q21 9N801000000000011|q22 9N808000000000011
"""
_FINDINGS = """
hx 9N056160400000049|subj_t 9N061160800000049|obj_t 9N066160800000049|ecg 9A110160800000049
cxr 9N206160800000049|ugi 9N256160800000049|egd 9N266160800000049|us 9F130160800000049|breast 9N276160800000049
mmg 9N281160800000049|fundus 9E100160900000049
"""
_JUDGED = """
g_body AK00001|g_bp AK00003|g_eye AK00004|g_hear AK00020|g_urine AK00026|g_ua AK00073|g_lung AK00074
g_blood AK00077|g_liver AK00101|g_lipid AK00103|g_sugar AK00104|g_ecg AK00153|g_chest AK00154|g_all AK00178
"""
_OTHERS = "work 9N051000000000049 text|doctor 9N516000000000049 name|opinion 9N511000000000049 text|cxr_d 9N211161100000049 date"


def _table() -> dict[str, tuple[str, str]]:
    table: dict[str, tuple[str, str]] = {}
    for text, kind in (
        (_FIELDS, ""), (_NUMBERS, "number"), (_GRADED, "graded"), (_CODES, "code"), (_FINDINGS, "findings"),
        (_JUDGED, "judgement"), (_OTHERS, ""),
    ):  # fmt: skip
        for entry in text.strip().replace("\n", "|").split("|"):
            key, target, *own = entry.split()
            table[key] = (target, own[0] if own else kind)
    return table


TARGETS = _table()


@dataclass(frozen=True)
class Truth:
    """What one column is: target and role, or nothing (``target`` empty). ``kind`` makes its cells; ``fill`` too."""

    target: str = ""
    role: Role = Role.VALUE
    kind: str = ""
    fill: str = ""


def truth(word: str) -> Truth:
    """``ast`` the value, ``ast:J`` its judgement; ``-`` nothing and empty, ``-number``/``-text``/``-date`` nothing.

    What has no key is written ``target~kind`` (``target~-text``: nothing invents it, any text will do).
    """
    if word.startswith("-"):
        return Truth(fill=word[1:])
    key, _, role = word.partition(":")
    target, kind = tuple(key.split("~")) if "~" in key else TARGETS[key]
    if kind.startswith("-"):
        return Truth(target, fill=kind[1:])
    kinds = {"J": "judgement", "L": "number", "U": "number", "M": "text", "F": "text", "T": "findings", "Q": "text"}
    return Truth(target, ROLES.get(role, Role.VALUE), kinds.get(role, kind))


def family(target: str, items: ItemTable) -> tuple[str, str]:
    """Items that differ only in the method of measurement are one family: no heading says which of them it is."""
    item = items.items.get(target)
    return (item.name, item.type) if item else (target, "")
