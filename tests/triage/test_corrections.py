"""What staff decide is learned from beside the proposals, judged on later tips, promoted only when better."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import event, select

from config.keys import Keys
from models.audit import find_broken_event
from models.case import Case
from models.event import Event
from models.queries.corrections import (
    Correction,
    blank_contacts,
    count_corrections,
    count_learned,
    list_corrections,
)
from models.session import Database
from models.states import CaseState, Channel, Disposition, FindingKind, Role, Verdict
from models.tip import Identity, Tip
from tests.factories import NOW, make_case, make_finding, make_staff, make_tip, verified
from tests.triage.reader import catalog
from triage import actions
from triage.archive import is_kept, list_versions
from triage.corrections import (
    CANDIDATE,
    LATER,
    Trial,
    list_objections,
    make_candidate,
    promote,
    settle,
    share_out,
    split_by_time,
)
from triage.language import load_classifier
from triage.learn import CorpusError, learn_from, read_corpus
from triage.meaning import PROMOTED, SHIPPED, digest_model, find_model, is_set_aside, load_meaning, mark_base
from triage.train import save_model, train

# ---------------------------------------------------------------- a small corpus and a small bureau

PLACES = {"孟庙镇": "yancheng", "大刘镇": "yuanhui", "繁城镇": "linying", "北舞渡镇": "wuyang"}
NAMES = ("宏达", "安泰", "金桥", "鑫豫", "华安")
KINDS = {
    "pass": ("交{sum}块保证拿证，不用上课就包过", {"clauses": ["3.1.4"], "patterns": ["pass_guarantee"]}),
    "cheat": (
        "考试的时候监考老师念答案，给{sum}块就替考",
        {"clauses": ["3.3.6"], "patterns": ["exam_cheating"], "police_referral": True, "urgency": "high"},
    ),
    "question": ("请问电工证复审去哪里报名，要{sum}块吗", {"disposition": "consultation", "subjects": []}),
    "wages": ("拖欠工资{sum}块三个月不给，找谁都不管", {"disposition": "other_department", "subjects": []}),
}
NEWS = "学员的指纹膜收在一个盒子里，到点统一按一遍，一天按{sum}个"
"""Something that neither the rules nor the small corpus know."""


def text_of(words: str, number: int) -> str:
    place, name = list(PLACES)[number % 4], NAMES[number % 5]
    return f"{place}{name}安全培训学校{words.format(sum=300 + 7 * number)}。"


def labels_of(number: int, **changes: Any) -> dict[str, Any]:
    return {
        "disposition": "in_scope",
        "subjects": ["training_institution"],
        "clauses": [],
        "patterns": [],
        "police_referral": False,
        "urgency": "normal",
        "jurisdiction": PLACES[list(PLACES)[number % 4]],
        "targets": [],
    } | changes


def write_hand(path: Path, numbers: Sequence[int]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [
        {
            "id": f"{path.stem}-{number}-{kind}",
            "channel": "web",
            "received_at": "2026-03-01T09:00:00+08:00",
            "text": text_of(words, number),
            "labels": labels_of(number, **labels),
        }
        for number in numbers
        for kind, (words, labels) in KINDS.items()
    ]
    path.write_text("\n".join(json.dumps(line, ensure_ascii=False) for line in lines), encoding="utf-8")


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two hands of two dozen tips each, and a third that is held out."""
    folder = tmp_path_factory.mktemp("corpus")
    write_hand(folder / "one.jsonl", range(6))
    write_hand(folder / "two.jsonl", range(6, 12))
    write_hand(folder / "held_out" / "three.jsonl", range(12, 16))
    return folder


@pytest.fixture(scope="module")
def small_model(corpus: Path) -> Path:
    """What that corpus teaches without any correction."""
    path = corpus / "small.npz"
    save_model(train(learn_from(read_corpus(corpus), catalog())).arrays | mark_base(), path)
    return path


@pytest.fixture
def data(tmp_path: Path, small_model: Path) -> Path:
    """A data folder with the small model in use."""
    folder = tmp_path / "data"
    (folder / PROMOTED).parent.mkdir(parents=True)
    (folder / PROMOTED).write_bytes(small_model.read_bytes())
    return folder


@pytest.fixture(scope="module")
def won(tmp_path_factory: pytest.TempPathFactory, corpus: Path, small_model: Path) -> Trial:
    """A candidate of sixty corrections that all go one way."""
    folder = tmp_path_factory.mktemp("won")
    (folder / PROMOTED).parent.mkdir(parents=True)
    (folder / PROMOTED).write_bytes(small_model.read_bytes())
    return make_candidate(catalog(), sixty_that_say_fingerprints(NOW), data=folder, corpus=corpus)


def bring(trial: Trial, data: Path) -> Trial:
    """The same trial in a data folder of its own."""
    (data / CANDIDATE).write_bytes(trial.path.read_bytes())
    return replace(trial, path=data / CANDIDATE)


def decided(words: str, number: int, now: datetime, **labels: Any) -> Correction:
    kinds = frozenset({FindingKind.CLAUSE, FindingKind.DISPOSITION})
    tip = {
        "id": f"tip-{number}",
        "channel": "web",
        "received_at": now.isoformat(),
        "text": text_of(words, number),
        "labels": labels_of(number, **labels),
    }
    return Correction(now + timedelta(minutes=number), kinds, tip)


def sixty_that_say_fingerprints(now: datetime) -> list[Correction]:
    return [decided(NEWS, number, now, clauses=["3.1.2"]) for number in range(60)]


# ---------------------------------------------------------------- a candidate and its judges


async def test_a_bureau_that_corrects_sixty_tips_one_way_gets_a_model_that_follows(
    db: Database, data: Path, won: Trial, now: datetime
) -> None:
    before, trial = digest_model(data / PROMOTED), bring(won, data)
    assert trial.is_better, trial.objections
    assert (trial.learned, trial.judged, trial.present) == (40, 20, before)
    assert trial.figures[LATER]["candidate"]["clause_micro_f1"] > 0.9
    assert trial.figures[LATER]["present"]["clause_micro_f1"] < 0.5

    await promote(db, trial, catalog(), data=data, now=now)
    assert digest_model(data / PROMOTED) == trial.candidate != before
    assert load_meaning(data / PROMOTED).names is not None
    follows = load_classifier(catalog(), model=data / PROMOTED)
    assert follows.classify(text_of(NEWS, 77)).clauses == ("3.1.2",)
    assert list_versions(data) == [follows.rules_version]
    async with db.read() as session:
        act = (await session.scalars(select(Event).where(Event.kind == "model_promoted"))).one()
        assert (act.data["before"], act.data["after"]) == (before, trial.candidate)
        assert (act.data["learned"], act.data["judged"]) == (40, 20)
        assert any("route_ready" in figure for figure in act.data["figures"])
        assert await find_broken_event(session) is None
        assert await count_learned(session, trial.candidate) == 40
        assert await count_learned(session, before) == 0


def test_a_promoted_model_stays_aside_once_the_program_brings_another(data: Path) -> None:
    promoted = data / PROMOTED
    assert find_model(data) == promoted
    with np.load(promoted) as file:
        save_model({**file, "base": np.array("0123456789ab")}, promoted)
    assert find_model(data) == SHIPPED
    assert is_set_aside(data)
    promoted.unlink()
    assert find_model(data) == SHIPPED
    assert not is_set_aside(data)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_running_twice_changes_nothing(
    db: Database, data: Path, corpus: Path, won: Trial, now: datetime
) -> None:
    first = bring(won, data)
    await promote(db, first, catalog(), data=data, now=now)
    again = make_candidate(catalog(), sixty_that_say_fingerprints(NOW), data=data, corpus=corpus)
    assert not again.is_better
    assert again.objections == ("The candidate is the model in use: there is nothing new to learn.",)
    assert again.present == again.candidate == first.candidate


def test_a_candidate_that_is_worse_on_held_out_tips_is_refused_and_the_old_model_stays(
    data: Path, corpus: Path, now: datetime
) -> None:
    before = (data / PROMOTED).read_bytes()
    words, _ = KINDS["cheat"]
    astray = [decided(words, number, now, disposition="not_actionable", subjects=[]) for number in range(60)]
    trial = make_candidate(catalog(), astray, data=data, corpus=corpus)
    assert not trial.is_better
    assert any(
        line.startswith("On three the candidate is worse in police_recall") for line in trial.objections
    )
    told = trial.to_json()
    assert not told["promoted"]
    assert set(told["figures"]["three"]) == {"present", "candidate"}
    assert (data / PROMOTED).read_bytes() == before
    assert digest_model(data / CANDIDATE) == trial.candidate


def figures(present: dict[str, float], candidate: dict[str, float]) -> dict[str, dict[str, float]]:
    names = ("route_ready", "clause_micro_f1", "police_recall")
    return {
        side: dict.fromkeys(names, 0.5) | given
        for side, given in {"present": present, "candidate": candidate}.items()
    }


@pytest.mark.parametrize(
    ("held_out", "later", "objections"),
    [
        ({}, {"route_ready": 0.6}, 0),
        ({}, {"clause_micro_f1": 0.6}, 0),
        ({"route_ready": 0.6}, {}, 1),
        ({}, {"police_recall": 0.9}, 1),
        ({"police_recall": 0.4}, {"route_ready": 0.9}, 1),
        ({"route_ready": 0.4, "clause_micro_f1": 0.4}, {"route_ready": 0.4}, 3),
    ],
)
def test_nothing_may_be_worse_and_something_must_be_better(
    held_out: dict[str, float], later: dict[str, float], objections: int
) -> None:
    given = {"a hand": figures({}, held_out), LATER: figures({}, later)}
    assert len(list_objections(given)) == objections


def test_too_few_corrections_say_how_many_are_missing(now: datetime) -> None:
    corrections = sixty_that_say_fingerprints(now)
    with pytest.raises(CorpusError, match=r"decided 49 tips so far.* missing so far: 1"):
        split_by_time(corrections[:49])
    assert [len(part) for part in split_by_time(corrections[:50])] == [30, 20]
    assert [len(part) for part in split_by_time(corrections * 5)] == [240, 60]


def test_without_held_out_tips_nothing_is_promoted(data: Path, tmp_path: Path, now: datetime) -> None:
    write_hand(tmp_path / "bare" / "one.jsonl", range(2))
    with pytest.raises(CorpusError, match="held-out"):
        make_candidate(catalog(), sixty_that_say_fingerprints(now), data=data, corpus=tmp_path / "bare")


# ---------------------------------------------------------------- what counts as a correction


MACHINE = {
    FindingKind.DISPOSITION: ["in_scope"],
    FindingKind.URGENCY: ["normal"],
    FindingKind.JURISDICTION: ["yancheng"],
    FindingKind.POLICE_REFERRAL: ["false"],
    FindingKind.SUBJECT: ["training_institution"],
    FindingKind.CLAUSE: ["3.1.4"],
    FindingKind.PATTERN: ["pass_guarantee"],
    FindingKind.TARGET: ["宏达安全培训学校"],
}


async def open_proposed(session: Any, state: CaseState = CaseState.REGISTERED, **changes: Any) -> Case:
    """A case as triage leaves it, with the machine's findings."""
    case = await make_case(session, state, "city", **changes)
    tip = await session.scalar(select(Tip).where(Tip.case_id == case.id))
    for kind, values in (MACHINE | {FindingKind.DISPOSITION: [case.disposition.value]}).items():
        for value in values:
            await make_finding(session, case, tip, kind, value)
    return case


async def labels(db: Database) -> list[dict[str, Any]]:
    async with db.read() as session:
        found = await list_corrections(session)
        assert await count_corrections(session) == len(found)
    return [dict(one.tip["labels"]) for one in found]


async def test_a_decision_stands_beside_the_proposal_and_wins(db: Database, now: datetime) -> None:
    async with db.begin() as session:
        desk = await make_staff(session, Role.INTAKE, "city")
        case = await open_proposed(session)
        for clauses, moment in ((["3.4.1"], now), (["3.1.1", "3.1.2"], now + timedelta(minutes=1))):
            await actions.decide_finding(
                session, case, kind=FindingKind.CLAUSE, values=clauses, by=desk, catalog=catalog(), now=moment
            )
        await open_proposed(session)
    [said] = await labels(db)
    assert said["clauses"] == ["3.1.1", "3.1.2"]
    assert said["jurisdiction"] == "yancheng"
    assert said["targets"] == ["宏达安全培训学校"]


async def test_accepting_by_hand_confirms_and_the_machines_own_acceptance_does_not(
    db: Database, now: datetime
) -> None:
    async with db.begin() as session:
        desk = await make_staff(session, Role.INTAKE, "city")
        by_hand = await open_proposed(session, disposition=Disposition.CONSULTATION)
        await actions.accept(session, by_hand, by=desk, catalog=catalog(), now=now)
        alone = await open_proposed(session)
        await actions.accept(session, alone, by=None, catalog=catalog(), now=now)
    assert [said["disposition"] for said in await labels(db)] == ["in_scope"]


REFUSALS = {
    ("R4", Disposition.IN_SCOPE): ["other_department"],
    ("R4", Disposition.CONSULTATION): [],
    ("R2", Disposition.NOT_ACTIONABLE): ["not_actionable"],
    ("R2", Disposition.IN_SCOPE): [],
    ("R3", Disposition.CONSULTATION): ["consultation"],
    ("R1", Disposition.IN_SCOPE): [],
    ("R7", Disposition.IN_SCOPE): [],
}


@pytest.mark.parametrize(("code", "machine"), REFUSALS)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_refusal_tells_the_kind_of_matter_where_its_reason_does(
    db: Database, now: datetime, code: str, machine: Disposition
) -> None:
    async with db.begin() as session:
        desk = await make_staff(session, Role.INTAKE, "city")
        case = await open_proposed(session, disposition=machine)
        await actions.refuse(
            session, case, code=code, answer="不归我们管。", by=desk, catalog=catalog(), now=now
        )
    assert [said["disposition"] for said in await labels(db)] == REFUSALS[code, machine]


@pytest.mark.parametrize(
    ("to", "told"),
    [("人力资源和社会保障部门", ["other_department"]), ("公安机关", []), ("市公安局", []), ("纪委监委", [])],
)
async def test_a_transfer_tells_it_unless_that_office_also_takes_what_is_ours(
    db: Database, now: datetime, to: str, told: list[str]
) -> None:
    async with db.begin() as session:
        desk = await make_staff(session, Role.INTAKE, "city")
        case = await open_proposed(session)
        await actions.transfer_out(
            session, case, to=to, answer="已转去。", by=desk, catalog=catalog(), now=now
        )
    assert [said["disposition"] for said in await labels(db)] == told


@pytest.mark.parametrize(
    ("verdict", "told"), [(Verdict.PROVEN, [["3.4.1"]]), (Verdict.PARTLY_PROVEN, []), (Verdict.UNCLEAR, [])]
)
async def test_what_could_not_be_proven_was_alleged_all_the_same(
    db: Database, now: datetime, verdict: Verdict, told: list[list[str]]
) -> None:
    async with db.begin() as session:
        officer = await make_staff(session, Role.OFFICER, "city")
        case = await open_proposed(session, CaseState.VERIFYING)
        checked = verified(case, verdict)
        await actions.file_result(
            session, case, verdict=verdict, result="查了。", verification=checked, by=officer, now=now
        )
        await actions.decide_finding(
            session,
            case,
            kind=FindingKind.CLAUSE,
            values=["3.4.1"],
            by=officer,
            catalog=catalog(),
            now=now,
        )
    assert [said["clauses"] for said in await labels(db)] == told


async def test_nothing_of_who_reported_is_in_the_corrections(db: Database, keys: Keys, now: datetime) -> None:
    async with db.begin() as session:
        desk = await make_staff(session, Role.INTAKE, "city", name="李受理")
        words = "包过，电话138-1234-5678，微信wx_zhang77，邮箱zhang@example.cn，身份证411102199001011234。"
        tip = await make_tip(session, words, channel=Channel.HOTLINE, is_named=True, place="家住滨河路9号")
        case = await open_proposed(session, tip=tip)
        sealed = {
            part: keys.seal("identity", b"x", place=f"identity.{part}") for part in ("name", "phone", "chat")
        }
        session.add(Identity(tip_id=tip.id, **sealed, chat_digest=bytes(32)))
        await actions.accept(session, case, by=desk, catalog=catalog(), now=now)
        number, tip_id = tip.number, tip.id
    async with db.read() as session:
        [correction] = await list_corrections(session)
    assert set(correction.tip) == {"id", "channel", "received_at", "text", "labels"}
    assert correction.tip["id"] == f"tip-{tip_id}"
    whole = json.dumps(correction.tip, ensure_ascii=False) + repr(correction)
    for secret in ("1234", "5678", "wx_zhang", "zhang@", "411102", number, "滨河路", "李受理"):
        assert secret not in whole, secret
    assert "包过" in correction.tip["text"]
    assert len(correction.tip["text"]) == len(words)


def test_figures_that_matter_stay_in_the_text() -> None:
    words = "交3800块，3月4号考试，A区Q235钢，2026年"
    assert blank_contacts(words) == words


async def test_however_many_there_are_it_is_one_query(db: Database, now: datetime) -> None:
    async with db.begin() as session:
        desk = await make_staff(session, Role.INTAKE, "city")
        for _ in range(5):
            case = await open_proposed(session)
            await actions.accept(session, case, by=desk, catalog=catalog(), now=now)
    asked: list[str] = []
    engine = db.read_engine.sync_engine

    def keep(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        asked.append(statement)

    event.listen(engine, "before_cursor_execute", keep)
    try:
        async with db.read() as session:
            found = await list_corrections(session)
    finally:
        event.remove(engine, "before_cursor_execute", keep)
    assert (len(found), len([line for line in asked if "SELECT" in line])) == (5, 1)


# ---------------------------------------------------------------- labels that go together


def test_a_pattern_gives_way_with_the_clause_that_it_stood_for(now: datetime) -> None:
    one = decided(
        NEWS, 0, now, clauses=["3.1.2"], patterns=["exam_cheating"], police_referral=True, urgency="high"
    )
    said = settle(one, place="yancheng")["labels"]
    assert (said["patterns"], said["police_referral"], said["urgency"]) == ([], False, "normal")


def test_what_is_not_ours_has_no_clauses(now: datetime) -> None:
    one = decided(NEWS, 0, now, disposition="other_department", clauses=["3.1.2"], police_referral=True)
    said = settle(one, place="yancheng")["labels"]
    assert (said["clauses"], said["police_referral"]) == ([], False)


def test_nobody_reads_a_county_out_of_a_text_that_does_not_name_it(now: datetime) -> None:
    one = decided(NEWS, 0, now)
    assert settle(one, place="unknown")["labels"]["jurisdiction"] == "unknown"
    by_staff = replace(one, decided=one.decided | {FindingKind.JURISDICTION})
    assert settle(by_staff, place="unknown")["labels"]["jurisdiction"] == "yancheng"


def test_rules_without_a_model_are_kept_with_any_model() -> None:
    assert is_kept("a" * 12, [f"{'a' * 12}+{'b' * 12}"])
    assert not is_kept("c" * 12, [f"{'a' * 12}+{'b' * 12}"])


def test_no_single_fold_of_training_holds_all_corrections() -> None:
    by_hand = {"one": [{"id": "a"}], "two": [{"id": "b"}], "three": []}
    shared = share_out([{"id": str(number)} for number in range(7)], by_hand)
    assert {hand: len(tips) for hand, tips in shared.items()} == {"one": 3, "three": 3, "two": 3}
    assert [tip["id"] for tip in shared["one"]] == ["a", "0", "1"]
