"""The Deployment: how many processes run, and how a new version replaces the old one."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from tcpaddon.api.v1alpha1 import RolloutStrategy, TcpAddon
from tcpaddon.core.children.child import Parts, Wanted, selector, wanted
from tcpaddon.core.refs import expected_refs
from tcpaddon.core.rollout import Roll
from tcpaddon.names import (
    ANNOTATION_EXCLUSIVE_CLAIMS,
    ANNOTATION_REJECTED,
    ANNOTATION_REJECTED_BECAUSE,
)

# Seconds, 68 years: never. The API server asks for progressDeadlineSeconds > minReadySeconds, and
# takes the largest int32 to mean none.
_NEVER: Final = 2**31 - 2
_NO_DEADLINE: Final = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Version:
    """A version of the process. template: its pod template, None where nobody has read it."""

    revision: str
    template: Mapping[str, Any] | None


def deployment(addon: TcpAddon, version: Version, roll: Roll, fields: str = "") -> Wanted:
    """Return the addon's Deployment of a version; fields: fingerprint of the live one's apply.

    What stands for the pod template in the seal is its revision. So whether the Deployment is as
    it shall be can be told without the template of a version that no spec leads to any more.
    """
    rollout = addon.spec.rollout
    surge = "100%" if rollout.strategy is RolloutStrategy.SWITCH else rollout.max_surge
    strategy: Mapping[str, Any] = {
        "type": "RollingUpdate",
        # The old version serves until the new one answers, or longer where the roll is held.
        "rollingUpdate": {"maxUnavailable": roll.retired, "maxSurge": surge},
    }
    annotations = {}
    if roll.exclusive_claims:
        strategy = {"type": "Recreate"}
        annotations[ANNOTATION_EXCLUSIVE_CLAIMS] = ",".join(roll.exclusive_claims)
    spec: dict[str, Any] = {
        "replicas": addon.spec.processes,
        "selector": {"matchLabels": selector(addon)},
        "strategy": strategy,
    }
    if roll.held:
        spec |= {"minReadySeconds": _NEVER, "progressDeadlineSeconds": _NO_DEADLINE}
    if roll.rejection is not None:
        annotations[ANNOTATION_REJECTED] = roll.rejection.revision
        annotations[ANNOTATION_REJECTED_BECAUSE] = roll.rejection.because
    parts = Parts(
        api_version="apps/v1",
        content={"spec": {**spec, "template": version.template}},
        annotations=annotations,
        sealed={"spec": {**spec, "template": version.revision}},
    )
    made = wanted(addon, expected_refs(addon).deployment, parts)
    return made.sketch(fields) if version.template is None else made
