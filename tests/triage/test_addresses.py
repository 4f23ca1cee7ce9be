"""The county of an address, and by which word."""

import pytest

from config.catalog import load_catalog
from triage.addresses import AddressReader


@pytest.fixture(scope="module")
def addresses() -> AddressReader:
    return AddressReader(load_catalog())


@pytest.mark.parametrize(
    ("address", "office", "reason", "word"),
    [
        ("孟庙镇街里信用社对面", "yancheng", "town", "孟庙镇"),
        ("临颍县一家学校", "linying", "office", "临颍县"),
        ("就在漯河市", "", "city", "漯河市"),
        ("许昌市建安区", "", "outside", "许昌"),
        ("一个路口", "", "unknown", ""),
        ("", "", "unknown", ""),
    ],
)
def test_a_county_is_named_with_its_reason(addresses, address, office, reason, word):
    found = addresses.locate(address)
    assert (found.office_id, found.reason) == (office, reason)
    assert found.word.startswith(word)


def test_two_counties_are_a_question_to_the_caller(addresses):
    found = addresses.locate("临颍县和舞阳县都有")
    assert (found.office_id, found.reason, set(found.rivals)) == ("", "several", {"linying", "wuyang"})
