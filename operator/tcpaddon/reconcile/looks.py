"""The reads that only some plans ask for: of what is not watched, because few addons need it."""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import aclosing
from dataclasses import replace
from typing import Final

from tcpaddon.api.v1alpha1 import TcpAddon
from tcpaddon.core.actions import Look
from tcpaddon.core.children.child import selector
from tcpaddon.core.claims import mounted
from tcpaddon.core.facts import Facts, Kind, Warnings
from tcpaddon.core.readers import readers
from tcpaddon.core.rollout import suspect
from tcpaddon.core.situation import assess
from tcpaddon.kube import paths
from tcpaddon.kube.client import Client
from tcpaddon.kube.projections import claim_fact, replica_set_fact, warned
from tcpaddon.kube.users import started_at
from tcpaddon.kube.words import Scope


async def look(client: Client, addon: TcpAddon, facts: Facts, looks: frozenset[Look]) -> Facts:
    """Return the facts with what was asked for; raises answers.Retry where that cannot be read."""
    for wish in sorted(looks):
        facts = await _READS[wish](client, addon, facts)
    return facts


async def _replica_sets(client: Client, addon: TcpAddon, facts: Facts) -> Facts:
    """List the versions that the addon's Deployment has rolled out and still knows."""
    labels = ",".join(f"{key}={value}" for key, value in selector(addon).items())
    scope = Scope(paths.REPLICA_SETS, addon.metadata.namespace, labels)
    async with aclosing(client.pages(scope)) as pages:
        found = [replica_set_fact(raw) async for page in pages for raw in page.items]
    return replace(facts, replica_sets=tuple(found))


async def _claims(client: Client, addon: TcpAddon, facts: Facts) -> Facts:
    """Read the claims that the pod mounts, one request each; those not there are left out."""
    template = assess(addon, facts).template
    found = []
    for name in sorted(mounted(template.body["spec"])) if template else ():
        raw = await client.get(paths.CLAIMS, addon.metadata.namespace, name)
        if raw is not None:
            found.append(claim_fact(raw))
    return replace(facts, claims=tuple(found))


async def _last_line(client: Client, addon: TcpAddon, facts: Facts) -> Facts:
    """Read the last line of the log of a process that failed to boot and left no other words."""
    live = facts.deployment
    pod = suspect(addon, facts, live.revision) if live else None
    said = ""
    if pod is not None:
        said = await client.last_line(
            pod.ref.namespace,
            pod.ref.name,
            addon.spec.process_type,
            previous=pod.started_at is None,
        )
    return replace(facts, last_line=said)


async def _app_started(client: Client, addon: TcpAddon, facts: Facts) -> Facts:
    """List the app's pods: since when do they run, of those that have the URL as a variable."""
    app = facts.app
    if app is None:
        return replace(facts, app_started=())
    of_app = readers(addon, app, facts.app_secret).containers
    scope = Scope(paths.resource_of(Kind.POD), addon.metadata.namespace, app.selector)
    async with aclosing(client.pages(scope)) as pages:
        found = [started_at(raw, of_app) async for page in pages for raw in page.items]
    return replace(facts, app_started=tuple(start for start in found if start is not None))


async def _service_warnings(client: Client, _: TcpAddon, facts: Facts) -> Facts:
    """List what is said about the Service, by whoever makes its load balancer."""
    service = facts.service
    if service is None:
        return replace(facts, service_warnings=Warnings(facts.now))
    about = {"regarding.kind": service.ref.kind, "regarding.name": service.ref.name}
    fields = ",".join(f"{key}={value}" for key, value in {**about, "type": "Warning"}.items())
    async with aclosing(
        client.pages(Scope(paths.EVENTS, service.ref.namespace, fields=fields))
    ) as pages:
        said = [
            warned(raw)
            async for page in pages
            for raw in page.items
            if raw["regarding"].get("uid") in (None, "", service.uid)
        ]
    return replace(facts, service_warnings=Warnings(facts.now, tuple(said)))


_READS: Final[Mapping[Look, Callable[[Client, TcpAddon, Facts], Awaitable[Facts]]]] = {
    Look.CLAIMS: _claims,
    Look.LAST_LINE: _last_line,
    Look.REPLICA_SETS: _replica_sets,
    Look.APP_PODS: _app_started,
    Look.SERVICE_WARNINGS: _service_warnings,
}
