"""Reads kubeconfigs for those who ask the API server once and must be quick about it.

The kubernetes package needs half a second to be imported, which an operator does not notice and
a command line does. What people have is read here: client certificates, tokens, passwords, exec
plugins, proxies, several files in KUBECONFIG, the account of a pod.
"""

import base64
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

import yaml

_ACCOUNT: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount")
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # certificates are long lines


class Unusable(Exception):  # noqa: N818 - it is what people read
    """There is no way to an API server; the text says which file or field is to be corrected."""


class Credentials(NamedTuple):
    """Who we are; what is not used is empty. certificate and key: PEM, from file or data."""

    token: str = ""
    user: str = ""
    password: str = ""
    certificate: bytes = b""
    key: bytes = b""
    impersonate: str = ""


class Login(NamedTuple):
    """One context of a kubeconfig, read. authority: PEM of the CA, empty for the system's."""

    context: str
    server: str
    namespace: str
    authority: str
    insecure: bool
    server_name: str  # that the certificate must have, "" for the server's own
    proxy: str
    credentials: Callable[[], Credentials]  # runs an exec plugin, if there is one
    accounts: str  # where the account is from, for messages


def login(kubeconfig: str | None = None, context: str | None = None) -> Login:
    """Read the kubeconfig that is named, else KUBECONFIG's, else the pod's, else the default.

    Raises:
        Unusable: none is there, or what is there cannot be used.
    """
    named = [kubeconfig] if kubeconfig else os.environ.get("KUBECONFIG", "").split(os.pathsep)
    files = [Path(name).expanduser() for name in named if name]
    if not files and context is None and _in_cluster():
        return _of_the_pod()
    files = files or [Path("~/.kube/config").expanduser()]
    must_be_there = kubeconfig is not None
    found = [_document(file) for file in files if must_be_there or file.exists()]
    place = os.pathsep.join(str(file) for file in files)
    if not found:
        raise Unusable(
            f"There is no kubeconfig at {place}: name one with --kubeconfig or KUBECONFIG."
        )
    return _chosen(_Merged(found, place), context)


class _Document(NamedTuple):
    content: Mapping[str, Any]
    folder: Path  # what its paths are relative to


class _Merged:
    """Several kubeconfigs as one: the first that names a thing defines it, as kubectl has it."""

    def __init__(self, documents: list[_Document], place: str) -> None:
        self.place = place
        self._documents = documents

    @property
    def current(self) -> str:
        """Name of the context that is used where none is asked for."""
        names = (str(d.content.get("current-context") or "") for d in self._documents)
        return next((name for name in names if name), "")

    def find(self, kind: str, name: str) -> _Document | None:
        """Return a `context`, `cluster` or `user` by its name, with the folder of its file."""
        for document in self._documents:
            for entry in document.content.get(f"{kind}s") or ():
                if isinstance(entry, Mapping) and entry.get("name") == name:
                    return _Document(entry.get(kind) or {}, document.folder)
        return None

    def names(self, kind: str) -> list[str]:
        """Return what there is of a kind."""
        return [
            str(entry.get("name"))
            for document in self._documents
            for entry in document.content.get(f"{kind}s") or ()
            if isinstance(entry, Mapping)
        ]

    def need(self, kind: str, name: str) -> _Document:
        found = self.find(kind, name)
        if found is None:
            there = ", ".join(sorted(set(self.names(kind)))) or "none"
            raise Unusable(f"{self.place} has no {kind} '{name}'. There are: {there}.")
        return found


def _chosen(merged: _Merged, context: str | None) -> Login:
    name = context or merged.current
    if not name:
        there = ", ".join(merged.names("context")) or "none"
        raise Unusable(
            f"{merged.place} says no current context: name one with --context. There are: {there}."
        )
    chosen = merged.need("context", name).content
    cluster = merged.need("cluster", str(chosen.get("cluster") or ""))
    server = str(cluster.content.get("server") or "")
    if not server.startswith(("https://", "http://")):
        raise Unusable(f"{merged.place}: the cluster of context '{name}' has no server's address.")
    users = str(chosen.get("user") or "")
    user = merged.need("user", users) if users else _Document({}, cluster.folder)
    return Login(
        context=name,
        server=server.rstrip("/"),
        namespace=str(chosen.get("namespace") or "default"),
        authority=_pem(cluster, "certificate-authority").decode(),
        insecure=bool(cluster.content.get("insecure-skip-tls-verify")),
        server_name=str(cluster.content.get("tls-server-name") or ""),
        proxy=str(cluster.content.get("proxy-url") or ""),
        credentials=lambda: _credentials(user, cluster),
        accounts=f"user '{users}' of {merged.place}",
    )


def _credentials(user: _Document, cluster: _Document) -> Credentials:
    told = user.content
    found = Credentials(
        token=str(told.get("token") or ""),
        user=str(told.get("username") or ""),
        password=str(told.get("password") or ""),
        certificate=_pem(user, "client-certificate"),
        key=_pem(user, "client-key"),
        impersonate=str(told.get("as") or ""),
    )
    if told.get("tokenFile"):
        token = _bytes(user.folder / str(told["tokenFile"])).decode().strip()
        return found._replace(token=token)
    if told.get("exec"):
        from tcpaddon.kube import exec_plugin  # noqa: PLC0415 - few need it, all would wait for it

        said = exec_plugin.run(told["exec"], user.folder, cluster.content)
        return found._replace(
            token=str(said.get("token") or found.token),
            certificate=str(said.get("clientCertificateData") or "").encode() or found.certificate,
            key=str(said.get("clientKeyData") or "").encode() or found.key,
        )
    if told.get("auth-provider"):
        # kubectl renews this token and writes it down; it is read here as it was left.
        config = told["auth-provider"].get("config") or {}
        return found._replace(token=str(config.get("id-token") or config.get("access-token") or ""))
    return found


def _pem(document: _Document, name: str) -> bytes:
    if data := document.content.get(f"{name}-data"):
        try:
            return base64.b64decode(str(data))
        except ValueError:
            raise Unusable(f"The kubeconfig's {name}-data is no base64.") from None
    path = document.content.get(name)
    return _bytes(document.folder / str(path)) if path else b""


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise Unusable(f"{path}, which the kubeconfig names, cannot be read: {error}") from None


def _document(file: Path) -> _Document:
    try:
        content = yaml.load(file.read_text(), Loader=_Loader)  # noqa: S506 - both are safe loaders
    except (OSError, UnicodeDecodeError) as error:
        raise Unusable(f"The kubeconfig {file} cannot be read: {error}") from None
    except yaml.YAMLError as error:
        raise Unusable(
            f"The kubeconfig {file} is no YAML: {' '.join(str(error).split())}"
        ) from None
    if not isinstance(content or {}, Mapping):
        raise Unusable(f"{file} is no kubeconfig.")
    return _Document(content or {}, file.parent)


def _in_cluster() -> bool:
    return bool(os.environ.get("KUBERNETES_SERVICE_HOST")) and (_ACCOUNT / "token").exists()


def _of_the_pod() -> Login:
    host = os.environ["KUBERNETES_SERVICE_HOST"]
    port = os.environ.get("KUBERNETES_SERVICE_PORT", "443")
    return Login(
        context="",
        server=f"https://{f'[{host}]' if ':' in host else host}:{port}",
        namespace=_bytes(_ACCOUNT / "namespace").decode().strip() or "default",
        authority=_bytes(_ACCOUNT / "ca.crt").decode(),
        insecure=False,
        server_name="",
        proxy="",
        credentials=lambda: Credentials(token=_bytes(_ACCOUNT / "token").decode().strip()),
        accounts="the pod's service account",
    )
