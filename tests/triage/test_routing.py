"""Routing: straight to the county when nothing is in doubt, else to people with every reason."""

from dataclasses import replace

import pytest

from config.catalog import load_catalog
from config.text import LOCALES, has_text
from triage.routing import Route, choose_officer, choose_route, propose_office

CATALOG = load_catalog()
WORDS = "孟庙镇的某培训学校收两千八包过，不用上课。"


def line(**changes):
    said = {
        "disposition": "in_scope",
        "subjects": ["training_institution"],
        "clauses": ["3.1.4"],
        "patterns": ["pass_guarantee"],
        "urgency": "normal",
        "jurisdiction": "yancheng",
        "targets": [],
        "review": False,
        "review_reasons": [],
    }
    return {**said, **changes}


def route(text=WORDS, catalog=CATALOG, **changes) -> Route:
    return choose_route(line(**changes), text=text, catalog=catalog)


@pytest.mark.parametrize("county", CATALOG.counties)
def test_what_is_clear_goes_straight_to_its_county(county):
    assert route(jurisdiction=county) == Route(county)
    assert route(jurisdiction=county).straight


@pytest.mark.parametrize(
    ("changes", "reasons"),
    [
        ({"jurisdiction": "unknown"}, ("place_unknown",)),
        ({"jurisdiction": "city"}, ("place_city",)),
        ({"jurisdiction": "outside"}, ("place_outside",)),
        ({"jurisdiction": "nowhere"}, ("place_unknown",)),
        ({"disposition": "other_safety"}, ("other_safety",)),
        ({"disposition": "other_department"}, ("other_department",)),
        ({"disposition": "consultation"}, ("consultation",)),
        ({"disposition": "not_actionable"}, ("not_actionable",)),
        (
            {"review": True, "review_reasons": ["unsure_disposition", "no_clause"]},
            ("unsure_disposition", "no_clause"),
        ),
        ({"review": True, "review_reasons": ["no_place"], "jurisdiction": "unknown"}, ("place_unknown",)),
        ({"disposition": "other_safety", "jurisdiction": "city"}, ("other_safety", "place_city")),
        ({"targets": ["郾城区应急管理局"]}, ("conflict_of_interest",)),
        ({"targets": ["漯河市应急管理局"]}, ("conflict_of_city",)),
    ],
)
def test_whatever_is_doubtful_goes_to_the_city_desk_with_its_reasons(changes, reasons):
    found = route(**changes)
    assert found == Route("city", reasons)
    assert not found.straight
    assert all(has_text(f"rules.review.{reason}", locale) for reason in found.reasons for locale in LOCALES)


@pytest.mark.parametrize(
    "text",
    [
        "郾城区应急局的人收了他们的钱。",
        "找过郾城应急局，没人理。",
        "我向郾城区应急管理局反映过三次，都不管。",
        "学校老板给郾城区应急局的科长塞红包。",
        "尊敬的郾城区应急管理局领导：学校老板说郾城区应急局里有他亲戚。",
    ],
)
def test_an_office_does_not_handle_a_tip_that_speaks_of_it(text):
    assert route(text=text).reasons == ("conflict_of_interest",)
    assert route(text=text, jurisdiction="linying").straight


@pytest.mark.parametrize(
    "text",
    [
        "尊敬的郾城区应急管理局领导：孟庙有学校包过。",
        "郾城区应急管理局：孟庙有学校包过。",
        "请郾城区应急局查一下孟庙的学校。",
        "我向郾城应急局举报孟庙的培训学校。",
        "希望郾城区应急局来查。",
    ],
)
def test_writing_to_an_office_is_not_speaking_of_it(text):
    assert route(text=text) == Route("yancheng")


def test_bodies_that_the_city_looks_after_go_to_the_city():
    rules = CATALOG.routing.model_copy(update={"city_subjects": ("exam_institution",)})
    catalog = replace(CATALOG, routing=rules)
    assert route(subjects=["exam_institution"], catalog=catalog) == Route("city", ("city_level_body",))
    assert route(catalog=catalog).straight


@pytest.mark.parametrize(
    ("loads", "officer"),
    [([], None), ([(7, 3)], 7), ([(1, 4), (2, 2), (3, 2)], 2), ([(3, 2), (2, 2)], 2), ([(1, 0), (2, 0)], 1)],
)
def test_the_officer_with_the_fewest_cases_and_of_equals_the_first(loads, officer):
    assert choose_officer(loads) == officer


def test_an_office_is_proposed_by_place_and_then_by_clause():
    assert propose_office("wuyang", ["3.1.4"], CATALOG) == "wuyang"
    assert propose_office("unknown", ["3.1.4"], CATALOG) == "city"
    of_city = replace(CATALOG, routing=CATALOG.routing.model_copy(update={"city_subjects": ("exam_site",)}))
    assert propose_office("wuyang", ["3.3.1"], of_city) == "city"
    assert propose_office("wuyang", ["3.1.4"], of_city) == "wuyang"
