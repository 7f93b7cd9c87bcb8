"""Starts a real kube-apiserver on a real etcd, without nodes and controllers, in a few seconds.

For tests/api and bench/. Everything lies in one temporary folder, nothing but one TCP port is
shared with the machine, and both processes end with the process that started them, however it
ends.
"""

import base64
import ctypes
import http.client
import json
import os
import secrets
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import cluster

ADMIN = "admin"
_START_LIMIT = 120.0  # seconds; it takes 3 on an idle machine, and builds may run beside it
_ETCD_QUOTA = 1 << 30  # bytes
_PR_SET_PDEATHSIG = 1  # prctl(2)
_PREFIX = "tcpaddon-api-"  # of the temporary folder; then the number of the process that made it
_TRIES = 3  # the port that was free a moment ago may be taken


class StartError(Exception):
    """The API server did not come up; the message ends with its last words."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What may differ from one API server to another."""

    authorization: str = "AlwaysAllow"  # or RBAC
    users: Sequence[str] = ()  # who may log in beside the administrator
    flags: Sequence[str] = ()  # more flags of kube-apiserver; the last of a name wins
    runtime: Mapping[str, str] = field(default_factory=dict)  # environment, such as GOMAXPROCS


@dataclass(frozen=True, slots=True)
class ApiServer:
    """A running API server. `tokens` by user; `audit_log` has one JSON object a line."""

    folder: Path
    programs: Path
    port: int
    tokens: Mapping[str, str]
    pids: Mapping[str, int]  # of `kube-apiserver` and `etcd`

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"https://127.0.0.1:{self.port}"

    @property
    def ca_file(self) -> Path:
        """What its certificate is signed with."""
        return self.folder / "certs" / "apiserver.crt"

    @property
    def audit_log(self) -> Path:
        """The audit log at level Metadata, one line for each finished stage of a request."""
        return self.folder / "audit.log"

    @property
    def etcd_socket(self) -> Path:
        """The Unix socket on which etcd answers, gRPC and JSON."""
        return self.folder / "etcd.sock"

    def kubeconfig(self, user: str = ADMIN, *, port: int | None = None) -> str:
        """Write a kubeconfig for `user` and return its path; `port`: of a proxy in between."""
        path = self.folder / f"kubeconfig-{user.replace(':', '-')}-{port or self.port}"
        server = f"https://127.0.0.1:{port or self.port}"
        path.write_text(json.dumps(self._config(user, server)))
        return str(path)

    def _config(self, user: str, server: str) -> Mapping[str, Any]:
        where = {"server": server, "certificate-authority": str(self.ca_file)}
        return {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "api",
            "contexts": [{"name": "api", "context": {"cluster": "api", "user": user}}],
            "clusters": [{"name": "api", "cluster": where}],
            "users": [{"name": user, "user": {"token": self.tokens[user]}}],
        }

    def kubectl(self, *words: str, stdin: str | None = None) -> str:
        """Run kubectl as the administrator and return what it prints."""
        done = subprocess.run(
            [self.programs / "kubectl", "--kubeconfig", self.kubeconfig(), *words],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        if done.returncode:
            raise AssertionError(f"kubectl {' '.join(words)}: {done.stderr or done.stdout}")
        return done.stdout

    def install(self, definition: Path) -> None:
        """Apply a CRD, and wait until its names are accepted.

        `kubectl wait` fails where it meets a CRD so young that it has no conditions at all.
        """
        self.kubectl("apply", "--server-side", "--force-conflicts", "-f", str(definition))
        path = f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{_crd_name(definition)}"
        give_up = time.monotonic() + _START_LIMIT
        while time.monotonic() < give_up:
            conditions = self.call("GET", path).get("status", {}).get("conditions") or ()
            if any(c["type"] == "Established" and c["status"] == "True" for c in conditions):
                return
            time.sleep(0.05)
        raise AssertionError(f"{definition.name} is not established within {_START_LIMIT:.0f} s")

    def call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        content_type: str = "application/json",
        **query: str,
    ) -> dict[str, Any]:
        """Send one request as the administrator and return the answer, a Status included."""
        context = ssl.create_default_context(cafile=str(self.ca_file))
        connection = http.client.HTTPSConnection(
            "127.0.0.1", self.port, timeout=30, context=context
        )
        headers = {"Authorization": f"Bearer {self.tokens[ADMIN]}", "Content-Type": content_type}
        data = None if body is None else json.dumps(body)
        target = f"{path}?{urlencode(query)}" if query else path
        try:
            connection.request(method, target, data, headers)
            answer = connection.getresponse().read()
        finally:
            connection.close()
        try:
            said: dict[str, Any] = json.loads(answer)
        except ValueError:
            return {"kind": "Status", "message": answer.decode(errors="replace")}
        return said

    def compact(self) -> None:
        """Have etcd forget everything but the present: what asks for the past gets a 410."""
        key = base64.b64encode(b"/").decode()
        head = _etcd_call(self.etcd_socket, "/v3/kv/range", {"key": key})["header"]
        body = {"revision": head["revision"], "physical": True}
        _etcd_call(self.etcd_socket, "/v3/kv/compaction", body)

    def audit(self) -> list[dict[str, Any]]:
        """Return the audit log so far."""
        with suppress(FileNotFoundError):
            return [json.loads(line) for line in self.audit_log.read_text().splitlines()]
        return []


@contextmanager
def running(settings: Settings | None = None) -> Iterator[ApiServer]:
    """Start etcd and kube-apiserver, and end both in the end.

    Raises:
        StartError: one of them did not start.
        cluster.ClusterError: their programs can neither be found nor built.
    """
    programs = cluster.binaries()
    _remove_what_killed_ones_left()
    # Not below pytest's folders: the path of a Unix socket has at most 107 bytes.
    folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-"))
    try:
        with ExitStack() as stack:
            yield _start(stack, folder, programs, settings or Settings())
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _remove_what_killed_ones_left() -> None:
    """Remove folders of processes that are gone, and could not do it themselves."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*-*"):
        maker = folder.name.removeprefix(_PREFIX).partition("-")[0]
        if maker.isdigit() and not _is_alive(int(maker)):
            shutil.rmtree(folder, ignore_errors=True)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # somebody else's
        return True
    return True


@contextmanager
def controllers(server: ApiServer, *names: str) -> Iterator[None]:
    """Run kube-controller-manager with these controllers only, such as `deployment-controller`."""
    command = [
        str(server.programs / "kube-controller-manager"),
        f"--kubeconfig={server.kubeconfig()}",
        f"--controllers={','.join(names)}",
        "--leader-elect=false",
        "--secure-port=0",
        "--kube-api-qps=500",  # tests wait for it
        "--kube-api-burst=500",
    ]
    with _process(server.folder, command, {}):
        yield


def _start(stack: ExitStack, folder: Path, programs: Path, settings: Settings) -> ApiServer:
    users = (ADMIN, *settings.users)
    tokens = {user: secrets.token_hex(16) for user in users}
    rows = [
        f'{token},{user},{user},"{"system:masters" if user == ADMIN else ""}"\n'
        for user, token in tokens.items()
    ]
    (folder / "tokens.csv").write_text("".join(rows))
    (folder / "audit.json").write_text(json.dumps(_AUDIT_POLICY))
    etcd = stack.enter_context(_process(folder, _etcd(programs, folder), {}))
    for _ in range(_TRIES):
        port = _free_port()
        attempt = ExitStack()
        command = _kube_apiserver(programs, folder, port, settings)
        process = attempt.enter_context(_process(folder, command, settings.runtime))
        pids = {"kube-apiserver": process.pid, "etcd": etcd.pid}
        server = ApiServer(folder, programs, port, tokens, pids)
        if _is_ready(server, process, etcd):
            stack.push(attempt)
            return server
        attempt.close()
        if etcd.poll() is not None:
            break
    words = {name: _last_words(folder / f"{name}.log") for name in ("etcd", "kube-apiserver")}
    raise StartError("\n".join(f"{name} says:\n{said}" for name, said in words.items()))


_AUDIT_POLICY = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived"],
    "rules": [{"level": "Metadata"}],
}


def _etcd(programs: Path, folder: Path) -> list[str]:
    client, peer = f"unix://{folder}/etcd.sock", f"unix://{folder}/peer.sock"
    return [
        str(programs / "etcd"),
        f"--data-dir={folder}/etcd",
        "--unsafe-no-fsync",  # it need not survive the machine
        f"--quota-backend-bytes={_ETCD_QUOTA}",
        f"--listen-client-urls={client}",
        f"--advertise-client-urls={client}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster=default={peer}",
        "--log-level=warn",
    ]


def _kube_apiserver(programs: Path, folder: Path, port: int, settings: Settings) -> list[str]:
    key = f"{folder}/certs/apiserver.key"  # self-signed at start; it may sign accounts, too
    return [
        str(programs / "kube-apiserver"),
        f"--etcd-servers=unix://{folder}/etcd.sock",
        "--bind-address=127.0.0.1",
        f"--secure-port={port}",
        f"--cert-dir={folder}/certs",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-account-signing-key-file={key}",
        f"--service-account-key-file={key}",
        "--anonymous-auth=false",
        f"--token-auth-file={folder}/tokens.csv",
        f"--authorization-mode={settings.authorization}",
        "--service-cluster-ip-range=198.19.0.0/16",
        f"--audit-log-path={folder}/audit.log",
        f"--audit-policy-file={folder}/audit.json",
        # It waits for a controller that makes accounts, and there are no controllers.
        "--disable-admission-plugins=ServiceAccount",
        *settings.flags,
    ]


def _etcd_call(path: Path, call: str, body: Mapping[str, Any]) -> dict[str, Any]:
    connection = http.client.HTTPConnection("etcd", timeout=30)
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.settimeout(30)
    try:
        connection.sock.connect(str(path))
        connection.request("POST", call, json.dumps(body))
        said: dict[str, Any] = json.loads(connection.getresponse().read())
    finally:
        connection.close()
    return said


def _is_ready(
    server: ApiServer, process: "subprocess.Popen[bytes]", etcd: "subprocess.Popen[bytes]"
) -> bool:
    """Wait for /readyz; False where a process ended before."""
    give_up = time.monotonic() + _START_LIMIT
    while process.poll() is None and etcd.poll() is None and time.monotonic() < give_up:
        with suppress(OSError, http.client.HTTPException):
            answer = server.call("GET", "/readyz")
            if answer.get("message") == "ok":
                return True
        time.sleep(0.05)
    return False


@contextmanager
def _process(
    folder: Path, command: Sequence[str], environment: Mapping[str, str]
) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a program until the end of the block, or of this process."""
    name = Path(command[0]).name
    with (folder / f"{name}.log").open("ab") as log:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,  # Ctrl-C is for us, and we end it
            preexec_fn=_die_with_parent(),  # noqa: PLW1509 - one system call
        )
    try:
        yield process
    finally:
        process.kill()  # a graceful end takes long, and nothing here is kept
        process.wait(timeout=30)


def _die_with_parent() -> Callable[[], None] | None:
    """Have the kernel kill the child when the thread that started it ends, killed or not."""
    try:
        prctl = ctypes.CDLL(None).prctl
    except (OSError, AttributeError):
        return None  # not Linux: an orderly end is all that can be had
    parent = os.getpid()

    def ask() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it ended before it was asked
            os._exit(1)

    return ask


def _crd_name(definition: Path) -> str:
    """Return the name of a CRD by that of its file: `<group>_<plural>.yaml`."""
    group, _, plural = definition.stem.partition("_")
    return f"{plural}.{group}"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _last_words(log: Path) -> str:
    with suppress(OSError):
        return "\n".join(log.read_text(errors="replace").splitlines()[-15:])
    return "(nothing)"
