"""All tables in one import: for migrations, backups and checks that must see the whole schema."""

from models.base import Base
from models.call import HotlineCall
from models.case import Case, Deadline, Finding, Heartbeat, ThrottleCount
from models.event import Event
from models.likeness import BodyRise, Likeness, TipMark
from models.message import Message
from models.notice import Notice
from models.staff import Staff, StaffSession
from models.tip import Attachment, AttachmentText, Draft, Identity, InboundUpdate, Tip
from models.unit import Unit, UnitKey

__all__ = [
    "Attachment",
    "AttachmentText",
    "Base",
    "BodyRise",
    "Case",
    "Deadline",
    "Draft",
    "Event",
    "Finding",
    "Heartbeat",
    "HotlineCall",
    "Identity",
    "InboundUpdate",
    "Likeness",
    "Message",
    "Notice",
    "Staff",
    "StaffSession",
    "ThrottleCount",
    "Tip",
    "TipMark",
    "Unit",
    "UnitKey",
]
