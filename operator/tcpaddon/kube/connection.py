"""One tuned connection to the API server: who we are, how long a request may take, what it cost.

It knows HTTP and credentials and nothing of objects; client.py gives requests their meaning.
"""

import asyncio
import json
import socket
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from importlib.metadata import version
from typing import Any, Self
from urllib.parse import urlencode

import aiohttp
from kubernetes.aio.client.api_client import ApiClient
from kubernetes.aio.client.configuration import Configuration
from kubernetes.aio.client.rest import RESTClientObject
from kubernetes.aio.config.kube_config import refresh_token

from tcpaddon.kube.answers import Answer, Asked, Retry, Silent, answer_to


@dataclass(frozen=True, slots=True)
class Limits:
    """Times in seconds and sizes that bound every connection."""

    request: float = 30.0  # the API server gives an admission webhook at most 30 s
    connect: float = 5.0
    connections: int = 64  # in use at once, watches included; more requests wait for one
    keep_alive: float = 60.0  # the API server itself closes idle ones after 90 s
    unacknowledged: float = 20.0  # a peer that acknowledges nothing for so long is dead


OnRequest = Callable[[str, str, int, float], None]
"""Called for each request with verb, kind, HTTP status (0: no answer) and seconds."""


@dataclass(frozen=True, slots=True)
class Call:
    """One request as it goes out; `limit` in seconds, None for the connection's own."""

    asked: Asked
    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] | None = None
    content_type: str = "application/json"
    limit: float | None = None

    @property
    def target(self) -> str:
        """The path with its query."""
        return f"{self.path}?{urlencode(self.query)}" if self.query else self.path


@dataclass(slots=True)
class _Count:
    code: int = 0  # until an answer comes


class Connection:
    """An async context manager around one pool of connections."""

    def __init__(self, configuration: Configuration, *, limits: Limits, loader: Any = None) -> None:
        """Take a loaded configuration; `loader` renews the tokens of a kubeconfig."""
        self.limits = limits
        self.on_request: OnRequest = lambda *_: None
        self._configuration = configuration
        self._loader = loader
        self._api = ApiClient(configuration)
        self._api.rest_client = _Pool(configuration, limits)
        self._headers = {
            "Accept": "application/json",
            # Compressing lists costs both sides more CPU than a cluster's own network saves.
            "Accept-Encoding": "identity",
            "User-Agent": f"tcpaddon/{version('tcpaddon')}",
        }
        self._renewal: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Start to renew the token where the kubeconfig's credentials end."""
        if self._loader is not None and _expires(self._loader):
            self._renewal = asyncio.create_task(refresh_token(self._loader, self._configuration))
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close every connection."""
        if self._renewal is not None:
            self._renewal.cancel()
            with suppress(asyncio.CancelledError):
                await self._renewal
        await self._api.close()

    async def send(self, call: Call) -> Mapping[str, Any]:
        """Send one request and return the object it is answered with.

        Raises:
            Answer: one of answers.py's, for everything but 2xx, and Retry where no answer came.
        """
        with self._counted(call) as count:
            async with self._answer(call) as (response, _):
                count.code = response.status
                body = await response.read()
        if response.status >= HTTPStatus.BAD_REQUEST:
            raise _refusal(call, response, body)
        answer: Mapping[str, Any] = json.loads(body)
        return answer

    @asynccontextmanager
    async def stream(
        self, call: Call, *, silence: float
    ) -> AsyncIterator[AsyncGenerator[bytes, None]]:
        """Open a request whose answer never ends, and give its lines.

        `silence` is in seconds: where nothing arrives for so long the stream is cut with Retry.
        """
        async with AsyncExitStack() as stack:
            with self._counted(call) as count:
                response, timer = await stack.enter_async_context(self._answer(call))
                count.code = response.status
                if response.status >= HTTPStatus.BAD_REQUEST:
                    raise _refusal(call, response, await response.read())
            yield _lines(response.content, timer, silence)

    @asynccontextmanager
    async def _answer(
        self, call: Call
    ) -> AsyncIterator[tuple[aiohttp.ClientResponse, asyncio.Timeout]]:
        """Give the answer's head; the time limit covers its body too, unless it is moved."""
        limit = self.limits.request if call.limit is None else call.limit
        response: aiohttp.ClientResponse | None = None
        try:
            async with asyncio.timeout(limit) as timer:
                response = await self._open(call)
                yield response, timer
        except TimeoutError as error:
            target = str(call.asked)
            if response is not None:
                raise Silent("the API server fell silent", target=target) from error
            said = f"no answer from the API server within {limit:g} s"
            raise Retry(said, target=target) from error
        except (aiohttp.ClientError, OSError) as error:
            said = f"no answer from the API server: {error or type(error).__name__}"
            raise Retry(said, target=str(call.asked)) from error
        finally:
            if response is not None:
                response.close()  # nothing, where the body was read to its end

    @contextmanager
    def _counted(self, call: Call) -> Iterator[_Count]:
        began = time.monotonic()
        count = _Count()
        try:
            yield count
        finally:
            seconds = time.monotonic() - began
            self.on_request(call.asked.verb, call.asked.kind, count.code, seconds)

    async def login(self) -> dict[str, Any]:
        """Return what another client needs to reach the same API server as the same user.

        Keys: server, ca_path, insecure, certificate_path, private_key_path, scheme, token.
        """
        scheme, _, token = (await self._authorization() or "").partition(" ")
        return {
            "server": self._configuration.host,
            "ca_path": self._configuration.ssl_ca_cert,
            "insecure": not self._configuration.verify_ssl,
            "certificate_path": self._configuration.cert_file,
            "private_key_path": self._configuration.key_file,
            "scheme": scheme or None,
            "token": token or None,
        }

    async def _authorization(self) -> str | None:
        found: str | None = await self._configuration.get_api_key_with_prefix(
            "BearerToken", alias="authorization"
        )
        return found

    async def _open(self, call: Call) -> aiohttp.ClientResponse:
        headers = dict(self._headers)
        if authorization := await self._authorization():
            headers["Authorization"] = authorization
        if call.body is not None:
            headers["Content-Type"] = call.content_type
        answer = await self._api.call_api(
            call.method,
            self._configuration.host + call.target,
            header_params=headers,
            body=call.body,
            # Timed above: one clock for the wait in the pool, the connection and the body.
            _request_timeout=aiohttp.ClientTimeout(total=None, sock_connect=self.limits.connect),
        )
        response: aiohttp.ClientResponse = answer.response
        return response


class _Pool(RESTClientObject):  # type: ignore[misc]  # generated code is not typed for us
    """The client's own pool, with connections that notice a peer that is gone."""

    def __init__(self, configuration: Configuration, limits: Limits) -> None:
        super().__init__(configuration)
        self._limits = limits

    def _create_pool_manager(self) -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(
            limit=self._limits.connections,
            keepalive_timeout=self._limits.keep_alive,
            ssl=self.ssl_context,
            socket_factory=self._socket,
        )
        # No trust_env: the proxy is the kubeconfig's to say, and .netrc is read at each request.
        return aiohttp.ClientSession(
            connector=connector, cookie_jar=aiohttp.DummyCookieJar(), read_bufsize=1 << 20
        )

    def _socket(self, address: Any) -> socket.socket:
        family, kind, protocol, _, _ = address
        made = socket.socket(family, kind, protocol)
        made.settimeout(0.0)  # non-blocking
        made.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in self._keep_alive().items():
            if option := getattr(socket, name, None):  # Linux has them all, others some
                made.setsockopt(socket.IPPROTO_TCP, option, value)
        return made

    def _keep_alive(self) -> Mapping[str, int]:
        # A connection that was cut without a word (a node that died, a NAT that forgot) is
        # noticed in `unacknowledged` seconds, idle or not.
        probes = 3
        wait = max(1, round(self._limits.unacknowledged / (probes + 1)))
        return {
            "TCP_KEEPIDLE": wait,
            "TCP_KEEPINTVL": wait,
            "TCP_KEEPCNT": probes,
            "TCP_USER_TIMEOUT": round(self._limits.unacknowledged * 1000),
        }


def _expires(loader: Any) -> bool:
    user = loader._user  # noqa: SLF001 - the package offers the renewal but not the question
    return loader.provider == "gcp" or (user is not None and "exec" in user)


def _refusal(call: Call, response: aiohttp.ClientResponse, body: bytes) -> Answer:
    status: Mapping[str, Any] = {}
    with suppress(ValueError):
        said = json.loads(body)
        if isinstance(said, dict) and said.get("kind") == "Status":
            status = said
    retry_after = response.headers.get("Retry-After", "")
    return answer_to(call.asked, response.status, status, retry_after)


async def _lines(
    content: aiohttp.StreamReader, timer: asyncio.Timeout, silence: float
) -> AsyncGenerator[bytes, None]:
    """Split a stream into lines of any length; aiohttp's own readline refuses long ones."""
    loop = asyncio.get_running_loop()
    parts: list[bytes] = []
    while True:
        timer.reschedule(loop.time() + silence)
        chunk = await content.readany()
        # What follows takes as long as it takes; only silence of the server counts.
        timer.reschedule(None)
        if not chunk:
            return
        *whole, rest = chunk.split(b"\n")
        for line in whole:
            parts.append(line)
            yield b"".join(parts)
            parts.clear()
        if rest:
            parts.append(rest)
