"""`tipline check`: every mistake that people make in rule files is told with file, key and remedy."""

import re
import shutil
from datetime import date

import pytest

from config.calendar_file import load_calendar
from config.catalog import load_catalog
from config.check import check_catalog, check_years
from config.rulefile import CONFIG, CatalogError, Problem


@pytest.fixture
def root(tmp_path):
    """A copy of the rule files, to be broken."""
    return shutil.copytree(
        CONFIG, tmp_path / "config", ignore=shutil.ignore_patterns("*.py", "ui", "demo", "__pycache__")
    )


def test_our_own_files_are_in_order():
    assert [str(problem) for problem in check_catalog()] == []


# file, what stands there, what somebody makes of it, the sentence
BROKEN = [
    # reading
    ("routing.yaml", "city_subjects: []", "city_subjects: [", "routing.yaml, line"),
    ("routing.yaml", "why: >-", "why: one\nwhy: >-", "key why stands twice; mend the YAML there."),
    (
        "routing.yaml",
        "straight_dispositions: [in_scope]",
        "",
        "routing.yaml, straight_dispositions: the key is missing; add it.",
    ),
    (
        "routing.yaml",
        "city_subjects",
        "city_subject",
        "routing.yaml, city_subject: nobody knows this key; remove it or mend its spelling.",
    ),
    # offices and places
    (
        "counties/wuyang.yaml",
        "id: wuyang",
        "id: wuyan",
        "counties/wuyang.yaml, id: the id is wuyan; write wuyang, or rename the file.",
    ),
    (
        "counties/wuyang.yaml",
        "aliases: [舞阳,",
        "aliases: [临颍, 舞阳,",
        "counties/linying.yaml, aliases: 临颍 is also a name of wuyang; keep it in one, or make it a weak name",
    ),
    (
        "counties/wuyang.yaml",
        'code: "411121100"',
        'code: "411122101"',
        "counties/wuyang.yaml, 411122101: this town is listed in two offices; keep it in one of them.",
    ),
    (
        "counties/wuyang.yaml",
        'code: "411121100"',
        'code: "4111"',
        "counties/wuyang.yaml, towns.舞泉镇.code: string should match",
    ),
    (
        "counties/wuyang.yaml",
        "en: Wuyang County}",
        "fr: Wuyang}",
        "counties/wuyang.yaml, name: write it in each of zh-CN, en; mend the value.",
    ),
    (
        "counties/jingkai.yaml",
        "office: shaoling",
        "office: zhaoling",
        "邓襄镇.before.office: zhaoling is not known; write one of yuanhui,",
    ),
    (
        "counties/jingkai.yaml",
        "    since: 2021-10-31\n",
        "",
        "towns.邓襄镇: `since` and `before` belong together",
    ),
    (
        "counties/linying.yaml",
        "famous_villages: [南街村]",
        "famous_villages: [北街镇]",
        "北街镇 is no village of this town; add it to `villages` or take it out of `famous_villages`.",
    ),
    (
        "counties/xichengqu.yaml",
        "listed_under: yuanhui",
        "listed_under: shaoling",
        "unconfirmed_towns.阴阳赵镇.code: shaoling has no such town; write the code of a town of that office.",
    ),
    (
        "counties/xichengqu.yaml",
        "listed_under: yuanhui",
        "listed_under: nobody",
        "unconfirmed_towns.阴阳赵镇.listed_under: nobody is not known",
    ),
    # the notice
    (
        "directive.yaml",
        "{law: work_safety, article: 第三十条",
        "{law: work_safty, article: 第三十条",
        "directive.yaml, clauses.3.4.3.basis: work_safty is not known; write one of directive, work_safety,",
    ),
    (
        "directive.yaml",
        "sanctions: [records_untrue]",
        "sanctions: [records_false]",
        "directive.yaml, clauses.3.4.6.sanctions: records_false is not known",
    ),
    (
        "directive.yaml",
        'collusion: {clauses: ["3.1.4", "3.3.6"]}',
        'collusion: {clauses: ["3.1.9"]}',
        "directive.yaml, patterns.collusion.clauses: 3.1.9 is not known",
    ),
    (
        "directive.yaml",
        "{law: school_standard, checked: part}",
        "{law: school_standard, checked: guessed}",
        "directive.yaml, clauses.3.1.1.basis.2.checked: input should be 'seen', 'part' or 'memory'",
    ),
    (
        "directive.yaml",
        "handlers: [county, police]",
        "handlers: [county, army]",
        "directive.yaml, clauses.3.4.3.handlers.1",
    ),
    # deadlines
    (
        "deadlines.yaml",
        "start_events: [assigned]\n    role: officer\n    limit: {amount: 1,",
        "start_events: []\n    role: officer\n    limit: {amount: 1,",
        "deadlines.yaml, rules.D07.start_events: it must not be empty; write at least one.",
    ),
    (
        "deadlines.yaml",
        "start_events: [result_approved]",
        "",
        "deadlines.yaml, rules.D12.start_events: the key is missing; add it.",
    ),
    (
        "deadlines.yaml",
        "start_events: [result_approved]",
        "start_events: [finished]",
        "deadlines.yaml, rules.D12.start_events.0: input should be 'registered', ",
    ),
    (
        "deadlines.yaml",
        "limit: {amount: 60, unit: natural_days}",
        "limit: {amount: 60, unit: days}",
        "deadlines.yaml, rules.D10.limit.unit: input should be",
    ),
    (
        "deadlines.yaml",
        "in_force_to: 2025-04-30",
        "in_force_to: 2021-04-30",
        "deadlines.yaml, rules.D10h: in_force_to lies before in_force_from; mend the value.",
    ),
    ("deadlines.yaml", "replaces: D10", "replaces: D99", "deadlines.yaml, D10h.replaces: D99 is not known"),
    (
        "deadlines.yaml",
        "  - id: D08\n",
        "  - id: D07\n",
        "deadlines.yaml, D07: version 1 stands twice; give the later one the next version.",
    ),
    (
        "deadlines.yaml",
        '  - id: D08\n    version: "1"',
        '  - id: D07\n    version: "2"',
        "deadlines.yaml, D07: two versions are in force on the same day; end the one with `in_force_to`",
    ),
    (
        "deadlines.yaml",
        "limit: {amount: 2, unit: hours}",
        "limit: {amount: 2, unit: hours}\n    rolls: true",
        "rules.D02: only natural days roll",
    ),
    # calendar
    (
        "calendars/cn.yaml",
        "  2023:",
        "  2033:",
        "the year 2023 is missing between 2021 and 2033; mend the value.",
    ),
    (
        "calendars/cn.yaml",
        "labour_day: 04-29..05-03",
        "labour_day: 04-31..05-03",
        "04-31..05-03 is no day of 2023; mend the value.",
    ),
    (
        "calendars/cn.yaml",
        "labour_day: 04-29..05-03",
        "labour_day: April",
        "write a day as 05-01, days in a row as 05-01..05-05",
    ),
    (
        "calendars/cn.yaml",
        "make_up_working_days: [01-28,",
        "make_up_working_days: [01-27,",
        "2023-01-27 cannot be a make-up working day",
    ),
    (
        "calendars/cn.yaml",
        "make_up_working_days: [01-28,",
        "make_up_working_days: [01-30,",
        "2023-01-30 cannot be a make-up working day",
    ),
    (
        "calendars/cn.yaml",
        "tomb_sweeping: 04-05\n",
        "tomb_sweping: 04-05\n",
        "locales/zh-CN/deadlines.yaml, holiday.tomb_sweping: the words are missing; add them.",
    ),
    # routing and questionnaire
    (
        "routing.yaml",
        "city_subjects: []",
        "city_subjects: [exam_body]",
        "routing.yaml, city_subjects: exam_body is not known; write one of training_institution,",
    ),
    (
        "questionnaires/tip.yaml",
        "- id: who\n",
        "- id: where\n",
        "questionnaires/tip.yaml, where: two of its questions have this id; rename one.",
    ),
    (
        "questionnaires/tip.yaml",
        "id: target",
        "id: place",
        "questionnaires/tip.yaml, place: two of its inputs have this id; rename one.",
    ),
    (
        "questionnaires/tip.yaml",
        "asks: [name, phone]",
        "asks: [name, fax]",
        "a choice may only ask for fields of its question",
    ),
    # patterns
    ("patterns/pass-guarantee.yaml", "id: pass-guarantee", "id: pass-garantee", "pass-guarantee.yaml"),
    # words
    (
        "locales/en/rules.yaml",
        "  place_unknown:",
        "  place_unkown:",
        "locales/en/rules.yaml, review.place_unknown: zh-CN has this text, en has not; translate it.",
    ),
    (
        "locales/zh-CN/dates.yaml",
        'month_day: "{month}{day}日"',
        "",
        "locales/zh-CN/dates.yaml, month_day: en has this text, zh-CN has not; translate it.",
    ),
    (
        "locales/en/dates.yaml",
        "{day} {month} {year}",
        "{day} {mont} {year}",
        "locales/en/dates.yaml, day: its placeholders differ from the other language; use day, month, weekday, year.",
    ),
    (
        "locales/en/states.yaml",
        "  web: Web",
        "  web: yes",
        "locales/en/states.yaml, states.channel.web: this is not a text; put the value in quotation marks.",
    ),
    (
        "locales/en/directive.yaml",
        "    short: Basic conditions missing\n",
        "",
        "locales/en/directive.yaml, clause.3.1.1.short: the words are missing; add them.",
    ),
]


@pytest.mark.parametrize(
    ("name", "stands", "becomes", "sentence"),
    BROKEN,
    ids=[f"{row[0]}-{number}" for number, row in enumerate(BROKEN)],
)
def test_a_mistake_is_told_with_file_key_and_remedy(root, name, stands, becomes, sentence):
    path = root / name
    content = path.read_text(encoding="utf-8")
    assert stands in content
    path.write_text(content.replace(stands, becomes, 1), encoding="utf-8")
    said = [str(problem) for problem in check_catalog(root)]
    assert any(sentence in line for line in said), said
    assert all(re.fullmatch(r"\S+\.yaml(, [^:]+)?: .+; .+\.", line) for line in said), said


@pytest.mark.parametrize(
    "name", ["directive.yaml", "deadlines.yaml", "routing.yaml", "outside.yaml", "calendars/cn.yaml"]
)
def test_a_missing_file_is_told(root, name):
    (root / name).unlink()
    assert f"{name}: the file is missing; restore it." in [str(problem) for problem in check_catalog(root)]


def test_the_city_desk_must_exist(root):
    (root / "counties/city.yaml").unlink()
    assert "counties/city.yaml: there is no city desk; restore the file." in map(str, check_catalog(root))


def test_a_file_that_is_not_utf_8(root):
    (root / "routing.yaml").write_bytes("why: 漯河".encode("gbk"))
    assert "routing.yaml: the file is not UTF-8; save it as UTF-8." in map(str, check_catalog(root))


def test_a_file_that_is_no_mapping(root):
    (root / "routing.yaml").write_text("- one\n- two\n")
    assert any("not a list of `key: value` lines" in str(problem) for problem in check_catalog(root))


def test_all_problems_are_told_at_once_and_stop_the_start(root):
    for name in ("routing.yaml", "deadlines.yaml"):
        (root / name).write_text("{}\n")
    with pytest.raises(CatalogError, match=r"(?s)deadlines\.yaml, rules.*routing\.yaml, why") as error:
        load_catalog(root)
    assert len(error.value.problems) >= 3
    assert all(isinstance(problem, Problem) for problem in error.value.problems)


@pytest.mark.parametrize(
    ("today", "is_fine"),
    [
        (date(2026, 11, 30), True),
        (date(2026, 12, 1), False),
        (date(2027, 1, 1), False),
        (date(2021, 1, 1), True),
    ],
)
def test_a_calendar_that_runs_out_is_told_in_december(today, is_fine):
    problems = check_years(load_calendar(), today=today)
    assert (problems == []) is is_fine
    assert all("the year 2027 is missing" in str(problem) for problem in problems)
