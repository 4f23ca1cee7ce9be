"""The side tracks of a case as one table: 督办, 移送公安, 行政处罚, 奖励, 告知决定, 12345工单. Pure.

Each row is one step: from which steps it may follow, whose it is, what it asks for, and which clocks it
meets, drops and starts. Police: 国务院令第310号, with the prosecutor's supervision (art. 9); a fine never takes the
place of a referral (art. 11). Everything said of a crime is said as suspected.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation

from models.states import FINAL_STATES, CaseState, Role, Track, Verdict
from triage.guards import Refusal

START = ""
REWARD_MOST = Decimal(300_000)
NEW_REWARD_RULE = date(2025, 5, 1)
"""Henan's revision: the least reward is 1,000 yuan, an employee gets 15 % more, and 1,000 yuan more at least."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What conditions look at. `role` None: the system acts."""

    state: CaseState
    steps: Mapping[str, str]
    role: Role | None = None
    actor_id: int | None = None
    recused: frozenset[int] = frozenset()
    verdict: Verdict | None = None
    has_named_reporter: bool = False


Condition = Callable[[Standing], Refusal | None]


@dataclass(frozen=True, slots=True)
class TrackRow:
    """One step. `starts`: rule and start event of each clock."""

    track: Track
    step: str
    after: frozenset[str]
    roles: frozenset[Role]
    fields: tuple[str, ...] = ()
    meets: tuple[str, ...] = ()
    cancels: tuple[str, ...] = ()
    starts: tuple[tuple[str, str], ...] = ()
    is_last: bool = False
    conditions: tuple[Condition, ...] = field(default=(), repr=False)
    tells_officer: str = ""
    tells_reporter: str = ""


def _refuse(reason: str, *, when: bool) -> Refusal | None:
    return Refusal(reason, {}) if when else None


def _is_open(standing: Standing) -> Refusal | None:
    return _refuse("track_case_over", when=standing.state in FINAL_STATES)


def _is_verified(standing: Standing) -> Refusal | None:
    """From verification on; what was refused, transferred or merged has no track."""
    too_early = {
        CaseState.NEEDS_SUPPLEMENT,
        CaseState.REGISTERED,
        CaseState.ACCEPTED,
        CaseState.ASSIGNED,
    }
    over = {CaseState.REFUSED, CaseState.TRANSFERRED, CaseState.MERGED, CaseState.ARCHIVED}
    return _refuse("track_not_now", when=standing.state in too_early | over)


def _is_decided(standing: Standing) -> Refusal | None:
    """Before the decision there is nothing to tell; who is with another case is told there."""
    too_early = {CaseState.NEEDS_SUPPLEMENT, CaseState.REGISTERED, CaseState.MERGED}
    return _refuse("not_decided", when=standing.state in too_early)


def _no_fine_instead(standing: Standing) -> Refusal | None:
    """310号令 art. 11: where a crime is suspected, the referral comes first."""
    waits = standing.steps.get(Track.POLICE) in {"suspected", "team", "reported", "approved"}
    return _refuse("fine_instead", when=waits)


def _penalty_is_final(standing: Standing) -> Refusal | None:
    return _refuse("penalty_not_final", when=standing.steps.get(Track.PENALTY) != "settled")


def _has_named_reporter(standing: Standing) -> Refusal | None:
    return _refuse("no_named_reporter", when=not standing.has_named_reporter)


_HANDLERS = frozenset({Role.OFFICER, Role.LEAD, Role.INTAKE, Role.SUPERVISOR})
_HEAD = frozenset({Role.SUPERVISOR})
_DESK = frozenset({Role.INTAKE, Role.SUPERVISOR})


def _urge(step: str, *after: str) -> TrackRow:
    return TrackRow(
        Track.URGE,
        step,
        frozenset({START, "lifted", *after}),
        _HEAD,
        ("reason",),
        conditions=(_is_open,),
        tells_officer="case_urged",
    )


def _police(step: str, *after: str, **facts: object) -> TrackRow:
    return _row(Track.POLICE, step, after, **facts)


def _penalty(step: str, *after: str, **facts: object) -> TrackRow:
    return _row(Track.PENALTY, step, after, **facts)


def _reward(step: str, *after: str, **facts: object) -> TrackRow:
    return _row(Track.REWARD, step, after, **{"roles": _DESK, **facts})


def _row(track: Track, step: str, after: tuple[str, ...], **facts: object) -> TrackRow:
    values = {"roles": _HANDLERS, "conditions": (_is_verified,), **facts}
    return TrackRow(track, step, frozenset(after), **values)  # type: ignore[arg-type]


ROWS: tuple[TrackRow, ...] = (
    # 督办, by levels; the system takes the first two when a limit was missed (D29)
    _urge("reminded"),
    _urge("written", "reminded"),
    _urge("listed", "reminded", "written"),
    _urge("summoned", "reminded", "written", "listed"),
    TrackRow(
        Track.URGE,
        "lifted",
        frozenset({"reminded", "written", "listed", "summoned"}),
        _HEAD,
        ("reason",),
        is_last=True,
    ),
    # 移送公安, T0 to T8
    _police("suspected", START, fields=("reason",)),
    _police("team", "suspected", fields=("second",)),
    _police("reported", "team", fields=("paper",), starts=(("D15", "crime_reported"),)),
    _police(
        "approved",
        "reported",
        roles=_HEAD,
        meets=("D15",),
        starts=(("D16", "referral_approved"),),
        tells_officer="referral_approved",
    ),
    _police("declined", "reported", roles=_HEAD, fields=("reason",), meets=("D15",), is_last=True),
    _police("sent", "approved", fields=("paper",), meets=("D16",)),
    _police("received", "sent", "supplied", fields=("paper",), starts=(("D19", "referral_received"),)),
    _police(
        "incomplete",
        "sent",
        "received",
        fields=("reason",),
        cancels=("D19",),
        starts=(("D18", "referral_incomplete"),),
    ),
    _police("supplied", "incomplete", fields=("paper",), meets=("D18",)),
    _police(
        "filed",
        "received",
        "reconsidering",
        "supervised",
        fields=("paper",),
        meets=("D19", "D21"),
        starts=(("D23", "police_filed"),),
    ),
    _police("handed_over", "filed", fields=("paper",), meets=("D23",), is_last=True),
    _police(
        "not_filed",
        "received",
        fields=("reason",),
        meets=("D19",),
        starts=(("D20", "refusal_received"),),
    ),
    _police(
        "reconsidering",
        "not_filed",
        fields=("paper",),
        meets=("D20",),
        starts=(("D21", "reconsideration_asked"),),
    ),
    _police(
        "refused_again",
        "reconsidering",
        fields=("reason",),
        meets=("D21",),
        starts=(("D22", "reconsideration_decided"),),
    ),
    _police("supervised", "refused_again", fields=("paper",), meets=("D22",)),
    _police(
        "taken_back",
        "not_filed",
        "refused_again",
        "supervised",
        roles=_HEAD,
        fields=("reason",),
        cancels=("D20", "D22"),
        is_last=True,
    ),
    # 行政处罚
    _penalty("opened", START, fields=("paper",), starts=(("D24", "penalty_opened"),)),
    _penalty("announced", "opened", fields=("paper",)),
    _penalty(
        "decided",
        "announced",
        fields=("paper", "fine"),
        meets=("D24",),
        starts=(("D25", "penalty_decided"),),
        conditions=(_is_verified, _no_fine_instead),
    ),
    _penalty("served", "decided", fields=("paper",), meets=("D25",)),
    _penalty("settled", "served", is_last=True),
    _penalty("dropped", "opened", "announced", fields=("reason",), cancels=("D24",), is_last=True),
    # 奖励
    _reward(
        "assessed",
        START,
        fields=("amount", "reason"),
        conditions=(_is_verified, _penalty_is_final, _has_named_reporter),
    ),
    _reward("granted", "assessed", roles=_HEAD),
    _reward("declined", "assessed", roles=_HEAD, fields=("reason",), is_last=True),
    _reward("notified", "granted", starts=(("D14", "reward_notified"),), tells_reporter="reward_ready"),
    _reward("published", "notified", fields=("reason",)),
    _reward("claimed", "notified", "published", fields=("paper",), meets=("D14",), is_last=True),
    _reward("waived", "notified", "published", fields=("reason",), cancels=("D14",), is_last=True),
    # 告知决定: by telephone, where the reporter left nothing else
    _row(
        Track.TELLING,
        "told",
        (START,),
        conditions=(_is_decided, _has_named_reporter),
        meets=("D04",),
        is_last=True,
    ),
    # 12345工单: the same matter also came by that line, which is owed a reply of its own
    _row(
        Track.ORDER,
        "received",
        (START, "replied"),
        conditions=(_is_open,),
        fields=("paper",),
        starts=(("D26", "hotline_received"),),
    ),
    _row(Track.ORDER, "interim", ("received",), conditions=(), fields=("reason",), meets=("D26",)),
    _row(
        Track.ORDER,
        "replied",
        ("received", "interim"),
        conditions=(),
        fields=("reason",),
        meets=("D26",),
        is_last=True,
    ),
)
URGE_LADDER = ("reminded", "written")
"""Which level the system takes at the first and the second rung after a limit of verification was missed."""


def find_row(track: Track, step: str) -> TrackRow | None:
    """The row of a step."""
    return next((row for row in ROWS if row.track is track and row.step == step), None)


def check_row(row: TrackRow, standing: Standing) -> Refusal | None:
    """Why a step cannot be taken now; None when it can."""
    if standing.steps.get(row.track, START) not in row.after:
        return Refusal("track_order", {})
    if standing.role is not None and standing.role not in row.roles:
        return Refusal("track_role", {"role": standing.role})
    if standing.actor_id in standing.recused:
        return Refusal("recused", {})
    return next((refusal for check in row.conditions if (refusal := check(standing))), None)


def list_next(track: Track, standing: Standing) -> list[tuple[TrackRow, Refusal | None]]:
    """The steps that may follow, each with why this person cannot take it."""
    here = standing.steps.get(track, START)
    return [(row, check_row(row, standing)) for row in ROWS if row.track is track and here in row.after]


def list_open_tracks(steps: Mapping[str, str]) -> list[str]:
    """Tracks that have begun and not ended. Urging ends with the case."""
    last = {(row.track.value, row.step) for row in ROWS if row.is_last}
    return [track for track, step in steps.items() if track != Track.URGE and (track, step) not in last]


def read_amount(typed: str) -> Decimal | None:
    """Yuan as typed: 3000, 3,000.50; None where it is no amount."""
    try:
        amount = Decimal(typed.replace(",", "").replace("，", ""))
    except InvalidOperation:
        return None
    return amount if amount.is_finite() and 0 <= amount < 10**9 and amount == round(amount, 2) else None


def reward_amount(fine: Decimal, *, decided_on: date, is_employee: bool = False) -> Decimal:
    """What the reward comes to: 15 % of the fine, between the least sum and 300,000 yuan; more for an employee."""
    is_new = decided_on >= NEW_REWARD_RULE
    base = max(Decimal(1_000 if is_new else 3_000), fine * 15 / 100)
    if is_employee:
        base += max(Decimal(1_000), base * 15 / 100) if is_new else base * 10 / 100
    return min(base, REWARD_MOST).quantize(Decimal("0.01"))
