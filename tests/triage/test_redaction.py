"""Hiding what tells who wrote: every kind of number, the known name, what people say of themselves; nothing else."""

import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.redaction import PrivateKind, find_private, redact

HIDDEN = {
    "13912345678": "我的电话13912345678，请联系",
    "139 1234 5678": "电话139 1234 5678",
    "１３９１２３４５６７８": "电话１３９１２３４５６７８",
    "139-1234-5678": "打139-1234-5678",
    "1\u200b3912345678": "打1\u200b3912345678",
    "一三九一二三四五六七八": "打一三九一二三四五六七八",
    "0395-3123456": "座机0395-3123456",
    "411122199001011234": "身份证411122199001011234",
    "41112219900101123X": "身份证41112219900101123X",
    "6222021234567890123": "卡号6222021234567890123",
    "豫LA1234": "我开的豫LA1234",
    "hongda_2020": "微信号：hongda_2020",
    "12345678": "QQ 12345678",
    "a.b@example.cn": "邮箱a.b@example.cn",
    "赵小满": "我叫赵小满，在现场看到的",
    "钱多多": "举报人：钱多多 电话",
    "该校的前台": "我是该校的前台，亲眼看见",
    "他们家的会计": "我是他们家的会计",
    "宏达学校工作": "我在宏达学校工作",
    "老公在县化肥厂": "我老公在县化肥厂上班",
    "王岗镇岗李村": "家住王岗镇岗李村，离学校很近",
    "第三期": "本人是第三期电工班学员",
    "20230456": "准考证号20230456",
}


@pytest.mark.parametrize("secret", HIDDEN)
def test_what_tells_who_wrote_is_hidden(secret):
    text = HIDDEN[secret]
    hidden = redact(text)
    assert secret not in hidden
    assert len(hidden) == len(text)


@pytest.mark.parametrize(
    "text",
    [
        "宏达学校不上课就发电工证，一个人收2800元。",
        "2023年5月12日上午9点在源汇区考试，监考老师把答案念出来。",
        "三个月的课三天就结束了，签到是别人代签的。",
        "校长说包过，不过退钱，已经有60多人交了钱。",
        "公司让没有证的人去焊接，证书编号是假的。",
        "他们的会计收钱，不开发票。",
        "考试时全班一起抄，没有人管。",
        "老板本人和那位挂名的安全经理都知道。",
        "再交300元作为考务协调金。",
        "They sell certificates for 2,800 yuan without any lessons.",
    ],
)
def test_what_is_reported_stays(text):
    assert redact(text) == text


@pytest.mark.parametrize(
    "text", ["王小明看见了", "找小明问就知道", "王 小 明", "王·小·明说的", "请联系王小明同学"]
)
def test_the_known_name_is_hidden_wherever_it_stands(text):
    assert "小明" not in redact(text, names=["王小明"]).replace(" ", "").replace("·", "")


def test_a_known_number_is_hidden_though_it_looks_like_none():
    assert "8812" not in redact("打88123内线", numbers=["88123"])


def test_kinds_are_told_and_passages_do_not_overlap():
    found = find_private("我叫赵小满，电话13912345678")
    assert [one.kind for one in found] == [PrivateKind.NAME, PrivateKind.PHONE]
    assert all(first.end <= second.start for first, second in pairwise(found))


@given(st.text(max_size=300))
def test_any_text_keeps_its_length_and_its_line_breaks(text):
    hidden = redact(text, names=["王小明"], numbers=["13912345678"])
    assert len(hidden) == len(text)
    assert [i for i, ch in enumerate(hidden) if ch == "\n"] == [i for i, ch in enumerate(text) if ch == "\n"]


@pytest.mark.parametrize(
    "unit", ["1", "我在", "我是", "一", "a@", "微信", "第1期", " 1 ", "此致", "豫A", "我叫王"]
)
def test_no_text_takes_long(unit):
    started = time.process_time()
    redact(unit * (20_000 // len(unit)))
    assert time.process_time() - started < 2
