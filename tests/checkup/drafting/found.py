"""Column names that real receivers ask for (a staff office, a health-insurance union, a group of companies), found in public
source code only after the drafter was finished; which item each is was decided here. Abridged: pure repetitions, spare runs and
code-beside-name twins are left out.

Headings are other people's words; nobody's values are here.
"""

from __future__ import annotations

from tests.checkup.drafting.layouts import Unseen, _entries, _one_row

_STAFF = """
実施健診機関CD=inst|健診種別CD=course|受診日=date|事業所記号=symbol|証番号=number|資格区分=-text|続柄=-text|枝番=branch|漢字氏名=name|カナ氏名=kana|性別=sex|生年月日=birth|OP　０１=-|OP　０２=-|OP　０３=-|請求区分=-text|健診金額=-number
法定金額=-number|請求金額=-number|支払先CD=-number|身長=height|体重=weight|BMI=bmi|腹囲=waist|身体検査判定=g_body|血圧（収縮期）=sbp1|血圧（拡張期）=dbp1|中性脂肪=tg|HDL・CO=hdl|LDL・CO=ldl|Non・HDLCO=nonhdl|AST(GOT)=ast|ALT(GPT)=alt
γ・GTP=ggt|空腹時血糖=fbs|HｂA1ｃ=a1c|随時血糖=cbs|採血時間=draw|尿糖=uglu|尿蛋白=upro|白血球数=wbc|赤血球数=rbc|血色素量=hb|ヘマトクリット=ht|心電図所見=ecg|眼底精密所見=fundus|血清クレアチニン=cre|eGFR=egfr|HBｓ抗原=hbs
HBs抗体=AK00090~text|HCV抗体価精密測定=hcv|胸部X線検査判定=cxr:J|尿酸値=ua|腹部超音波検査判定=us:J|便潜血=fob|総合判定=g_all|メタボリック判定=mets|医師の診断=opinion|医師名=doctor|既往歴=hxr|具体的な既往歴=hx|自覚症状=subj|自覚症状所見=subj_t
他覚症状=obj|他覚症状所見=obj_t|保健指導レベル=level|服薬・血圧=q1|服薬・血糖=q2|服薬・コレステロール=q3|脳卒中=q4|心臓病=q5|慢性腎臓病=q6|貧血=q7|たばこ=q8|体重１０㌔増=q9|汗かく運動=q10|歩行１時間以上=q11|歩く速度=q12|食事噛む状態=q13
食べる速度=q14|就寝前食事=q15|間食=q16|朝食抜き=q17|お酒・頻度=q18|お酒・量=q19|睡眠=q20|改善の意思=q21|指導受診意思=-text
"""

_UNION = """
社員番号=empno|組合コード=-number|受診者ID=id|保険証記号=symbol|保険証番号=number|続柄=-text|枝番=branch|所属コード=-number|所属名称=sect|加入番号=-number|扶養番号=-number|受診者区分=-text|性別=sex|氏名漢字=name|氏名カナ=kana|生年月日=birth
実施年度=-number|年齢=age|受診日=date|健診区分=course|医療機関コード=-text|医療機関名称=instname|機関コード=inst|機関名称=-text|機関住所=institution.address~-text|受付NO=visit|身長=height|体重=weight|BMI=bmi|内臓脂肪面積=visceral|腹囲=waist|業務歴=work
既往歴=hx|自覚症状=subj_t|他覚症状=obj_t|収縮期血圧(その他)=sbp|収縮期血圧(２回目)=sbp2|収縮期血圧(１回目)=sbp1|拡張期血圧(その他)=dbp|拡張期血圧(２回目)=dbp2|拡張期血圧(１回目)=dbp1|採血時間=draw|総コレステロール=tc|中性脂肪=tg
HDLコレステロール=hdl|LDLコレステロール=ldl|GOT(AST)=ast|GPT(ALT)=alt|γ-GT(γ-GTP)=ggt|血清クレアチニン=cre|血清尿酸=ua|空腹時血糖=fbs|随時血糖=cbs|HbA1c=-|HbA1c(NGSP)=a1c|尿糖=uglu|尿蛋白=upro|尿潜血=uob|尿素窒素=bun|尿ウロビリノーゲン=uuro
ヘマトクリット値=ht|血色素量(ヘモグロビン値)=hb|赤血球数=rbc|貧血検査実施理由=2A020161001930149~text|白血球数=wbc|血小板数=plt|血清アミラーゼ=amy|心電図(所見)=ecg|心電図(実施理由)=9A110161000000049~text|胸部X線検査(所見)=cxr|胸部X線検査(撮影年月日)=cxr_d
喀痰検査(塗抹鏡検 一般細菌)(所見)=6A010160806170449~findings|喀痰検査(塗抹鏡検 抗酸菌)=6A205000006171711~graded|喀痰検査(ガフキー号数)=6A205165606171711~code|便潜血=fob|視力(裸眼右)=va_r|視力(矯正右)=vc_r|視力(裸眼左)=va_l|視力(矯正左)=vc_l
聴力(右1000Hz)=hr1|聴力(右4000Hz)=hr4|聴力(左1000Hz)=hl1|聴力(左4000Hz)=hl4|聴力(その他の所見)=9D100160900000049~findings|眼底検査(キースワグナー分類)=kw|眼底検査(シェイエ分類:H)=schh|眼底検査(シェイエ分類:S)=schs
眼底検査(SCOTT分類)=9E100166300000011~code|眼底検査(その他の所見)=fundus|眼底検査(実施理由)=9E100161000000049~text|その他の法定特殊健康診断=9N406000000000049~text|その他の法定検査=9N411000000000049~text|その他の検査=9N416000000000049~text|追加項目1=-|追加項目2=-
BMI判定=bmi:J|内臓脂肪面積判定=visceral:J|腹囲判定=waist:J|血圧判定=g_bp|総コレステロール判定=tc:J|中性脂肪判定=tg:J|HDLコレステロール判定=hdl:J|LDLコレステロール判定=ldl:J|GOT(AST)判定=ast:J|GPT(ALT)判定=alt:J|γ-GT(γ-GTP)判定=ggt:J
血清クレアチニン判定=cre:J|血清尿酸判定=ua:J|空腹時血糖判定=fbs:J|随時血糖判定=cbs:J|HbA1c判定=-|HbA1c（NGSP)判定=a1c:J|尿糖判定=uglu:J|尿蛋白判定=upro:J|尿潜血判定=uob:J|尿素窒素判定=bun:J|尿ウロビリノーゲン判定=uuro:J|ヘマトクリット値判定=ht:J
血色素量(ヘモグロビン値)判定=hb:J|赤血球数判定=rbc:J|白血球数判定=wbc:J|血小板数判定=plt:J|視力(右)判定=va_r:J|視力(左)判定=va_l:J|追加項目判定1=-|コメント=-text|総合判定=g_all|受診勧奨区分=-text|指導状態=-text|再検査区分=-text|一次健診日=-date|結果通知区分=-text
メタボリック判定(血圧リスク)=-text|メタボリック判定(血糖リスク)=-text|メタボリック判定(脂質リスク)=-text|メタボリック判定(リスクカウント)=-number|支援レベル(血圧リスク)=-text|支援レベル(喫煙リスク)=-text|メタボリックシンドローム判定=mets|支援レベル=level|医師の診断(判定)=opinion
健康診断を実施した医師の氏名=doctor|医師の意見=9N521000000000049~text|意見を述べた医師の氏名=9N526000000000049~name|歯科医師による健康診断=9N531000000000049~text|歯科医師による健康診断を実施した歯科医師の氏名=9N536000000000049~name|歯科医師の意見=9N541000000000049~text
意見を述べた歯科医師の氏名=9N546000000000049~name|備考=9N551000000000049~text|服薬１_血圧=q1|血圧_薬剤=9N701167000000049~text|血圧_服薬理由=9N701167100000049~text|服薬２_血糖=q2|血糖_薬剤=9N706167000000049~text|血糖_服薬理由=9N706167100000049~text|服薬３_脂質=q3
脂質_薬剤=9N711167000000049~text|脂質_服薬理由=9N711167100000049~text|既往歴１_脳血管=q4|既往歴２_心血管=q5|既往歴３_腎不全人工透析=q6|貧血=q7|喫煙=q8|２０歳からの体重変化=q9|３０分以上の運動習慣=q10|歩行又は身体活動=q11|歩行速度=q12|１年間の体重変化=-text
食べ方１_早食い等=q14|食べ方２_就寝前=q15|食べ方３_夜食間食=-text|食習慣=q17|飲酒=q18|飲酒量=q19|睡眠=q20|生活習慣の改善=q21|保健指導の希望=9N806000000000011~code|報告対象区分=-text|保健指導からの除外=-text|取込年月日=-date|胸部X線判定=cxr:J
"""

_GROUP = """
CSVフォーマットVer=-text|提出先=-text|データ作成者=-text|データ作成日=-date|データ提出日=-date|団体コード=-text|事業所コード=-number|事業所名称=emp|個人ID=id|漢字氏名=name|カナ氏名=kana|生年月日=birth|性別=sex|保険者番号=insurer|保険証記号=symbol|保険証番号=number|続柄=-text|予備=-|予備=-
受診券整理番号=ticket|受診券有効期限=ticket.expires~-date|コース名称=course|受診日=date|施設/巡回区分=-text|健診機関名称=instname|[Met]特定健診機関番号=inst|[Met]健診実施医師名=doctor|産業医判定区分=-|就労区分=-|産業医コメント=-|診察判定区分名称=AK00152~judgement|診察所見=-text
自覚症状など=subj_t|治療中疾病有無区分=-text|治療中疾病名（文字）=-text|既往疾病有無区分=hxr|既往疾病名（文字）=hx|総合判定区分名称=g_all|総合判定コメント=-text|身長=height|体重=weight|BMI=bmi|腹囲=waist|体脂肪率=fat|内臓脂肪面積=visceral|5m視力裸眼右=va_r|　データ属性=-text|5m視力裸眼左=va_l
　データ属性=-text|5m視力矯正右=vc_r|　データ属性=-text|5m視力矯正左=vc_l|　データ属性=-text|近点視力裸眼右=AK00005~number|近点視力裸眼左=AK00006~number|近点視力矯正右=AK00007~number|近点視力矯正左=AK00008~number|視力矯正区分=-text|聴力右1K所見区分=hr1|聴力右1K(dB)=AK00021~hearing
聴力左1K所見区分=hl1|聴力左1K(dB)=AK00022~hearing|聴力右4K所見区分=hr4|聴力右4K(dB)=AK00023~hearing|聴力左4K所見区分=hl4|聴力左4K(dB)=AK00024~hearing|聴力会話法=AK00025~text|聴力所見（文字）=9D100160900000049~findings|収縮期血圧（報告値）=sbp|拡張期血圧（報告値）=dbp
収縮期血圧1回目=sbp1|拡張期血圧1回目=dbp1|収縮期血圧2回目=sbp2|拡張期血圧2回目=dbp2|心電図実施区分=-text|心電図未実施理由=-|心電図判定区分名称=ecg:J|心電図所見（文字）=ecg|心拍数=pulse|[Met]心電図所見有無=ecg_f|[Met]心電図対象者=9A110161600000011~code|[Met]心電図実施理由=9A110161000000049~text
胸部X線実施区分=-text|胸部X線未実施理由=-|胸部X線撮影区分=-text|胸部X線判定区分名称=cxr:J|胸部X線部位・所見（文字）=cxr|心胸比=-number|[Met]胸部X線所見有無=cxr_f|胸部CT判定区分名称=-text|胸部CT部位・所見（文字）=9N251160800000049~findings|喀痰細胞診結果=7A010000006143311~code
肺活量=-number|１秒量=fev1|努力肺活量=fvc|１秒率=fev1p|％肺活量=vcp|％１秒量=AK00076~number|肺機能換気障害区分=-text|眼底右シェイエ=-text|眼底左シェイエ=-text|眼底右Scott=-text|眼底左Scott=-text|眼底右KW=AK00011~text|眼底左KW=AK00012~text|眼底右その他所見（文字）=AK00017~findings
眼底左その他所見（文字）=AK00018~findings|[Met]眼底検査（対象者）=9E100161600000011~code|[Met]眼底検査（実施理由）=9E100161000000049~text|眼圧右=iop_r|眼圧左=iop_l|腹部超音波実施区分=-text|腹部超音波判定区分名称=us:J|腹部超音波部位・所見（文字）=us|尿糖定性=uglu|尿蛋白定性=upro|尿潜血定性=uob
尿ウロビリノーゲン定性=uuro|尿比重=ugrav|尿pH=uph|尿沈渣赤血球=1A105000000166251~text|尿沈渣白血球=1A105000000166252~text|尿沈渣扁平上皮=AK00029~text|尿沈渣顆粒円柱=AK00031~text|尿沈渣ガラス円柱=AK00030~text|尿沈渣細菌=AK00032~text|尿沈渣その他=1A105000000166294~text|赤血球数=rbc|血色素量=hb
ヘマトクリット=ht|白血球数=wbc|血小板数=plt|MCV=mcv|MCH=mch|MCHC=mchc|[Met]貧血検査（実施理由）=2A020161001930149~text|好中球(Neut)=neut|棹状核球(Stab)=2A160000001960352~number|分葉核球(Seg)=2A160000001960353~number|好酸球(Eosino)=eos|好塩基球(Baso)=baso|リンパ球(Lympho)=lymph
単球(Mono)=mono|異形リンパ球(A-Lympho)=AK00082~number|骨髄球(Myelo)=AK00080~number|後骨髄球(Meta)=AK00081~number|白血球分画その他=2A160000001960377~number|その他の内容=-text|血清鉄=fe|フェリチン=ferritin|血液型ABO=abo|血液型Rh=rh|食後時間区分=draw|生理区分=-text|妊娠区分=-text|乳び=-text|溶血=-text
血清総蛋白=tp|血清アルブミン=alb|A/G比=ag|尿中アルブミン=3A015000000106101~number|AST(GOT)=ast|ALT(GPT)=alt|γ-GTP=ggt|ALP=alp|LDH=ld|コリンエステラーゼ=che|LAP=lap|総ビリルビン=tbil|直接ビリルビン=dbil|CPK=ck|　レベル区分=-text|BNP=AK00132~number|　レベル区分=-text|総コレステロール=tc
HDLコレステロール=hdl|LDLコレステロール=ldl|中性脂肪=tg|non-HDLコレステロール=nonhdl|空腹時血糖=fbs|随時血糖=cbs|HbA1c(NGSP)=a1c|膵機能判定区分名称=AK00102~judgement|血清アミラーゼ=amy|膵アミラーゼ=-number|尿酸=ua|尿素窒素=bun|血清クレアチニン=cre|eGFR=egfr
[Met]血清クレアチニン対象=3C015161602399911~code|[Met]血清クレアチニン実施理由=3C015161002399949~text|ナトリウム=na|カリウム=k|クロール=cl|カルシウム=ca|マグネシウム=AK00134~number|無機リン=p|HBs抗原定性=hbs|HBs抗体定性=AK00090~text|HCV抗体定性=hcv|HBs抗原定量=AK00136~text|HBs抗体定量=AK00137~text
HCV抗体定量=AK00138~text
"""


# Found last and never tuned for: a private health notebook, a mobile unit's entry form, a care home's staff list.
_NOTEBOOK = """
受診日=date|検査種別=course|身長=height|体重=weight|腹囲=waist|右視力(裸眼)=va_r|左視力(裸眼)=va_l|右視力(矯正)=vc_r|左視力(矯正)=vc_l|右聴力1000=hr1|左聴力1000=hl1|右聴力4000=hr4|左聴力4000=hl4|血圧(上)=sbp1|血圧(下)=dbp1|レントゲン=cxr|心電図=ecg|内科診察=-text
総蛋白=tp|アルブミン=alb|総ビリルビン=tbil|GOT=ast|GPT=alt|ALP=alp|γ-GTP=ggt|総コレステロール=tc|LDL=ldl|HDL=hdl|中性脂肪=tg|尿酸=ua|尿素窒素=bun|クレアチニン=cre|アミラーゼ=amy|空腹時血糖=fbs|HbA1c=a1c|白血球=wbc|赤血球=rbc|血色素=hb|ヘマトクリット=ht|MCV=mcv|MCH=mch|MCHC=mchc
血清鉄=fe|血小板=plt|尿糖=uglu|尿蛋白=upro|尿潜血=uob|便潜血=fob|メモ=-text|眼圧(右)=iop_r|眼圧(左)=iop_l|コンタクト度数(右)=-number|コンタクト度数(左)=-number|乱視度数(右)=-number|乱視度数(左)=-number|軸度(右)=-number|軸度(左)=-number|CEA=cea|AFP=afp|PSA=psa|CA19-9=ca199|CA125=ca125
"""
_FORM = """
視力右裸眼=va_r|視力右矯正=vc_r|視力左裸眼=va_l|視力左矯正=vc_l|視力_自由入力=-text|胸部X線フィルム番号=9N211161200000049~text|胃部X線フィルム番号=9N256161200000049~text|塵肺=-text|アスベスト=-text|胸部X線_自由入力=-text|空腹時間（時）=-number|空腹時間（分）=-number|食後時間_自由入力=-text|尿蛋白定性=upro
尿糖定性=uglu|尿潜血=uob|尿ウロビリノーゲン定性=uuro|ケトン体（アセトン体）=uket|尿PH=uph|尿検査_自由入力=-text|1回目最高血圧=sbp1|1回目最低血圧=dbp1|2回目最高血圧=sbp2|2回目最低血圧=dbp2|血圧_自由入力=-text|脈拍=pulse|脈_自由入力=-text|身長=height|体重=weight|腹囲=waist|身体計測_自由入力=-text
聴力(右)1000Hz=hr1|聴力(左)1000Hz=hl1|聴力(右)4000Hz=hr4|聴力(左)4000Hz=hl4|聴力_自由入力=-text|巡回診察=-text|結膜貧血=-text|甲状腺腫大=-text|心雑音=-text|脈の異常=-text|呼吸音異常=-text|その他=-text
"""
_CARE = """
職員ID=empno|氏名=name|健診日=date|身長=height|体重=weight|BMI=bmi|腹囲=waist|収縮期血圧=sbp1|拡張期血圧=dbp1|右眼視力=va_r|左眼視力=va_l|総合判定=g_all|要再検査=-text|医師所見=opinion|AST_GOT=ast|ALT_GPT=alt|γGTP=ggt|総コレステロール=tc|中性脂肪=tg|HDLコレステロール=hdl|LDLコレステロール=ldl
クレアチニン=cre|eGFR=egfr|血糖=fbs|白血球数=wbc|赤血球数=rbc|ヘモグロビン=hb|ヘマトクリット=ht|血小板数=plt|尿蛋白=upro|尿糖=uglu|尿潜血=uob
"""


def found_last() -> list[Unseen]:
    """Three more, found when all else was done."""
    texts = {"notebook": _NOTEBOOK, "form": _FORM, "care": _CARE}
    return [_one_row(name, _entries(text)) for name, text in texts.items()]


def found() -> list[Unseen]:
    """The three layouts, each with one heading row."""
    texts = {"staff": _STAFF, "union": _UNION, "group": _GROUP}
    return [_one_row(name, _entries(text)) for name, text in texts.items()]
