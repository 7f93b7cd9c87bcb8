"""The operator's rights are those that it uses: none is missing, and none is granted in vain.

Read out of the audit log when all other tests have run.
"""

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import pytest
import yaml

import cluster
from tests.e2e.site import CHART, OPERATOR_NAMESPACE, Site, moment

NEVER = datetime.max.replace(tzinfo=UTC)
AUTHORIZER_HEARS = timedelta(seconds=1)  # it follows the rules by a watch
CREATED = 201
FORBIDDEN = 403


class Right(NamedTuple):
    """A rule of RBAC, taken apart."""

    group: str
    resource: str
    verb: str

    def __str__(self) -> str:
        return f"{self.verb} {self.resource}{f'.{self.group}' if self.group else ''}"


def granted(site: Site) -> set[Right]:
    """What the chart grants the operator's service account, in the cluster or in its namespace."""
    said = site.helm(
        *("template", "tcpaddon", str(CHART), "--namespace", OPERATOR_NAMESPACE),
        *("--show-only", "templates/rbac.yaml"),
    )
    objects = [found for found in yaml.safe_load_all(said) if found]
    bound = {
        (found["roleRef"]["kind"], found["roleRef"]["name"])
        for found in objects
        for subject in found.get("subjects", [])
        if (subject["kind"], subject["name"]) == ("ServiceAccount", "tcpaddon")
    }
    return {
        Right(group, resource, verb)
        for found in objects
        if (found["kind"], found["metadata"]["name"]) in bound
        for rule in found["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }


def used(requests: Iterable[Mapping[str, Any]]) -> set[Right]:
    """What requests needed. Those about no object (health, discovery) are everybody's right."""
    found = set()
    for line in requests:
        if not (ref := line.get("objectRef")):
            continue
        resource = "/".join(filter(None, (ref["resource"], ref.get("subresource"))))
        group = ref.get("apiGroup", "")
        found.add(Right(group, resource, line["verb"]))
        # An apply that makes an object is asked for the right to create it too.
        if line["verb"] == "patch" and line.get("responseStatus", {}).get("code") == CREATED:
            found.add(Right(group, resource, "create"))
    return found


def was_forbidden(line: Mapping[str, Any]) -> bool:
    """Whether rights were missing; quotas and namespaces that end are a 403 too."""
    status = line.get("responseStatus", {})
    decision = line.get("annotations", {}).get("authorization.k8s.io/decision")
    missing = status.get("code") == FORBIDDEN and " cannot " in status.get("message", "")
    return decision == "forbid" or missing


def uninstalled(log: Iterable[Mapping[str, Any]]) -> list[tuple[datetime, datetime]]:
    """When tests had taken the operator's rights away, by `helm uninstall`: from, to."""
    times: list[tuple[datetime, datetime]] = []
    for line in log:
        ref = line.get("objectRef", {})
        if ref.get("apiGroup") != "rbac.authorization.k8s.io":
            continue
        if not ref.get("name", "").startswith("tcpaddon"):
            continue
        if line["verb"] == "delete":
            if not times or times[-1][1] != NEVER:
                times.append((moment(line), NEVER))
        elif line.get("responseStatus", {}).get("code") == CREATED and times:
            times[-1] = (times[-1][0], moment(line) + AUTHORIZER_HEARS)
    return times


def test_no_request_of_the_operator_was_refused_for_want_of_a_right(site: Site) -> None:
    requests = site.all_requests()
    assert requests
    without = uninstalled(cluster.audit_events(site.cluster))
    refused = [
        json.dumps(line)
        for line in requests
        if was_forbidden(line) and not any(begin <= moment(line) <= end for begin, end in without)
    ]
    assert refused == []
    assert {str(right) for right in used(requests) - granted(site)} == set()


def test_every_right_of_the_operator_is_used_by_some_test(site: Site, all_collected: bool) -> None:
    if not all_collected:
        pytest.skip("only when all e2e tests are run")
    idle = sorted(str(right) for right in granted(site) - used(site.all_requests()))
    assert not idle, f"take out of the chart's rbac.yaml, or test what needs it: {', '.join(idle)}"
