"""Hiding in a citizen's words what tells who he is. Pure.

Found are numbers of persons (telephone, identity card, bank card, plates, chat handles, mail), the reporter's
name where it is known, and what people say of themselves: their name, work, relatives, home. What is hidden
is as long as it was, so that the passages that led to a finding keep their places. It errs towards hiding:
the original can be opened with a reason.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

SIGN = "×"
LONGEST = 20_000


class PrivateKind(StrEnum):
    """What a passage would tell: text keys under `access.private.`."""

    PHONE = "phone"
    ID_NUMBER = "id_number"
    CARD = "card"
    PLATE = "plate"
    HANDLE = "handle"
    NAME = "name"
    SELF = "self"


@dataclass(frozen=True, slots=True)
class Private:
    """One passage, in characters of the text."""

    start: int
    end: int
    kind: PrivateKind


_D = r"[0-9０-９]"
_S = r"[\s\u200b\u200c\u200d\ufeff\-－—–.·_*]{0,2}"
_H = r"[\u4e00-\u9fff]"
_SPOKEN = r"[零〇一二三四五六七八九幺两]"
_TRADES = (
    "会计|出纳|财务|文员|前台|保安|门卫|司机|厨师|老师|教师|讲师|教务|助教|班主任|监考员?|考务员?|考评员|"
    "安全员|安管员|资料员|质检员|班组长|班长|组长|队长|车间主任|厂长|经理|主管|主任|科长|店长|业务员|销售|"
    "电工|焊工|钳工|叉车工|架子工|操作工|工人|员工|职工|临时工|实习生|学员|学生|考生|负责人|法人|股东|合伙人"
)
_KIN = (
    "老公|老婆|丈夫|妻子|爱人|对象|儿子|女儿|父亲|母亲|爸爸?|妈妈?|哥哥?|弟弟?|姐姐?|妹妹?|"
    "表[哥弟姐妹]|堂[哥弟姐妹]|侄子|外甥|舅舅?|叔叔?|姑姑?|姨"
)
_SURNAMES = (
    "欧阳|慕容|司马|上官|诸葛|东方|尉迟|皇甫|[王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余"
    "潘杜戴夏钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文庞樊兰殷施陶洪翟安颜倪严牛温芦季俞章鲁葛伍韦申尤毕聂"
    "丛焦向柳邢路岳齐沿梅莫庄辛管祝左涂谷祁时舒耿牟卜路詹关苗凌费纪靳盛童欧甄项曲成游阳裴席卫查屈鲍位覃霍翁隋植甘景薄单包司柏宁柯阮桂闵解强丘华车冉房边]"
)
_PATTERNS: Sequence[tuple[PrivateKind, re.Pattern[str]]] = (
    (PrivateKind.ID_NUMBER, re.compile(rf"(?<!{_D})(?:{_D}{_S}){{17}}[0-9０-９XxＸｘ](?!{_D})")),
    (PrivateKind.PHONE, re.compile(rf"(?<!{_D})[1１]{_S}[3-9３-９](?:{_S}{_D}){{9}}(?!{_D})")),
    (PrivateKind.PHONE, re.compile(rf"(?<!{_D})[0０]{_D}{{2,3}}{_S}{_D}{{7,8}}(?!{_D})")),
    (PrivateKind.PHONE, re.compile(rf"(?<!{_SPOKEN})[一幺](?:{_S}{_SPOKEN}){{10}}(?!{_SPOKEN})")),
    (PrivateKind.CARD, re.compile(rf"(?<!{_D}){_D}(?:{_S}{_D}){{15,18}}(?!{_D})")),
    (
        PrivateKind.PLATE,
        re.compile(
            r"[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][A-Z][·•\s]?[A-Z0-9]{5,6}(?![A-Z0-9])"
        ),
    ),
    (
        PrivateKind.HANDLE,
        re.compile(
            r"(?i)(?:微信|weixin|wechat|[vw][x信]|扣扣|qq|抖音|快手)(?:号码?|群)?[\s:：是为]{0,4}(?P<it>[a-z0-9][a-z0-9_\-]{4,23})"
        ),
    ),
    (
        PrivateKind.HANDLE,
        re.compile(r"(?i)(?<![\w.])(?P<it>[\w.+-]{1,40}@[\w-]{1,40}(?:\.[\w-]{2,20}){1,3})", re.ASCII),
    ),
    (
        PrivateKind.HANDLE,
        re.compile(
            r"(?:工号|学号|考号|准考证号|员工号|身份证号?|证件号)[\s:：是为]{0,4}(?P<it>[A-Za-z0-9]{4,24})"
        ),
    ),
    (
        PrivateKind.NAME,
        re.compile(
            rf"(?:我叫|我的名字叫?是?|我名叫|本人姓名[是为:：]?|姓名[:：]\s?|联系人[是为:：]\s?|举报人[:：]\s?|此致[\s\S]{{0,8}}?敬礼\s*)(?P<it>{_H}[{chr(0xB7)}]?{_H}{{1,3}}?)(?=[，。,.;；、！!\s（(]|$|电话|手机|今年|是|在|住|男|女)"
        ),
    ),
    (
        PrivateKind.NAME,
        re.compile(rf"[，,]叫(?P<it>(?:{_SURNAMES}){_H}{{1,2}})(?=[，。,.;；、！!\s（(]|$|电话|手机)"),
    ),
    (PrivateKind.NAME, re.compile(rf"我(?:免贵)?姓(?P<it>{_H})(?!{_H}{{0,2}}姓)")),
    (
        PrivateKind.SELF,
        re.compile(
            rf"(?:我(?:就|也|以前|曾经|原来|现在|原)?(?:是|当过|做过|干过)|(?<![\u4e00-\u9fff])本人(?:是|系|为)?|(?<![元钱款费])作为|身为)(?P<it>[^，。；！？\n,;!?我]{{0,18}}?(?:{_TRADES}){{1,3}})(?!们)"
        ),
    ),
    (
        PrivateKind.SELF,
        re.compile(
            r"我(?:以前|曾经|原来|现在|目前)?在(?P<it>[^，。；！？\n,;!?我]{1,16}?(?:上班|工作|打工|干活|任职|当(?!场|时|天|地)[^，。；！？\n]{1,5}|做(?!题|假|完)[^，。；！？\n]{1,5}))"
        ),
    ),
    (
        PrivateKind.SELF,
        re.compile(rf"我(?:的|家)?(?P<it>(?:{_KIN})(?:也|就)?(?:在|是|跟着)[^，。；！？\n,;!?我]{{1,16}})"),
    ),
    (
        PrivateKind.SELF,
        re.compile(r"(?:我(?:们)?家?|本人|家)(?:就|现)?住(?:在)?(?P<it>[^，。；！？\n,;!?]{2,24})"),
    ),
    (
        PrivateKind.SELF,
        re.compile(
            rf"[，,。；;](?:现|曾|曾经|一直|原来)?在(?P<it>[^，。；！？\n,;!?他她]{{1,16}}?(?:上班|打工|当(?:{_TRADES})))"
        ),
    ),
    (
        PrivateKind.SELF,
        re.compile(
            r"(?P<it>第[一二三四五六七八九十\d]{1,4}(?:期|批|考场|机位|车间)[^，。；！？\n,;!?]{0,6}?(?:班|学员|考生|\d{1,3}号)?)"
        ),
    ),
)


_TITLES = (
    "先生|女士|同学|师傅|老师|讲师|教练|主任|经理|校长|院长|厂长|站长|科长|队长|组长|班长|所长|考官|监考|会计|出纳|"
    "老板|总"
)
_PEOPLE = (
    re.compile(rf"(?<!{_H})(?P<it>(?:{_SURNAMES}){_H}{{0,2}}?(?:{_TITLES}))(?!{_H}?[局部办级])"),
    re.compile(
        rf"(?<![\u4e00-\u9fff])(?P<it>(?:{_SURNAMES}){_H}{{1,2}})(?=[，,（(]\s?(?:男|女|身份证|电话|手机|\d{{2}}岁))"
    ),
    re.compile(
        rf"(?:由|向|给|找|问|据|经|让|和|与|对|是|叫|名为|老师|教师|负责人|法人|校长|经理|讲师|监考员?|员工|学员|证人|举报人)[：:]?(?P<it>(?:{_SURNAMES})(?![承反表签收负组安提说称作]){_H}{{1,2}})"
        r"(?=说|称|表示|承认|反映|证实|签字|签名|收取|收了|收款|负责|组织|安排|作|提供|、|，|。|（|\()"
    ),
)


def find_people(text: str) -> list[Private]:
    """What reads like the name of a person, with a title, a mark of a person, or a verb of speaking beside it.

    It errs towards finding: for a warning, on which a person looks. Nothing is hidden by it.
    """
    found = [
        Private(*match.span("it"), PrivateKind.NAME)
        for pattern in _PEOPLE
        for match in pattern.finditer(text[:LONGEST])
    ]
    return _merge(found)


def find_private(text: str, *, names: Iterable[str] = (), numbers: Iterable[str] = ()) -> list[Private]:
    """Every passage that tells who the writer is, in order, none within another.

    `names`, `numbers`: what is known of him.
    """
    found = [
        Private(*match.span("it" if "it" in pattern.groupindex else 0), kind)
        for kind, pattern in _PATTERNS
        for match in pattern.finditer(text[:LONGEST])
    ]
    return _merge([*found, *find_known(text, names=names, numbers=numbers)])


def find_known(text: str, *, names: Iterable[str], numbers: Iterable[str]) -> list[Private]:
    """Only what is known of the writer, however it is spelt."""
    known = ((PrivateKind.NAME, _name_forms(names)), (PrivateKind.PHONE, _number_forms(numbers)))
    return _merge(
        Private(*match.span(), kind)
        for kind, values in known
        for value in values
        for match in _loosely(value).finditer(text)
    )


def _name_forms(names: Iterable[str]) -> list[str]:
    """The name, and the given name alone where it is long enough to mean a person."""
    forms: list[str] = []
    for name in names:
        plain = "".join(unicodedata.normalize("NFKC", name).split())
        if len(plain) >= 2:
            forms.append(plain)
        if len(plain) == 3 and not plain.isascii():
            forms.append(plain[1:])
    return forms


def _number_forms(numbers: Iterable[str]) -> list[str]:
    digits = (
        "".join(ch for ch in unicodedata.normalize("NFKC", number) if ch.isdecimal()) for number in numbers
    )
    return [one for one in digits if len(one) >= 5]


def _loosely(value: str) -> re.Pattern[str]:
    """The value also with blanks or dots between, digits also full-width."""
    parts = [
        f"[{ch}{chr(ord(ch) + 0xFEE0)}]" if ch.isdecimal() and ch.isascii() else re.escape(ch) for ch in value
    ]
    return re.compile(_S.join(parts))


def _merge(found: Iterable[Private]) -> list[Private]:
    merged: list[Private] = []
    for one in sorted(found, key=lambda one: (one.start, -one.end)):
        if merged and one.start < merged[-1].end:
            last = merged[-1]
            merged[-1] = Private(last.start, max(last.end, one.end), last.kind)
        elif one.start < one.end:
            merged.append(one)
    return merged


def mask(text: str, private: Iterable[Private]) -> str:
    """The text with these passages hidden; as long as before."""
    characters = list(text)
    for one in private:
        for place in range(one.start, min(one.end, len(characters))):
            if not characters[place].isspace():
                characters[place] = SIGN
    return "".join(characters)


def redact(text: str, *, names: Iterable[str] = (), numbers: Iterable[str] = ()) -> str:
    """The text without what tells who wrote it."""
    return mask(text, find_private(text, names=names, numbers=numbers))
