"""kube/projections.py: raw objects, in the shape of Kubernetes 1.37, become facts."""

from datetime import UTC, datetime
from typing import Any

import pytest

from tcpaddon import names
from tcpaddon.core.facts import (
    AppFact,
    ConfigMapFact,
    DeploymentFact,
    Ingress,
    Kind,
    Ref,
    SecretFact,
    ServiceFact,
    Warned,
)
from tcpaddon.core.fieldset import fingerprint_of_entry
from tcpaddon.kube.projections import (
    deployment_fact,
    fact_of,
    pod_fact,
    pod_networks,
    replica_set_fact,
    service_fact,
    warned,
)
from tcpaddon.kube.users import app_fact, secret_fact

CHILD_LABELS = {
    names.LABEL_MANAGED_BY: names.MANAGED_BY,
    names.LABEL_ADDON: "web",
    names.LABEL_ROLE: names.ROLE_CHILD,
}
PROCESS = {"containers": [{"name": "tcp", "image": "broker:1"}]}
ROLE = f"f:{names.LABEL_ROLE}"


def raw(kind: str, *, labels: dict[str, str] | None = None, **parts: Any) -> dict[str, Any]:
    head = {
        "name": "web-tcp",
        "namespace": "shop",
        "uid": "uid-1",
        "resourceVersion": "42",
        "labels": CHILD_LABELS if labels is None else labels,
        **parts.pop("head", {}),
    }
    return {"kind": kind, "metadata": head, "spec": {}, **parts}


def entry(manager: str, fields: dict[str, Any], **more: str) -> dict[str, Any]:
    return {"manager": manager, "operation": "Apply", "fieldsV1": fields, **more}


def owner(uid: str, kind: str = names.KIND, api: str = names.API_VERSION) -> dict[str, str]:
    return {"apiVersion": api, "kind": kind, "name": "web", "uid": uid}


# --- what every object has --------------------------------------------------------------------


def test_a_child_is_known_by_its_head() -> None:
    head = {
        "ownerReferences": [owner("set-1", "ReplicaSet", "apps/v1"), owner("addon-1")],
        "annotations": {names.ANNOTATION_APPLIED: "hash.fields"},
        "deletionTimestamp": "2026-11-23T21:35:25Z",
        "managedFields": [entry(names.MANAGER, {"f:spec": {"f:type": {}}})],
    }
    fact = service_fact(raw("Service", head=head))
    assert fact.ref == Ref(Kind.SERVICE, "shop", "web-tcp")
    assert (fact.uid, fact.resource_version) == ("uid-1", 42)
    assert (fact.addon, fact.owner_uid) == ("web", "addon-1")
    assert fact.applied == "hash.fields"
    assert fact.fields == fingerprint_of_entry({"f:spec": {"f:type": {}}})
    assert fact.deleting


@pytest.mark.parametrize(
    "labels",
    [
        {},
        {names.LABEL_ADDON: "web"},
        {names.LABEL_ADDON: "web", names.LABEL_MANAGED_BY: "Helm"},
    ],
)
def test_an_object_that_others_manage_is_nobodys_child(labels: dict[str, str]) -> None:
    assert service_fact(raw("Service", labels=labels)).addon is None


def test_an_object_that_nobody_applied_has_no_fingerprint() -> None:
    fact = service_fact(raw("Service"))
    assert (fact.owner_uid, fact.applied, fact.fields, fact.deleting) == (None, "", "", False)


@pytest.mark.parametrize(
    "other",
    [
        entry("kubectl", {"f:spec": {}}),
        entry(names.MANAGER, {"f:status": {}}, subresource="status"),
        {"manager": names.MANAGER, "operation": "Update", "fieldsV1": {"f:spec": {}}},
    ],
)
def test_only_what_we_applied_counts_as_ours(other: dict[str, Any]) -> None:
    ours = entry(names.MANAGER, {"f:spec": {"f:type": {}}})
    alone = service_fact(raw("Service", head={"managedFields": [ours]}))
    among = service_fact(raw("Service", head={"managedFields": [other, ours]}))
    without = service_fact(raw("Service", head={"managedFields": [other]}))
    assert among.fields == alone.fields != ""
    assert without.fields == ""


# --- kinds ------------------------------------------------------------------------------------


def test_a_service_has_the_addresses_that_it_was_given() -> None:
    ingress = [{"ip": "192.0.2.1"}, {"hostname": "lb.example"}]
    fact = fact_of(raw("Service", status={"loadBalancer": {"ingress": ingress}}))
    assert isinstance(fact, ServiceFact)
    assert fact.ingress == (Ingress(ip="192.0.2.1"), Ingress(hostname="lb.example"))
    assert service_fact(raw("Service", status={"loadBalancer": {}})).ingress == ()


def test_a_service_has_its_families_and_the_ports_that_its_load_balancer_fails_to_serve() -> None:
    ports = [
        {"port": 1883, "protocol": "TCP"},
        {"port": 25, "protocol": "TCP", "error": "example.net/Blocked"},
        {"port": 53, "protocol": "UDP", "error": "MixedProtocolNotSupported"},
    ]
    status = {"loadBalancer": {"ingress": [{"ip": "192.0.2.1", "ports": ports}]}}
    fact = service_fact(raw("Service", spec={"ipFamilies": ["IPv6", "IPv4"]}, status=status))
    assert fact.families == ("IPv6", "IPv4")
    assert fact.ingress == (Ingress("192.0.2.1", failed=((25, "example.net/Blocked"),)),)


@pytest.mark.parametrize(
    "said",
    [
        {"deprecatedLastTimestamp": "2026-01-01T12:00:00Z", "eventTime": None},
        {"eventTime": "2026-01-01T12:00:00.000000Z"},
        {
            "eventTime": "2026-01-01T10:00:00.000000Z",
            "series": {"count": 9, "lastObservedTime": "2026-01-01T12:00:00.000000Z"},
        },
        {"metadata": {"creationTimestamp": "2026-01-01T12:00:00Z"}},
    ],
)
def test_an_event_tells_when_it_was_said_last(said: dict[str, Any]) -> None:
    event = {"metadata": {}, "reason": "AllocationFailed", "note": "no IPs", **said}
    assert warned(event) == Warned(
        "AllocationFailed", "no IPs", datetime(2026, 1, 1, 12, tzinfo=UTC)
    )


def test_a_node_tells_its_pods_networks_where_the_cluster_gives_it_some() -> None:
    assert pod_networks({"spec": {"podCIDRs": ["10.244.0.0/24"]}}) == ("10.244.0.0/24",)
    assert pod_networks({"spec": {}}) == ()


def test_a_deployment_tells_how_far_its_rollout_is() -> None:
    template = {"metadata": {"labels": {names.LABEL_REVISION: "1-abc"}}, "spec": PROCESS}
    status = {
        "observedGeneration": 6,
        "replicas": 5,
        "readyReplicas": 4,
        "updatedReplicas": 3,
        "availableReplicas": 2,
        "conditions": [
            {"type": "ReplicaFailure", "status": "True", "message": "exceeded quota: pods"}
        ],
    }
    spec = {"replicas": 3, "template": template}
    fact = fact_of(raw("Deployment", head={"generation": 7}, spec=spec, status=status))
    assert isinstance(fact, DeploymentFact)
    assert (fact.generation, fact.observed_generation, fact.revision) == (7, 6, "1-abc")
    assert (fact.desired, fact.replicas, fact.ready, fact.updated, fact.available) == (
        3,
        5,
        4,
        3,
        2,
    )
    assert fact.failure == "exceeded quota: pods"
    assert fact.image == "broker:1"


def test_a_deployment_tells_whether_its_roll_is_held_and_how_many_may_go() -> None:
    ours = {**entry(names.MANAGER, {}), "time": "2026-01-01T12:00:00Z"}
    annotations = {
        names.ANNOTATION_REJECTED: "1-bad",
        names.ANNOTATION_REJECTED_BECAUSE: "It hung.",
    }
    spec = {
        "minReadySeconds": 2147483646,
        "strategy": {"rollingUpdate": {"maxUnavailable": 2}},
        "template": {"spec": PROCESS},
    }
    head = {"managedFields": [ours], "annotations": annotations}
    fact = deployment_fact(raw("Deployment", head=head, spec=spec))
    assert (fact.held, fact.retired) == (True, 2)
    assert fact.applied_at == datetime(2026, 1, 1, 12, 0, 0, tzinfo=UTC)
    assert (fact.rejected, fact.rejected_because) == ("1-bad", "It hung.")
    others = {**spec, "minReadySeconds": 0, "strategy": {"type": "Recreate"}}
    fact = deployment_fact(raw("Deployment", spec=others))
    assert (fact.held, fact.retired, fact.applied_at, fact.rejected) == (False, 0, None, "")


def test_a_service_tells_which_version_it_leads_to() -> None:
    selector = {names.LABEL_ADDON: "web", names.LABEL_REVISION: "1-abc"}
    assert service_fact(raw("Service", spec={"selector": selector})).selects == "1-abc"
    assert service_fact(raw("Service", spec={})).selects == ""


def test_a_deployment_that_nobody_has_seen_yet_has_nothing() -> None:
    fact = deployment_fact(raw("Deployment", spec={"replicas": 0, "template": {"spec": PROCESS}}))
    assert (fact.desired, fact.replicas, fact.revision, fact.failure) == (0, 0, "", "")


def test_of_a_secret_only_our_values_are_kept() -> None:
    fields = {"f:data": {".": {}, "f:TCP_URL": {}}, "f:metadata": {"f:labels": {ROLE: {}}}}
    head = {
        "managedFields": [
            entry("kubectl", {"f:data": {"f:PASSWORD": {}}}),
            entry(names.manager_for("one"), fields),
            entry(names.manager_for("two"), {"f:data": {"f:OTHER": {}}}),
        ]
    }
    data = {"PASSWORD": "c2VjcmV0", "TCP_URL": "dXJs", "OTHER": "b3RoZXI="}
    fact = secret_fact(raw("Secret", labels={}, head=head, data=data, immutable=True))
    assert fact.keys == {"PASSWORD", "TCP_URL", "OTHER"}
    assert fact.values == {"TCP_URL": "dXJs", "OTHER": "b3RoZXI="}
    assert fact.owned == {"one": {"TCP_URL"}, "two": {"OTHER"}}
    assert fact.marked_by == {"one"}
    assert fact.immutable


def test_what_others_own_of_the_addons_keys_and_mark_is_known() -> None:
    ours = {"f:data": {"f:TCP_URL": {}, "f:OURS": {}}, "f:metadata": {"f:labels": {ROLE: {}}}}
    data = {"PASSWORD": "c2VjcmV0", "TCP_URL": "dXJs", "OURS": "b3Vycw=="}
    theirs: dict[str, Any] = {"f:data": {".": {}, "f:PASSWORD": {}, "f:TCP_URL": {}}}
    mark: dict[str, Any] = {"f:metadata": {"f:labels": {".": {}, ROLE: {}}}}
    updated = {"manager": "kubectl-edit", "operation": "Update", "fieldsV1": mark}

    def fact(*entries: dict[str, Any]) -> SecretFact:
        managed = [entry(names.manager_for("one"), ours), *entries]
        return secret_fact(raw("Secret", labels={}, head={"managedFields": managed}, data=data))

    assert (fact().shared_keys, fact().mark_is_shared) == (frozenset(), False)
    gitops = fact(entry("gitops", theirs))
    assert gitops.shared_keys == {"TCP_URL"}
    assert not gitops.mark_is_shared
    assert fact(updated).mark_is_shared
    # Another addon's share is known by `owned` and `marked_by`.
    other = fact(entry(names.manager_for("two"), {**theirs, **mark}))
    assert (other.shared_keys, other.mark_is_shared) == (frozenset(), False)


def test_the_bindings_own_values_are_kept() -> None:
    head = {"managedFields": [entry(names.MANAGER, {"f:data": {"f:uri": {}}})]}
    fact = secret_fact(raw("Secret", head=head, data={"uri": "dXJp", "added": "YQ=="}))
    assert fact.values == {"uri": "dXJp"}
    assert (fact.owned, fact.marked_by) == ({}, frozenset())


def test_a_workload_with_the_apps_role_is_followed() -> None:
    container = {
        "name": "web",
        "image": "web:1",
        "env": [{"name": "A", "value": "1"}],
        "command": ["npm", "start"],
        "resources": {"limits": {"cpu": "1"}},
    }
    followed_of_pod = {
        "serviceAccountName": "web",
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "hostAliases": [{"ip": "192.0.2.1", "hostnames": ["db"]}],
        "dnsPolicy": "None",
        "dnsConfig": {"nameservers": ["192.0.2.2"]},
    }
    pod = {"containers": [container], "restartPolicy": "Always", **followed_of_pod}
    annotations = {"kubectl.kubernetes.io/default-container": "web"}
    template = {"metadata": {"annotations": annotations}, "spec": pod}
    mark = entry(names.manager_for("one"), {"f:metadata": {"f:labels": {ROLE: {}}}})
    for kind in ("Deployment", "StatefulSet"):
        labels = {names.LABEL_ROLE: names.ROLE_APP}
        fact = fact_of(
            raw(kind, labels=labels, head={"managedFields": [mark]}, spec={"template": template})
        )
        assert isinstance(fact, AppFact)
        (followed,) = fact.containers
        assert (followed.name, followed.image) == ("web", "web:1")
        assert followed.fields == {"env": [{"name": "A", "value": "1"}]}
        assert fact.pod_fields == followed_of_pod
        assert fact.default_container == "web"
        assert fact.marked_by == {"one"}


def test_a_workload_that_was_just_read_is_an_app_when_asked_for_one() -> None:
    spec = {"template": {"spec": {"containers": [{"name": "web"}]}}}
    assert app_fact(raw("Deployment", labels={}, spec=spec)).containers[0].image == ""


def test_a_secrets_digest_is_of_the_users_keys_alone() -> None:
    ours = entry(names.manager_for("one"), {"f:data": {"f:TCP_URL": {}}})
    data = {"DATABASE_URL": "eA==", "TCP_URL": "eQ=="}
    fact = secret_fact(raw("Secret", data=data, head={"managedFields": [ours]}))
    other_url = secret_fact(
        raw("Secret", data=data | {"TCP_URL": "eg=="}, head={"managedFields": [ours]})
    )
    other = secret_fact(
        raw("Secret", data=data | {"DATABASE_URL": "eg=="}, head={"managedFields": [ours]})
    )
    assert len(fact.users_digest) == 8
    assert other_url.users_digest == fact.users_digest != other.users_digest
    assert secret_fact(raw("Secret", data={})).users_digest == ""


def test_a_config_map_keeps_the_texts_that_can_be_a_procfile() -> None:
    mark = entry(names.manager_for("one"), {"f:metadata": {"f:labels": {ROLE: {}}}})
    data = {"Procfile": "tcp: ./serve", "long": "x" * 16_385}
    head = {"managedFields": [mark]}
    fact = fact_of(raw("ConfigMap", head=head, data=data, binaryData={"logo": "AA=="}))
    assert isinstance(fact, ConfigMapFact)
    assert fact.texts == {"Procfile": "tcp: ./serve"}
    assert fact.keys == {"Procfile", "long", "logo"}
    assert fact.marked_by == {"one"}


# --- pods -------------------------------------------------------------------------------------


def pod(container: dict[str, Any], *conditions: dict[str, str], **parts: Any) -> dict[str, Any]:
    labels = CHILD_LABELS | {names.LABEL_REVISION: "1-abc", names.LABEL_PROCESS: "tcp"}
    status = {
        "phase": "Running",
        "conditions": list(conditions),
        "containerStatuses": [{"name": "mesh"}, {"name": "tcp", "restartCount": 2, **container}],
    }
    ports = [{"name": "tcp", "containerPort": 5000, "protocol": "TCP"}]
    spec = {"containers": [{"name": "mesh"}, {"name": "tcp", "ports": ports}]}
    return raw("Pod", labels=labels, spec=spec, status=status, **parts)


def test_a_pod_that_runs_tells_since_when() -> None:
    running = {"state": {"running": {"startedAt": "2026-11-23T21:35:25Z"}}, "started": True}
    ready = {"type": "Ready", "status": "True"}
    fact = pod_fact(pod(running, ready, {"type": "PodScheduled", "status": "True"}))
    assert fact.started_at == datetime(2026, 11, 23, 21, 35, 25, tzinfo=UTC)
    assert (fact.revision, fact.phase, fact.restarts) == ("1-abc", "Running", 2)
    assert fact.ports == (("tcp", 5000),)
    assert (fact.ready, fact.scheduled, fact.unschedulable) == (True, True, "")
    assert fact.exit_code is None
    assert fact.started


def test_a_pod_that_crashes_tells_its_last_words() -> None:
    ended = {
        "exitCode": 1,
        "reason": "Error",
        "message": "no broker",
        "startedAt": "2026-11-23T21:34:25Z",
        "finishedAt": "2026-11-23T21:35:25Z",
    }
    waiting = {"reason": "CrashLoopBackOff", "message": "back-off 10s"}
    state = {"state": {"waiting": waiting}, "lastState": {"terminated": ended}}
    fact = pod_fact(pod(state))
    assert (fact.waiting_reason, fact.waiting_message) == ("CrashLoopBackOff", "back-off 10s")
    assert (fact.exit_code, fact.exit_reason, fact.exit_message) == (1, "Error", "no broker")
    assert fact.exited_at == datetime(2026, 11, 23, 21, 35, 25, tzinfo=UTC)
    assert fact.exit_started_at == datetime(2026, 11, 23, 21, 34, 25, tzinfo=UTC)
    assert fact.started_at is None
    assert not fact.started


def test_the_newest_end_of_a_process_counts() -> None:
    ends = {
        "state": {"terminated": {"exitCode": 2}},
        "lastState": {"terminated": {"exitCode": 1}},
    }
    assert pod_fact(pod(ends)).exit_code == 2


def test_a_pod_without_a_node_tells_why() -> None:
    scheduled = {"type": "PodScheduled", "status": "False", "message": "0/1 nodes are available"}
    fact = pod_fact(pod({}, scheduled))
    assert (fact.scheduled, fact.unschedulable) == (False, "0/1 nodes are available")


def test_a_pod_that_was_just_created_has_no_status() -> None:
    fact = pod_fact(raw("Pod", spec={"containers": [{"name": "tcp"}]}))
    assert (fact.phase, fact.ready, fact.waiting_reason) == ("", False, "")


def test_a_replica_set_tells_its_version_as_it_can_be_applied_again() -> None:
    template = {
        "metadata": {
            "creationTimestamp": None,
            "labels": {"pod-template-hash": "abc", "tcpaddon.io/revision": "1-a"},
            "annotations": {"kubectl.kubernetes.io/restartedAt": "now"},
        },
        "spec": {"containers": [{"name": "tcp", "image": "broker:1"}]},
    }
    fact = replica_set_fact(
        {
            "metadata": {
                "name": "mqtt-tcp-abc",
                "annotations": {"deployment.kubernetes.io/revision": "7"},
            },
            "spec": {"template": template},
        }
    )
    assert (fact.name, fact.revision, fact.number) == ("mqtt-tcp-abc", "1-a", 7)
    assert fact.template == {
        "metadata": {
            "labels": {"tcpaddon.io/revision": "1-a"},
            "annotations": {"kubectl.kubernetes.io/restartedAt": "now"},
        },
        "spec": template["spec"],
    }
