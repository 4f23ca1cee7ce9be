"""However a tip is written, the whole program reads the same in it: rules, learned part and places together."""

import json
import time

import opencc
import pytest

from tests.triage.reader import whole_classifier
from triage.learn import CORPUS

TIPS = [
    json.loads(line)["text"] for line in (CORPUS / "held_out" / "judge.jsonl").read_text("utf-8").splitlines()
]
HIDINGS = {
    "zero-width": "\u200b".join,
    "line-breaks": lambda text: "\n".join(text[at : at + 9] for at in range(0, len(text), 9)),
    "traditional": opencc.OpenCC("s2t").convert,
    "full-width": lambda text: "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text),
    "pinyin": lambda text: text.replace("包过", "包guo").replace("考试", "kao试").replace("焊工", "hangong"),
    "separators": lambda text: (
        text.replace("包过", "包*过").replace("答案", "答-案").replace("替考", "替 考")
    ),
    "emoji": lambda text: text.replace("考", "考😀").replace("证", "🔥证"),
    "homophones": lambda text: text.replace("考试", "烤试").replace("监考", "监烤").replace("没证", "没正"),
}
HOSTILE = {
    "one word": "没" * 10_000 + "监考" * 5_000,
    "names": "公司厂学校考点" * 2_800,
    "digits": "1" * 20_000,
    "contacts": "微信号" * 6_600,
    "brackets": "（“" * 10_000,
    "lines": "\n" * 4_000 + "考",
    "marks over marks": "考" + "\u0301" * 500 + "点包过",
    "no space": "培训学校包过" * 3_300,
}


def labels(text):
    said = whole_classifier().classify(text)
    return (
        said.disposition,
        said.clauses,
        said.patterns,
        said.police_referral,
        said.urgency,
        said.jurisdiction,
    )


@pytest.mark.parametrize("hide", HIDINGS.values(), ids=HIDINGS.keys())
def test_hiding_words_changes_nothing_of_what_is_read(hide):
    for tip in TIPS[::8]:
        assert labels(hide(tip)) == labels(tip), tip


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_text_stays_within_time(text):
    began = time.process_time()
    whole_classifier().classify(text[:20_000])
    assert time.process_time() - began < 2
