"""Limits against floods: how much one source or one case may send in a while. Pure: counts in, decision out.

A source is a keyed hash of a network address. Whole towns share one address behind a phone company's
gateway, so the limits are wide; they stop machines, not neighbours. What is refused is refused with the
time of the next try, never for good.
"""

from dataclasses import dataclass
from datetime import timedelta
from ipaddress import ip_address, ip_network


@dataclass(frozen=True, slots=True)
class Limit:
    """At most so many tries in a window."""

    scope: str
    most: int
    window: timedelta


TIPS_OF_SOURCE = Limit("tips-of-source", 60, timedelta(hours=1))
DRAFTS_OF_SOURCE = Limit("drafts-of-source", 120, timedelta(hours=1))
FILES_OF_SOURCE = Limit("files-of-source", 200, timedelta(hours=1))
TRIES_OF_SOURCE = Limit("code-tries-of-source", 60, timedelta(minutes=10))
MESSAGES_OF_TIP = Limit("messages-of-tip", 20, timedelta(hours=1))
READINGS_OF_SOURCE = Limit("readings-of-source", 120, timedelta(hours=1))
"""A story is read when it is written; one more than this is taken all the same, but not read at once."""
ALL_LIMITS = (
    TIPS_OF_SOURCE,
    DRAFTS_OF_SOURCE,
    FILES_OF_SOURCE,
    TRIES_OF_SOURCE,
    MESSAGES_OF_TIP,
    READINGS_OF_SOURCE,
)


class TooManyError(Exception):
    """One more than a limit allows."""

    def __init__(self, limit: Limit) -> None:
        """Keep which limit was met."""
        super().__init__(limit.scope)
        self.limit = limit

    @property
    def wait_minutes(self) -> int:
        """When the next try is taken for certain."""
        return max(1, round(self.limit.window / timedelta(minutes=1)))


def check_count(limit: Limit, count: int) -> None:
    """Raise TooManyError when `count`, this try included, is more than `limit` allows."""
    if count > limit.most:
        raise TooManyError(limit)


def find_source(peer: str | None, forwarded: str | None, *, is_behind_proxy: bool) -> str | None:
    """The network a request comes from, or None where it cannot be told and must not be limited.

    A forwarded address counts only when our own proxy on this machine wrote it: then the last one in the
    list is the one that it saw. Requests from this machine itself are health checks and load tests. Of an
    IPv6 address only the network of 64 bits counts, for one household has them all.
    """
    try:
        address = ip_address((peer or "").split("%")[0])
        if address.is_loopback and is_behind_proxy and forwarded:
            address = ip_address(forwarded.rsplit(",", 1)[-1].strip())
    except ValueError:
        return None
    if address.is_loopback:
        return None
    return (
        str(address)
        if address.version == 4
        else str(ip_network(f"{address}/64", strict=False).network_address)
    )
