"""Shapes of the public API: what comes in, what goes out. The API's description is made from them."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from bot.intake import MAX_ANSWER, MAX_CONTACT, MAX_TEXT

Words = Annotated[str, StringConstraints(strict=True)]
LONGEST_TYPED = 200


class Body(BaseModel):
    """Base of request bodies: exact types, nothing unknown (a misspelt field would be a loss nobody notices)."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Contact(Body):
    """How to reach the reporter; both may be left out."""

    name: Words | None = Field(None, json_schema_extra={"maxLength": MAX_CONTACT})
    phone: Words | None = Field(None, json_schema_extra={"maxLength": MAX_CONTACT})


class TipBody(Body):
    """A tip. Only `text` is needed; lengths are in characters."""

    text: Words = Field(
        description="What happened, in the reporter's own words.", json_schema_extra={"maxLength": MAX_TEXT}
    )
    place: Words | None = Field(None, json_schema_extra={"maxLength": MAX_ANSWER})
    target: Words | None = Field(
        None, description="Who is accused.", json_schema_extra={"maxLength": MAX_ANSWER}
    )
    occurred: Words | None = Field(
        None, description="When, in words.", json_schema_extra={"maxLength": MAX_ANSWER}
    )
    contact: Contact | None = None
    locale: Words | None = Field(None, description="Language of the answers: zh-CN (default) or en.")


class ReceiptBody(Body):
    """The two halves that open the way back. Spaces, dashes and full-width digits are fine."""

    case_number: Words
    code: Words


class MessageBody(ReceiptBody):
    """Something to add to a tip."""

    text: Words = Field(json_schema_extra={"maxLength": MAX_TEXT})


class TipAnswer(BaseModel):
    """A tip is stored. The code is told this once only."""

    case_number: str = Field(examples=["263184720393"])
    code: str = Field(examples=["12345678901234567890"])
    received_at: str = Field(json_schema_extra={"format": "date-time"})
    status: str = Field(description="Where it stands, in plain words.")


class StageAnswer(BaseModel):
    """One step of the way."""

    stage: str
    state: str = Field(description="done, now or next")
    on: str | None = Field(description="Day, YYYY-MM-DD in Luohe.")


class DeadlineAnswer(BaseModel):
    """The clock that runs now."""

    due_on: str
    is_late: bool
    is_estimate: bool
    sentence: str


class MessageAnswer(BaseModel):
    """A message of staff or of the reporter."""

    sender: str = Field(description="staff or reporter")
    sent_on: str
    text: str


class StatusAnswer(BaseModel):
    """Where a tip stands."""

    case_number: str
    status: str = Field(description="Where it stands, in plain words.")
    next: str = Field(description="What happens next.")
    state: str
    received_on: str
    updated_on: str
    stages: list[StageAnswer]
    deadline: DeadlineAnswer | None
    answer: str | None = Field(description="The written answer, once given.")
    messages: list[MessageAnswer]


class SentAnswer(BaseModel):
    """A message is stored."""

    received_at: str = Field(json_schema_extra={"format": "date-time"})
    status: str


class ProblemAnswer(BaseModel):
    """RFC 9457: what was wrong and what to do, in the reader's language."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    errors: list[dict[str, Any]] | None = None
