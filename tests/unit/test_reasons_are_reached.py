"""Every reason is reached by a test on a real API server or a real cluster, by name."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tcpaddon.names import Condition, Reason

TESTS = Path(__file__).parents[1]
FILES = sorted([*(TESTS / "api").glob("test_*.py"), *(TESTS / "e2e").glob("test_*.py")])
# What a test says of a reason: it compares it, or waits until a condition gives it.
_WAITERS = frozenset({"told", "reason", "event"})


def _words(node: ast.AST) -> Iterator[str]:
    """Find the texts below a node that are one word: the values of reasons are."""
    for part in ast.walk(node):
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            yield part.value


def _name(call: ast.Call) -> str:
    function = call.func
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def asserted(tree: ast.AST) -> Iterator[str]:
    """Find the texts that a test compares with, waits for, or is given as a case."""
    for node in ast.walk(tree):
        match node:
            case ast.Assert() | ast.Compare():
                yield from _words(node)
            case ast.Call() if _name(node) in _WAITERS or _name(node) == "parametrize":
                yield from _words(node)


@pytest.fixture(scope="module")
def reached() -> frozenset[str]:
    return frozenset(word for file in FILES for word in asserted(ast.parse(file.read_text())))


@pytest.mark.parametrize("reason", Reason)
def test_a_test_on_a_real_api_server_reaches_the_reason(
    reason: Reason, reached: frozenset[str]
) -> None:
    assert reason.value in reached, (
        f"no test in tests/api or tests/e2e reaches {reason.value}: write one that waits for a "
        "condition or an Event with it"
    )


@pytest.mark.parametrize("condition", Condition)
def test_a_test_on_a_real_api_server_looks_at_the_condition(
    condition: Condition, reached: frozenset[str]
) -> None:
    assert condition.value in reached
