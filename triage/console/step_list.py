"""The steps that the law asks for, in words: done by whom and when, or what is missing, with the way to do it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from models.states import Track
from triage.console.case_page import CaseFile
from triage.console.clock_list import Clock, view_clock
from triage.console.next_moves import Choice, whose
from triage.console.paper_page import Papers, name_form
from triage.console.words import Words
from triage.steps import PoliceStep, Step, StepState, list_police_steps, list_steps
from triage.workflow import Move


@dataclass(frozen=True, slots=True)
class StepView:
    """One line of the list. `act`, `paper`: address and label of what does it, where this reader can do it."""

    label: str
    state: str
    line: str
    clock: Clock | None
    law: str
    missing: str
    act: tuple[str, str] | None
    paper: tuple[str, str] | None


def view_steps(
    file: CaseFile, choices: Sequence[Choice], papers: Papers, words: Words, *, now: datetime
) -> list[StepView]:
    """The way of the case."""
    by_move = {choice.move: choice for choice in choices}
    return [
        _view_step(step, file, by_move, papers, words, now=now)
        for step in list_steps(file.case, file.events, file.deadlines)
    ]


def _view_step(
    step: Step,
    file: CaseFile,
    choices: Mapping[Move, Choice],
    papers: Papers,
    words: Words,
    *,
    now: datetime,
) -> StepView:
    choice = choices.get(step.rule.move) if step.rule.move else None
    is_now = step.state is StepState.NOW
    clock = view_clock(step.clock, words, now=now) if step.clock else None
    can = is_now and choice is not None and not choice.why_not
    return StepView(
        label=words.text(f"case.steps.{step.rule.key}"),
        state=step.state.value,
        line=_say_done(step, file, words),
        clock=clock,
        law=words.source(step.clock.rule_id, now=now) if step.clock else "",
        missing=_say_missing(step, file, choice, words) if is_now else "",
        act=(f"?do={choice.move}#act", choice.label) if can and choice else None,
        paper=_find_paper(step, file, papers, words),
    )


def _say_done(step: Step, file: CaseFile, words: Words) -> str:
    if step.event is None:
        return ""
    who = step.who or words("timeline.system")
    line = words.text("case.steps.done_line", who=who, when=words.moment(step.event.at))
    second = (file.case.verification or {}).get("second")
    if step.rule.key == "verify" and second:
        return words.text("case.steps.with_second", line=line, second=second)
    if step.rule.key == "extend":
        return words.text(f"case.steps.{step.event.kind}", line=line, days=step.event.data.get("days", ""))
    return line


def _say_missing(step: Step, file: CaseFile, choice: Choice | None, words: Words) -> str:
    """Why it is not done: whose it is, or what stands in its way."""
    if step.rule.key == "follow_up" and file.case.calls:
        return words.text("case.steps.called", count=file.case.calls)
    if choice and choice.why_not:
        return choice.why_not
    return whose(step.rule.move, words) if step.rule.move and not choice else ""


def _find_paper(step: Step, file: CaseFile, papers: Papers, words: Words) -> tuple[str, str] | None:
    """The paper that was issued for it, else the form that can be filled now."""
    if not step.rule.form:
        return None
    root = f"/cases/{file.case.number}/papers"
    issued = next((paper for paper in papers.issued if paper.form == step.rule.form), None)
    if issued:
        return f"{root}/{issued.id}", f"{issued.title} {issued.number}"
    if any(form.id == step.rule.form for form in papers.ready):
        return f"{root}/{step.rule.form}", words.text(
            "case.steps.issue", form=name_form(step.rule.form, words)
        )
    return None


def view_police(file: CaseFile, next_steps: Sequence[str], words: Words, *, now: datetime) -> list[StepView]:
    """The referral to the police. `next_steps`: those that this reader may take now."""
    return [
        _view_police(step, next_steps, words, now=now)
        for step in list_police_steps(file.case, file.track_steps, file.deadlines)
    ]


def _view_police(step: PoliceStep, next_steps: Sequence[str], words: Words, *, now: datetime) -> StepView:
    label = words.text(f"casework.step.{Track.POLICE}.{step.step}")
    who = step.who or words("timeline.system")
    can = step.state is StepState.NOW and step.step in next_steps
    return StepView(
        label=label,
        state=step.state.value,
        line=words.text("case.steps.done_line", who=who, when=words.moment(step.at)) if step.at else "",
        clock=view_clock(step.clock, words, now=now) if step.clock else None,
        law=words.source(step.clock.rule_id, now=now) if step.clock else "",
        missing="",
        act=(f"?track=police&step={step.step}#tracks", label) if can else None,
        paper=None,
    )
