"""Tells the API server's answers apart: one exception for each thing that the caller can do next.

A 409 alone has four meanings, a 403 three. They are told apart by reason and causes where the
server gives them; where it gives none (a stale resourceVersion and a uid that is not there any
more are both `Conflict`), by the sentence. Every sentence matched here was taken from Kubernetes
1.37.2 and is held by tests/api.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from tcpaddon.core.facts import Kind, Refusal
from tcpaddon.names import Reason


class Answer(Exception):  # noqa: N818 - what the server said; the caller decides if it is one
    """An answer that is not the object. `target` names what the request was about."""

    def __init__(self, message: str, *, target: str = "") -> None:
        """Keep the server's sentence apart from the name of its object."""
        super().__init__(f"{target}: {message}" if target else message)
        self.message = message
        self.target = target


class Refused(Answer):
    """Final until something changes: the same request would be refused again."""

    def __init__(self, refusal: Refusal, *, target: str = "") -> None:
        """Carry the refusal as `plan` wants it."""
        super().__init__(refusal.message, target=target)
        self.refusal = refusal


class Retry(Answer):
    """Nothing is known to be wrong: the same request may succeed later.

    A write that ends so may have been carried out all the same (its answer was lost).
    `after` is in seconds, 0.0 where the server named no time.
    """

    def __init__(self, message: str, *, after: float = 0.0, target: str = "") -> None:
        """Carry the time that the server asks for."""
        super().__init__(message, target=target)
        self.after = after


class Silent(Retry):
    """An answer that had begun stopped arriving."""


class Stale(Answer):
    """The object changed since the resourceVersion that was sent: read again, decide again."""


class Gone(Answer):
    """The very object that was meant (by uid, or by name for a subresource) is not there."""


class Exists(Answer):
    """Something of that name exists already. `Client.apply` looks whose it is."""


class Expired(Answer):
    """410: the resourceVersion or continue token is too old; list from the beginning."""


class NotLeading(Answer):
    """A write was tried without the lease; nothing was sent."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request asked for, as far as its answer's meaning depends on it."""

    verb: str
    kind: str
    name: str
    create: bool = False

    def __str__(self) -> str:
        """Name the object as people do: `Service mqtt-tcp`."""
        return f"{self.kind} {self.name}".strip()


_HOLDER: Final = re.compile(r'conflict with "([^"]*)"')
# The typed-patch converter's complaint about a field that no schema knows is a plain 500.
_NOT_IN_SCHEMA: Final = "failed to create typed patch object"
# A watch or list from a resourceVersion that this server has not reached (etcd was restored, or
# another API server answers): listing anew is the way out.
_TOO_LARGE: Final = "ResourceVersionTooLarge"
_OTHER_UID: Final = ("uid mismatch:", "the UID in the precondition")  # an apply's, a delete's
_BUSY: Final = frozenset({408, 429})


def answer_to(asked: Asked, code: int, status: Mapping[str, Any], retry_after: str = "") -> Answer:
    """Return what an HTTP answer outside of 2xx means.

    Args:
        asked: the request.
        code: the HTTP status.
        status: the body where it is a Status object, else an empty mapping.
        retry_after: the Retry-After header, seconds ("" for none).
    """
    details = status.get("details") or {}
    message = str(status.get("message") or f"HTTP {code}")
    said = _Said(asked, str(status.get("reason") or ""), message, details)
    wait = _seconds(retry_after) or float(details.get("retryAfterSeconds") or 0)
    causes = {str(cause.get("reason")) for cause in said.causes}
    if code == 410 or _TOO_LARGE in causes:  # noqa: PLR2004 - HTTP statuses read best as numbers
        return Expired(message, target=str(asked))
    if code in _BUSY or code == 401 or code >= 500:  # noqa: PLR2004
        if message.startswith(_NOT_IN_SCHEMA):
            return said.refused(Reason.REFUSED_BY_API_SERVER)
        return Retry(message, after=wait, target=str(asked))
    by_code = {403: _forbidden, 404: _not_found, 409: _conflict, 422: _invalid}
    return by_code.get(code, _otherwise)(said)


@dataclass(frozen=True, slots=True)
class _Said:
    """A Status object, opened up."""

    asked: Asked
    reason: str
    message: str
    details: Mapping[str, Any]

    @property
    def causes(self) -> list[Mapping[str, Any]]:
        return list(self.details.get("causes") or [])

    def has_cause(self, reason: str, field: str = "") -> bool:
        return any(
            cause.get("reason") == reason and (not field or cause.get("field") == field)
            for cause in self.causes
        )

    def refused(self, reason: Reason, holder: str = "") -> Refused:
        return Refused(Refusal(reason, self.message, holder), target=str(self.asked))


def _forbidden(said: _Said) -> Answer:
    # Quota, RBAC and admission keep the server's own sentence: it names the quota or the verb.
    if said.has_cause("NamespaceTerminating"):
        return said.refused(Reason.NAMESPACE_TERMINATING)
    return said.refused(Reason.REFUSED_BY_API_SERVER)


def _not_found(said: _Said) -> Answer:
    target = str(said.asked)
    if said.details.get("kind") == "namespaces" and said.asked.kind != "Namespace":
        # An apply into a namespace that is gone for good.
        return said.refused(Reason.NAMESPACE_TERMINATING)
    if said.details.get("name") == said.asked.name:
        return Gone(said.message, target=target)
    # No such resource at all: a definition that is missing, or a server that is still starting.
    # It says nothing about the object, so nobody may conclude that the object is gone.
    return Retry(said.message, target=target)


def _conflict(said: _Said) -> Answer:
    target = str(said.asked)
    if said.details.get("kind") == "resourcequotas":
        # The quota's own counter was written by two at once; it says nothing about our object.
        return Retry(said.message, target=target)
    if said.asked.create or said.reason == "AlreadyExists":
        # resourceVersion "1" on a create: whatever else is said, the name is taken.
        return Exists(said.message, target=target)
    if said.has_cause("FieldManagerConflict"):
        secret = said.asked.kind == Kind.SECRET
        reason = Reason.SECRET_CONFLICT if secret else Reason.REFUSED_BY_API_SERVER
        return said.refused(reason, _holder(said))
    if any(words in said.message for words in _OTHER_UID):
        return Gone(said.message, target=target)
    return Stale(said.message, target=target)


def _invalid(said: _Said) -> Answer:
    if said.has_cause("FieldValueInvalid", "metadata.uid"):
        return Gone(said.message, target=str(said.asked))
    if said.asked.kind == Kind.SECRET and "is immutable when `immutable` is set" in said.message:
        return said.refused(Reason.SECRET_IMMUTABLE)
    return said.refused(Reason.REFUSED_BY_API_SERVER)


def _otherwise(said: _Said) -> Answer:
    return said.refused(Reason.REFUSED_BY_API_SERVER)


def _holder(said: _Said) -> str:
    for cause in said.causes:
        if found := _HOLDER.search(str(cause.get("message"))):
            return found[1]
    return ""


def _seconds(header: str) -> float:
    """Read a Retry-After in seconds; the API server sends no dates."""
    try:
        return max(0.0, float(header))
    except ValueError:
        return 0.0
