from datetime import datetime

import pytest

from tests.triage.reader import classifier, knowledge

RECEIVED = datetime.fromisoformat("2026-03-10T10:00:00+08:00")


def facts(text):
    return classifier().classify(text, received_at=RECEIVED).facts


@pytest.mark.parametrize(
    "text",
    [
        "电话13700123456",
        "电话137-0012-3456",
        "电话１３７００１２３４５６",
        "电话一三七零零幺二三四五六",
        "打137 0012 3456",
    ],
)
def test_a_phone_number_is_found_in_any_disguise(text):
    assert facts(text).phones == ("13700123456",)


def test_a_sum_behind_a_number_is_no_digit_of_it():
    assert facts("电话13700123456，两千八包拿证").phones == ("13700123456",)


@pytest.mark.parametrize(
    "text", ["微信 gzl_0917", "加V：gzl_0917", "vx:gzl_0917", "薇信号gzl_0917", "VX gzl_0917"]
)
def test_a_wechat_name_is_found(text):
    assert facts(text).wechat == ("gzl_0917",)


def test_qq_and_links_are_found():
    found = facts("扣扣123456789，网址 zhongan-cx.top 或 https://a.example.com/x?y=1")
    assert found.qq == ("123456789",)
    assert "zhongan-cx.top" in found.links


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("收了2800元", 2800),
        ("3千块", 3000),
        ("两千八百块", 2800),
        ("交了四千五", 4500),
        ("1.2万元", 12000),
        ("六百块钱", 600),
    ],
)
def test_amounts_are_numbers(text, amount):
    assert amount in facts(text).amounts


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("明天考试", "2026-03-11"),
        ("后天上午", "2026-03-12"),
        ("3月15日考", "2026-03-15"),
        ("去年11月2号", "2025-11-02"),
        ("上周五", "2026-03-06"),
        ("下周一考", "2026-03-16"),
        ("周六考", "2026-03-14"),
    ],
)
def test_days_are_counted_from_the_receipt(text, day):
    assert day in facts(text).dates


@pytest.mark.parametrize("text", ["每周六考试", "周一到周五办班", "每逢周三考", "周一三五考试"])
def test_a_habit_is_no_day(text):
    assert facts(text).dates == ()


def test_a_day_that_does_not_exist_is_left_out():
    assert facts("发证日期2月30日").dates == ()


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("舞阳昊泽化工有限公司没人管", ("舞阳昊泽化工有限公司",)),
        ("举报源汇区马路街的漯河沣禾安全技术培训中心", ("漯河沣禾安全技术培训中心",)),
        ("有个叫“中安证书查询网”的网站", ("中安证书查询网",)),
        ("龙城镇 百佳塑料", ("百佳塑料",)),
        ("一家方便面厂不培训", ()),
        ("某培训学校包过", ()),
        ("临颍考点念答案", ()),
        ("监考老师说的", ()),
        ("学校校长李建国收钱", ("李建国",)),
        ("我叫王大力，我要举报", ()),
        ("公司的赵金锁带人来", ("赵金锁",)),
    ],
)
def test_only_names_of_the_accused_are_targets(text, names):
    places = [
        (text.index(word), text.index(word) + len(word))
        for word in ("临颍", "源汇区", "龙城镇")
        if word in text
    ]
    assert knowledge().names.find(text, places) == names
