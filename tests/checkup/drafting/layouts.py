"""Layouts written before the drafter's word list, each by its own rules and in its own wording.

A layout is a text: one column per entry, ``heading=truth``; the rules at the end turn it into headings (half-width
kana, units in brackets, numbers in front, two rows, repeated companions). ``HELD_OUT`` were not run until the drafter was finished.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

from akashi.checkup.formats.items import ItemTable
from tests.checkup.drafting.truth import TARGETS, Truth, truth

Entries = list[tuple[str, str]]


@dataclass(frozen=True)
class Unseen:
    """A layout with its truth, column by column."""

    name: str
    headers: tuple[tuple[str, ...], ...]
    truths: tuple[Truth, ...]
    encoding: str = "cp932"


def _entries(text: str) -> Entries:
    parts = [part.strip() for part in text.replace("\n", "|").split("|")]
    return [(name, key) for name, _, key in (part.rpartition("=") for part in parts if part)]


def _half_kana() -> dict[int, str]:
    table: dict[int, str] = {}
    for code in range(0xFF61, 0xFF9E):
        sign = chr(code)
        for mark in ("", "\uff9e", "\uff9f"):
            full = unicodedata.normalize("NFKC", sign + mark)
            if len(full) == 1:
                table.setdefault(ord(full), sign + mark)
    return table


HALF_KANA = _half_kana()


def _one_row(name: str, entries: Entries, encoding: str = "cp932") -> Unseen:
    return Unseen(name, (tuple(head for head, _ in entries),), tuple(truth(key) for _, key in entries), encoding)


def _companions(entries: Entries, keys: set[str], make: Callable[[str, str], Entries]) -> Entries:
    """After each column whose key is in ``keys``, the columns that ``make`` says."""
    result: Entries = []
    for head, key in entries:
        result.append((head, key))
        if key in keys:
            result += make(head, key)
    return result


# 1. A laboratory system in English, with limits and flags per analyte.
_LABORATORY = """
PAT_ID=id|PAT_NAME=name|PAT_KANA=kana|SEX=sex|BIRTH_DATE=birth|EXAM_DATE=date|INSURER_NO=insurer|INS_SYMBOL=symbol
INS_NUMBER=number|COURSE=course|HEIGHT=height|WEIGHT=weight|BMI=bmi|WAIST=waist|SBP_1=sbp1|DBP_1=dbp1|SBP_2=sbp2
DBP_2=dbp2|PULSE=pulse|WBC=wbc|RBC=rbc|HGB=hb|HCT=ht|PLT=plt|MCV=mcv|MCH=mch|MCHC=mchc|TP=tp|ALB=alb|A/G=ag|T-BIL=tbil
AST=ast|ALT=alt|ALP=alp|LDH=ld|GGT=ggt|CHE=che|AMY=amy|CK=ck|T-CHO=tc|TG=tg|HDL-C=hdl|LDL-C=ldl|NON-HDL=nonhdl|BUN=bun
CRE=cre|EGFR=egfr|UA=ua|NA=na|K=k|CL=cl|CA=ca|IP=p|FE=fe|GLU_FASTING=fbs|HBA1C_NGSP=a1c|CRP=crp|TSH=tsh|FT3=ft3|FT4=ft4
CEA=cea|AFP=afp|CA19-9=ca199|U-PRO=upro|U-GLU=uglu|U-OB=uob|U-URO=uuro|U-KET=uket|U-SG=ugrav|U-PH=uph|HBS_AG=hbs
HCV_AB=hcv|ABO=abo|RH=rh|VA_R=va_r|VA_L=va_l|IOP_R=iop_r|IOP_L=iop_l|ECG_COMMENT=ecg|CXR_COMMENT=cxr|OPERATOR=-text
UPDATED_AT=-date|TERMINAL=-text
"""

# 2. An old host computer: readings in half-width kana, old names.
_HOST = """
ｺｼﾞﾝﾊﾞﾝｺﾞｳ=id|ｶﾅｼﾒｲ=kana|ｶﾝｼﾞｼﾒｲ=name|ｾｲﾍﾞﾂ=sex|ｾｲﾈﾝｶﾞｯﾋﾟ=birth|ｼﾞｭｼﾝﾋﾞ=date|ﾈﾝﾚｲ=age|ﾕｳﾋﾞﾝﾊﾞﾝｺﾞｳ=postal|ｼﾞｭｳｼｮ=addr
ｼﾞｷﾞｮｳｼｮ=emp|ｼｮｿﾞｸ=sect|ﾎｹﾝｼﾔﾊﾞﾝｺﾞｳ=insurer|ｷｺﾞｳ=symbol|ﾊﾞﾝｺﾞｳ=number|シンチョウ=height|タイジュウ=weight|フクイ=waist|ヒマンド=obesity
タイシボウリツ=fat|ケツアツ(サイコウ)=sbp1|ケツアツ(サイテイ)=dbp1|ミャクハク=pulse|シリョク ミギ=va_r|シリョク ヒダリ=va_l|キョウセイ ミギ=vc_r|キョウセイ ヒダリ=vc_l
チョウリョク ミギ 1000=hr1|チョウリョク ミギ 4000=hr4|チョウリョク ヒダリ 1000=hl1|チョウリョク ヒダリ 4000=hl4|ニョウタンパク=upro|ニョウトウ=uglu|ニョウセンケツ=uob
ウロビリノーゲン=uuro|ソウタンパク=tp|アルブミン=alb|ソウビリルビン=tbil|GOT=ast|GPT=alt|γ-GTP=ggt|ALP=alp|LDH=ld|ソウコレステロール=tc|チュウセイシボウ=tg|HDLコレステロール=hdl
LDLコレステロール=ldl|ニョウサン=ua|クレアチニン=cre|ニョウソチッソ=bun|ケットウ(クウフク)=fbs|ヘモグロビンA1C=a1c|ハッケッキュウ=wbc|セッケッキュウ=rbc|ケッシキソ=hb|ヘマトクリット=ht
ケッショウバン=plt|シンデンズ=ecg|キョウブXセン=cxr|イブXセン=ugi|ガンテイ=fundus|フクブエコー=us|ベンセンケツ 1=fob1|ベンセンケツ 2=fob2|ケツエキガタ=abo|ソウゴウハンテイ=g_all
ヨビ1=-|ヨビ2=-|ヨビ3=-
"""

# 3. Two heading rows: item with unit above, this time, last time, limits and judgement below.
_TWO_ROWS = """
身長 (cm)=height|体重 (kg)=weight|ＢＭＩ (kg/m2)=bmi|腹囲 (cm)=waist|体脂肪率 (%)=fat|血圧(1回目)最高 (mmHg)=sbp1|血圧(1回目)最低 (mmHg)=dbp1
血圧(2回目)最高 (mmHg)=sbp2|血圧(2回目)最低 (mmHg)=dbp2|脈拍数 (回/分)=pulse|裸眼視力 右=va_r|裸眼視力 左=va_l|矯正視力 右=vc_r|矯正視力 左=vc_l|眼圧 右 (mmHg)=iop_r
眼圧 左 (mmHg)=iop_l|白血球数 (/μl)=wbc|赤血球数 (万/μl)=rbc|ヘモグロビン (g/dl)=hb|ヘマトクリット (%)=ht|血小板数 (万/μl)=plt|ＭＣＶ=mcv|ＭＣＨ=mch
ＭＣＨＣ=mchc|血清鉄 (μg/dl)=fe|総蛋白 (g/dl)=tp|アルブミン (g/dl)=alb|Ａ／Ｇ比=ag|総ビリルビン (mg/dl)=tbil|AST(GOT) (U/l)=ast|ALT(GPT) (U/l)=alt|γ-GTP (U/l)=ggt
ALP (U/l)=alp|LDH (U/l)=ld|コリンエステラーゼ (U/l)=che|血清アミラーゼ (U/l)=amy|CPK (U/l)=ck|総コレステロール (mg/dl)=tc|ＨＤＬ-コレステロール (mg/dl)=hdl
ＬＤＬ-コレステロール (mg/dl)=ldl|中性脂肪 (mg/dl)=tg|尿素窒素 (mg/dl)=bun|クレアチニン (mg/dl)=cre|eGFR (ml/min/1.73m2)=egfr|尿酸 (mg/dl)=ua|ナトリウム (mEq/l)=na
カリウム (mEq/l)=k|クロール (mEq/l)=cl|カルシウム (mg/dl)=ca|空腹時血糖 (mg/dl)=fbs|HbA1c(NGSP) (%)=a1c|CRP (mg/dl)=crp|TSH (μIU/ml)=tsh|遊離T4 (ng/dl)=ft4|CEA (ng/ml)=cea
AFP (ng/ml)=afp|CA19-9 (U/ml)=ca199|肺活量比 (%)=vcp|１秒率 (%)=fev1p
"""
_TWO_ROWS_FRONT = """
受診者情報/カルテNo=id|/氏名=name|/フリガナ=kana|/性別=sex|/生年月日=birth|/受診日=date|/年齢=age|/会社名=emp|/部署名=sect|/社員コード=empno
保険情報/保険者番号=insurer|/記号=symbol|/番号=number|/枝番=branch
"""
_TWO_ROWS_BACK = """
尿検査/蛋白=upro|/糖=uglu|/潜血=uob|/ウロビリノーゲン=uuro|/判定=g_urine|心電図検査/所見=ecg|/判定=ecg:J|胸部Ｘ線検査/所見=cxr|/判定=cxr:J|腹部超音波検査/所見=us
/判定=us:J|総合/メタボリックシンドローム判定=mets|/保健指導レベル=level|/医師の診断=opinion|/医師名=doctor|/前回総合判定=-text
"""

# 4. A vendor's export: category, running number and unit in each heading; judgements per category.
_VENDOR = """
受診/受診No=visit|受診/受診年月日=date|受診/コース名=course|個人/個人番号=id|個人/氏名（漢字）=name|個人/氏名（カナ）=kana|個人/生年月日=birth|個人/性別区分=sex
個人/〒=postal|個人/住所１=addr|団体/団体名称=emp|団体/所属名称=sect|保険/保険者No=insurer|保険/被保険者証記号=symbol|保険/被保険者証番号=number|保険/受診券番号=ticket
身体計測/身長[cm]=height|身体計測/体重[kg]=weight|身体計測/標準体重[kg]=ideal|身体計測/ＢＭＩ=bmi|身体計測/腹囲[cm]=waist|身体計測/内臓脂肪面積[cm2]=visceral|身体計測/区分判定=g_body
血圧/収縮期１[mmHg]=sbp1|血圧/拡張期１[mmHg]=dbp1|血圧/収縮期２[mmHg]=sbp2|血圧/拡張期２[mmHg]=dbp2|血圧/収縮期平均[mmHg]=sbp|血圧/拡張期平均[mmHg]=dbp|血圧/区分判定=g_bp
視力/右裸眼=va_r|視力/左裸眼=va_l|視力/右矯正=vc_r|視力/左矯正=vc_l|視力/区分判定=g_eye|聴力/右1000Hz=hr1|聴力/右4000Hz=hr4|聴力/左1000Hz=hl1|聴力/左4000Hz=hl4|聴力/区分判定=g_hear
脂質/総コレステロール[mg/dl]=tc|脂質/中性脂肪（空腹時）[mg/dl]=tg|脂質/中性脂肪（随時）[mg/dl]=tgc|脂質/ＨＤＬコレステロール[mg/dl]=hdl|脂質/ＬＤＬコレステロール[mg/dl]=ldl
脂質/ＮｏｎＨＤＬコレステロール[mg/dl]=nonhdl|脂質/区分判定=g_lipid|肝機能/ＡＳＴ（ＧＯＴ）[U/l]=ast|肝機能/ＡＬＴ（ＧＰＴ）[U/l]=alt|肝機能/γ－ＧＴＰ[U/l]=ggt|肝機能/ＡＬＰ[U/l]=alp
肝機能/ＬＤ（ＬＤＨ）[U/l]=ld|肝機能/総ビリルビン[mg/dl]=tbil|肝機能/直接ビリルビン[mg/dl]=dbil|肝機能/総蛋白[g/dl]=tp|肝機能/アルブミン[g/dl]=alb|肝機能/区分判定=g_liver
糖代謝/血糖（空腹時）[mg/dl]=fbs|糖代謝/血糖（随時）[mg/dl]=cbs|糖代謝/ＨｂＡ１ｃ（ＮＧＳＰ）[%]=a1c|糖代謝/尿糖=uglu|糖代謝/区分判定=g_sugar|尿/尿蛋白=upro|尿/尿潜血=uob|尿/尿比重=ugrav
尿/尿ｐＨ=uph|尿/クレアチニン[mg/dl]=cre|尿/ｅＧＦＲ=egfr|尿/尿素窒素[mg/dl]=bun|尿/区分判定=g_urine|尿酸/尿酸[mg/dl]=ua|尿酸/区分判定=g_ua|血液一般/赤血球数[万/mm3]=rbc
血液一般/白血球数[/mm3]=wbc|血液一般/血色素量[g/dl]=hb|血液一般/ヘマトクリット[%]=ht|血液一般/血小板数[万/mm3]=plt|血液一般/区分判定=g_blood|心電図/所見=ecg|心電図/区分判定=g_ecg
胸部Ｘ線/所見=cxr|胸部Ｘ線/撮影日=cxr_d|胸部Ｘ線/区分判定=g_chest|上部消化管Ｘ線/所見=ugi|上部消化管内視鏡/所見=egd|腹部超音波/所見=us|眼底/所見=fundus|便潜血/１日目=fob1|便潜血/２日目=fob2
肝炎/ＨＢｓ抗原=hbs|肝炎/ＨＣＶ抗体=hcv|総合/総合判定=g_all|総合/メタボ判定=mets|総合/保健指導レベル=level|管理/出力日時=-date|管理/会計区分=-text|管理/備考１=-text
"""

# 5. The official names by rule, and the standard questionnaire in whole sentences.
_OFFICIAL_KEYS = (
    "height weight bmi visceral waist obesity hxr hx subj subj_t obj obj_t sbp sbp2 sbp1 dbp dbp2 dbp1 pulse draw tc tg tgc hdl ldl "
    "nonhdl tbil ast alt ggt alp ld cre egfr ua tp alb ag ferritin fbs cbs a1c uglu upro uob ugrav ht hb rbc mcv mch mchc wbc plt "
    "ecg_f ecg cxr_f cxr ugi_f ugi egd_f egd us_f us fob fvc fev1 fev1p va_r vc_r va_l vc_l hr1 hr4 hl1 hl4 kw schh schs fundus "
    "iop_r iop_l crp abo rh syph hbs hcv mets level opinion doctor"
)
_QUESTIONS = """
現在、血圧を下げる薬を使用していますか=q1|現在、血糖を下げる薬又はインスリン注射を使用していますか=q2|現在、コレステロールや中性脂肪を下げる薬を使用していますか=q3
医師から、脳卒中(脳出血、脳梗塞等)にかかっているといわれたり、治療を受けたことがありますか=q4|医師から、心臓病(狭心症、心筋梗塞等)にかかっているといわれたり、治療を受けたことがありますか=q5
医師から、慢性腎臓病や腎不全にかかっているといわれたり、治療(人工透析など)を受けたことがありますか=q6|医師から、貧血といわれたことがある=q7|現在、たばこを習慣的に吸っていますか=q8
20歳の時の体重から10kg以上増加している=q9|1回30分以上の軽く汗をかく運動を週2日以上、1年以上実施=q10|日常生活において歩行又は同等の身体活動を1日1時間以上実施=q11|ほぼ同じ年齢の同性と比較して歩く速度が速い=q12
食事をかんで食べる時の状態はどれにあてはまりますか=q13|人と比較して食べる速度が速い=q14|就寝前の2時間以内に夕食をとることが週に3回以上ある=q15|朝昼夕の3食以外に間食や甘い飲み物を摂取していますか=q16|朝食を抜くことが週に3回以上ある=q17
お酒(日本酒、焼酎、ビール、洋酒など)を飲む頻度はどのくらいですか=q18|飲酒日の1日当たりの飲酒量=q19|睡眠で休養が十分とれている=q20|運動や食生活等の生活習慣を改善してみようと思いますか=q21|生活習慣の改善について、これまでに特定保健指導を受けたことがありますか=q22
"""


def _official(items: ItemTable) -> Unseen:
    """Signs, not words, are changed: brackets become hyphens, 検査 is dropped, digits go full width."""
    wide = str.maketrans("0123456789", "０１２３４５６７８９")
    front = _entries(
        "受診者ID=id|受診日=date|氏名カナ=kana|性別=sex|生年月日=birth|保険者番号=insurer|被保険者証記号=symbol|被保険者証番号=number"
    )
    named: Entries = []
    for key in _OFFICIAL_KEYS.split():
        name = unicodedata.normalize("NFKC", items.items[TARGETS[key][0]].name)
        name = name.replace("検査", "").replace("(", "-").replace(")", "").replace(":", "-")
        named.append((name.translate(wide), key))
    return _one_row("official", front + named + _entries(_QUESTIONS), "utf-8")


# 6. Romaji field names of a home-made database.
_ROMAJI = """
jushinsha_id=id|shimei=name|shimei_kana=kana|seibetsu=sex|seinengappi=birth|kenshin_bi=date|yubin_bango=postal|jusho=addr|hokensha_bango=insurer|hoken_kigo=symbol|hoken_bango=number
shincho=height|taiju=weight|bmi=bmi|fukui=waist|saiko_ketsuatsu=sbp1|saitei_ketsuatsu=dbp1|myakuhaku=pulse|shiryoku_migi=va_r|shiryoku_hidari=va_l|kyosei_migi=vc_r|kyosei_hidari=vc_l
choryoku_migi_1000=hr1|choryoku_migi_4000=hr4|choryoku_hidari_1000=hl1|choryoku_hidari_4000=hl4|nyo_tanpaku=upro|nyo_to=uglu|nyo_senketsu=uob|hakkekkyu=wbc|sekkekkyu=rbc|hemoglobin=hb|hematocrit=ht
kesshoban=plt|ast_got=ast|alt_gpt=alt|gamma_gtp=ggt|so_cholesterol=tc|chusei_shibo=tg|hdl_cholesterol=hdl|ldl_cholesterol=ldl|kufukuji_ketto=fbs|hba1c=a1c|nyosan=ua|creatinine=cre|egfr=egfr
shindenzu_shoken=ecg|kyobu_xsen_shoken=cxr|kitsuen=q8|fukuyaku_ketsuatsu=q1|fukuyaku_ketto=q2|fukuyaku_shishitsu=q3|metabo_hantei=mets|hoken_shido_level=level|sogo_hantei=g_all|ishi_mei=doctor|biko=-text|koshin_bi=-date
"""

# 7. Repeated companions without names of their own; findings in numbered columns; last year's values beside.
_REPEATED = """
健診番号=visit|健診日=date|ID番号=id|患者氏名=name|カナ=kana|男女=sex|誕生日=birth|保険者=insurer|保険証記号=symbol|保険証番号=number|身長=height|体重=weight|ＢＭＩ=bmi|おなか周り=waist
血圧上=sbp1|血圧下=dbp1|白血球=wbc|赤血球=rbc|血色素=hb|ヘマト=ht|血小板=plt|総ビリ=tbil|ＧＯＴ=ast|ＧＰＴ=alt|γＧＴＰ=ggt|総コレ=tc|中性脂肪=tg|ＨＤＬコレ=hdl|ＬＤＬコレ=ldl|血糖=fbs|Ａ１ｃ=a1c|尿酸=ua|クレアチ=cre
尿蛋白=upro|尿糖=uglu|尿潜血=uob|心電図判定=ecg:J|心電図所見１=ecg|心電図所見２=ecg|心電図所見３=ecg|胸部判定=cxr:J|胸部所見１=cxr|胸部所見２=cxr|既往歴１=hx|既往歴２=hx|既往歴３=hx|自覚症状=subj_t|他覚症状=obj_t|総合判定=g_all|コメント=-text
前回_身長=-number|前回_体重=-number|前回_血圧上=-number|前回_血圧下=-number|前回_ＧＯＴ=-number|前回_血糖=-number|前々回_体重=-number|前々回_血糖=-number|予備01=-|予備02=-|予備03=-|請求金額=-number
"""
_REPEATED_KEYS = {
    "bmi",
    "wbc",
    "rbc",
    "hb",
    "ht",
    "plt",
    "tbil",
    "ast",
    "alt",
    "ggt",
    "tc",
    "tg",
    "hdl",
    "ldl",
    "fbs",
    "a1c",
    "ua",
    "cre",
}

# 8. Held out: an employer's health office, the items of its own law, short words.
_COMPANY = """
従業員番号=empno|氏名=name|フリガナ=kana|性=sex|生年月日=birth|事業場=emp|部課=sect|健診実施日=date|健診種別=course|健診機関=instname|身長㎝=height|体重㎏=weight|腹囲㎝=waist|ＢＭＩ値=bmi|視力（裸眼・右）=va_r|視力（裸眼・左）=va_l
視力（矯正・右）=vc_r|視力（矯正・左）=vc_l|聴力1000Hz右=hr1|聴力1000Hz左=hl1|聴力4000Hz右=hr4|聴力4000Hz左=hl4|胸部エックス線=cxr|胸部エックス線撮影年月日=cxr_d|最高血圧（mmHg）=sbp1|最低血圧（mmHg）=dbp1|血色素量（g/dL）=hb|赤血球数（万/mm3）=rbc
GOT（IU/L）=ast|GPT（IU/L）=alt|γ-GTP（IU/L）=ggt|LDLコレステロール（mg/dL）=ldl|HDLコレステロール（mg/dL）=hdl|トリグリセライド（mg/dL）=tg|血糖値（空腹時）（mg/dL）=fbs|HbA1c（NGSP）（％）=a1c|尿検査（糖）=uglu|尿検査（蛋白）=upro
心電図=ecg|既往歴=hx|業務歴=work|自覚症状=subj_t|他覚症状=obj_t|喫煙習慣=q8|医師の診断=opinion|健康診断を実施した医師=doctor|産業医意見=-text|就業区分=-text|次回予定日=-date
"""

# 9. Held out: a small clinic, everyday words, questions by short names, limits before the value.
_CLINIC = """
診察券番号=id|お名前=name|ふりがな=kana|性別（1男2女）=sex|生まれた日=birth|検査日=date|ご住所=addr|電話=-text|身長（センチ）=height|体重（キロ）=weight|肥満指数BMI=bmi|へそ回り=waist|上の血圧=sbp1|下の血圧=dbp1|脈=pulse|右視力=va_r|左視力=va_l
空腹時血糖値=fbs|ヘモグロビンエーワンシー=a1c|悪玉コレステロール(LDL)=ldl|善玉コレステロール(HDL)=hdl|中性脂肪(TG)=tg|GOT(AST)=ast|GPT(ALT)=alt|ガンマGTP=ggt|尿酸値(UA)=ua|クレアチニン(Cr)=cre|推算GFR=egfr|尿素窒素(BUN)=bun|総たんぱく=tp|赤血球(RBC)=rbc
白血球(WBC)=wbc|ヘモグロビン(Hb)=hb|ヘマトクリット(Ht)=ht|血小板(Plt)=plt|尿たんぱく=upro|尿の糖=uglu|尿の血=uob|便の検査1回目=fob1|便の検査2回目=fob2|心電図の所見=ecg|胸のレントゲン=cxr|おなかのエコー=us|胃カメラ=egd|血液型=abo|Ｂ型肝炎(HBs抗原)=hbs|Ｃ型肝炎(HCV抗体)=hcv
血圧の薬=q1|糖尿病の薬=q2|コレステロールの薬=q3|脳卒中の既往=q4|心臓病の既往=q5|腎不全の既往=q6|貧血の既往=q7|たばこ=q8|体重増加=q9|運動習慣=q10|身体活動=q11|歩く速さ=q12|食べる速さ=q14|寝る前の夕食=q15|朝食抜き=q17|お酒の頻度=q18|お酒の量=q19|睡眠=q20|改善の意思=q21
メタボ=mets|担当医=doctor|医師コメント=opinion|次回予約=-date|会計済=-text
"""


def _numbered_rows(text: str) -> Entries:
    """``category/name`` becomes ``category_007_name``."""
    return [(f"{head.replace('/', f'_{number:03d}_', 1)}", key) for number, (head, key) in enumerate(_entries(text), 1)]


def _two_rows() -> Unseen:
    upper: list[str] = []
    lower: list[str] = []
    truths: list[Truth] = []

    def add(top: str, low: str, key: str) -> None:
        upper.append(top)
        lower.append(low)
        truths.append(truth(key))

    def block(text: str) -> None:
        for head, key in _entries(text):
            top, _, low = head.partition("/")
            add(top, low, key)

    block(_TWO_ROWS_FRONT)
    for head, key in _entries(_TWO_ROWS):
        add(head, "今回値", key)
        add("", "前回値", "-number")
        if key not in {"va_r", "va_l", "vc_r", "vc_l"}:
            add("", "基準値下限", f"{key}:L")
            add("", "基準値上限", f"{key}:U")
        add("", "判定", f"{key}:J")
    block(_TWO_ROWS_BACK)
    return Unseen("two_rows", (tuple(upper), tuple(lower)), tuple(truths))


def _laboratory() -> Unseen:
    entries = _entries(_LABORATORY)
    analytes = {key for _, key in entries if TARGETS.get(key, ("", ""))[1] == "number"} - {"height", "weight", "waist"}
    analytes -= {"sbp1", "dbp1", "sbp2", "dbp2", "pulse", "va_r", "va_l", "iop_r", "iop_l", "bmi"}
    return _one_row(
        "laboratory",
        _companions(
            entries,
            analytes,
            lambda head, key: [(f"{head}_LOW", f"{key}:L"), (f"{head}_HIGH", f"{key}:U"), (f"{head}_FLAG", f"{key}:F")],
        ),
        "utf-8",
    )


def unseen(items: ItemTable) -> list[Unseen]:
    """The layouts used while the drafter was made."""
    host = [(head.translate(HALF_KANA), key) for head, key in _entries(_HOST)]
    repeated = _companions(
        _entries(_REPEATED), _REPEATED_KEYS, lambda _head, key: [("H/L", f"{key}:F"), ("判定", f"{key}:J")]
    )
    return [
        _laboratory(), _one_row("host", host), _two_rows(), _one_row("vendor", _numbered_rows(_VENDOR)), _official(items),
        _one_row("romaji", _entries(_ROMAJI), "utf-8"), _one_row("repeated", repeated),
    ]  # fmt: skip


def held_out(items: ItemTable) -> list[Unseen]:
    """The layouts that were run only when the drafter was finished."""
    limits = {"fbs", "a1c", "ldl", "hdl", "tg", "ast", "alt", "ggt", "ua", "cre"}
    clinic: Entries = []
    for head, key in _entries(_CLINIC):
        if key in limits:
            clinic += [(f"{head}下限", f"{key}:L"), (f"{head}上限", f"{key}:U")]
        clinic.append((head, key))
    return [_one_row("company", _entries(_COMPANY)), _one_row("clinic", clinic, "utf-8")]
