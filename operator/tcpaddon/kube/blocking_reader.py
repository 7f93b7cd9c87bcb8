"""Reads single objects over one blocking connection: what the command line needs, and no more.

The operator's own client is asynchronous, writes, and takes half a second to import.
"""

import base64
import http.client
import json
import os
import ssl
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import quote, unquote, urlencode, urlsplit

from tcpaddon import names
from tcpaddon.kube.kubeconfig import Credentials, Login, Unusable

_LIMIT: Final = 15.0  # seconds that an answer may take; people wait for it


class CannotRead(Exception):  # noqa: N818 - it is what people read
    """The API server did not answer with the object; the text says why, and what to do."""


class NotThere(CannotRead):
    """There is no object of that name."""


class NoSuchResource(CannotRead):
    """The API server does not know the resource at all: its definition is not installed."""


class NotAllowed(CannotRead):
    """The account may not do that."""


class BlockingReader:
    """A context manager; every method raises CannotRead and nothing else."""

    def __init__(self, login: Login) -> None:
        """Use `login`; nothing is opened before the first read."""
        self.login = login
        self._connection: http.client.HTTPConnection | None = None
        self._headers: dict[str, str] = {}

    def __enter__(self) -> Self:
        """Open nothing yet."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()

    def addon(self, namespace: str, name: str) -> Mapping[str, Any]:
        """Read one TcpAddon; raises as `read` does."""
        return self.read(f"{_addons(namespace)}/{quote(name, safe='')}")

    def addons(self, namespace: str) -> list[Mapping[str, Any]]:
        """List the TcpAddons of a namespace, "" for all; raises as `read` does."""
        return list(self.read(_addons(namespace)).get("items") or ())

    def events(self, namespace: str, uid: str) -> list[Mapping[str, Any]]:
        """List the Events about one object; raises as `read` does."""
        query = {"fieldSelector": f"involvedObject.uid={uid}"}
        path = f"/api/v1/namespaces/{quote(namespace, safe='')}/events"
        return list(self.read(path, query).get("items") or ())

    def read(self, path: str, query: Mapping[str, str] | None = None) -> Mapping[str, Any]:
        """Read an object or a list.

        Raises:
            NotThere, NoSuchResource, NotAllowed: as their names say.
            CannotRead: no answer, or another one that is not the object.
        """
        target = f"{path}?{urlencode(query)}" if query else path
        try:
            connection = self._connection or self._open()
            connection.request(
                "GET", urlsplit(self.login.server).path + target, headers=self._headers
            )
            response = connection.getresponse()
            body = response.read()
        except Unusable as error:
            raise CannotRead(str(error)) from None
        except ssl.SSLError as error:
            raise CannotRead(
                f"{self._server} cannot be trusted, or does not trust this account: {error}. "
                f"Check certificate-authority and {self.login.accounts}."
            ) from None
        except (OSError, http.client.HTTPException) as error:
            said = "it took too long" if isinstance(error, TimeoutError) else str(error)
            raise CannotRead(
                f"{self._server} does not answer: {said or type(error).__name__}. "
                "Check that the cluster is up, and that the context is the right one."
            ) from None
        if response.status == http.HTTPStatus.OK:
            return self._object(body)
        raise self._refusal(response.status, body)

    @property
    def _server(self) -> str:
        context = f" (context '{self.login.context}')" if self.login.context else ""
        return f"The API server {self.login.server}{context}"

    def _object(self, body: bytes) -> Mapping[str, Any]:
        try:
            found = json.loads(body)
        except ValueError:
            found = None
        if not isinstance(found, Mapping):
            raise CannotRead(f"{self._server} answers with something that is no object.")
        return found

    def _refusal(self, code: int, body: bytes) -> CannotRead:
        try:
            status = json.loads(body)
        except ValueError:
            status = {}
        status = status if isinstance(status, Mapping) else {}
        said = str(status.get("message") or body.decode(errors="replace").strip() or f"HTTP {code}")
        if code == http.HTTPStatus.NOT_FOUND:
            named = (status.get("details") or {}).get("name")
            return NotThere(said) if named else NoSuchResource(said)
        if code == http.HTTPStatus.UNAUTHORIZED:
            return CannotRead(
                f"{self._server} does not know this account ({self.login.accounts}): log in again."
            )
        if code == http.HTTPStatus.FORBIDDEN:
            return NotAllowed(said)
        return CannotRead(f"{self._server} says: {said}")

    # --- the connection ---------------------------------------------------------------------------
    def _open(self) -> http.client.HTTPConnection:
        credentials = self.login.credentials()
        self._headers = _headers(credentials)
        url = urlsplit(self.login.server)
        near = urlsplit(self.login.proxy) if self.login.proxy else url
        self._connection = (
            _Encrypted(near, self.login, credentials)
            if url.scheme == "https"
            else http.client.HTTPConnection(near.hostname or "", near.port, timeout=_LIMIT)
        )
        if self.login.proxy:
            self._connection.set_tunnel(
                url.hostname or "", url.port or 443, headers=_proxy_headers(near)
            )
        return self._connection


def _addons(namespace: str) -> str:
    within = f"/namespaces/{quote(namespace, safe='')}" if namespace else ""
    return f"/apis/{names.API_VERSION}{within}/{names.PLURAL}"


class _Encrypted(http.client.HTTPSConnection):
    """An HTTPS connection whose server may go by another name in its certificate."""

    def __init__(self, near: Any, login: Login, credentials: Credentials) -> None:
        if near.scheme not in ("http", "https"):
            raise Unusable(f"A proxy-url of kind {near.scheme} is not known here: use http.")
        self._context = _tls(login, credentials)
        self._name = login.server_name
        super().__init__(near.hostname or "", near.port, timeout=_LIMIT, context=self._context)

    def connect(self) -> None:
        """Connect, through the proxy where there is one, and shake hands."""
        http.client.HTTPConnection.connect(self)
        far = self._name or getattr(self, "_tunnel_host", None) or self.host
        self.sock = self._context.wrap_socket(self.sock, server_hostname=far)


def _tls(login: Login, credentials: Credentials) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if login.insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    elif login.authority:
        context.load_verify_locations(cadata=login.authority)
    else:
        context.load_default_certs()
    if credentials.certificate:
        _load_client(context, credentials)
    return context


def _load_client(context: ssl.SSLContext, credentials: Credentials) -> None:
    """Load certificate and key, which Python takes from a file only: ours alone, gone at once."""
    import tempfile  # noqa: PLC0415 - few need it, all would wait for it

    descriptor, path = tempfile.mkstemp(prefix="tcpaddon-")  # mode 0600
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(credentials.certificate + b"\n" + credentials.key)
        context.load_cert_chain(path)
    except ssl.SSLError as error:
        raise Unusable(f"The kubeconfig's client certificate and key do not fit: {error}") from None
    finally:
        Path(path).unlink()


def _headers(credentials: Credentials) -> dict[str, str]:
    headers = {"Accept": "application/json", "User-Agent": "kubectl-tcpaddon"}
    if credentials.token:
        headers["Authorization"] = f"Bearer {credentials.token}"
    elif credentials.user:
        headers["Authorization"] = _basic(credentials.user, credentials.password)
    if credentials.impersonate:
        headers["Impersonate-User"] = credentials.impersonate
    return headers


def _proxy_headers(proxy: Any) -> dict[str, str]:
    if not proxy.username:
        return {}
    word = _basic(unquote(proxy.username), unquote(proxy.password or ""))
    return {"Proxy-Authorization": word}


def _basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
