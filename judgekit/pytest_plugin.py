"""pytest's door: `assert comparison.not_worse(margin=0.02)` on the experiment that a marker or an option names.

pytest imports this file in every project that has judgekit installed, so it holds names only: the work is in
`testing.experiment_fixture`, which is imported where a test asks for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from judgekit.records.comparison_report import ComparisonReport
    from judgekit.records.gate import GateReport

MARKER = (
    "judgekit(experiment): the experiment, a name or folder, that this test's `comparison` and `gate_report` are of"
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that names an experiment for tests without a marker."""
    group = parser.getgroup("judgekit")
    group.addoption("--judgekit-experiment", metavar="NAME", help="experiment of tests that no marker gives one")


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marker."""
    config.addinivalue_line("markers", MARKER)


@pytest.fixture
def comparison(request: pytest.FixtureRequest) -> ComparisonReport:
    """Give the comparison of the experiment's candidate with its baseline, from the runs that it has."""
    from judgekit.testing.experiment_fixture import comparison_of

    return comparison_of(_experiment(request), start=request.path.parent)


@pytest.fixture
def gate_report(request: pytest.FixtureRequest) -> GateReport:
    """Give what the experiment's gate says, from the runs that it has."""
    from judgekit.testing.experiment_fixture import gate_of

    return gate_of(_experiment(request), start=request.path.parent)


def _experiment(request: pytest.FixtureRequest) -> str:
    """Return the experiment that the nearest marker names, or else the option."""
    marker = request.node.get_closest_marker("judgekit")
    given = [*marker.args, *marker.kwargs.values()] if marker is not None else []
    named = given[0] if given else request.config.getoption("--judgekit-experiment")
    if not named:
        raise pytest.UsageError(
            f"{request.fixturename} needs an experiment: mark the test @pytest.mark.judgekit(experiment=...), "
            "or give --judgekit-experiment"
        )
    return str(named)
