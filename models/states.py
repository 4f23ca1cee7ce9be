"""All vocabularies that are stored: states, roles, channels, kinds.

The words people read for them are in `config/locales/*/states.yaml`; a value here is never shown.
"""

from enum import StrEnum


class Channel(StrEnum):
    """How a tip came in."""

    WEB = "web"
    API = "api"
    TELEGRAM = "telegram"
    HOTLINE = "hotline"


class Disposition(StrEnum):
    """What kind of text a tip is."""

    IN_SCOPE = "in_scope"
    OTHER_SAFETY = "other_safety"
    OTHER_DEPARTMENT = "other_department"
    CONSULTATION = "consultation"
    NOT_ACTIONABLE = "not_actionable"


class Urgency(StrEnum):
    """How soon somebody must look."""

    IMMEDIATE = "immediate"
    HIGH = "high"
    NORMAL = "normal"


class CaseState(StrEnum):
    """Where a case stands; the comment names the state of the procedure that it stands for."""

    NEEDS_SUPPLEMENT = "needs_supplement"  # S0 待补正
    REGISTERED = "registered"  # S1 已登记（待受理）
    REFUSED = "refused"  # S2 不予受理
    TRANSFERRED = "transferred"  # S3 已移送其他部门
    ACCEPTED = "accepted"  # S4 已受理（待交办）
    ASSIGNED = "assigned"  # S5 已交办（待签收）
    VERIFYING = "verifying"  # S6 核查中
    SUSPENDED = "suspended"  # S7 挂起
    EXTENSION_PENDING = "extension_pending"  # S8 延期审批中
    RESULT_FILED = "result_filed"  # S9 待审核
    ANSWER_DUE = "answer_due"  # S10 待反馈
    ANSWERED = "answered"  # S11 已反馈（待回访）
    CLOSED = "closed"  # S12 办结（待归档）
    ARCHIVED = "archived"  # S13 已归档
    IN_REVIEW = "in_review"  # S14 复查中
    TERMINATED = "terminated"  # S15 终止办理
    MERGED = "merged"  # 并案


FINAL_STATES = frozenset(
    {
        CaseState.REFUSED,
        CaseState.TRANSFERRED,
        CaseState.CLOSED,
        CaseState.ARCHIVED,
        CaseState.TERMINATED,
        CaseState.MERGED,
    }
)
OPEN_STATES = frozenset(CaseState) - FINAL_STATES


class Verdict(StrEnum):
    """What verification found."""

    PROVEN = "proven"  # 属实
    PARTLY_PROVEN = "partly_proven"  # 部分属实
    NOT_PROVEN = "not_proven"  # 不属实
    UNCLEAR = "unclear"  # 无法查清


class Satisfaction(StrEnum):
    """What a reporter said when he was asked after the answer."""

    SATISFIED = "satisfied"
    PARTLY = "partly"
    DISSATISFIED = "dissatisfied"
    UNREACHED = "unreached"


class Track(StrEnum):
    """What runs beside the main way of a case."""

    URGE = "urge"  # 督办
    POLICE = "police"  # 移送公安
    PENALTY = "penalty"  # 行政处罚
    REWARD = "reward"  # 奖励
    TELLING = "telling"  # 告知决定
    ORDER = "order"  # 12345工单


class Role(StrEnum):
    """What a member of staff is here for."""

    OFFICER = "officer"  # 承办人
    LEAD = "lead"  # 县区负责人
    INTAKE = "intake"  # 市局受理员
    OPERATOR = "operator"  # 接线员
    SUPERVISOR = "supervisor"  # 分管领导
    AUDITOR = "auditor"  # 审计员
    ADMINISTRATOR = "administrator"  # 管理员


class FindingKind(StrEnum):
    """What a finding speaks about."""

    DISPOSITION = "disposition"
    SUBJECT = "subject"
    CLAUSE = "clause"
    PATTERN = "pattern"
    POLICE_REFERRAL = "police_referral"
    URGENCY = "urgency"
    JURISDICTION = "jurisdiction"
    TARGET = "target"


class FindingSource(StrEnum):
    """Who said it: proposal of the machine, or decision of a person.

    attachment: the machine again, by what it read in a file and not by the reporter's own words.
    """

    MACHINE = "machine"
    ATTACHMENT = "attachment"
    STAFF = "staff"


class Scan(StrEnum):
    """What the antivirus program said of a file; off = there is none on this installation."""

    OFF = "off"
    WAITING = "waiting"
    CLEAN = "clean"
    INFECTED = "infected"


class TextSource(StrEnum):
    """How the machine read something in an attachment."""

    CODE = "code"  # 二维码
    PDF = "pdf"
    PICTURE = "picture"  # 图片文字


class MessageKind(StrEnum):
    """Who speaks to whom on a case; a note never reaches the reporter."""

    TO_REPORTER = "to_reporter"
    FROM_REPORTER = "from_reporter"
    NOTE = "note"


class NoticeChannel(StrEnum):
    """By which way a notice is sent; group = the Apprise addresses of the whole installation."""

    TELEGRAM = "telegram"
    MAIL = "mail"
    GROUP = "group"


class NoticeState(StrEnum):
    """Where a notice of the outbox stands."""

    WAITING = "waiting"
    SENDING = "sending"
    SENT = "sent"
    SKIPPED = "skipped"
    FAILED = "failed"


class UpdateState(StrEnum):
    """Where an update of the chat inbox stands."""

    WAITING = "waiting"
    DONE = "done"
    REJECTED = "rejected"
    QUARANTINED = "quarantined"


class CodeScheme(StrEnum):
    """How a return code is stored."""

    HMAC = "hmac-sha256"
    ARGON2 = "argon2id"


class MarkKind(StrEnum):
    """By what a tip is found again when a like one comes."""

    BODY = "body"
    NEAR = "near"
    PHONE = "phone"
    WECHAT = "wechat"
    QQ = "qq"
    LINK = "link"
    TEXT = "text"


class LikenessState(StrEnum):
    """What people say of a likeness that the machine found."""

    SUGGESTED = "suggested"
    CONFIRMED = "confirmed"
    REJECTED = "rejected"


class RequestKind(StrEnum):
    """What a reporter asks for about his tip."""

    WITHDRAWAL = "withdrawal"  # 撤回举报
    REVIEW = "review"  # 申请复查


class Solved(StrEnum):
    """Whether the matter is solved, in the reporter's eyes."""

    YES = "yes"
    PARTLY = "partly"
    NO = "no"


class BarReason(StrEnum):
    """回避事由: why an office or a person must not have a case."""

    OFFICE_NAMED = "office_named"
    STAFF_NAMED = "staff_named"
    RECUSED = "recused"
    DECIDED = "decided"


class DisclosureKind(StrEnum):
    """What somebody asks to see."""

    IDENTITY = "identity"
    WORDS = "words"


class CallEnd(StrEnum):
    """How a call on the desk ended."""

    FILED = "filed"  # a tip of its own
    ATTACHED = "attached"  # a tip that joined an open case
    TRANSFERRED = "transferred"  # not ours: the caller was told where to call
    DROPPED = "dropped"  # wrong number, silence
    ANSWERED = "answered"  # asked how far his tip is
    SUPPLEMENTED = "supplemented"  # added to his tip by number and code
