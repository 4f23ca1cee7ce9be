"""One classifier for all tests of the triage engine: rules and places as they are shipped."""

from functools import cache

from config.catalog import Catalog, load_catalog
from triage.classify import Knowledge
from triage.language import Classifier, load_classifier


@cache
def catalog() -> Catalog:
    return load_catalog()


@cache
def classifier() -> Classifier:
    """The rules alone."""
    return load_classifier(catalog(), model=None)


@cache
def whole_classifier() -> Classifier:
    """Rules and the shipped model, as the program runs them."""
    return load_classifier(catalog())


@cache
def knowledge() -> Knowledge:
    return Knowledge(catalog())
