"""The list of statutory steps follows from history and clocks alone: what was undone is open again."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.case import Case, Deadline, TrackStep
from models.event import Event
from models.states import CaseState, Track
from tests.factories import NOW
from triage.steps import RULES, StepState, list_police_steps, list_steps
from triage.tracks import ROWS
from triage.workflow import STEPS

FULL = (
    "accepted",
    "assigned",
    "signed_for",
    "result_filed",
    "result_approved",
    "answered",
    "followed_up",
    "archived",
)
MAIN = ("decide", "tell_decision", "assign", "sign", "verify", "review", "answer", "follow_up", "archive")


def happened(*kinds: str) -> list[tuple[Event, str | None]]:
    return [
        (Event(position=place, kind=kind, at=NOW + timedelta(hours=place), data={}), "王工")
        for place, kind in enumerate(kinds, 1)
    ]


def states(state: CaseState, *kinds: str, deadlines=()) -> dict[str, StepState]:
    steps = list_steps(Case(state=state), happened(*kinds), deadlines)
    return {step.rule.key: step.state for step in steps}


def done(state: CaseState, *kinds: str) -> list[str]:
    return [key for key, said in states(state, *kinds).items() if said is StepState.DONE]


def test_the_whole_way_in_order():
    for count in range(len(FULL) + 1):
        expected = [*MAIN[: count + 1]] if count else []
        assert done(CaseState.VERIFYING, *FULL[:count]) == expected


@pytest.mark.parametrize(
    ("state", "kinds", "now"),
    [
        (CaseState.REGISTERED, (), "decide"),
        (CaseState.NEEDS_SUPPLEMENT, ("supplement_asked",), "decide"),
        (CaseState.ACCEPTED, ("accepted",), "assign"),
        (CaseState.ASSIGNED, ("accepted", "assigned"), "sign"),
        (CaseState.VERIFYING, ("accepted", "assigned", "signed_for"), "verify"),
        (CaseState.ACCEPTED, ("accepted", "assigned", "returned"), "assign"),
        (CaseState.ASSIGNED, ("accepted", "assigned", "signed_for", "assigned"), "sign"),
        (
            CaseState.VERIFYING,
            ("accepted", "assigned", "signed_for", "result_filed", "result_sent_back"),
            "verify",
        ),
        (CaseState.RESULT_FILED, FULL[:4], "review"),
        (CaseState.ANSWER_DUE, FULL[:5], "answer"),
        (CaseState.ANSWERED, FULL[:6], "follow_up"),
        (CaseState.VERIFYING, (*FULL[:6], "redone"), "verify"),
        (CaseState.VERIFYING, (*FULL[:7], "review_opened", "review_reopened"), "verify"),
        (CaseState.IN_REVIEW, (*FULL[:7], "review_opened"), "reconsider"),
        (CaseState.EXTENSION_PENDING, (*FULL[:3], "extension_asked"), "extend"),
        (CaseState.CLOSED, FULL[:7], "archive"),
    ],
)
def test_what_is_to_be_done_now(state, kinds, now):
    said = states(state, *kinds)
    assert said[now] is StepState.NOW


def test_the_city_verifies_without_signing():
    assert done(CaseState.VERIFYING, "accepted", "verified_directly") == [
        "decide",
        "tell_decision",
        "assign",
        "sign",
    ]


def test_a_case_that_left_the_way_is_asked_for_nothing_more():
    assert states(CaseState.REFUSED, "refused") == dict.fromkeys(("decide", "tell_decision"), StepState.DONE)


def test_the_newest_clock_binds_and_an_old_one_does_not_bind_what_is_open_again():
    clocks = [
        Deadline(id=1, rule_id="D10", started_at=NOW, due_at=NOW, cancelled_at=NOW),
        Deadline(id=2, rule_id="D11", started_at=NOW + timedelta(1), due_at=NOW + timedelta(30)),
    ]
    steps = list_steps(Case(state=CaseState.VERIFYING), happened(*FULL[:3]), clocks)
    verify = next(step for step in steps if step.rule.key == "verify")
    assert verify.clock.rule_id == "D11"
    clocks[1].met_at = NOW
    steps = list_steps(Case(state=CaseState.VERIFYING), happened(*FULL[:4], "result_sent_back"), clocks)
    assert next(step for step in steps if step.rule.key == "verify").clock is None


@given(
    kinds=st.lists(
        st.sampled_from(sorted({kind for rule in RULES for kind in rule.done_by | rule.undone_by}))
    )
)
def test_a_done_step_names_the_last_act_that_did_it(kinds):
    history = happened(*kinds)
    for step in list_steps(Case(state=CaseState.VERIFYING), history, []):
        own = [event for event, _ in history if event.kind in step.rule.done_by | step.rule.undone_by]
        is_done = bool(own) and own[-1].kind in step.rule.done_by
        assert (step.event is not None) == is_done
        assert not is_done or step.event is own[-1]


def test_every_rule_leads_to_a_move_that_its_states_allow():
    for rule in RULES:
        if rule.move:
            assert rule.states & STEPS[rule.move].origins, rule.key


def take(*steps: str) -> list[tuple[TrackStep, str | None]]:
    return [(TrackStep(track=Track.POLICE, step=step, at=NOW, facts={}), "王工") for step in steps]


@pytest.mark.parametrize(
    ("taken", "way"),
    [
        ((), "suspected team reported approved sent received filed handed_over"),
        (("suspected", "team", "reported", "declined"), "suspected team reported declined"),
        (
            ("suspected", "team", "reported", "approved", "sent", "incomplete", "supplied"),
            "suspected team reported approved sent received incomplete supplied filed handed_over",
        ),
        (
            ("suspected", "team", "reported", "approved", "sent", "received", "not_filed", "reconsidering"),
            "suspected team reported approved sent received not_filed reconsidering supervised",
        ),
        (
            ("not_filed", "reconsidering", "refused_again", "supervised", "filed"),
            "suspected team reported approved sent received not_filed reconsidering refused_again supervised filed",
        ),
    ],
)
def test_the_referral_shows_the_branches_that_were_taken(taken, way):
    case = Case(
        state=CaseState.VERIFYING, is_police_matter=True, tracks={"police": taken[-1]} if taken else {}
    )
    steps = list_police_steps(case, take(*taken), [])
    assert [step.step for step in steps] == way.split()
    assert {step.step for step in steps if step.state is StepState.DONE} == set(taken)
    assert set(way.split()) <= {row.step for row in ROWS if row.track is Track.POLICE}


def test_no_referral_where_nobody_suspects_a_crime():
    assert list_police_steps(Case(state=CaseState.VERIFYING, is_police_matter=False, tracks={}), [], []) == []
