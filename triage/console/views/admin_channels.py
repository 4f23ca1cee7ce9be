"""Ways in and out: what is set up, what the chat service says of the bot, what waits, and a test of each way."""

from aiohttp import web

from config.web import Refusal, get_form, get_locale, get_query, see_other
from models.audit import record_event
from models.queries.notices import queue_test_notice
from models.staff import Staff
from models.states import NoticeChannel
from triage.console.channels import can_test, look_at_channels
from triage.console.context import DESK, show
from triage.console.words import Words


async def show_channels(request: web.Request, staff: Staff) -> web.StreamResponse:
    """Each channel with what is known of it, and a button that tries it."""
    desk = request.app[DESK]
    words = Words(desk.catalog, get_locale(request))
    page = await look_at_channels(desk, staff, words, now=desk.now())
    tested = get_query(request).get("tested")
    return await show(
        request,
        staff,
        "oversight/channels.html",
        channels=page.all(),
        tested=words.state("notice_channel", tested) if tested in set(NoticeChannel) else "",
    )


async def test_channel(request: web.Request, staff: Staff) -> web.StreamResponse:
    """Queue a test as any other notice: it goes the same way, through the same process."""
    desk, wanted = request.app[DESK], get_form(request).get("channel")
    channel = next((channel for channel in NoticeChannel if channel == wanted), None)
    if channel is None or not can_test(desk, staff, channel):
        raise Refusal(409, "channel.cannot_test")
    async with desk.db.begin() as session:
        await queue_test_notice(session, channel, staff, now=desk.now())
        record_event(session, "channel_tested", at=desk.now(), by=staff.id, way=channel.value)
    return see_other(f"/admin/channels?tested={channel}")
