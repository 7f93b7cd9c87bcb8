"""The reads that the operator makes: an object, a list in pages, a watch, a log's last line."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Final, Self

from tcpaddon.kube.answers import Answer, Asked, Gone, answer_to
from tcpaddon.kube.connection import Call, Connection, OnRequest
from tcpaddon.kube.paths import PODS, Resource
from tcpaddon.kube.words import Page, Raw, Scope, WatchEvent, event_of

PAGE: Final = 500  # objects a page: client-go's number
_LINE: Final = 4096  # bytes of a log line that are read
_LOG: Final = 5.0  # seconds that a node may take to hand out a log


class Reader:
    """An async context manager; every method raises answers.Answer and nothing else.

    on_request: called after each request with verb, kind, HTTP status (0: no answer), seconds.
    """

    def __init__(self, connection: Connection) -> None:
        """Use `connection`, and close it in the end."""
        self._connection = connection

    async def __aenter__(self) -> Self:
        """Open the connection."""
        await self._connection.__aenter__()
        return self

    async def __aexit__(self, *error: object) -> None:
        """Close the connection."""
        await self._connection.__aexit__(*error)

    @property
    def on_request(self) -> OnRequest:
        """What is called after each request."""
        return self._connection.on_request

    @on_request.setter
    def on_request(self, callback: OnRequest) -> None:
        self._connection.on_request = callback

    async def login(self) -> Raw:
        """Return what kopf needs to reach the same API server (see Connection.login)."""
        return await self._connection.login()

    # --- reading --------------------------------------------------------------------------------

    async def get(
        self, resource: Resource, namespace: str, name: str, *, limit: float | None = None
    ) -> Raw | None:
        """Read one object from the API server itself; None: it is not there."""
        asked = Asked("get", resource.kind, name)
        try:
            return await self._connection.send(
                Call(asked, "GET", resource.path(namespace, name), limit=limit)
            )
        except Gone:
            return None

    async def last_line(self, namespace: str, pod: str, container: str, *, previous: bool) -> str:
        """Return the last line of a container's log, "" where there is none.

        previous: of the container before the last restart.
        """
        asked = Asked("get", "Log", pod)
        query = {"container": container, "tailLines": "1", "limitBytes": str(_LINE)}
        query |= {"previous": "true"} if previous else {}
        path = PODS.path(namespace, pod, "log")
        lines = b""
        try:
            async with (
                self._connection.stream(Call(asked, "GET", path, query), silence=_LOG) as stream,
                aclosing(stream),
            ):
                async for line in stream:
                    lines = line or lines
        except Answer:
            return lines.decode(errors="replace")  # the words are welcome, not needed
        return lines.decode(errors="replace")

    async def pages(self, scope: Scope, *, size: int = PAGE) -> AsyncGenerator[Page, None]:
        """List in pages of `size` objects (0: all in one), as of one moment.

        Raises:
            Expired: the list took so long that its moment is forgotten.
        """
        asked = Asked("list", scope.resource.kind, "")
        query = scope.query()
        if size:
            query["limit"] = str(size)
        while True:
            path = scope.resource.path(scope.namespace)
            answer = await self._connection.send(Call(asked, "GET", path, query))
            head = answer["metadata"]
            yield Page(answer.get("items") or [], int(head["resourceVersion"]))
            if not (token := head.get("continue")):
                return
            query["continue"] = token

    async def watch(
        self, scope: Scope, *, version: int, ends_after: float, silence: float
    ) -> AsyncGenerator[WatchEvent, None]:
        """Follow what happens after `version`; the API server ends it after `ends_after` seconds.

        Raises:
            Silent: nothing came for `silence` seconds. Bookmarks come every minute, but none for a
                kind in which nothing ever happens, where etcd does not report progress.
            Expired: `version` is forgotten already; list anew.
        """
        asked = Asked("watch", scope.resource.kind, "")
        query = scope.query() | {
            "watch": "1",
            "allowWatchBookmarks": "true",
            "resourceVersion": str(version),
            "timeoutSeconds": str(max(1, round(ends_after))),
        }
        call = Call(asked, "GET", scope.resource.path(scope.namespace), query)
        async with (
            self._connection.stream(call, silence=silence) as lines,
            aclosing(lines),
        ):
            yield WatchEvent("OPENED", {})
            async for line in lines:
                if not line:
                    continue
                event = event_of(asked, line)
                if event.type == "ERROR":
                    code = int(event.object.get("code") or 500)
                    raise answer_to(asked, code, event.object)
                yield event
