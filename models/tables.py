"""All tables in one import: for migrations, backups and checks that must see the whole schema."""

from models.administration import (
    CalendarYear,
    CaseHold,
    KeepingPeriod,
    ProtectedChange,
    PurgeDay,
    StartState,
)
from models.at_work import CaseDraft, CasePresence
from models.base import Base
from models.call import HotlineCall
from models.case import Case, Deadline, Finding, Heartbeat, Pause, ThrottleCount, TrackStep
from models.case_bar import CaseBar
from models.disclosure import CaseSummary, Disclosure, OutgoingText
from models.event import Event
from models.fact import Fact
from models.issued_paper import Paper, PaperDraft
from models.likeness import BodyRise, Likeness, TipMark
from models.list_work import BulkItem, BulkRun, SavedView
from models.message import Message
from models.notice import Notice
from models.staff import RecoveryCode, Staff, StaffSession
from models.tip import Attachment, AttachmentText, Draft, Identity, InboundUpdate, Tip
from models.unit import Unit, UnitKey
from models.way_back import Rating, ReporterRequest

__all__ = [
    "Attachment",
    "AttachmentText",
    "Base",
    "BodyRise",
    "BulkItem",
    "BulkRun",
    "CalendarYear",
    "Case",
    "CaseBar",
    "CaseDraft",
    "CaseHold",
    "CasePresence",
    "CaseSummary",
    "Deadline",
    "Disclosure",
    "Draft",
    "Event",
    "Fact",
    "Finding",
    "Heartbeat",
    "HotlineCall",
    "Identity",
    "InboundUpdate",
    "KeepingPeriod",
    "Likeness",
    "Message",
    "Notice",
    "OutgoingText",
    "Paper",
    "PaperDraft",
    "Pause",
    "ProtectedChange",
    "PurgeDay",
    "Rating",
    "RecoveryCode",
    "ReporterRequest",
    "SavedView",
    "Staff",
    "StaffSession",
    "StartState",
    "ThrottleCount",
    "Tip",
    "TipMark",
    "TrackStep",
    "Unit",
    "UnitKey",
]
