"""The chat's words: short, plain, in buttons that fit, with nobody threatened or blamed."""

import re
from datetime import timedelta

import pytest

from bot.channels import wakes
from config.text import LOCALES, load_texts
from models.numbers import CODE_DIGITS, in_groups

LONGEST_BUTTON = 10
LONGEST_SENTENCE = {"zh-CN": 45, "en": 170}
BUTTONS = re.compile(
    r"chat\.(?:button|choice|change|manage\.button|manage\.sure_button)\.|chat\.manage\.score$"
)
THREATS = re.compile(
    "诬告|捏造|追究您|法律责任|后果自负|严肃处理|不得|否则|警告|违者|责令|you must|or else|liable|punish"
)
LEARNED = re.compile("有权|管辖|予以|贵|该单位|特此|务必|鉴于|之规定|提请|烦请")
NOT_SAID = {
    "chat.danger.signs",
    "chat.done_words",
    "chat.skip_words",
    "chat.thanks_words",
    "chat.worry_words",
}
"""Lists of what people type."""


def texts(locale):
    said = {key: words for key, words in load_texts(locale).items() if key.startswith("chat.")}
    return {k: w for k, w in said.items() if k not in NOT_SAID and not k.startswith("chat.typed.")}


def buttons(locale):
    return {key: words for key, words in texts(locale).items() if BUTTONS.match(key)}


@pytest.mark.parametrize("locale", LOCALES)
def test_a_button_has_at_most_ten_characters(locale):
    shown = {
        key: words.replace("{end}", "0393").replace("{score}", "5") for key, words in buttons(locale).items()
    }
    assert len(shown) > 30
    assert {key: words for key, words in shown.items() if len(words) > LONGEST_BUTTON} == {}


@pytest.mark.parametrize("locale", LOCALES)
def test_no_two_buttons_of_one_kind_say_the_same_to_mean_different_things(locale):
    own = {key: words for key, words in buttons(locale).items() if key.startswith("chat.button.")}
    twice = {words for words in own.values() if list(own.values()).count(words) > 1}
    allowed = {
        own[f"chat.button.{name}"] for name in ("status", "open_status", "to_progress", "back", "leave")
    }
    assert twice <= allowed


@pytest.mark.parametrize("locale", LOCALES)
def test_nobody_is_threatened_or_blamed(locale):
    said = {k: w.replace("不会因为您撤回而追究您", "") for k, w in texts(locale).items()}
    assert {key: words for key, words in said.items() if THREATS.search(words)} == {}


def test_no_word_of_offices_where_a_plain_one_will_do():
    assert {k: w for k, w in texts("zh-CN").items() if LEARNED.search(w)} == {}


@pytest.mark.parametrize("locale", LOCALES)
def test_sentences_are_short(locale):
    long = {}
    for key, words in texts(locale).items():
        for sentence in re.split(r"[。！？；：\n]|[.!?:;](?:\s|$)", words):
            bare = re.sub(r"\{\w+\}", "", sentence)
            if len(bare) > LONGEST_SENTENCE[locale]:
                long[key] = sentence
    allowed = {"chat.start.intro"}  # names what is taken in one list
    assert {key: words for key, words in long.items() if key not in allowed} == {}


def test_the_greeting_fits_on_one_screen():
    address = "打开网页 https://tip.example.org"
    assert len(texts("zh-CN")["chat.start.intro"].replace("{web}", address)) <= 300


@pytest.mark.parametrize("locale", LOCALES)
def test_no_text_runs_into_telegrams_limit(locale):
    assert all(len(words) < 1000 for words in texts(locale).values())


def test_numbers_and_codes_are_read_out_in_groups_of_four():
    assert in_groups("1" * CODE_DIGITS) == " ".join(["1111"] * 5)


def test_half_an_hour_until_the_reminder_and_a_day_until_the_end():
    assert (timedelta(minutes=30), timedelta(hours=24)) == (wakes.REMIND_AFTER, wakes.KEPT)


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("sign", ["正在发生", "爆炸", "被困", "着火", "trapped", "explosion"])
def test_words_of_danger_are_known_in_both_languages(locale, sign):
    known = [w for one in LOCALES for w in load_texts(one)["chat.danger.signs"].split()]
    assert sign in known
    assert load_texts(locale)["chat.danger.call"].index("119") < 60
