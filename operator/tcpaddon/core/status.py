"""The status: what it says, and whether it is time to write it.

Everything that is news is written at once. What changes from second to second while processes
start, that is counts, messages and the stage of the start, waits for the next news or for some
seconds; so a create costs three writes, and whatever comes to rest is written in the end.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from tcpaddon.api.v1alpha1 import TcpAddonStatus
from tcpaddon.core.app_knowledge import knowledge, restart
from tcpaddon.core.checks.binding_published import PUBLISHED
from tcpaddon.core.checks.summary import conditions
from tcpaddon.core.checks.verdict import Verdict
from tcpaddon.core.checks.workload import UNDER_WAY
from tcpaddon.core.children.child import selector
from tcpaddon.core.moment import rfc3339
from tcpaddon.core.situation import Situation
from tcpaddon.core.stored import stored_condition
from tcpaddon.names import Condition

_REST_SECONDS: Final = 5.0  # design.md: counts are coalesced
# Most processes have started by then, and Ready carries the counts along.
_START_SECONDS: Final = 10.0
# Reasons that are no news after one another.
_KINDS: Final[Mapping[str, str]] = {
    **dict.fromkeys(UNDER_WAY, "under way"),
    **dict.fromkeys(PUBLISHED, "published"),
}


@dataclass(frozen=True, slots=True)
class StatusDecision:
    """body: the status to write, None for none. check_again_after: seconds, None for never."""

    body: Mapping[str, Any] | None
    conditions: Mapping[Condition, Verdict]
    check_again_after: float | None = None


def decide(situation: Situation) -> StatusDecision:
    """Decide what the status shall say, and whether it is written now."""
    said = conditions(situation)
    body = _body(situation, said)
    stored = _stored(situation.addon.status)
    if _by_key(body) == _by_key(stored):
        return StatusDecision(body=None, conditions=said)
    if _news(body) != _news(stored):
        return StatusDecision(body=body, conditions=said)
    written_at = situation.facts.status_written_at
    starting = said[Condition.PROGRESSING].holds
    limit = _START_SECONDS if starting else _REST_SECONDS
    waited = limit if written_at is None else (situation.facts.now - written_at).total_seconds()
    if waited >= limit:
        return StatusDecision(body=body, conditions=said)
    return StatusDecision(body=None, conditions=said, check_again_after=limit - max(waited, 0.0))


def _body(situation: Situation, said: Mapping[Condition, Verdict]) -> dict[str, Any]:
    addon, live = situation.addon, situation.live_deployment
    stored = addon.status
    image, revision = situation.version or (stored.image, stored.revision)
    counts = (live.replicas, live.ready, live.updated) if live else (0, 0, 0)
    binding = situation.refs.binding.name if situation.addresses else stored.binding.name
    return _without_empty(
        {
            "observedGeneration": addon.metadata.generation,
            # They say where clients are, so nothing takes them away but other ones.
            "url": situation.addresses[0].url if situation.addresses else stored.url,
            "endpoints": [
                {"name": a.name, "host": a.host, "port": a.port, "url": a.url}
                for a in situation.addresses or stored.endpoints
            ],
            "addresses": list(situation.reach.hosts),
            "replicas": counts[0],
            "readyReplicas": counts[1],
            "updatedReplicas": counts[2],
            "selector": ",".join(f"{key}={value}" for key, value in selector(addon).items()),
            "image": image,
            "revision": revision,
            "rolledOutRevision": situation.version_rolled_out or stored.rolled_out_revision,
            "binding": {"name": binding, **_of_app(situation)},
            "conditions": [
                _condition(situation, condition, verdict) for condition, verdict in said.items()
            ],
        }
    )


def _of_app(situation: Situation) -> Mapping[str, Any]:
    known, restarts = knowledge(situation), restart(situation)
    at = {} if restarts is None else {"appRestartedAt": restarts.at}
    return {} if known is None else {**known.status, **at}


def _condition(situation: Situation, condition: Condition, verdict: Verdict) -> dict[str, Any]:
    status = "True" if verdict.holds else "False"
    before = stored_condition(situation.addon.status, condition)
    since = rfc3339(situation.facts.now)
    if before is not None and before.status == status and before.last_transition_time:
        since = before.last_transition_time
    return {
        "type": condition.value,
        "status": status,
        "observedGeneration": situation.addon.metadata.generation,
        "lastTransitionTime": since,
        "reason": verdict.reason.value,
        "message": verdict.message,
    }


def _stored(status: TcpAddonStatus) -> dict[str, Any]:
    return _without_empty(status.model_dump(by_alias=True, mode="json"))


def _news(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """Reduce a status to what is written as soon as it changes."""
    counts = {"replicas", "readyReplicas", "updatedReplicas"}
    facts = {name: value for name, value in body.items() if name not in counts}
    binding = body.get("binding", {})
    facts["binding"] = {name: binding.get(name) for name in ("name", "appRestartedAt")}
    facts["conditions"] = {
        c["type"]: (c["status"], _KINDS.get(c["reason"], c["reason"]))
        for c in body.get("conditions", ())
    }
    facts["endpoints"] = {endpoint["name"]: endpoint for endpoint in body.get("endpoints", ())}
    return facts


def _by_key(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """Make two statuses comparable: the order of a list map is not stable under apply."""
    conditions_by_type = {c["type"]: c for c in body.get("conditions", ())}
    endpoints_by_name = {endpoint["name"]: endpoint for endpoint in body.get("endpoints", ())}
    return {**body, "conditions": conditions_by_type, "endpoints": endpoints_by_name}


def _without_empty(body: dict[str, Any]) -> dict[str, Any]:
    """Leave out what is empty; a count of 0 is not, it is what `kubectl scale` reads."""
    binding = body.get("binding", {})
    named = {name: value for name, value in binding.items() if value not in (None, "", [])}
    body["binding"] = named if named.get("name") else {}
    return {name: value for name, value in body.items() if value not in ("", [], {})}
