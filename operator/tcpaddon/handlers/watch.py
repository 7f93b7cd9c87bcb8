"""Watches the custom resources with kopf and tells the operator's own loop of each event.

kopf runs in a thread and an event loop of its own: stopped in a shared loop it takes five seconds,
cancels tasks that are not its own and removes the process's signal handlers. Only `on.event`
handlers are registered, so kopf writes nothing to the objects and adds no finalizers.
"""

import asyncio
import contextlib
import threading
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import kopf
import structlog

from tcpaddon import names

log = structlog.get_logger(__name__)

# Called in the operator's loop with the type of the event (None for the first list) and the object.
Deliver = Callable[[str | None, Mapping[str, Any]], None]


class AddonWatch:
    """The watch of all TcpAddons of the cluster.

    login: what kopf needs to reach the API server; asked again when its credentials are refused.
    on_ended: called in the operator's loop when the watch ended without having been stopped.
    """

    def __init__(
        self,
        deliver: Deliver,
        login: Callable[[], Awaitable[Mapping[str, Any]]],
        on_ended: Callable[[], None],
    ) -> None:
        self._deliver = deliver
        self._login = login
        self._on_ended = on_ended
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop = threading.Event()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="kopf", daemon=True)
        self.error: BaseException | None = None

    def start(self) -> None:
        """Begin to watch; events arrive in the loop that calls this."""
        self._loop = asyncio.get_running_loop()
        self._thread.start()

    @property
    def is_alive(self) -> bool:
        """Whether the watch is being kept up; kopf itself reconnects one that is cut or silent."""
        return self._thread.is_alive() and self.error is None

    @property
    def is_ready(self) -> bool:
        """Whether kopf has begun. That the custom resource is there is seen before: see main."""
        return self._ready.is_set()

    async def stop(self) -> None:
        """End the watch and wait for its thread, some hundredths of a second."""
        self._stop.set()
        if self._thread.is_alive():
            await asyncio.get_running_loop().run_in_executor(None, self._thread.join, 10.0)

    def _run(self) -> None:
        registry = kopf.OperatorRegistry()
        self._register(registry)
        loop = asyncio.new_event_loop()
        try:
            loop.run_until_complete(
                kopf.operator(
                    registry=registry,
                    settings=_settings(),
                    standalone=True,
                    clusterwide=True,
                    stop_flag=self._stop,
                    ready_flag=self._ready,
                )
            )
        except BaseException as error:  # noqa: BLE001 - a thread's end must be told, whatever it was
            self.error = error
        else:
            if not self._stop.is_set():
                self.error = RuntimeError("kopf ended by itself")
        finally:
            if self.error is not None:
                log.error("the watch of TcpAddons has ended", error=repr(self.error))
                if self._loop is not None and not self._loop.is_closed():
                    self._loop.call_soon_threadsafe(self._on_ended)
            with contextlib.suppress(RuntimeError):
                loop.close()

    def _register(self, registry: kopf.OperatorRegistry) -> None:
        loop, deliver = self._loop, self._deliver

        @kopf.on.login(registry=registry)
        async def login(**_: Any) -> kopf.ConnectionInfo:
            return kopf.ConnectionInfo(**await self._login())

        @kopf.on.event(names.GROUP, names.VERSION, names.PLURAL, registry=registry)
        async def on_addon(event: kopf.RawEvent, **_: Any) -> None:
            assert loop is not None  # noqa: S101 - start() sets it before the thread runs
            loop.call_soon_threadsafe(deliver, event["type"], event["object"])


def _settings() -> kopf.OperatorSettings:
    settings = kopf.OperatorSettings()
    settings.posting.enabled = False  # our Events are our own
    settings.scanning.disabled = True  # no watching of CRDs and namespaces: RBAC stays narrow
    settings.watching.chunk_size = 500  # one list of 10,000 objects would hold them all at once
    settings.watching.server_timeout = 300  # an int: the API server refuses "300.0"
    settings.watching.connect_timeout = 10.0
    settings.watching.inactivity_timeout = 70.0  # bookmarks come each minute: silence is a cut
    settings.networking.request_timeout = 30.0
    settings.networking.connect_timeout = 10.0
    settings.networking.error_backoffs = [0.1, 0.5, 1, 2, 5]
    settings.queueing.idle_timeout = 0.1  # 1.9 KiB an object held instead of 15-17
    settings.queueing.exit_timeout = 0.1
    return settings
