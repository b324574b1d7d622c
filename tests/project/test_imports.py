"""The arrows of import point one way, lazy ones included: there is no circle, and no back door."""

from collections.abc import Iterator

import grimp
import pytest

PACKAGES = (
    *("mgcore", "mgops_basic", "mgops_activations", "mgops_math", "mgnn"),
    *("mgcompile", "mgbridge", "mgview", "mgcli", "pytest_mgcore"),
)
ENGINE = (
    *("value", "op", "order", "backward", "derivatives", "partials", "sweeps", "numeric", "errors"),
    *("ieee", "failures", "seam", "ops", "foreign", "methods", "domain", "places", "transport"),
)
ABOVE = ("mgcore.plugins", "mgcore.explain", "mgcore.testing")


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    return grimp.build_graph(*PACKAGES, exclude_type_checking_imports=True, cache_dir=None)


def _circles(graph: grimp.ImportGraph) -> Iterator[str]:
    """Take away what imports, or is imported by, nothing that is left; circles stay."""
    imports = {m: graph.find_modules_directly_imported_by(m) for m in graph.modules}
    users = {m: graph.find_modules_that_directly_import(m) for m in graph.modules}
    left = set(imports)
    while free := {m for m in left if not (imports[m] & left and users[m] & left)}:
        left -= free
    for module in sorted(left):
        yield from (f"{module} -> {other}" for other in sorted(imports[module] & left))


def test_there_is_no_circle(graph: grimp.ImportGraph) -> None:
    assert list(_circles(graph)) == []


def test_a_circle_would_be_found() -> None:
    graph = grimp.ImportGraph()
    for importer, imported in (("a", "b"), ("b", "c"), ("c", "b")):
        graph.add_import(importer=importer, imported=imported)
    assert list(_circles(graph)) == ["b -> c", "c -> b"]


@pytest.mark.parametrize("name", ENGINE)
def test_the_engine_knows_nothing_of_what_stands_above_it(
    name: str, graph: grimp.ImportGraph
) -> None:
    below = graph.find_upstream_modules(f"mgcore.{name}")
    assert not [m for m in below if m.startswith(ABOVE)]
