"""Names of the accused: bodies and people, each exactly as it stands in the text.

A body's name is what stands before an ending such as 培训学校 or 有限公司, back to the first word that cannot
belong to a name. A person is named only by a surname with a given name, beside a title or a deed.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable

# The legal and common endings, longer ones first.
_ENDINGS = (
    "职业技能培训学校", "职业技术培训学校", "职业培训学校", "安全技术培训中心", "安全技能考试中心", "安全技术培训学校", "安全培训学校",
    "职业技能培训中心", "安全生产培训中心", "安全培训中心", "技能培训学校", "技术培训学校", "技能培训中心", "技术培训中心", "安全咨询服务有限公司",
    "股份有限公司", "有限责任公司", "有限公司", "培训学校", "培训中心", "培训机构", "培训基地", "考试中心", "考务中心", "考核中心", "考试机构",
    "考评中心", "考核站", "考试站", "实操基地", "服务中心", "教育中心", "技工学校", "安全培训", "安培中心", "安培学校", "安培", "职校", "考点", "考试点", "分公司", "分校", "总公司",
    "公司", "集团", "加工点", "加工厂", "养殖场", "屠宰场", "面粉厂", "机械厂", "化工厂", "家具厂", "服装厂", "木器厂", "铸造厂", "食品厂", "塑料厂",
    "包装厂", "印刷厂", "冷冻厂", "纸厂", "鞋厂", "砖厂", "电池厂", "玩具厂", "油脂厂", "饲料厂", "制药厂", "农药厂", "酒厂", "钢厂", "铝厂", "厂",
    "合作社", "加油站", "加气站", "液化气站", "充气站", "气站", "油库", "商行", "经营部", "门市部", "服务部", "打印店", "图文店", "文印店", "图文", "文印", "商场", "超市",
    "大酒店", "酒店", "宾馆", "饭店", "医院", "物流园", "市场", "工作室", "研究院", "事务所", "俱乐部", "驾校", "健身", "幼儿园", "研究所", "矿业",
    "官网", "查询网", "服务网", "证书网", "信息网", "网站", "查询平台", "平台", "学院", "学堂", "教育", "职教", "商砼", "仓储", "驿站", "设备租赁", "培训部", "KTV", "ktv",
)  # fmt: skip
# Trades that serve as a short name without a legal form: 百佳塑料, 裕丰源面业.
_TRADES = (
    "再生金属", "塑料制品", "塑料", "速冻", "面业", "食品", "家居", "家具", "服饰", "制衣", "服装", "冷链", "化工", "机械", "建材", "纺织", "鞋业", "电子",
    "印刷", "包装", "彩钢", "钢构", "物流", "科技", "实业", "制品", "铸造", "铸业", "门业", "木业", "粮油", "油脂", "牧业", "生物", "药业", "制药", "置业", "装饰",
    "汽修", "幕墙", "物业", "纸业", "肉业", "饲料", "金属", "铝业", "新材料", "能源", "重工", "重机", "机电", "电气", "水泥", "商混", "混凝土", "玻璃", "陶瓷", "橡胶", "涂料", "安装", "建设", "建筑",
    "劳务", "环保", "农业", "乳业", "饮料", "酒业", "烟花", "气体", "燃气", "石化", "冶金", "特钢", "钢铁", "锻造", "模具", "精密", "五金", "电器", "电缆", "线缆", "光伏", "日化", "电力", "安防", "冷库", "肉联", "调味品", "休闲食品",
    "公考", "保洁", "清洗", "石材", "皮革", "皮业", "卫材", "仪表", "特气", "热处理", "电镀", "染织", "粉业", "糖业", "盐业", "米业", "车业",
)  # fmt: skip
_STOPS = (
    "的", "在", "叫", "是", "去", "到", "报", "找", "给", "跟", "和", "与", "从", "把", "被", "向", "对", "举报", "反映", "投诉", "一家", "名叫", "名为", "位于",
    "就是", "来", "让", "说", "关于", "现就", "送", "进", "该", "某", "我们", "他们", "还有", "有个", "有家", "这个", "那个", "这家", "那家", "们", "我", "俺", "了", "着",
    "个", "为", "于", "等", "及", "或", "不", "没", "就", "都", "也", "又", "有", "嘞", "搁", "将", "由", "过", "请", "查", "帮", "您", "你", "恁", "他", "她", "但", "因", "原来", "现在", "当时",
    "属于", "属", "开着", "开了", "隔壁", "附近", "旁边", "对面", "后面", "前面", "楼上", "楼下", "院里", "门口", "负责人", "老板", "校长", "厂名", "名称", "单位", "称", "以", "用", "看", "被告", "家住", "那", "这", "上", "里", "些", "本市", "我市", "什么", "哪", "全", "各", "所有",
    "住在", "路过", "考", "年", "月", "日", "号", "天", "次", "元", "块", "两", "几", "多", "很", "太", "真", "好", "坏", "新开", "老的", "管", "干", "当", "做", "搞", "办", "开", "收", "卖", "买", "比", "像", "如", "并", "且", "而", "则", "才", "只", "最", "更", "每", "今", "昨", "明", "前年", "去年", "今年", "去过", "附", "隶属", "所谓", "一个", "参加", "承包", "挂靠", "关联", "冒充", "自称", "号称", "假冒", "所", "至", "处",
)  # fmt: skip
_SHORT_STOPS = {stop for stop in _STOPS if len(stop) == 1}
# A stop character that names also hold: 和 in 信和, 明 in 昌明. They stop only at the very beginning of a longer run.
_INSIDE_NAMES = frozenset("和明新全来日月年天上家多当真好开比如前处对")
_GENERIC = re.compile(
    r"安全生产|安全|生产|职业|技能|技术|特种作业|特种|作业|电工|焊工|焊接|登高|高处|培训|考试|考务|考核|教育|咨询|服务|学校|机构|中心|基地|单位|公司|企业|工厂|化工|食品|机械|服装|家具"
    r"|塑料|包装|印刷|物流|园区|工业|产业|集聚|园|区|市|县|镇|乡|村|街道|办事处|街|路|社区|大型|小型|私人|民营|国营|正规|专业|理论|实操|城区|县城|北|南|东|西|中|老|大|小|新|旧|一|二|三|四|五|六|七|八|九|十|第|号楼|楼|层"
    r"|漯河|河南|省|应急|管理|局|厅|部|官方|官|查询|证书|证件|假|黑|建筑|施工|建设|安装|劳务|外包|派遣|加工|制造|制品|速冻|冷冻|面粉|木器|铸造|砖瓦|养殖|屠宰|粮油|饲料|制药|农药|化肥|油漆|涂料|氨|危险|化学品|废弃|废旧|再生|金属|家居|纺织|制衣|鞋|电子|科技|实业|门业|木业|装修|装饰|幕墙|保洁|清洗|外墙|彩钢|钢构|彩板|商|人|家|男|女|网|网络|网上|手机|app|微信|抖音|直播|交易|购物|同城|本地|外地|市场|监控|监考|考场|考生|厂|店|站|点|场|院|库|铝|钢|铁|铜|纸|酒|气|油|粉|面|木|皮|肉|冷|热|水|电|汽|车|船|煤|砖|瓦|石|玻璃|陶瓷|水泥|五金|仓储|打印|复印|图文|加油|液化|充装|炼|熔炼|冶炼|烟花|爆竹|鞭炮|小吃|连锁|品牌|国家|全国|中国|统一|政府|主管|上级|有关|相关|合作|定点|指定|挂牌|注册|外|内|本|校|班"
)
_NAMED = re.compile(
    r"(?:名叫|名字叫|名字是|名称是|名称为|名称:|厂名叫|厂名是|厂名|厂子叫|公司叫|公司名叫|公司名|公司是|学校叫|学校名|店名叫|店名|单位叫|单位名|牌子是|挂牌是|牌子叫|牌子上写|招牌是|招牌写|全称|全名|字号|对外叫|叫做|叫作|网站叫|那家叫|企业叫|机构叫|中心叫|就叫|叫个|叫)"
)
_SURNAMES = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜戚谢邹喻柏水窦章云苏潘葛奚范彭郎鲁韦昌马苗凤花方俞任袁柳酆鲍史唐费廉岑薛雷贺倪汤滕殷罗毕郝邬安常乐于时傅皮卞齐康伍余元卜顾孟平黄穆萧尹姚邵湛汪祁毛禹狄米贝明臧计伏成戴谈宋茅庞熊纪舒屈项祝董梁杜阮蓝闵席季麻强贾路娄危江童颜郭梅盛林刁钟徐邱骆高夏蔡田樊胡凌霍虞万支柯管卢莫经房裘缪干解应宗丁宣邓郁单杭洪包诸左石崔吉龚程嵇邢裴陆荣翁荀羊惠甄曲家封储靳邴段富巫乌焦巴弓牧山谷车侯全班秋仲伊宫宁仇栾甘祖武符刘景詹束龙叶幸司黎薄印白蒲从鄂索赖卓蔺屠蒙池乔阴胥能苍双闻党翟谭贡劳姬申扶堵冉宰雍桑桂濮牛寿边燕冀尚农温别庄晏柴瞿阎闫充慕连茹习宦艾鱼容向古易慎戈廖终居衡步都耿满弘匡国文寇广禄阙东欧殳沃利蔚越隆师巩聂晁勾敖融冷辛阚那简饶空曾沙养鞠须丰巢关蒯相查后荆红游竺权盖益桓"
_TITLES = "校长|副校长|老板|老板娘|主任|副主任|经理|总经理|厂长|副厂长|站长|考官|主考|监考员|监考|考评员|中介|负责人|法人|教务|班主任|科长|队长|包工头|组长|安全员|教练|讲师|员工|干部|所长|院长|会计|领导|贩子|黄牛|代理|头目|头子|实际控制人|承包人|店主|工头|一个叫|有个叫|名叫|名字叫|那个叫|人叫|男的叫|女的叫|姓名|叫"
_PERSON = re.compile(
    rf"(?:{_TITLES}|的|给|是|收款人|户名|由|找|被|跟|向|公司|学校|中心|考点|厂|机构|姓名:|[，。；、：\s“（(])([{_SURNAMES}][\u4e00-\u9fff]{{1,2}})(?=[，。；、：）)（(\s”]|的|说|收|带|给|让|在|负责|这人|本人|亲自|等|还|就|把|每|拿|出面|先生|女士|主任|校长|经理|厂长|站长|老板|和|跟|也|威胁|昨|今|找|承诺|保证|组织|安排|操|开|手|$)"
)
_PERSON_AFTER = re.compile(
    r"^(主任|校长|经理|厂长|站长|老板|带人|收|安排|组织|承诺|保证|亲自|负责|这人|说|威胁|开|手里|拿|指使|出面|让)"
)
_TITLE_BEFORE = re.compile(rf"(?:{_TITLES})$")
_VICTIM = re.compile(
    r"(?:我叫|俺叫|我是|本人|我姓|俺娃叫|孩子叫|儿子叫|娃叫|女儿叫|闺女叫|老公叫|举报人|举报人:|联系人|联系人:|同事|工友|邻居|同学|此致|朋友|我弟|我哥|对象|徒弟|我爱人|我丈夫|受害人|死者|伤者)$"
)
_NOT_GIVEN = frozenset("某老师的了们是在个不人们家长员工总经说那这有没上下里去来到给以及和跟都也就吗呢啊吧嘞")
_COMMON_PERSONLIKE = frozenset(
    ["高压", "高处", "高空", "安全", "明天", "金额", "马上", "方便", "方式", "任何", "成绩", "常年", "常常", "时候", "时间", "平时", "计划", "单位", "关系", "关键", "白天", "水平", "石操", "包过", "包括", "通过", "经过", "应急", "应该", "干部", "广告", "文件", "温馨", "连续", "连夜", "全部", "全程", "全县", "全市", "国家", "师傅", "家里", "家属", "家长", "相关", "向上", "易燃", "能否", "须知", "查处", "查询", "边上", "后来", "后台", "后面", "东西", "步骤", "都是", "农村", "尚未", "解决", "解释", "强制", "强迫", "危险", "危化", "江湖", "童工", "盛传", "林业", "广大", "司机", "管理", "管道", "管事", "万一", "支付", "卢布", "莫名", "房子", "房间", "项目", "席位", "季度", "路口", "路过", "贾湖", "江路", "花钱", "水电", "章程", "云南", "方案", "史上", "费用", "雷管", "安排", "安装", "乐意", "时常", "皮带", "元钱", "平常", "黄牛", "毛病", "明明", "计算", "成天", "成本", "成人", "谈好", "谈价", "熊样", "纪律", "屈指", "祝愿", "梁山", "席卷", "麻烦", "路边", "危房", "高价", "高温", "高高", "田地", "胡说", "凌晨", "支持", "管控", "莫非", "经常", "经理", "房东", "干活", "解答", "应付", "宗旨", "单独", "单间", "单价", "包装", "包吃", "诸位", "左右", "石油", "吉利", "程序", "程度", "荣誉", "曲线", "家具", "封口", "储存", "段时", "富裕", "焦化", "车间", "车辆", "全套", "全是", "班长", "班组", "秋天", "宫颈", "景区", "龙头", "叶片", "幸好", "司法", "黎明", "印象", "印章", "白纸", "白底", "从来", "从业", "索要", "赖账", "池子", "双方", "双汇", "闻到", "党员", "劳动", "劳务", "申请", "申报", "寿命", "边角", "燕子", "温度", "别人", "别的", "别家", "柴油", "连锁", "习惯", "容易", "向来", "古城", "终于", "终身", "居民", "居然", "步行", "都在", "满意", "满分", "满口", "国道", "文化", "文凭", "广东", "利用", "利润", "越来", "隆重", "师生", "融资", "冷库", "辛苦", "那边", "那家", "那个", "简单", "简直", "空调", "空闲", "养殖", "养老", "须要", "丰富", "关门", "关掉", "相信", "查过", "查证", "后续", "红本", "红包", "游戏", "权力", "权利", "权威", "益处", "许昌", "许可", "许多", "何况", "严重", "严格", "严查", "金属", "华丽", "陶瓷", "谢谢", "云端", "范围", "马甲", "马路", "方面", "任职", "唐突", "齐全", "康复", "余款", "顾客", "孟庙", "和谐"]
)  # fmt: skip


def find_targets(
    text: str, places: Iterable[tuple[int, int]] = (), fold: Callable[[str], str] | None = None
) -> tuple[str, ...]:
    """The names in the text, longest form once, in order of appearance. `places`: spans of place names in it."""
    flat = _flat(text)
    spans = [*_bodies(flat, list(places)), *_named(flat), *_quoted(flat), *_people(flat)]
    chosen: list[tuple[int, int]] = []
    for start, end in sorted(spans, key=lambda span: (span[0] - span[1], span[0])):
        if all(end <= s or start >= e for s, e in chosen):
            chosen.append((start, end))
    names = [text[start:end] for start, end in sorted(chosen)]
    kept = [
        name for name in dict.fromkeys(names) if not any(name != other and name in other for other in names)
    ]
    return tuple(kept[:12])


def _flat(text: str) -> str:
    """The text with full-width forms folded one to one, so that places in it stay what they were."""
    folded = (unicodedata.normalize("NFKC", char) for char in text)
    return "".join(form if len(form) == 1 else char for form, char in zip(folded, text, strict=True))


_ENDING_RE = re.compile("|".join(sorted({*_ENDINGS, *_TRADES}, key=len, reverse=True)))
_NAME_CHAR = re.compile(r"[\u4e00-\u9fffA-Za-z0-9·（）()]")
_EDGE_AFTER_TRADE = re.compile(
    r"^(?:$|[\s，。；、：！？”’』」）)（(,.!?;:]|的|里|老板|这|那|厂|在|是|没|有|车间|一|从|不|就|现|每|三|两|招|让|工|负责|安全|电|焊|今|去|也|都|上|用|办|开|门|院|仓|工地|嘞|整|干|连|自|把|给|叫|长期|至今|违|无|新)"
)


def _bodies(flat: str, places: list[tuple[int, int]]) -> list[tuple[int, int]]:
    found = []
    for match in _ENDING_RE.finditer(flat):
        start, end = _left_edge(flat, match.start()), match.end()
        while (longer := _ENDING_RE.match(flat, end)) is not None:
            end = longer.end()
        start = _without_place(flat, start, match.start(), places)
        if _is_name(flat, start, match, end):
            found.append((start, end))
    return found


def _left_edge(flat: str, end: int) -> int:
    start = end
    while start > 0 and end - start < 16 and _NAME_CHAR.match(flat[start - 1]):
        if flat[start - 1] in _SHORT_STOPS and (flat[start - 1] not in _INSIDE_NAMES or end - start >= 4):
            break
        if any(flat.endswith(stop, 0, start) for stop in _STOPS if len(stop) > 1):
            break
        start -= 1
    return start


def _without_place(flat: str, start: int, end: int, places: list[tuple[int, int]]) -> int:
    """Take 郾城区新店镇 off the front of a name; a bare 漯河 or 舞阳 belongs to it."""
    moved = True
    while moved:
        moved = False
        for place_start, place_end in places:
            if place_start <= start < place_end <= end - 2 and flat[place_end - 1] in "区县镇乡道村街处社":
                start, moved = place_end, True
    lead = re.match(
        r"(?:漯河市)?[\u4e00-\u9fff]{2,4}(?:区|县|镇|乡|街道|村)(?=[\u4e00-\u9fff]{2})", flat[start:end]
    )
    if lead and end - start - lead.end() >= 2 and not lead.group().startswith(("园区", "小区")):
        start += lead.end()
    return start


def _is_name(flat: str, start: int, match: re.Match[str], end: int) -> bool:
    core = flat[start : match.start()]
    if not core or len(core) > 16 or "某" in core or "×" in core:
        return False
    own = _GENERIC.sub("", core)
    if match.group() in _TRADES and end == match.end():
        return 2 <= len(core) <= 6 and len(own) >= 2 and _EDGE_AFTER_TRADE.match(flat[end:]) is not None
    return len(own) >= (2 if len(match.group()) < 4 else 1) and len(core) >= 2


def _named(flat: str) -> list[tuple[int, int]]:
    """What follows 厂名叫, 名叫 and the like, up to the next break."""
    found = []
    for match in _NAMED.finditer(flat):
        rest = re.match(r"[\s“\"「『《:：]{0,2}([\u4e00-\u9fffA-Za-z0-9·]{2,18})", flat[match.end() :])
        if rest is None:
            continue
        name = rest.group(1)
        ending = list(_ENDING_RE.finditer(name))
        start = match.end() + rest.start(1)
        if ending and ending[-1].end() >= 3:
            stop = _first_stop(name, ending)
            if (
                stop
                and len(_GENERIC.sub("", name[:stop])) >= 1
                and not name.startswith(("我", "他", "你", "人", "什么", "啥", "一", "这", "那", "不"))
            ):
                found.append((start, start + stop))
    return found


def _first_stop(name: str, endings: list[re.Match[str]]) -> int:
    """The end of the first run of endings that leaves a name of its own before it."""
    stop = 0
    for ending in endings:
        if ending.end() < 3 or (stop and ending.start() != stop):
            continue
        stop = ending.end()
    return stop


_QUOTED = re.compile(r"[“\"「『《【]([\u4e00-\u9fffA-Za-z0-9·（）()]{2,24})[”\"」』》】]")
_QUOTE_BEFORE = ("叫", "名为", "名称", "网站", "公司", "学校", "招牌", "牌子", "自称", "名叫", "单位", "公众号", "群名", "中心", "厂名", "店", "机构", "厂", "挂着", "账号", "号称", "小程序", "平台", "企业")  # fmt: skip


def _quoted(flat: str) -> list[tuple[int, int]]:
    found = []
    for match in _QUOTED.finditer(flat):
        name = match.group(1)
        before = flat[max(0, match.start() - 4) : match.start()]
        ended = _ENDING_RE.search(name) is not None and _ends_like_a_name(name)
        if (
            (ended or before.endswith(_QUOTE_BEFORE))
            and len(_GENERIC.sub("", name)) >= 2
            and not _reads_like_speech(name)
        ):
            found.append(match.span(1))
    return found


def _ends_like_a_name(name: str) -> bool:
    return any(match.end() == len(name) for match in _ENDING_RE.finditer(name))


def _reads_like_speech(name: str) -> bool:
    return any(
        word in name for word in ("包过", "你", "我", "不", "就", "交", "的", "证", "钱", "了", "都")
    ) and not name.endswith(("网", "平台", "公司", "学校", "中心"))


def _people(flat: str) -> list[tuple[int, int]]:
    found = []
    at = 0
    while (match := _PERSON.search(flat, at)) is not None:
        at = match.start(1)
        name, (start, end) = match.group(1), match.span(1)
        before, after = flat[max(0, start - 8) : start], flat[end : end + 4]
        titled = _TITLE_BEFORE.search(before) is not None or _PERSON_AFTER.match(after) is not None
        if titled and _is_person(name) and not _VICTIM.search(before):
            found.append((start, end))
            at = end
    return found


def _is_person(name: str) -> bool:
    given = name[1:]
    return (
        not (_NOT_GIVEN & set(given))
        and name[:2] not in _COMMON_PERSONLIKE
        and name not in _COMMON_PERSONLIKE
        and not _ENDING_RE.search(name)
    )
