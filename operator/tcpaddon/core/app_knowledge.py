"""Whether the app knows the URL: a container gets its variables when it starts, and never after.

So pods that were there before the URL was written, or last changed, have none or the old one,
until they are restarted; and an app of which no container reads the Secret will never have it.
Pods that start in the seconds in which a Secret that somebody replaced lacks the key are missed:
to take every repair of a key for a change of the URL would restart apps for nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from tcpaddon.api.v1alpha1 import BindingStatus
from tcpaddon.core.actions import Look, Restart
from tcpaddon.core.binding import Publication
from tcpaddon.core.moment import rfc3339
from tcpaddon.core.readers import Readers, readers
from tcpaddon.core.situation import Situation


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What the app knows of the URL, as far as that is known.

    written_at: None while it is not in the Secret. stale: pods that started before that; None
    while nobody has looked. restarted_at: when the operator restarted the app, None for never.
    """

    readers: Readers
    secret: str
    keys: tuple[str, ...]
    written_at: datetime | None
    stale: int | None
    restarted_at: datetime | None

    @property
    def status(self) -> Mapping[str, Any]:
        """Write it as `status.binding` has it, beside the name."""
        if self.written_at is None:
            return {}
        counted = {} if self.stale is None else {"stalePods": self.stale}
        at = {} if self.restarted_at is None else {"appRestartedAt": rfc3339(self.restarted_at)}
        written = {"writtenAt": rfc3339(self.written_at)}
        return {"secret": self.secret, "keys": list(self.keys), **written, **counted, **at}


def knowledge(situation: Situation) -> Knowledge | None:
    """Say what the app knows; None without an app, a Secret of the app's or a URL."""
    app, ref = situation.facts.app, situation.refs.app_secret
    if app is None or app.addon is not None or ref is None or not situation.addresses:
        return None
    published, stored = situation.publication, situation.addon.status.binding
    same = _is_as_stored(situation, stored)
    known = Knowledge(
        readers=readers(situation.addon, app, situation.facts.app_secret),
        secret=ref.name,
        keys=tuple(stored.keys) if same else tuple(sorted(published.data if published else ())),
        written_at=_moment(stored.written_at) if same else _written_at(situation, published),
        stale=stored.stale_pods if same else None,
        restarted_at=_moment(stored.app_restarted_at),
    )
    starts = situation.facts.app_started
    if starts is None or known.written_at is None:
        return known
    # Both times are cut to whole seconds: of two in one second either may be first.
    return replace(known, stale=sum(start <= known.written_at for start in starts))


def looks(situation: Situation) -> frozenset[Look]:
    """Ask for the app's pods where it is not known that all of them know the URL.

    Once the process serves, so that what is seen is told together with that; and not while the app
    is being rolled, since its end is the news.
    """
    known, app = knowledge(situation), situation.facts.app
    if known is None or app is None or situation.facts.app_started is not None:
        return frozenset()
    in_place = known.written_at is not None and known.stale != 0
    wanted = in_place and known.readers.containers and app.settled and situation.rolled_out
    return frozenset({Look.APP_PODS}) if wanted else frozenset()


def restart(situation: Situation) -> Restart | None:
    """Ask for the app to be restarted, once for each time that the URL is written."""
    known, app = knowledge(situation), situation.facts.app
    if known is None or app is None or known.written_at is None:
        return None
    seen = situation.facts.app_started is not None and known.stale
    wanted = situation.addon.spec.binding.restart_app and seen
    # The status remembers it too: somebody may take the annotation away again.
    moments = (app.restarted_at, known.restarted_at)
    done = any(moment is not None and moment >= known.written_at for moment in moments)
    if not wanted or done or app.deleting or app.ref in situation.facts.refusals:
        return None
    return Restart(ref=app.ref, uid=app.uid, at=rfc3339(situation.facts.now))


def _is_as_stored(situation: Situation, stored: BindingStatus) -> bool:
    """Whether the URLs and where they stand are those of the status."""
    published, ref = situation.publication, situation.refs.app_secret
    keys = stored.keys if published is None else sorted(published.data)
    urls = {endpoint.url for endpoint in situation.addon.status.endpoints}
    return (
        bool(stored.written_at)
        and (stored.secret, list(stored.keys)) == (ref.name if ref else "", list(keys))
        and urls == {address.url for address in situation.addresses}
    )


def _written_at(situation: Situation, published: Publication | None) -> datetime | None:
    if published is None or not published.stands or not published.data:
        return None
    return published.secret.written.get(situation.addon.metadata.uid)


def _moment(text: str) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
