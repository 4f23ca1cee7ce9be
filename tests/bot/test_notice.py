"""The notice on personal data has a version: whoever changes a sentence gives it a new one."""

import hashlib
from datetime import date

from bot.notice import notice_version
from config.text import LOCALES, load_texts

DIGESTS = {"2026-11-28": "672a58f0517e375b"}
"""Version and digest of all its sentences, in both languages. A new sentence: a new line."""


def digest() -> str:
    said = [
        f"{locale} {key} {words}"
        for locale in LOCALES
        for key, words in sorted(load_texts(locale).items())
        if key.startswith("privacy.") and key != "privacy.version"
    ]
    return hashlib.sha256("\n".join(said).encode()).hexdigest()[:16]


def test_the_version_is_a_day_and_the_same_in_every_language():
    assert date.fromisoformat(notice_version())
    assert {load_texts(locale)["privacy.version"] for locale in LOCALES} == {notice_version()}


def test_no_sentence_changes_without_a_new_version():
    assert DIGESTS[notice_version()] == digest()
