"""What a citizen is asked."""

from bot.intake import MAX_ANSWER, MAX_CONTACT, MAX_TEXT


def test_facts_come_first_and_contact_last(catalog):
    tip = catalog.questionnaires["tip"]
    assert [question.id for question in tip.questions] == [
        "what",
        "where",
        "who",
        "when",
        "evidence",
        "contact",
    ]
    assert tip.questions[-1].choices[0].id == "anonymous"


def test_only_the_facts_must_be_told(catalog):
    fields = [field for question in catalog.questionnaires["tip"].questions for field in question.fields]
    assert [field.id for field in fields if field.is_required] == ["text"]


def test_what_is_asked_for_can_be_stored(catalog):
    fields = {
        field.id: field for question in catalog.questionnaires["tip"].questions for field in question.fields
    }
    assert fields["text"].longest == MAX_TEXT == 20_000
    assert max(fields[name].longest for name in ("place", "target", "occurred")) <= MAX_ANSWER
    assert max(fields[name].longest for name in ("name", "phone")) <= MAX_CONTACT
    assert (fields["files"].most, fields["files"].most_bytes) == (10, 20 * 1024 * 1024)
