"""Wires the operator together, starts it and stops it."""

import asyncio
import signal
import sys
from collections.abc import Coroutine
from contextlib import aclosing
from datetime import UTC, datetime
from functools import partial
from typing import Any

import structlog

from tcpaddon import logs, names, settings
from tcpaddon.core.facts import Kind
from tcpaddon.handlers.watch import AddonWatch
from tcpaddon.kube import paths
from tcpaddon.kube.answers import Answer, NotLeading, Retry
from tcpaddon.kube.client import Client, connect
from tcpaddon.kube.credentials import NoCluster
from tcpaddon.kube.events import Recorder
from tcpaddon.kube.lease import Leadership
from tcpaddon.kube.reflector import Reflector
from tcpaddon.kube.words import Scope
from tcpaddon.reconcile.addons import AddonStore
from tcpaddon.reconcile.carry import Carrier
from tcpaddon.reconcile.gather import Caches, Gatherer
from tcpaddon.reconcile.metrics import Metrics
from tcpaddon.reconcile.networks import ClusterNetworks
from tcpaddon.reconcile.queue import Queue
from tcpaddon.reconcile.reconciler import Reconciler
from tcpaddon.settings import Settings
from tcpaddon.web.endpoints import Endpoints

log = structlog.get_logger(__name__)

# A watch hears a bookmark each minute; twice that without a word is a watch that does not work.
WATCH_SILENT_AFTER = 120.0
LIST_AGAIN_AFTER = 2.0  # seconds between two tries to list the addons


class Operator:
    """One operator process: a replica in wait, or the one that works."""

    def __init__(self, config: Settings, client: Client) -> None:
        self.config = config
        self.client = client
        self.metrics = Metrics()
        self.queue = Queue()
        self.addons = AddonStore()
        self._stopping = asyncio.Event()
        self._failure = ""
        self._tasks: list[asyncio.Task[None]] = []
        self._leading = False
        self._addons_missing = "TcpAddon: not listed yet"
        self.caches = Caches(
            {
                Kind(resource.kind): Reflector(
                    client,
                    resource,
                    self._child_event,
                    on_rewound=lambda: self.fail("the API server's history was set back"),
                )
                for resource in paths.WATCHED
            }
        )
        networks = ClusterNetworks(client, _now, config.cluster_networks)
        gatherer = Gatherer(client, self.caches, clock=_now, networks=networks)
        carrier = Carrier(client, gatherer, self.addons, Recorder(client, config.identity))
        self.reconciler = Reconciler(self.queue, self.addons, gatherer, carrier)
        self._watch = AddonWatch(
            self.reconciler.addon_event,
            client.login,
            on_ended=lambda: self.fail("the watch of TcpAddons ended"),
        )
        self.endpoints = Endpoints(self.what_is_dead, self.what_is_not_ready, self.metrics.registry)
        self._lease = Leadership(
            client, config.namespace, "tcpaddon", config.identity, on_lost=self._lease_lost
        )
        client.on_request = self.metrics.observe_request
        self._export()

    # --- start and stop ------------------------------------------------------------------------
    async def run(self) -> int:
        """Work until `stop` is called or the work cannot go on; returns the exit code."""
        await self.endpoints.start(self.config.http_host, self.config.http_port)
        try:
            if await self._lead():
                await self._work()
        finally:
            await self._end()
        if self._failure:
            log.error("the operator ends; it is to be started again", why=self._failure)
            return 1
        return 0

    def stop(self) -> None:
        """End in good order: begin nothing new, hand the lease over."""
        self._stopping.set()

    def fail(self, why: str) -> None:
        """End because the work cannot go on."""
        self._failure = self._failure or why
        self._stopping.set()

    async def _lead(self) -> bool:
        """Become the one that works; returns False where the stop came first."""
        if not self.config.leader_election:
            self._leading = True
            return True
        self.client.may_write = self._lease.holds
        acquiring = asyncio.create_task(self._lease.acquire())
        stopping = asyncio.create_task(self._stopping.wait())
        await asyncio.wait({acquiring, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if not acquiring.done():
            acquiring.cancel()
            await asyncio.gather(acquiring, return_exceptions=True)
            return False
        acquiring.result()
        self._leading = True
        self.metrics.leader.set(1)
        return True

    async def _work(self) -> None:
        for reflector in self.caches.by_kind.values():
            self._spawn(reflector.run())
        stopping = asyncio.create_task(self._stopping.wait())
        synced = asyncio.create_task(self._all_known())
        await asyncio.wait({synced, stopping}, return_when=asyncio.FIRST_COMPLETED)
        synced.cancel()
        if not self._stopping.is_set():
            self._watch.start()
            for _ in range(self.config.workers):
                self._spawn(self._worker())
        await stopping

    async def _all_known(self) -> None:
        """Wait until all there is has been listed.

        Children first: to a plan that does not know them they would be missing. Then the addons,
        before kopf watches them: it does not tell when its own first list is complete, nor that
        the custom resource is not there, and what an addon holds is given back where none is known.
        """
        for reflector in self.caches.by_kind.values():
            await reflector.synced.wait()
        while True:
            try:
                async with aclosing(self.client.pages(Scope(paths.ADDONS))) as pages:
                    async for page in pages:
                        for addon in page.items:
                            self.reconciler.addon_event(None, addon)
            except Answer as answer:
                self._addons_missing = f"TcpAddon: cannot be listed ({answer.message})"
                log.warning("TcpAddons cannot be listed; is their CRD there?", why=answer.message)
                await asyncio.sleep(LIST_AGAIN_AFTER)
            else:
                self._addons_missing = ""
                return

    async def _end(self) -> None:
        for task in self._tasks:
            task.cancel()
        for result in await asyncio.gather(*self._tasks, return_exceptions=True):
            if isinstance(result, Exception):
                log.error("a task ended badly", error=repr(result))
        await self._watch.stop()
        if self.config.leader_election:
            await self._lease.release()
        await self.endpoints.stop()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        task.add_done_callback(self._task_ended)
        self._tasks.append(task)

    def _task_ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self.fail(f"a part of the operator ended with {error!r}")

    def _lease_lost(self, why: str) -> None:
        self.fail(f"the lease is lost: {why}")

    # --- work ----------------------------------------------------------------------------------
    async def _worker(self) -> None:
        while True:
            key = await self.queue.take()
            structlog.contextvars.bind_contextvars(addon=str(key))
            result = "retried"
            try:
                with self.metrics.reconcile_seconds.time():
                    result = "changed" if await self.reconciler.reconcile(key) else "quiet"
            except Retry as answer:
                wait = self.queue.fail(key, at_least=answer.after)
                log.warning("the API server has no answer now", why=str(answer), again_in=wait)
            except NotLeading:
                self.fail("a write was tried without the lease")
            except Exception:
                # Whatever it was, this addon must not take the others with it.
                wait = self.queue.fail(key)
                log.exception("reconcile failed", again_in=wait)
            finally:
                self.metrics.reconciles.labels(result).inc()
                self.queue.done(key)
                structlog.contextvars.clear_contextvars()

    def _child_event(self, old: Any, new: Any) -> None:
        self.reconciler.child_event(old, new)

    # --- health and metrics ----------------------------------------------------------------------
    def what_is_dead(self) -> list[str]:
        """Say what only a restart mends; a cluster that cannot be reached is no such thing."""
        if self._leading and self._watch.is_ready and not self._watch.is_alive:
            return ["the watch of TcpAddons has ended"]
        return []

    def what_is_not_ready(self) -> list[str]:
        """Say what is not up to date. A replica in wait holds no caches and is ready."""
        if not self._leading:
            return []
        wrong = [
            f"{kind}: not listed yet"
            for kind, reflector in self.caches.by_kind.items()
            if not reflector.synced.is_set()
        ]
        wrong += [
            f"{kind}: no word from the API server for {reflector.age():.0f} s"
            for kind, reflector in self.caches.by_kind.items()
            if reflector.synced.is_set() and reflector.age() > WATCH_SILENT_AFTER
        ]
        if self._addons_missing:
            wrong.append(self._addons_missing)
        elif not self._watch.is_ready:
            wrong.append("TcpAddon: the watch has not begun")
        return wrong

    def _export(self) -> None:
        gauge = self.metrics.gauge
        gauge("tcpaddon_addons", "TcpAddons that are served.", lambda: len(self.addons))
        self.metrics.watch_synced.labels(names.KIND).set_function(
            lambda: float(self._watch.is_ready and self._watch.is_alive)
        )
        gauge("tcpaddon_queue_depth", "Addons that wait for a worker.", lambda: len(self.queue))
        for kind, reflector in self.caches.by_kind.items():
            self.metrics.watch_age.labels(kind).set_function(reflector.age)
            self.metrics.watch_synced.labels(kind).set_function(
                partial(lambda r: float(r.synced.is_set()), reflector)
            )


def _now() -> datetime:
    return datetime.now(UTC)


async def _run(config: Settings) -> int:
    async with await connect(config.kubeconfig or None) as client:
        operator = Operator(config, client)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, operator.stop)
        return await operator.run()


def main() -> None:
    """Run the operator until SIGTERM."""
    config = settings.parse(sys.argv[1:])
    logs.configure(config.log_format, config.log_level)
    try:
        sys.exit(asyncio.run(_run(config)))
    except NoCluster as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
