"""The field sets that we foresee are those that a real API server makes."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from tcpaddon.api.v1alpha1 import TcpAddon
from tcpaddon.core.facts import AppContainer, AppFact, Facts, Ingress, Kind, Ref, ServiceFact
from tcpaddon.core.fieldset import fields_of_object, fingerprint_of_entry, fingerprint_of_object
from tcpaddon.core.refs import expected_refs
from tcpaddon.core.situation import Situation, assess
from tcpaddon.kube.client import Client
from tcpaddon.names import ANNOTATION_APPLIED, MANAGER

NOW = datetime(2026, 1, 1, tzinfo=UTC)
PLAIN: Mapping[str, Any] = {"image": "example.com/broker:1", "replicas": 2}
# Every field that reaches a child, and of the open ones those whose lists and maps are special.
FULL: Mapping[str, Any] = {
    "appRef": {"name": "web"},
    "procfile": "tcp: LOG=debug node broker.js",
    "replicas": 2,
    "ports": [
        {"name": "mqtt", "containerPort": 1883},
        {"name": "ws", "containerPort": 8080, "port": 80},
    ],
    "env": [
        {"name": "A", "value": "1"},
        {"name": "POD", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
        {"name": "CPU", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu"}}},
        {"name": "S", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k", "optional": True}}},
        {"name": "C", "valueFrom": {"configMapKeyRef": {"name": "c", "key": "k"}}},
    ],
    "envFrom": [{"secretRef": {"name": "s"}}, {"prefix": "P_", "configMapRef": {"name": "c"}}],
    "resources": {"requests": {"cpu": 0.1, "memory": "1024Mi"}, "limits": {"cpu": "0.5"}},
    "volumes": [
        {"name": "scratch", "emptyDir": {}},
        {"name": "sized", "emptyDir": {"sizeLimit": "1024Mi"}},
        {"name": "secret", "secret": {"secretName": "s", "items": [{"key": "k", "path": "p"}]}},
        {"name": "config", "configMap": {"name": "c", "defaultMode": 0o400}},
        {"name": "claim", "persistentVolumeClaim": {"claimName": "data", "readOnly": True}},
        {
            "name": "token",
            "projected": {"sources": [{"serviceAccountToken": {"path": "t", "audience": "a"}}]},
        },
        {
            "name": "own",
            "ephemeral": {
                "volumeClaimTemplate": {
                    "metadata": {"labels": {"a": "b"}},
                    "spec": {
                        "accessModes": ["ReadWriteOnce"],
                        "selector": {"matchLabels": {"a": "b"}},
                        "resources": {"requests": {"storage": "1Gi"}},
                    },
                }
            },
        },
        {
            "name": "csi",
            "csi": {
                "driver": "csi.example.com",
                "volumeAttributes": {"a": "b"},
                "nodePublishSecretRef": {"name": "s"},
            },
        },
    ],
    "volumeMounts": [
        {"name": "scratch", "mountPath": "/tmp"},
        {"name": "config", "mountPath": "/etc/app/a&b", "readOnly": True, "subPath": "x"},
    ],
    "imagePullPolicy": "Always",
    "imagePullSecrets": [{"name": "registry"}],
    "serviceAccountName": "broker",
    "securityContext": {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]},
        "seccompProfile": {"type": "RuntimeDefault"},
    },
    "podSecurityContext": {
        "fsGroup": 1000,
        "supplementalGroups": [1, 2],
        "sysctls": [{"name": "net.ipv4.ip_local_port_range", "value": "1024 65535"}],
    },
    "nodeSelector": {"disk": "ssd"},
    "tolerations": [{"key": "a", "operator": "Exists", "effect": "NoSchedule"}],
    "affinity": {
        "nodeAffinity": {
            "requiredDuringSchedulingIgnoredDuringExecution": {
                "nodeSelectorTerms": [
                    {"matchExpressions": [{"key": "a", "operator": "In", "values": ["b"]}]}
                ]
            }
        },
        "podAntiAffinity": {
            "preferredDuringSchedulingIgnoredDuringExecution": [
                {
                    "weight": 1,
                    "podAffinityTerm": {
                        "topologyKey": "kubernetes.io/hostname",
                        "labelSelector": {"matchLabels": {"a": "b"}},
                    },
                }
            ]
        },
    },
    "topologySpreadConstraints": [
        {
            "maxSkew": 2,
            "topologyKey": "topology.kubernetes.io/zone",
            "whenUnsatisfiable": "DoNotSchedule",
            "minDomains": 2,
            "nodeTaintsPolicy": "Honor",
        },
        {
            "maxSkew": 1,
            "topologyKey": "kubernetes.io/hostname",
            "whenUnsatisfiable": "ScheduleAnyway",
            "labelSelector": {
                "matchLabels": {"team": "iot"},
                "matchExpressions": [{"key": "a", "operator": "Exists"}],
            },
        },
    ],
    "priorityClassName": "important",
    "podLabels": {"team": "iot"},
    "podAnnotations": {"example.com/a": "b"},
    "exposure": {
        "loadBalancerClass": "example.com/lb",
        "sourceRanges": ["203.0.113.0/24"],
        "externalTrafficPolicy": "Local",
        "allocateLoadBalancerNodePorts": False,
        "annotations": {"example.com/lb": "nlb"},
        "labels": {"team": "iot"},
    },
    "binding": {"port": "mqtt"},
    "startPolicy": "Immediately",
}


def situation(namespace: str, spec: Mapping[str, Any]) -> Situation:
    """Return a situation in which everything is wanted."""
    addon = TcpAddon.parse(
        {"metadata": {"name": "mqtt", "namespace": namespace, "uid": "uid-of-mqtt"}, "spec": spec}
    )
    app_ref = Ref(Kind.DEPLOYMENT, namespace, "web")
    head: dict[str, Any] = {
        "uid": "",
        "resource_version": 1,
        "addon": "mqtt",
        "owner_uid": None,
        "applied": "",
        "fields": "",
        "deleting": False,
    }
    app = AppFact(
        ref=app_ref,
        **{**head, "addon": None},
        containers=(AppContainer("web", "example.com/app:7", {"imagePullPolicy": "Never"}),),
        default_container="",
        pod_fields={
            "runtimeClassName": "kata",
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "hostAliases": [{"ip": "192.0.2.1", "hostnames": ["db", "cache"]}],
            "dnsPolicy": "None",
            "dnsConfig": {
                "nameservers": ["192.0.2.2"],
                "searches": ["example.com"],
                "options": [{"name": "ndots", "value": "2"}],
            },
        },
        marked_by=frozenset(),
    )
    service = ServiceFact(
        ref=expected_refs(addon).service, **head, ingress=(Ingress(ip="203.0.113.7"),)
    )
    return assess(addon, Facts(now=NOW, service=service, app=app))


def entry_of(stored: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the fields that our apply owns."""
    (entry,) = (
        entry
        for entry in stored["metadata"]["managedFields"]
        if entry["manager"] == MANAGER and not entry.get("subresource")
    )
    fields: Mapping[str, Any] = entry["fieldsV1"]
    return fields


@pytest.mark.parametrize("spec", [PLAIN, FULL], ids=["plain", "full"])
@pytest.mark.parametrize("name", ["service", "binding", "deployment", "budget"])
async def test_the_fingerprint_that_is_foreseen_is_the_servers(
    client: Client, namespace: str, spec: Mapping[str, Any], name: str
) -> None:
    wanted = getattr(situation(namespace, spec), name)
    stored = await client.apply(wanted.apply(None))
    assert fields_of_object(wanted.body) == entry_of(stored)
    assert fingerprint_of_object(wanted.body) == fingerprint_of_entry(entry_of(stored))
    assert stored["metadata"]["annotations"][ANNOTATION_APPLIED] == wanted.applied


async def test_a_second_apply_of_the_same_object_changes_nothing(
    client: Client, namespace: str
) -> None:
    wanted = situation(namespace, FULL).deployment
    assert wanted is not None
    first = await client.apply(wanted.apply(None))
    again = await client.apply(replace(wanted.apply(None), create=False))
    assert again["metadata"]["resourceVersion"] == first["metadata"]["resourceVersion"]


async def test_a_field_that_somebody_takes_changes_the_fingerprint(
    client: Client, namespace: str
) -> None:
    wanted = situation(namespace, {**PLAIN, "replicas": 2}).deployment
    assert wanted is not None
    await client.apply(wanted.apply(None))
    taken = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": wanted.ref.name, "namespace": namespace},
        "spec": {"replicas": 5},
    }
    thief = replace(wanted.apply(None), body=taken, manager="somebody", create=False)
    stored = await client.apply(thief)
    assert fingerprint_of_entry(entry_of(stored)) != fingerprint_of_object(wanted.body)


async def test_a_field_that_is_no_longer_applied_is_gone(client: Client, namespace: str) -> None:
    full, plain = situation(namespace, FULL), situation(namespace, PLAIN)
    await client.apply(full.service.apply(None))
    # The class of a load balancer can never be taken away.
    kept = {**plain.service.body["spec"], "loadBalancerClass": "example.com/lb"}
    body = {**plain.service.body, "spec": kept}
    stored = await client.apply(replace(plain.service.apply(None), body=body, create=False))
    assert "loadBalancerSourceRanges" not in stored["spec"]
    assert [port["port"] for port in stored["spec"]["ports"]] == [5000]
    assert "team" not in stored["metadata"]["labels"]
    assert fingerprint_of_entry(entry_of(stored)) == fingerprint_of_object(body)
