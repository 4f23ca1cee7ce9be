"""The doors of bot that the console is handed: their shapes agree, though neither package knows the other."""

from dataclasses import fields

from bot.intake import Submission
from triage.console.context import Call


def test_a_call_has_the_fields_of_a_submission():
    assert {field.name for field in fields(Call)} == {field.name for field in fields(Submission)}
