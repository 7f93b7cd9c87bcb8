"""The checks of the conditions that are not about pods, one table for each condition."""

from typing import Any

import pytest

from tcpaddon.core.checks.accepted import accepted
from tcpaddon.core.checks.address_assigned import address_assigned
from tcpaddon.core.checks.binding_published import binding_published
from tcpaddon.core.checks.verdict import Verdict
from tcpaddon.core.checks.workload import progressing, workload_available
from tcpaddon.core.situation import assess
from tcpaddon.names import Reason
from tests.unit.core.cases import given

_SERVED = {"service": {"ingress": [{"ip": "203.0.113.7"}]}}
_BOUND = {"binding": {"secretRef": {"name": "app-env"}}}
_APP = {"appRef": {"name": "web"}}


def refused(what: str, reason: str, message: str = "no.") -> dict[str, Any]:
    """Return the facts of a write that the API server refused."""
    return {"refusals": {what: {"reason": reason, "message": message}}}


def verdict(condition: Any, spec: dict[str, Any], facts: dict[str, Any]) -> Verdict:
    """Return what one condition says."""
    said = condition(assess(*given({"addon": {"spec": spec}, "facts": facts})))
    assert isinstance(said, Verdict)
    return said


@pytest.mark.parametrize(
    ("spec", "facts", "reason"),
    [
        ({}, {}, Reason.ACCEPTED),
        ({"procfile": "web: a"}, {}, Reason.UNKNOWN_PROCESS_TYPE),
        ({"procfile": "web a"}, {}, Reason.INVALID_PROCFILE),
        (_APP, {}, Reason.APP_NOT_FOUND),
        ({}, refused("Service mqtt-tcp", "NamespaceTerminating"), Reason.NAMESPACE_TERMINATING),
        ({}, refused("Deployment mqtt-tcp", "RefusedByApiServer"), Reason.REFUSED_BY_API_SERVER),
        ({}, refused("Secret mqtt-tcp-binding", "SecretImmutable"), Reason.REFUSED_BY_API_SERVER),
        (_BOUND, refused("Secret app-env", "RefusedByApiServer"), Reason.ACCEPTED),
        ({}, refused("Service mqtt-tcp", "NameConflict"), Reason.ACCEPTED),
        (
            _APP,
            {
                "app": {"containers": [{"name": "a", "image": "a"}]},
                **refused("Deployment web", "AppNotFound"),
            },
            Reason.APP_NOT_FOUND,
        ),
    ],
)
def test_accepted(spec: Any, facts: Any, reason: str) -> None:
    assert verdict(accepted, spec, facts).reason == reason


@pytest.mark.parametrize(
    ("app", "reason"),
    [
        ({"containers": [{"name": "a", "image": "a"}]}, Reason.ACCEPTED),
        (
            {"containers": [{"name": "a", "image": "a"}, {"name": "b", "image": "b"}]},
            Reason.CONTAINER_NOT_CHOSEN,
        ),
        (
            {
                "containers": [{"name": "a", "image": "a"}, {"name": "b", "image": "b"}],
                "defaultContainer": "b",
            },
            Reason.ACCEPTED,
        ),
    ],
)
def test_the_container_to_follow_is_the_default_or_the_only_one(app: Any, reason: str) -> None:
    assert verdict(accepted, _APP, {"app": app}).reason == reason


def test_a_named_container_must_be_there() -> None:
    spec = {"appRef": {"name": "web", "container": "b"}}
    app = {"containers": [{"name": "a", "image": "a"}]}
    assert verdict(accepted, spec, {"app": app}).reason == Reason.CONTAINER_NOT_FOUND


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ({}, Reason.WAITING_FOR_ADDRESS),
        ({"service": {"ingress": []}}, Reason.WAITING_FOR_ADDRESS),
        ({"service": {"ingress": [{}]}}, Reason.WAITING_FOR_ADDRESS),
        (_SERVED, Reason.ADDRESS_ASSIGNED),
        ({"service": {"as": "ownerless", "ingress": [{"ip": "1.2.3.4"}]}}, Reason.ADDRESS_ASSIGNED),
        ({"service": {"as": "foreign", "ingress": [{"ip": "1.2.3.4"}]}}, Reason.NAME_CONFLICT),
        (
            {"service": {"as": "predecessor", "ingress": [{"ip": "1.2.3.4"}]}},
            Reason.WAITING_FOR_DELETION,
        ),
        (
            {"service": {"as": "deleting", "ingress": [{"ip": "1.2.3.4"}]}},
            Reason.WAITING_FOR_DELETION,
        ),
        (refused("Service mqtt-tcp", "NameConflict"), Reason.NAME_CONFLICT),
    ],
)
def test_address_assigned(facts: Any, reason: str) -> None:
    assert verdict(address_assigned, {}, facts).reason == reason


@pytest.mark.parametrize(
    ("spec", "facts", "reason"),
    [
        ({}, {}, Reason.WAITING_FOR_ADDRESS),
        ({}, _SERVED, Reason.BINDING_PUBLISHED),
        ({}, {**_SERVED, "binding": {"as": "foreign"}}, Reason.NAME_CONFLICT),
        ({}, {**_SERVED, "binding": {"as": "deleting"}}, Reason.WAITING_FOR_DELETION),
        (
            {},
            {**_SERVED, **refused("Secret mqtt-tcp-binding", "RefusedByApiServer")},
            Reason.REFUSED_BY_API_SERVER,
        ),
        (_BOUND, {}, Reason.SECRET_NOT_FOUND),
        (_BOUND, _SERVED, Reason.SECRET_NOT_FOUND),
        (_BOUND, {**_SERVED, "appSecret": {}}, Reason.BINDING_PUBLISHED),
        (_BOUND, {**_SERVED, "appSecret": {"immutable": True}}, Reason.SECRET_IMMUTABLE),
        (_BOUND, {"appSecret": {"keys": ["TCP_URL"]}}, Reason.SECRET_CONFLICT),
        (
            _BOUND,
            {**_SERVED, "appSecret": {}, **refused("Secret app-env", "SecretConflict")},
            Reason.SECRET_CONFLICT,
        ),
        (
            _BOUND,
            {**_SERVED, "appSecret": {}, **refused("Secret app-env", "SecretNotFound")},
            Reason.SECRET_NOT_FOUND,
        ),
        (
            _BOUND,
            {**_SERVED, "appSecret": {}, **refused("Secret app-env", "SecretImmutable")},
            Reason.SECRET_IMMUTABLE,
        ),
        (
            _BOUND,
            {**_SERVED, "appSecret": {}, **refused("Secret app-env", "RefusedByApiServer")},
            Reason.REFUSED_BY_API_SERVER,
        ),
    ],
)
def test_binding_published(spec: Any, facts: Any, reason: str) -> None:
    assert verdict(binding_published, spec, facts).reason == reason


_UP = {"replicas": 1, "ready": 1, "updated": 1, "available": 1}


@pytest.mark.parametrize(
    ("spec", "facts", "available", "progress"),
    [
        ({}, {}, (False, Reason.WAITING_FOR_ADDRESS), (False, Reason.WAITING_FOR_ADDRESS)),
        ({}, _SERVED, (False, Reason.ROLLING_OUT), (True, Reason.ROLLING_OUT)),
        (
            {},
            {**_SERVED, "deployment": _UP},
            (True, Reason.AVAILABLE),
            (False, Reason.ROLLED_OUT),
        ),
        (
            {"replicas": 2},
            {**_SERVED, "deployment": _UP},
            (True, Reason.AVAILABLE),
            (True, Reason.ROLLING_OUT),
        ),
        (
            {"replicas": 0},
            {**_SERVED, "deployment": {}},
            (True, Reason.SCALED_TO_ZERO),
            (False, Reason.ROLLED_OUT),
        ),
        (
            {"suspend": True},
            {**_SERVED, "deployment": {"desired": 0}},
            (True, Reason.SUSPENDED),
            (False, Reason.ROLLED_OUT),
        ),
        (
            {"suspend": True},
            {**_SERVED, "deployment": _UP},
            (True, Reason.AVAILABLE),
            (True, Reason.ROLLING_OUT),
        ),
        (
            {},
            {**_SERVED, "deployment": {**_UP, "revision": "1-old"}},
            (True, Reason.AVAILABLE),
            (True, Reason.ROLLING_OUT),
        ),
        (
            {},
            {**_SERVED, "deployment": {**_UP, "as": "foreign"}},
            (False, Reason.NAME_CONFLICT),
            (False, Reason.NAME_CONFLICT),
        ),
        (
            {},
            {**_SERVED, "deployment": {**_UP, "as": "deleting"}},
            (False, Reason.WAITING_FOR_DELETION),
            (False, Reason.WAITING_FOR_DELETION),
        ),
        (
            {"procfile": "web: a"},
            {**_SERVED, "deployment": _UP},
            (True, Reason.AVAILABLE),
            (False, Reason.UNKNOWN_PROCESS_TYPE),
        ),
        (
            {},
            {**_SERVED, **refused("Deployment mqtt-tcp", "RefusedByApiServer")},
            (False, Reason.REFUSED_BY_API_SERVER),
            (False, Reason.REFUSED_BY_API_SERVER),
        ),
        (
            {},
            {**_SERVED, "deployment": {"failure": "exceeded quota"}},
            (False, Reason.PODS_REFUSED),
            (False, Reason.PODS_REFUSED),
        ),
        (
            {},
            {**_SERVED, "deployment": {"replicas": 1, "updated": 1}, "pods": [{"started_at": 1}]},
            (False, Reason.WAITING_FOR_HANDSHAKE),
            (True, Reason.WAITING_FOR_HANDSHAKE),
        ),
    ],
)
def test_workload_available_and_progressing(
    spec: Any, facts: Any, available: Any, progress: Any
) -> None:
    served = verdict(workload_available, spec, facts)
    rolled = verdict(progressing, spec, facts)
    assert (served.holds, served.reason) == available
    assert (rolled.holds, rolled.reason) == progress
