"""What the demo does, in steps: images beside the cluster, operator, app, a message.

The same steps bring it up from nothing and find in seconds that all of it stands.
"""

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

import cluster
from cluster import Cluster, steps
from cluster.commands import Commands
from cluster.engine import log_file
from cluster.progress import display
from cluster.steps import Step
from demo import client, operator_release
from demo.client import RoundTrip
from demo.sample import Sample
from image import Example, OperatorImage

NAME: Final = "tcpaddon"


@dataclass(frozen=True, slots=True)
class Result:
    """What the demo shows."""

    cluster: Cluster
    url: str
    message: RoundTrip


def run(workers: int | None = None) -> Result:
    """Run the demo; what is there already is used. `workers`: see `cluster.up`.

    Raises:
        ClusterError: a step failed; the message says what to do.
    """
    commands = cluster.start_engine().commands("demo-images")
    operator, example = OperatorImage(commands), Example(commands)
    with ThreadPoolExecutor(max_workers=1) as beside:
        # Downloads wait for the network while Kubernetes is being compiled.
        packages = beside.submit(_fetch, operator, example)
        stands = cluster.up(NAME, workers)
    cluster.require_own_context(stands.kubeconfig)
    demo = _Demo(stands, operator, example, packages)
    with display() as shown:
        steps.run(demo.steps(), shown)
    return Result(stands, demo.url[0], demo.messages[0])


def _fetch(operator: OperatorImage, example: Example) -> None:
    if not operator.exists():
        operator.prepare()
    if not example.exists():
        example.prepare()


class _Demo:
    """The steps after the cluster stands."""

    def __init__(
        self, stands: Cluster, operator: OperatorImage, example: Example, packages: Future[None]
    ) -> None:
        self._cluster = stands
        self._operator = operator
        self._example = example
        self._packages = packages
        # Steps that run side by side log apart, so that an error shows its own step's last lines.
        self._commands = Commands(log_file("demo"), stands.env)
        self._helm = Commands(log_file("demo-helm"), stands.env)
        self._sample = Sample(stands, self._commands)
        self._loading = threading.Lock()
        self.url: list[str] = []
        self.messages: list[RoundTrip] = []

    def steps(self) -> list[Step]:
        """Every step; those that only ask whether all is well run each time."""
        return [
            _step("operator image", "Build the operator's image", 20, self._build_operator,
                  done=self._operator.exists),
            _step("app image", "Build the sample app's image", 25, self._build_example,
                  done=self._example.exists),
            _step("operator", "Install the operator with Helm", 12, self._install,
                  needs=("operator image",)),
            _step("app", "Deploy the sample app and its TcpAddon", 8, self._deploy,
                  needs=("operator", "app image")),
            _step("address", "Wait until the TcpAddon is ready", 5, self._sample.wait,
                  needs=("app",)),
            _step("message", "Publish and receive through TCP_URL, from outside", 1, self._message,
                  needs=("address",)),
        ]  # fmt: skip

    def _build_operator(self) -> None:
        self._packages.result()
        self._operator.build()

    def _build_example(self) -> None:
        self._packages.result()
        self._example.build()

    def _load(self, tag: str) -> None:
        with self._loading:
            cluster.load_image(self._cluster, tag)

    def _install(self) -> None:
        self._load(self._operator.tag)
        operator_release.install(self._cluster, self._helm, self._operator.tag)

    def _deploy(self) -> None:
        self._load(self._example.tag)
        self._sample.apply(self._example.tag)

    def _message(self) -> None:
        url = self._sample.url()
        self.url.append(url)
        self.messages.append(
            client.round_trip(self._cluster, self._commands, url, self._operator.tag)
        )


def _step(
    name: str,
    title: str,
    seconds: float,
    run: Callable[[], None],
    *,
    needs: tuple[str, ...] = (),
    done: Callable[[], bool] = lambda: False,
) -> Step:
    return Step(f"demo {name}", title, seconds, done, run, tuple(f"demo {need}" for need in needs))
