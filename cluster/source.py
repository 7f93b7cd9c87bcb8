"""Decides where images and programs come from: a container registry, or our own builds."""

from cluster import cache, images, node_image
from cluster.engine import Engine

_MEMO = "registry-answers"


def is_registry(engine: Engine) -> bool:
    """Whether a registry serves this engine.

    Once it did, that is remembered, so that a laptop works on a train; once we have made our own
    node image we keep to it. Only in between it costs a question.
    """
    memo = cache.root() / _MEMO
    if memo.exists():
        return True
    if images.exists(engine.commands("registry"), node_image.tag()):
        return False
    if not images.registry_answers(engine):
        return False
    cache.root().mkdir(parents=True, exist_ok=True)
    memo.touch()
    return True
