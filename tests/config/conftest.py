import pytest

from config.catalog import Catalog, load_catalog


@pytest.fixture(scope="session")
def catalog() -> Catalog:
    """The rule files as they are."""
    return load_catalog()
