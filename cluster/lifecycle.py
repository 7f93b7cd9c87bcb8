"""What the commands do: bring a cluster up, take it down, tell how things are."""

import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from cluster import (
    cache,
    clients,
    debian,
    dockerd,
    engine,
    golang,
    kind,
    model,
    network,
    node_image,
    published,
    recipe,
    source,
    steps,
)
from cluster.engine import Engine
from cluster.kind import Shape
from cluster.model import Cluster
from cluster.progress import Display, clock, display
from cluster.standing import Standing
from cluster.steps import Step


def up(name: str = model.DEFAULT_NAME, workers: int | None = None) -> Cluster:
    """Bring up a cluster with everything it needs; what is there already is used.

    Args:
        name: ``tcpaddon`` or ``tcpaddon-e2e``.
        workers: nodes beside the first; None: as many as the cluster has, or none.

    Raises:
        ClusterError: it cannot be done here; says why and what to do.
    """
    network.pool(network.NODES, name)  # a wrong name is told at once
    with display() as shown, cache.exclusive("up", _Waiting(shown)):
        found = _ensure_engine(shown)
        commands = found.commands(f"cluster-{name}")
        subnet = network.ensure(commands)
        if found.own:
            network.fence_in(commands)
        own_images = not source.is_registry(found)
        if own_images:
            debian.require()
        wanted = model.record(name).workers if workers is None else workers
        shape = Shape(name, wanted, node_image.tag() if own_images else "")
        standing = Standing(found, shape, commands)
        standing.reconnect()
        pool = network.pool(subnet, name)
        prepare = recipe.own_image_steps(found) if own_images else [recipe.kind_step()]
        prepare.append(recipe.clients_step())
        needs = tuple(step.name for step in prepare)
        steps.run([*prepare, *recipe.cluster_steps(standing, pool, needs)], shown)
        return Cluster(
            name=name,
            context=f"kind-{name}",
            kubeconfig=model.kubeconfig(name),
            docker_host=found.docker_host,
            network=network.NAME,
            pool=pool,
            host_can_route=standing.host_can_route(),
            audit_log=model.folder(name) / "audit" / "audit.log",
            programs=clients.link(clients.all_programs()),
            path=os.pathsep.join([str(cache.root() / "bin"), found.path]),
        )


def down(name: str = model.DEFAULT_NAME, *, stop_engine: bool = False) -> None:
    """Delete a cluster; with ``stop_engine`` also end the Docker daemon that was started here."""
    found = engine.find()
    programs = clients.all_programs()
    if found and "kind" in programs:
        kind.delete(found.commands(f"cluster-{name}"), programs["kind"], name)
    shutil.rmtree(model.folder(name), ignore_errors=True)
    if stop_engine:
        dockerd.stop()


def binaries() -> Path:
    """The folder with the control plane's programs, ``kubectl``, ``helm`` and ``kind``."""
    with display() as shown, cache.exclusive("up", _Waiting(shown), clients.is_complete):
        if not clients.is_complete():
            has_own = golang.api_folder().exists()
            if not has_own and (found := published.engine_with_registry()):
                programs = [recipe.published_step(found), recipe.kind_step()]
            else:
                programs = [*recipe.api_steps(), recipe.kind_step(needs=("kubernetes",))]
            steps.run([*programs, recipe.clients_step()], shown)
        return clients.link(clients.all_programs())


def start_engine() -> Engine:
    """The container engine that answers; one of our own is started where none does."""
    with display() as shown, cache.exclusive("up", _Waiting(shown)):
        return _ensure_engine(shown)


def background(name: str, workers: int) -> Path:
    """Begin to bring a cluster up in a process of its own; returns the log of its output.

    Whoever calls `up` or `binaries` meanwhile waits for what it needs, and sees an error if there
    is one: it tries again itself.
    """
    log = engine.log_file(f"background-{name}")
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as out:
        subprocess.Popen(
            [sys.executable, "-m", "cluster", "up", "--name", name, "--workers", str(workers)],
            cwd=cache.HERE.parent,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    return log


@dataclass(slots=True)
class _Waiting:
    """Tells that another run is at work here, how long we wait for it already, and what it does."""

    shown: Display
    began: float = field(default_factory=time.monotonic)

    def __call__(self) -> None:
        what = cache.read_running() or "it has just begun"
        waited = clock(time.monotonic() - self.began)
        self.shown.say(f"Waiting for another run that builds here ({waited}): {what}")


def _ensure_engine(shown: Display) -> Engine:
    if found := engine.find():
        return found
    shown.say("No Docker answers here: starting one of our own, kept in the cache folder")
    started: list[Engine] = []
    step = Step(
        name="engine",
        title="Start a container engine",
        seconds=15,
        done=lambda: False,
        run=lambda: started.append(engine.ensure()),
    )
    steps.run([step], shown)
    return started[0]
