"""Serves health and metrics: /healthz (restart me?), /readyz (may I be counted on?), /metrics."""

from collections.abc import Awaitable, Callable

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

# Says what is wrong, a sentence each; nothing wrong: healthy.
Check = Callable[[], list[str]]
_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Endpoints:
    """The HTTP server. `port` is the real one once it is started."""

    def __init__(self, alive: Check, ready: Check, registry: CollectorRegistry) -> None:
        app = web.Application()
        app.router.add_get("/healthz", _answer(alive))
        app.router.add_get("/readyz", _answer(ready))
        app.router.add_get("/metrics", _metrics(registry))
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        self.port = 0

    async def start(self, host: str, port: int) -> None:
        """Begin to serve; port 0 takes a free one."""
        await self._runner.setup()
        site = web.TCPSite(self._runner, host, port)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """End the server."""
        await self._runner.cleanup()


def _answer(check: Check) -> _Handler:
    async def handle(_request: web.Request) -> web.Response:
        wrong = check()
        if wrong:
            return web.Response(status=503, text="\n".join(wrong) + "\n")
        return web.Response(text="ok\n")

    return handle


def _metrics(registry: CollectorRegistry) -> _Handler:
    async def handle(_request: web.Request) -> web.Response:
        return web.Response(
            body=generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_LATEST}
        )

    return handle
