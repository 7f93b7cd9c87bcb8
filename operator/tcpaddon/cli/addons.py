"""Finds the TcpAddons that a command is about, and says in one sentence why it cannot."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

from tcpaddon import names
from tcpaddon.kube.blocking_reader import (
    BlockingReader,
    CannotRead,
    NoSuchResource,
    NotAllowed,
    NotThere,
)
from tcpaddon.kube.kubeconfig import Unusable, login

Object = Mapping[str, Any]


class Failed(Exception):  # noqa: N818 - it is what people read
    """The command ends with exit status 1; the text says why, and what to do."""


class Target(NamedTuple):
    """What kubectl's flags say; None where a flag is not given."""

    namespace: str | None = None
    context: str | None = None
    kubeconfig: str | None = None


class Addons:
    """The TcpAddons of one API server; every method raises Failed and nothing else."""

    def __init__(self, reader: BlockingReader, namespace: str) -> None:
        """Look into `namespace` where nothing else is said."""
        self.namespace = namespace
        self._reader = reader

    def get(self, name: str) -> Object:
        """Return one by its name; where it is not there, say which there are."""
        try:
            return self._reader.addon(self.namespace, name)
        except NotThere:
            there = ", ".join(str(each["metadata"]["name"]) for each in self.all())
            said = f"There are: {there}." if there else "There is none in it at all."
            raise Failed(
                f"There is no {names.KIND} '{name}' in namespace '{self.namespace}'. {said}"
            ) from None
        except CannotRead as error:
            raise self._failed(error) from None

    def all(self, *, everywhere: bool = False) -> list[Object]:
        """Return all of the namespace, or of the cluster."""
        try:
            return self._reader.addons("" if everywhere else self.namespace)
        except CannotRead as error:
            raise self._failed(error) from None

    def events(self, addon: Object) -> list[Object] | None:
        """Return the Events about an addon; None where this account may not read them."""
        try:
            return self._reader.events(self.namespace, str(addon["metadata"]["uid"]))
        except NotAllowed:
            return None
        except CannotRead as error:
            raise self._failed(error) from None

    def _failed(self, error: CannotRead) -> Failed:
        if isinstance(error, NoSuchResource):
            return Failed(
                f"This cluster knows no {names.KIND}: the definition {names.PLURAL}.{names.GROUP} "
                "is not installed. Install the chart, or choose another --context."
            )
        if isinstance(error, NotAllowed):
            return Failed(
                f"You may not do that: {error}. Ask for a role that may get and list "
                f"{names.PLURAL}.{names.GROUP}, such as the ClusterRole view."
            )
        return Failed(str(error))


@contextmanager
def connected(target: Target) -> Iterator[Addons]:
    """Choose API server, account and namespace as kubectl does.

    Raises:
        Failed: there is no usable kubeconfig.
    """
    try:
        found = login(target.kubeconfig, target.context)
    except Unusable as error:
        raise Failed(str(error)) from None
    with BlockingReader(found) as reader:
        yield Addons(reader, target.namespace or found.namespace)
