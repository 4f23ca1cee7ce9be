"""Attachments: the working copy for everybody who sees the case, the original only with a reason."""

import asyncio
from collections.abc import Callable
from urllib.parse import quote

from aiohttp import web

from config.keys import SealBrokenError
from config.web import Refusal, get_form, get_locale
from models.audit import record_event
from models.files import AttachmentLostError, open_original, open_working
from models.staff import Staff
from models.tip import Attachment
from triage.console.case_access import get_case
from triage.console.case_page import CaseFile, load_case_file
from triage.console.context import DESK, show
from triage.console.words import Words

MAX_REASON = 500
SANDBOX = "default-src 'none'; sandbox"

PICTURES = {"image/jpeg": b"\xff\xd8\xff", "image/png": b"\x89PNG\r\n\x1a\n", "image/webp": b"RIFF"}
"""Kinds that a browser draws, and how their files begin."""


async def send_working_copy(request: web.Request, staff: Staff) -> web.StreamResponse:
    """The copy without metadata, as a download that no browser runs."""
    desk, (_, attachment) = request.app[DESK], await _find(request, staff)
    if attachment.working is None:
        raise Refusal(404, "console.no_working_copy")
    content = await _read(open_working, desk.settings.files, attachment)
    return _download(content, attachment)


async def send_picture(request: web.Request, staff: Staff) -> web.StreamResponse:
    """The working copy of a picture, to be seen on the page of the case: drawn anew by us, without metadata."""
    desk, (_, attachment) = request.app[DESK], await _find(request, staff)
    if attachment.working is None or attachment.media_type not in PICTURES:
        raise Refusal(404, "console.no_working_copy")
    content = await _read(open_working, desk.settings.files, attachment)
    if not content.startswith(
        PICTURES[attachment.media_type]
    ):  # whatever lies there, it is no picture of ours
        raise Refusal(404, "console.file_lost")
    headers = {"Content-Disposition": "inline", "Content-Security-Policy": SANDBOX}
    return web.Response(body=content, content_type=attachment.media_type, headers=headers)


async def show_original_form(request: web.Request, staff: Staff) -> web.StreamResponse:
    """Ask for the reason before an original is opened."""
    file, attachment = await _find(request, staff)
    return await show(
        request, staff, "original.html", case=file.case, attachment=attachment, errors={}, reason=""
    )


async def send_original(request: web.Request, staff: Staff) -> web.StreamResponse:
    """The original as it came, once the reason is in the audit."""
    desk, reason = request.app[DESK], get_form(request).get("reason").strip()
    file, attachment = await _find(request, staff)
    if not 0 < len(reason) <= MAX_REASON:
        return await _ask_again(request, staff, file, attachment)
    async with desk.db.begin() as session:
        ids = {"case_id": file.case.id, "file": attachment.id}
        record_event(session, "original_opened", at=desk.now(), by=staff.id, reason=reason, **ids)
    content = await _read(open_original, desk.settings.files, attachment, desk.keys)
    return _download(content, attachment)


async def _ask_again(
    request: web.Request, staff: Staff, file: CaseFile, attachment: Attachment
) -> web.StreamResponse:
    words, reason = Words(request.app[DESK].catalog, get_locale(request)), get_form(request).get("reason")
    key = "field.too_long" if reason.strip() else "field.empty"
    sentence = words.error(key, field=words("field.reason"), longest=MAX_REASON)
    values = {"case": file.case, "attachment": attachment, "reason": reason, "errors": {"reason": sentence}}
    return await show(request, staff, "original.html", status=422, **values)


async def _find(request: web.Request, staff: Staff) -> tuple[CaseFile, Attachment]:
    """The file, if it belongs to this case, this person may see the case, and the antivirus program has passed it.

    Raises Refusal 404.
    """
    async with request.app[DESK].db.read() as session:
        file = await load_case_file(session, await get_case(session, staff, request.match_info["number"]))
    attachment = file.attachments.get(int(request.match_info["file_id"]))
    if attachment is None:
        raise Refusal(404, "console.no_case")
    if not attachment.is_passed:
        raise Refusal(404, f"console.file_{attachment.scan.value}")
    return file, attachment


async def _read(read: Callable[..., bytes], *args: object) -> bytes:
    try:
        return await asyncio.to_thread(read, *args)
    except (AttachmentLostError, SealBrokenError) as error:
        raise Refusal(404, "console.file_lost") from error


def _download(content: bytes, attachment: Attachment) -> web.Response:
    """Never shown in place: whatever it holds, no page of ours runs it."""
    name = quote(attachment.name, safe="")
    return web.Response(
        body=content,
        content_type="application/octet-stream",
        headers={
            "Content-Disposition": f"attachment; filename=\"file\"; filename*=UTF-8''{name}",
            "Content-Security-Policy": SANDBOX,
        },
    )
