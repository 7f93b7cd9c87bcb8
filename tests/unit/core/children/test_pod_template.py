"""The pod template: what it is made of, and that only its inputs roll the pods."""

from dataclasses import replace
from typing import Any

import pytest

from tcpaddon.core.children.merge import environment
from tcpaddon.core.children.pod_template import pod_template
from tcpaddon.core.digest import digest
from tcpaddon.core.facts import Facts
from tcpaddon.core.process import Fault, Process, resolve
from tests.unit.core.world import NOW, addon


def process(spec: dict[str, Any] | None = None) -> tuple[Any, Process]:
    """Return an addon and its process."""
    mqtt = addon(spec)
    resolved = resolve(mqtt, Facts(now=NOW))
    assert not isinstance(resolved, Fault)
    return mqtt, resolved


def revision(spec: dict[str, Any] | None = None, live: str = "") -> str:
    """Return the revision of an addon's template."""
    return pod_template(*process(spec), live).revision


def container(
    spec: dict[str, Any],
    app: dict[str, Any] | None = None,
    app_pod: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Return the container for a spec, and the app's fields if there is an app."""
    mqtt, made = process(spec)
    made = replace(made, container_fields=app or {}, pod_fields=app_pod or {})
    only: dict[str, Any] = pod_template(mqtt, made).body["spec"]["containers"][0]
    return only


def test_the_revision_of_the_first_version_does_not_change_with_the_operator() -> None:
    # This very value is on live pods. If this test fails, everybody's pods roll.
    spec = {"procfile": "tcp: cd x && node $PORT", "env": [{"name": "A", "value": "1"}]}
    assert revision(spec) == "1-e3c8af0f642d28fb"


def test_the_template_of_the_first_version_is_rendered_as_it_always_was() -> None:
    # The same inputs must give the same pods, the shell wrapper's text included. If this test
    # fails after a release, make a version 2 of the template and leave this one alone.
    spec = {"procfile": "tcp: cd x && node $PORT", "env": [{"name": "A", "value": "1"}]}
    assert digest(pod_template(*process(spec), "").body) == "32a0a2d03bbcf000"


def test_the_template_that_follows_an_app_is_rendered_as_it_always_was() -> None:
    mqtt, made = process({"procfile": "tcp: node"})
    made = replace(
        made,
        container_fields={
            "env": [{"name": "A", "value": "1"}],
            "volumeMounts": [{"name": n, "mountPath": f"/{n}"} for n in ("config", "data")],
        },
        pod_fields={
            "volumes": [{"name": "config", "configMap": {"name": "web"}}],
            "automountServiceAccountToken": False,
            "hostAliases": [{"ip": "192.0.2.1", "hostnames": ["db"]}],
        },
    )
    template = pod_template(mqtt, made)
    assert (template.revision, digest(template.body)) == ("1-2b68c3f2de369616", "f6c1d0d06b9fe621")


@pytest.mark.parametrize(
    "spec",
    [
        {"replicas": 3},
        {"startPolicy": "Immediately"},
        {"exposure": {"sourceRanges": ["10.0.0.0/8"]}},
        {"rollout": {"maxSurge": 1}},
        {"binding": {"secretRef": {"name": "app-env"}}},
        {"procfile": "web: other\ntcp: node"},
        {"ports": [{"containerPort": 5000, "port": 443}]},
    ],
)
def test_what_is_not_in_the_template_rolls_no_pods(spec: dict[str, Any]) -> None:
    assert revision({"procfile": "tcp: node", **spec}) == revision({"procfile": "tcp: node"})


@pytest.mark.parametrize(
    "spec",
    [
        {"image": "example.com/broker:2"},
        {"procfile": "tcp: node b"},
        {"env": [{"name": "A", "value": "1"}]},
        {"ports": [{"containerPort": 1883}]},
        {"rollout": {"drainSeconds": 60}},
        {"rollout": {"preStopSeconds": 0}},
        {"podLabels": {"a": "b"}},
        {"readiness": {"periodSeconds": 5}},
        {"topologySpreadConstraints": []},
    ],
)
def test_what_is_in_the_template_rolls_the_pods(spec: dict[str, Any]) -> None:
    assert revision({"procfile": "tcp: node", **spec}) != revision({"procfile": "tcp: node"})


def test_a_revision_of_a_version_that_is_not_known_is_rendered_anew() -> None:
    current = revision()
    assert revision(live=current) == current
    assert revision(live=current.replace("1-", "99-")) == current
    assert revision(live="nonsense") == current


def test_the_grace_period_includes_the_pre_stop_hook() -> None:
    spec = {"rollout": {"preStopSeconds": 7, "drainSeconds": 20}}
    made = pod_template(*process(spec)).body["spec"]
    assert made["terminationGracePeriodSeconds"] == 27
    assert made["containers"][0]["lifecycle"] == {"preStop": {"sleep": {"seconds": 7}}}


def test_without_pre_stop_seconds_there_is_no_hook() -> None:
    assert "lifecycle" not in container({"rollout": {"preStopSeconds": 0}})


def test_the_start_limit_is_the_number_of_handshakes() -> None:
    probe = container({"rollout": {"startupTimeoutSeconds": 90}})["startupProbe"]
    assert (probe["periodSeconds"], probe["failureThreshold"]) == (1, 90)


def test_the_users_port_wins_over_ours_and_ours_over_the_apps() -> None:
    app = {"env": [{"name": "PORT", "value": "3000"}]}
    assert container({}, app)["env"][0] == {"name": "PORT", "value": "5000"}
    own = {"env": [{"name": "PORT", "value": "7000"}]}
    assert container(own, app)["env"][0] == {"name": "PORT", "value": "7000"}


def test_an_assignment_on_the_line_wins_over_all() -> None:
    spec = {"procfile": "tcp: A=line node", "env": [{"name": "A", "value": "spec"}]}
    assert {"name": "A", "value": "line"} in container(spec)["env"]


def test_mounts_of_app_and_addon_are_merged_by_path() -> None:
    app = {
        "volumeMounts": [
            {"name": "x", "mountPath": "/a"},
            {"name": "y", "mountPath": "/b"},
        ]
    }
    volumes: list[dict[str, Any]] = [{"name": name, "emptyDir": {}} for name in ("x", "y")]
    spec = {
        "volumes": [{"name": "own", "emptyDir": {}}],
        "volumeMounts": [{"name": "own", "mountPath": "/b"}],
    }
    assert container(spec, app, {"volumes": volumes})["volumeMounts"] == [
        {"name": "x", "mountPath": "/a"},
        {"name": "own", "mountPath": "/b"},
    ]


def test_a_mount_of_a_volume_that_only_the_apps_own_pods_have_is_left_out() -> None:
    # A StatefulSet's volumeClaimTemplates are no volumes of its pod template.
    mqtt, made = process(
        {
            "volumes": [{"name": "cache", "emptyDir": {}}],
            "volumeMounts": [{"name": "cache", "mountPath": "/own"}],
        }
    )
    mounts = [{"name": n, "mountPath": f"/{n}"} for n in ("data", "config", "cache")]
    volumes = [{"name": "config", "configMap": {"name": "web"}}]
    made = replace(made, container_fields={"volumeMounts": mounts}, pod_fields={"volumes": volumes})
    mounted = pod_template(mqtt, made).body["spec"]["containers"][0]["volumeMounts"]
    assert [mount["mountPath"] for mount in mounted] == ["/config", "/cache", "/own"]


def test_what_the_app_switches_off_is_off_here_too() -> None:
    mqtt, made = process()
    off = {"automountServiceAccountToken": False, "enableServiceLinks": False}
    template = pod_template(mqtt, replace(made, pod_fields=off))
    assert off.items() <= template.body["spec"].items()
    assert template.revision != pod_template(mqtt, made).revision


def spread(constraints: list[dict[str, Any]] | None = None) -> Any:
    """Return the constraints in the template for those in a spec."""
    spec = {} if constraints is None else {"topologySpreadConstraints": constraints}
    return pod_template(*process(spec)).body["spec"].get("topologySpreadConstraints")


def affinity(spec: dict[str, Any] | None = None) -> Any:
    """Return the affinity in the template for a spec."""
    return pod_template(*process(spec)).body["spec"].get("affinity")


OURS = {"matchLabels": {"tcpaddon.io/addon": "mqtt", "tcpaddon.io/process": "tcp"}}
OF_ZONES = {"maxSkew": 2, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule"}


def test_the_pods_of_each_version_are_spread_over_nodes_and_wished_into_different_zones() -> None:
    of_version = {"labelSelector": OURS, "matchLabelKeys": ["pod-template-hash"]}
    node, zone = "kubernetes.io/hostname", "topology.kubernetes.io/zone"
    evenly = {"maxSkew": 1, "topologyKey": node, "whenUnsatisfiable": "ScheduleAnyway"}
    # A constraint by zone would switch the other off where nodes have no zones.
    assert spread() == [{**evenly, **of_version}]
    wish = {"weight": 100, "podAffinityTerm": {"topologyKey": zone, **of_version}}
    assert affinity() == {
        "podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [wish]}
    }


def test_what_the_user_or_the_app_says_about_other_pods_replaces_the_wish_for_zones() -> None:
    theirs: dict[str, Any] = {
        "podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": []}
    }
    assert affinity({"affinity": theirs}) == theirs
    assert affinity({"topologySpreadConstraints": [OF_ZONES]}) is None
    of_nodes: dict[str, Any] = {"nodeAffinity": {"a": "b"}}
    mqtt, made = process()
    followed = pod_template(mqtt, replace(made, pod_fields={"affinity": of_nodes}))
    kept = followed.body["spec"]["affinity"]
    assert (kept["nodeAffinity"], set(kept)) == ({"a": "b"}, {"nodeAffinity", "podAntiAffinity"})


def test_the_users_spread_constraints_replace_ours_and_count_our_pods() -> None:
    by_default = {"labelSelector": OURS, "matchLabelKeys": ["pod-template-hash"]}
    assert spread([OF_ZONES]) == [{**OF_ZONES, **by_default}]
    own_keys = {**OF_ZONES, "matchLabelKeys": ["team"]}
    assert spread([own_keys]) == [{**own_keys, "labelSelector": OURS}]
    own_selector = {**OF_ZONES, "labelSelector": {"matchLabels": {"team": "iot"}}}
    assert spread([own_selector]) == [own_selector]
    assert spread([]) is None


def test_host_aliases_of_one_address_are_put_together() -> None:
    mqtt, made = process()
    aliases = [{"ip": "192.0.2.1", "hostnames": [name]} for name in ("db", "cache")]
    template = pod_template(mqtt, replace(made, pod_fields={"hostAliases": aliases}))
    assert template.body["spec"]["hostAliases"] == [
        {"ip": "192.0.2.1", "hostnames": ["db", "cache"]}
    ]


def test_an_overridden_variable_keeps_its_place_for_those_that_use_it() -> None:
    app = [{"name": "A", "value": "1"}, {"name": "B", "value": "$(A)"}]
    assert environment(app, [{"name": "A", "value": "2"}]) == [
        {"name": "A", "value": "2"},
        {"name": "B", "value": "$(A)"},
    ]


def test_an_overridden_variable_that_uses_others_stands_behind_them() -> None:
    app = [{"name": "A", "value": "1"}]
    own = [{"name": "B", "value": "2"}, {"name": "A", "value": "$(B)"}]
    assert environment(app, own) == [own[0], own[1]]
