"""The Deployment: how many processes run, and how a new version replaces the old one."""

from collections.abc import Mapping
from typing import Any

from tcpaddon.api.v1alpha1 import TcpAddon
from tcpaddon.core.children.child import Parts, Wanted, selector, wanted
from tcpaddon.core.refs import expected_refs


def deployment(addon: TcpAddon, pod_template: Mapping[str, Any]) -> Wanted:
    """Return the addon's Deployment around a pod template."""
    spec = {
        "replicas": addon.spec.processes,
        "selector": {"matchLabels": selector(addon)},
        "strategy": {
            "type": "RollingUpdate",
            # The old version serves until the new one answers.
            "rollingUpdate": {"maxUnavailable": 0, "maxSurge": addon.spec.rollout.max_surge},
        },
        "template": pod_template,
    }
    parts = Parts(api_version="apps/v1", content={"spec": spec})
    return wanted(addon, expected_refs(addon).deployment, parts)
