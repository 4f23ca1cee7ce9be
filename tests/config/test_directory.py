"""Where callers are sent: every place and every reason has words, and fits the keys 1 to 9."""

from config.directory import load_directory
from config.text import LOCALES, has_text


def test_every_place_and_reason_has_words_in_both_languages():
    directory = load_directory()
    keys = [f"desk.directory.{place.id}.{part}" for place in directory.places for part in ("name", "matters")]
    keys += [f"desk.transfer.because.{reason}" for reason in directory.reasons]
    assert [key for key in keys for locale in LOCALES if not has_text(key, locale)] == []


def test_places_are_told_apart_and_need_one_key_each():
    ids = [place.id for place in load_directory().places]
    assert len(set(ids)) == len(ids) <= 9
