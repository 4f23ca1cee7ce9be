"""What the reporter reads: every state has its words, nothing of the staff shows, lateness is told."""

from datetime import timedelta

import pytest

from bot.progress import PUBLIC_CLOCKS, STAGE_NOW, Stage, load_progress, make_steps
from config.text import LOCALES, has_text
from models.states import CaseState, MessageKind, Verdict
from tests.factories import NOW, make_case, make_deadline, make_message, make_tip


@pytest.mark.parametrize("locale", LOCALES)
def test_every_state_clock_stage_and_verdict_has_words(locale: str):
    keys = [
        f"status.state.{state}.{part}" for state in (*CaseState, "received") for part in ("title", "body")
    ]
    keys += [f"status.clock.{rule}.{tone}" for rule in PUBLIC_CLOCKS for tone in ("fine", "late")]
    keys += [f"status.stage.{stage}" for stage in Stage] + [
        f"status.verdict.{verdict}" for verdict in Verdict
    ]
    assert [key for key in keys if not has_text(f"public.{key}", locale)] == []


def test_every_state_stands_somewhere_on_the_step_line():
    assert set(STAGE_NOW) == set(CaseState)


async def test_a_tip_nobody_has_looked_at_is_received(db):
    async with db.begin() as session:
        progress = await load_progress(session, await make_tip(session), now=NOW)
    assert (progress.state, progress.promise, progress.answer) == ("received", None, "")
    assert [step.state for step in progress.steps] == ["now", "next", "next", "next", "next"]


async def test_the_promise_is_kept_or_told_to_be_broken(db):
    async with db.begin() as session:
        case = await make_case(session, due_in=timedelta(days=3))
        tip = await make_tip(session, case=case)
        before = await load_progress(session, tip, now=NOW)
        after = await load_progress(session, tip, now=NOW + timedelta(days=4))
    assert before.promise
    assert not before.promise.is_late
    assert after.promise
    assert after.promise.is_late


async def test_the_bureaus_own_clocks_are_not_shown(db):
    async with db.begin() as session:
        case = await make_case(session, due_rule="D07")
        tip = await make_tip(session, case=case)
        assert (await load_progress(session, tip, now=NOW)).promise is None
        await make_deadline(session, case, "D12", due_at=NOW)
        assert (await load_progress(session, tip, now=NOW)).promise.key == "D12"


async def test_notes_results_and_unsent_answers_stay_inside(db):
    async with db.begin() as session:
        case = await make_case(
            session, CaseState.ANSWER_DUE, result="内部结果", answer="草稿", verdict=Verdict.PROVEN
        )
        tip = await make_tip(session, case=case)
        await make_message(session, case, tip, "只给同事看", kind=MessageKind.NOTE)
        await make_message(session, case, tip, "请问是哪一天？", kind=MessageKind.TO_REPORTER)
        progress = await load_progress(session, tip, now=NOW)
    assert [letter.text for letter in progress.letters] == ["请问是哪一天？"]
    assert (progress.answer, progress.verdict) == ("", None)


async def test_each_reporter_of_a_case_reads_his_own_messages_only(db):
    async with db.begin() as session:
        case = await make_case(session)
        mine, other = await make_tip(session, case=case), await make_tip(session, case=case)
        await make_message(session, case, other, "别人的补充")
        assert (await load_progress(session, mine, now=NOW)).letters == ()


def test_a_refused_tip_has_no_steps_that_never_happened(now):
    class Refused:
        state = CaseState.REFUSED
        accepted_at = signed_at = answered_at = None
        closed_at = now

    steps = make_steps(Refused(), received_at=now)
    assert [(step.stage, step.state) for step in steps] == [(Stage.RECEIVED, "done"), (Stage.CLOSED, "now")]
