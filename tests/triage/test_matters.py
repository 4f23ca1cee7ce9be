"""Like cases are found before routing, shown, and decided by people: stars, no chains; nothing merged; reversible."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event, func, select, text

from config.catalog import Catalog, load_catalog
from config.keys import Keys
from models.case import Case, Finding
from models.event import Event
from models.likeness import Likeness, TipMark
from models.queries.bulk import insert_rows
from models.queries.likenesses import list_known_cases, list_like_cases, make_mark_query
from models.session import Database
from models.staff import Staff
from models.states import CaseState, FindingKind, LikenessState, MarkKind, Role
from models.tip import Tip
from tests.factories import make_case, make_finding, make_staff, make_tip
from triage.actions import MoveRefusedError
from triage.assess import open_case
from triage.language import load_classifier
from triage.matters import Matters, find_likeness, mark_old_tips, say_of_likeness

TEXT = "孟庙镇宏达安全培训学校交三千八百块钱保证拿电工证，不用上课，考试的时候有人把答案发到手机上。"
OTHER = "他家的老师从来不点名，教室里只有三张桌子，登记表上却写着四十个学员，机器早就坏掉了，没有一个能用。"
SHORT = "宏达安培包过班，人人都知道。"


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return load_catalog()


@pytest.fixture(scope="module")
def matters(catalog: Catalog, keys: Keys) -> Matters:
    return Matters(catalog, keys)


def line(**changes: Any) -> dict[str, Any]:
    said = {
        "disposition": "in_scope",
        "subjects": ["training_institution"],
        "clauses": ["3.1.4"],
        "patterns": ["pass_guarantee"],
        "police_referral": False,
        "urgency": "normal",
        "jurisdiction": "yancheng",
        "targets": ["宏达安全培训学校"],
        "evidence": [],
        "confidence": {},
        "review": False,
        "review_reasons": [],
        "facts": {"phones": []},
        "rules_version": "r1",
    }
    return said | changes


class Intake:
    """Tips come in one after the other, an hour apart."""

    def __init__(self, db: Database, catalog: Catalog, matters: Matters, now: datetime) -> None:
        self.db, self.catalog, self.matters, self.now = db, catalog, matters, now

    async def take(self, words: str = TEXT, **changes: Any) -> Case:
        self.now += timedelta(hours=1)
        async with self.db.begin() as session:
            tip = await make_tip(session, words, received_at=self.now)
            case = await open_case(
                session, tip.id, line(**changes), catalog=self.catalog, matters=self.matters, now=self.now
            )
        assert case is not None
        return case

    async def likenesses(self) -> Sequence[Likeness]:
        async with self.db.read() as session:
            return (await session.scalars(select(Likeness).order_by(Likeness.id))).all()

    async def pairs(self) -> list[tuple[int, int]]:
        return [(row.case_id, row.first_case_id) for row in await self.likenesses()]

    async def say(self, number: int, state: LikenessState, by: Staff) -> None:
        async with self.db.begin() as session:
            found = await find_likeness(session, (await self.likenesses())[number].id, by=by)
            assert found is not None
            await say_of_likeness(session, found[0], state, by=by, now=self.now)


@pytest.fixture
def intake(db: Database, catalog: Catalog, matters: Matters, now: datetime) -> Intake:
    return Intake(db, catalog, matters, now)


@pytest.fixture
async def desk(db: Database) -> Staff:
    async with db.begin() as session:
        return await make_staff(session, Role.INTAKE, "city")


async def test_a_tip_like_an_earlier_one_is_linked_with_reasons_and_stays_a_case_of_its_own(
    intake: Intake,
) -> None:
    first = await intake.take()
    second = await intake.take(SHORT, targets=["宏达安培"])
    [found] = await intake.likenesses()
    assert (found.case_id, found.first_case_id, found.state) == (second.id, first.id, LikenessState.SUGGESTED)
    assert found.reasons[0] == {
        "kind": "body",
        "how": "abbreviation",
        "new": "宏达安培",
        "known": "宏达安全培训学校",
    }
    assert (second.state, second.is_open, second.number != first.number) == (CaseState.ASSIGNED, True, True)


async def test_others_are_not_linked(intake: Intake) -> None:
    await intake.take()
    await intake.take(OTHER, targets=["诚信安全培训学校"])
    await intake.take("厂里的化学品仓库没有人看管，门锁坏了半年。", targets=["宏达化工有限公司"])
    await intake.take("监考的人坐在后面打电话，由着大家互相抄。", clauses=["3.3.6"], patterns=[])
    assert await intake.pairs() == []


async def test_likenesses_are_stars_never_chains(intake: Intake) -> None:
    first = await intake.take()
    for words in (TEXT, SHORT, TEXT, OTHER):
        await intake.take(words)
    assert {first_id for _, first_id in await intake.pairs()} == {first.id}
    assert len(await intake.pairs()) == 4


async def test_what_is_like_a_like_case_only_is_not_joined_through_it(intake: Intake) -> None:
    """A names the school; B names it and gives a number; C gives the number only."""
    first = await intake.take()
    second = await intake.take(SHORT, facts={"phones": ["13812345678"]})
    third = await intake.take(
        OTHER, targets=[], clauses=["3.3.6"], patterns=[], facts={"phones": ["13812345678"]}
    )
    assert await intake.pairs() == [(second.id, first.id)]
    assert third.id not in {case_id for case_id, _ in await intake.pairs()}


async def test_after_a_no_the_later_case_is_the_first_of_its_own_matter(intake: Intake, desk: Staff) -> None:
    first = await intake.take()
    second = await intake.take(SHORT, facts={"phones": ["13812345678"]})
    await intake.say(0, LikenessState.REJECTED, desk)
    third = await intake.take(OTHER, targets=[], facts={"phones": ["13812345678"]})
    assert await intake.pairs() == [(second.id, first.id), (third.id, second.id)]
    with pytest.raises(MoveRefusedError, match="is_first"):
        await intake.say(0, LikenessState.SUGGESTED, desk)  # would make a chain


async def test_people_say_yes_or_no_and_take_it_back_and_each_act_is_in_the_record(
    intake: Intake, desk: Staff, db: Database
) -> None:
    await intake.take()
    second = await intake.take()
    for state in (
        LikenessState.CONFIRMED,
        LikenessState.CONFIRMED,  # once more changes nothing
        LikenessState.SUGGESTED,
        LikenessState.REJECTED,
        LikenessState.SUGGESTED,
    ):
        await intake.say(0, state, desk)
    [found] = await intake.likenesses()
    assert (found.state, found.staff_id, found.decided_at) == (LikenessState.SUGGESTED, None, None)
    async with db.read() as session:
        acts = select(Event.kind, Event.staff_id).where(
            Event.case_id == second.id, Event.kind.startswith("likeness")
        )
        kinds = [tuple(row) for row in await session.execute(acts.order_by(Event.position))]
        case = await session.get_one(Case, second.id)
    assert kinds == [
        ("likeness_found", None),
        ("likeness_confirmed", desk.id),
        ("likeness_undone", desk.id),
        ("likeness_rejected", desk.id),
        ("likeness_undone", desk.id),
    ]
    assert (case.state, case.version) == (second.state, second.version)  # nothing merged, nothing closed


async def test_a_case_has_one_first_case_at_most(intake: Intake, desk: Staff) -> None:
    await intake.take(SHORT, facts={"phones": ["13812345678"]})
    await intake.take(OTHER, targets=["诚信安全培训学校"], facts={"phones": ["13912345678"]})
    await intake.take("两家一起的。", targets=[], facts={"phones": ["13812345678", "13912345678"]})
    assert await intake.pairs() == [(3, 1), (3, 2)]
    await intake.say(0, LikenessState.CONFIRMED, desk)
    with pytest.raises(MoveRefusedError, match="has_first"):
        await intake.say(1, LikenessState.CONFIRMED, desk)
    await intake.say(0, LikenessState.SUGGESTED, desk)
    await intake.say(1, LikenessState.CONFIRMED, desk)


async def test_numbers_and_names_are_not_in_the_marks(intake: Intake, db: Database) -> None:
    await intake.take(facts={"phones": ["13812345678"], "wechat": ["abc_1"]})
    async with db.read() as session:
        marks = (await session.scalars(select(TipMark))).all()
    assert {mark.kind for mark in marks} == {"body", "near", "phone", "wechat", "text"}
    assert all(isinstance(mark.value, int) for mark in marks)


async def test_two_like_tips_assessed_at_once_find_each_other(
    db: Database, catalog: Catalog, matters: Matters, now: datetime
) -> None:
    async with db.begin() as session:
        tips = [await make_tip(session, TEXT, received_at=now) for _ in range(4)]

    async def assess(tip: Tip) -> None:
        async with db.begin() as session:
            await open_case(session, tip.id, line(), catalog=catalog, matters=matters, now=now)

    await asyncio.gather(*(assess(tip) for tip in tips))
    async with db.read() as session:
        firsts = set(await session.scalars(select(Likeness.first_case_id)))
        assert await session.scalar(select(func.count()).select_from(Likeness)) == 3
        assert len(firsts) == 1


async def test_tips_from_before_there_were_marks_become_findable(
    intake: Intake, db: Database, catalog: Catalog, matters: Matters
) -> None:
    async with db.begin() as session:
        old = await make_case(session, text=TEXT)
        await make_case(session, text="。", target="")
    classifier = load_classifier(catalog)
    assert await mark_old_tips(db, classifier, matters=matters) == 2
    assert await mark_old_tips(db, classifier, matters=matters) == 0
    case = await intake.take()
    assert await intake.pairs() == [(case.id, old.id)]


class TestRoute:
    async def test_a_tip_without_a_county_follows_the_open_case_and_says_so(
        self, intake: Intake, db: Database
    ) -> None:
        await intake.take()
        second = await intake.take(jurisdiction="unknown")
        assert (second.office_id, second.jurisdiction, second.state) == (
            "yancheng",
            "yancheng",
            CaseState.ASSIGNED,
        )
        async with db.read() as session:
            said = await session.scalar(select(Event.data).where(Event.kind == "same_matter_followed"))
        assert said == {"office": "yancheng"}

    @pytest.mark.parametrize("place", ["linying", "outside"])
    async def test_a_clear_place_of_its_own_stands(self, intake: Intake, place: str) -> None:
        await intake.take()
        second = await intake.take(jurisdiction=place)
        assert second.jurisdiction == place
        assert second.office_id != "yancheng"

    async def test_a_closed_case_or_one_at_the_city_leads_nowhere(self, intake: Intake, db: Database) -> None:
        first = await intake.take()
        async with db.begin() as session:
            (await session.get_one(Case, first.id)).is_open = False
        second = await intake.take(jurisdiction="unknown")
        assert (second.office_id, second.jurisdiction) == ("city", "unknown")

    async def test_a_suggestion_steers_nothing(self, intake: Intake) -> None:
        await intake.take()
        second = await intake.take(OTHER, jurisdiction="unknown")
        assert len(await intake.pairs()) == 1
        assert second.office_id == "city"
        assert "same_matter" not in second.review_reasons

    async def test_whoever_waits_at_the_desk_shows_that_it_is_known(self, intake: Intake) -> None:
        await intake.take()
        second = await intake.take(review=True, review_reasons=["unsure_clauses"])
        assert second.review_reasons == ["unsure_clauses", "same_matter"]

    async def test_an_office_that_is_accused_does_not_get_the_tip_by_likeness(self, intake: Intake) -> None:
        await intake.take()
        second = await intake.take(f"{TEXT}郾城区应急管理局的人收了红包。", jurisdiction="unknown")
        assert second.office_id == "city"
        assert "conflict_of_interest" in second.review_reasons


async def test_a_county_sees_likenesses_within_its_own_cases_only(intake: Intake, db: Database) -> None:
    first = await intake.take()
    second = await intake.take(jurisdiction="linying")
    third = await intake.take()
    async with db.read() as session:

        async def seen(case: Case, scope: str | None) -> list[int]:
            return [one.other.id for one in await list_like_cases(session, case.id, scope=scope)]

        assert await seen(first, None) == [third.id, second.id]
        assert await seen(first, "yancheng") == [third.id]
        assert await seen(second, "linying") == []
        assert await seen(first, "") == []


async def test_a_county_may_not_speak_of_a_case_that_is_not_its_own(intake: Intake, db: Database) -> None:
    await intake.take()
    await intake.take(jurisdiction="linying")
    async with db.begin() as session:
        officer = await make_staff(session, Role.OFFICER, "yancheng")
        assert await find_likeness(session, (await intake.likenesses())[0].id, by=officer) is None


async def test_the_look_is_a_fixed_number_of_statements_that_scan_nothing(
    intake: Intake, db: Database, matters: Matters, now: datetime
) -> None:
    """With thousands of tips of the same name every table is reached by an index."""
    await _fill(db, matters, now, count=6000)
    marks = [
        (MarkKind.BODY, matters.digest(MarkKind.BODY, "hong da")),
        (MarkKind.PHONE, matters.digest(MarkKind.PHONE, "13812345678")),
        *((MarkKind.TEXT, matters.digest(MarkKind.TEXT, f"字{n}")) for n in range(8)),
    ]
    statements: list[tuple[str, Any]] = []

    def note(_c: Any, _cursor: Any, statement: str, parameters: Any, *_more: Any) -> None:
        if statement.startswith("SELECT"):
            statements.append((statement, parameters))

    event.listen(db.read_engine.sync_engine, "before_cursor_execute", note)
    async with db.read() as session:
        known = await list_known_cases(session, marks, apart_from=0)
    event.remove(db.read_engine.sync_engine, "before_cursor_execute", note)
    assert known
    assert len(statements) == 5
    async with db.read() as session:
        for statement, parameters in statements:
            plan = await _explain(session, statement, parameters, is_sqlite=db.is_sqlite)
            scans = [row for row in plan if _is_scan(row, is_sqlite=db.is_sqlite)]
            assert not scans, f"{statement}\n" + "\n".join(plan)
    assert str(make_mark_query(marks)).count("LIMIT") == 12


async def _explain(session: Any, statement: str, parameters: Any, *, is_sqlite: bool) -> list[str]:
    connection = await session.connection()
    prefix = "EXPLAIN QUERY PLAN" if is_sqlite else "EXPLAIN"
    rows = (await connection.exec_driver_sql(f"{prefix} {statement}", parameters)).all()
    return [row[-1] for row in rows]


def _is_scan(row: str, *, is_sqlite: bool) -> bool:
    """A table read from end to end; what was found already may be."""
    tables = ("tip_mark", "tip", '"case"', "case", "likeness", "finding")
    names = (
        [f"SCAN {table}" for table in tables] if is_sqlite else [f"Seq Scan on {table}" for table in tables]
    )
    return any(row.strip().removeprefix("->").strip().startswith(name) for name in names)


async def _fill(db: Database, matters: Matters, now: datetime, *, count: int) -> None:
    async with db.begin() as session:
        tip = await make_tip(session, OTHER, received_at=now)
        case = await make_case(session, tip=tip, due_in=None)
        plain = {column.name: getattr(tip, column.name) for column in Tip.__table__.columns}
        of_case = {column.name: getattr(case, column.name) for column in Case.__table__.columns}
        ids = range(tip.id + 1, tip.id + count)
        serial = {n: f"{n:012d}" for n in ids}
        await insert_rows(session, Case, [of_case | {"id": n, "number": serial[n]} for n in ids])
        tips = [
            plain
            | {"id": n, "number": serial[n], "case_id": n, "submission_digest": n.to_bytes(32, "little")}
            for n in ids
        ]
        await insert_rows(session, Tip, tips)
        values = [(MarkKind.BODY, matters.digest(MarkKind.BODY, "hong da"))]
        marks = [{"kind": kind, "value": value, "tip_id": n} for n in ids for kind, value in values]
        marks += [
            {"kind": MarkKind.TEXT, "value": matters.digest(MarkKind.TEXT, f"字{n % 900 + k}"), "tip_id": n}
            for n in ids
            for k in range(2)
        ]
        await insert_rows(session, TipMark, marks)
        said_no = {"score": 0.6, "is_sure": False, "reasons": [], "created_at": now, "version": 1}
        said_no["state"] = LikenessState.REJECTED
        likenesses = [
            said_no | {"case_id": n, "first_case_id": n - back} for n in ids[3:] for back in (1, 2, 3)
        ]
        await insert_rows(session, Likeness, likenesses)
        finding = await make_finding(session, case, tip, FindingKind.TARGET, "宏达安全培训学校")
        said = {
            column.name: getattr(finding, column.name)
            for column in Finding.__table__.columns
            if column.name != "id"
        }
        findings = [said | {"case_id": n, "tip_id": n} for n in ids for _ in range(3)]
        await insert_rows(session, Finding, findings)
    async with db.begin() as session:
        await session.execute(text("ANALYZE"))
