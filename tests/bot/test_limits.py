"""Limits: at the limit yes, one more no; and whose address counts."""

import pytest

from bot.limits import ALL_LIMITS, Limit, TooManyError, check_count, find_source


@pytest.mark.parametrize("limit", ALL_LIMITS, ids=lambda limit: limit.scope)
def test_the_limit_itself_is_allowed_and_one_more_is_not(limit: Limit):
    check_count(limit, limit.most)
    with pytest.raises(TooManyError) as refused:
        check_count(limit, limit.most + 1)
    assert refused.value.wait_minutes >= 1


def test_scopes_are_not_shared():
    assert len({limit.scope for limit in ALL_LIMITS}) == len(ALL_LIMITS)


@pytest.mark.parametrize(
    ("peer", "forwarded", "is_behind_proxy", "expected"),
    [
        ("203.0.113.9", None, False, "203.0.113.9"),
        ("203.0.113.9", "198.51.100.1", True, "203.0.113.9"),  # not our proxy: what it says counts nothing
        ("127.0.0.1", "198.51.100.1", False, None),  # no proxy is configured: forged
        (
            "127.0.0.1",
            "10.0.0.1, 198.51.100.1",
            True,
            "198.51.100.1",
        ),  # only the last one was seen by our proxy
        ("127.0.0.1", None, True, None),
        ("127.0.0.1", "nonsense", True, None),
        ("::1", "2001:db8:1:2:3:4:5:6", True, "2001:db8:1:2::"),
        ("2001:db8:1:2:ffff::1", None, False, "2001:db8:1:2::"),
        ("fe80::1%eth0", None, False, "fe80::"),
        (None, None, False, None),
        ("", None, False, None),
    ],
)
def test_whose_address_counts(
    peer: str | None, forwarded: str | None, is_behind_proxy: bool, expected: str | None
):
    assert find_source(peer, forwarded, is_behind_proxy=is_behind_proxy) == expected
