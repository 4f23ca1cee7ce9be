"""Notices to the bureau's groups (WeCom, DingTalk, Feishu …) through Apprise."""

import asyncio
import logging
import warnings
from collections.abc import Iterable, Sequence
from functools import cache
from types import ModuleType

SECONDS = 12.0


class GroupSendError(Exception):
    """Some addresses did not take it. `reached` are the places (0, 1, …) of those that did."""

    def __init__(self, reached: frozenset[int]) -> None:
        """Keep who has it, so that nobody gets it twice."""
        super().__init__("A group address did not take the notice.")
        self.reached = reached


async def send_to_groups(
    urls: Sequence[str], *, title: str, body: str, except_for: Iterable[int] = ()
) -> None:
    """Send to every address but those in `except_for`. Raises GroupSendError."""
    done = frozenset(except_for)
    waiting = [place for place in range(len(urls)) if place not in done]
    library = await asyncio.to_thread(_load_library)
    answers = await asyncio.gather(*(_send(library, urls[place], title, body) for place in waiting))
    reached = done | {place for place, is_sent in zip(waiting, answers, strict=True) if is_sent}
    if len(reached) < len(urls):
        raise GroupSendError(reached)


@cache
def _load_library() -> ModuleType:
    """Apprise with its plugins takes a second to load, and most installations have no group."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of modules that its plugins still use
        import apprise

        apprise.Apprise().add("json://localhost")  # loads the plugins
    # It logs addresses that fail, and an address holds a secret.
    logging.getLogger(apprise.LOGGER_NAME).setLevel(logging.CRITICAL + 1)
    return apprise


async def _send(library: ModuleType, url: str, title: str, body: str) -> bool:
    sender = library.Apprise(asset=library.AppriseAsset(app_id="Tipline", app_desc="Tipline", app_url=""))
    if not sender.add(url):
        return False
    try:
        async with asyncio.timeout(SECONDS):
            return bool(
                await sender.async_notify(body=body, title=title, body_format=library.NotifyFormat.TEXT)
            )
    except TimeoutError:
        return False
