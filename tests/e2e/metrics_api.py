"""Puts a metrics API into the cluster, whose numbers a test sets: see server/metrics.py."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.e2e.site import Site

_SERVICE = "v1beta1.metrics.k8s.io"


def load(millicores: int) -> dict[str, Any]:
    """Write down the millicores that all pods of the namespace use together."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "load"},
        "data": {"millicores": str(millicores)},
    }


def autoscaler(addon: str, millicores: int, most: int) -> dict[str, Any]:
    """Write an autoscaler of a TcpAddon down: so many millicores for each process."""
    target = {"type": "AverageValue", "averageValue": f"{millicores}m"}
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": addon},
        "spec": {
            "scaleTargetRef": {
                "apiVersion": "tcpaddon.io/v1alpha1",
                "kind": "TcpAddon",
                "name": addon,
            },
            "minReplicas": 1,
            "maxReplicas": most,
            "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": target}}],
            "behavior": {"scaleDown": {"stabilizationWindowSeconds": 0}},
        },
    }


@contextmanager
def metrics_api(site: Site, namespace: str) -> Iterator[None]:
    """Serve metrics.k8s.io out of this namespace for as long as the block lasts.

    While an API is registered that nobody serves, no namespace can be deleted: so it goes first.
    """
    site.apply(namespace, load(0), *_objects(site, namespace))
    try:
        site.kubectl("-n", namespace, "rollout", "status", "deployment/metrics", "--timeout=120s")
        site.apply(namespace, _registration(namespace))
        site.kubectl("wait", f"apiservice/{_SERVICE}", "--for=condition=Available", "--timeout=60s")
        yield
    finally:
        site.kubectl("delete", "apiservice", _SERVICE, "--ignore-not-found")
        name = f"metrics-{namespace}"
        site.kubectl("delete", "clusterrolebinding,clusterrole", name, "--ignore-not-found")


def _registration(namespace: str) -> dict[str, Any]:
    return {
        "apiVersion": "apiregistration.k8s.io/v1",
        "kind": "APIService",
        "metadata": {"name": _SERVICE},
        "spec": {
            "group": "metrics.k8s.io",
            "version": "v1beta1",
            "groupPriorityMinimum": 100,
            "versionPriority": 100,
            "insecureSkipTLSVerify": True,
            "service": {"namespace": namespace, "name": "metrics"},
        },
    }


def _objects(site: Site, namespace: str) -> list[dict[str, Any]]:
    labels = {"app": "metrics"}
    name = f"metrics-{namespace}"
    rbac = "rbac.authorization.k8s.io"
    rules = [{"apiGroups": [""], "resources": ["pods", "configmaps"], "verbs": ["get", "list"]}]
    account = {"kind": "ServiceAccount", "name": "default", "namespace": namespace}
    role = {"apiGroup": rbac, "kind": "ClusterRole", "name": name}
    container = {
        "name": "metrics",
        "image": site.images.server,
        "command": ["python3", "-u", "/app/metrics.py"],
        "readinessProbe": {
            "httpGet": {
                "path": "/apis/metrics.k8s.io/v1beta1",
                "port": 8443,
                "scheme": "HTTPS",
            },
            "periodSeconds": 1,
        },
    }
    return [
        {
            "apiVersion": f"{rbac}/v1",
            "kind": "ClusterRole",
            "metadata": {"name": name},
            "rules": rules,
        },
        {
            "apiVersion": f"{rbac}/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": name},
            "roleRef": role,
            "subjects": [account],
        },
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": "metrics"},
            "spec": {
                "selector": {"matchLabels": labels},
                "template": {
                    "metadata": {"labels": labels},
                    "spec": {"containers": [container], "terminationGracePeriodSeconds": 1},
                },
            },
        },
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "metrics"},
            "spec": {"selector": labels, "ports": [{"port": 443, "targetPort": 8443}]},
        },
    ]
