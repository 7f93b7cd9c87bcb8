"""The steps to a cluster, and what each needs: the longest, compiling Kubernetes, starts first.

Seconds are those of a first run on 2 cores, with the steps beside one another as here.
"""

import shutil
from collections.abc import Callable

from cluster import clients, engine, golang, images, network, node_image, published, versions
from cluster.commands import Commands
from cluster.engine import Engine
from cluster.errors import ClusterError
from cluster.standing import Standing
from cluster.steps import Step


def clients_step() -> Step:
    """The clients, kubectl and helm."""
    return Step(
        name="clients",
        title="Download kubectl and helm",
        seconds=8,
        done=clients.folder().exists,
        run=_with_log("clients", clients.fetch),
    )


def api_steps() -> list[Step]:
    """The programs that tests of the API need, compiled here."""
    return [
        Step(
            name="modules",
            title="Download Go modules",
            seconds=20,
            done=golang.api_folder().exists,
            run=_with_log("modules", golang.download),
        ),
        Step(
            name="kubernetes",
            title=f"Compile Kubernetes {versions.KUBERNETES} and etcd",
            seconds=480,
            done=golang.api_folder().exists,
            run=_with_log("kubernetes", golang.build_api),
            needs=("modules",),
        ),
    ]


def published_step(found: Engine) -> Step:
    """The same programs out of published images."""
    return Step(
        name="published",
        title=f"Fetch Kubernetes {versions.KUBERNETES} and etcd",
        seconds=40,
        done=published.folder().exists,
        run=lambda: published.fetch(found.commands("published")),
    )


def own_image_steps(found: Engine) -> list[Step]:
    """Everything of our own for a cluster without a registry: programs, node image, base images."""
    commands = found.commands("images")
    return [
        *api_steps(),
        Step(
            name="node programs",
            title="Compile containerd, CoreDNS and kind",
            seconds=85,
            done=golang.node_folder().exists,
            run=_with_log("node-programs", golang.build_node),
            needs=("kubernetes",),
        ),
        Step(
            name="metallb",
            title=f"Compile MetalLB {versions.METALLB}",
            seconds=65,
            done=golang.metallb_folder().exists,
            run=_with_log("metallb", golang.build_metallb),
            needs=("node programs",),
        ),
        Step(
            name="debian",
            title="Install a small Debian for the nodes",
            seconds=70,
            done=node_image.packages_ready,
            run=_with_log("debian", node_image.make_packages),
        ),
        Step(
            name="base images",
            title="Make the base images of operator and apps",
            seconds=25,
            done=lambda: all(images.exists(commands, images.base_tag(k)) for k in images.BASES),
            run=lambda: images.make_bases(commands),
            needs=("debian",),
        ),
        Step(
            name="node image",
            title="Make the node image",
            seconds=25,
            done=lambda: images.exists(commands, node_image.tag()),
            run=lambda: node_image.make(found.commands("node-image")),
            needs=("node programs", "metallb", "debian"),
        ),
    ]


def kind_step(needs: tuple[str, ...] = ()) -> Step:
    """Only kind, where nothing else of a node is built."""

    def run(commands: Commands) -> None:
        if shutil.which("go"):
            golang.build_kind(commands)
        elif not shutil.which("kind"):
            raise ClusterError("kind is missing: install it, or Go so that it can be built here.")

    return Step(
        name="kind",
        title="Build kind",
        seconds=30,
        done=lambda: "kind" in clients.all_programs(),
        run=_with_log("kind", run),
        needs=needs,
    )


def cluster_steps(standing: Standing, pool: network.Pool, needs: tuple[str, ...]) -> list[Step]:
    """The cluster itself."""
    name = standing.shape.name
    well = not standing.complaint()
    return [
        Step(
            name="cluster",
            title=f"Bring up the kind cluster {name}",
            seconds=30,
            done=lambda: well,
            run=standing.make_or_start,
            needs=needs,
        ),
        Step(
            name="addresses",
            title=f"Install MetalLB with {pool}",
            seconds=30,
            done=lambda: well and standing.has_addresses(pool),
            run=lambda: standing.give_addresses(pool),
            needs=("cluster",),
        ),
    ]


def _with_log(name: str, run: Callable[[Commands], None]) -> Callable[[], None]:
    return lambda: run(Commands(engine.log_file(name)))
