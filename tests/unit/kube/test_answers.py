"""kube/answers.py: what each answer of the API server means. tests/api holds that it gives them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from tcpaddon.core.facts import Kind
from tcpaddon.kube.answers import (
    Answer,
    Asked,
    Exists,
    Expired,
    Gone,
    Refused,
    Retry,
    Stale,
    answer_to,
)
from tcpaddon.names import Reason

APPLY = Asked("apply", Kind.SECRET, "app")
CREATE = Asked("apply", Kind.SECRET, "app", create=True)
MODIFIED = (
    'Operation cannot be fulfilled on secrets "app": the object has been modified; '
    "please apply your changes to the latest version and try again"
)
HELD = {
    "reason": "FieldManagerConflict",
    "message": 'conflict with "kubectl-edit" using v1',
    "field": ".data.TCP_URL",
}


@dataclass(frozen=True)
class Case:
    """What was asked, what came, what it means."""

    code: int
    meaning: type[Answer]
    reason: str = ""
    message: str = "the server's sentence"
    causes: tuple[Mapping[str, str], ...] = ()
    details: Mapping[str, Any] = field(default_factory=dict)
    asked: Asked = APPLY
    refusal: Reason | None = None


CASES = {
    "a key that somebody else holds": Case(
        409, Refused, "Conflict", causes=(HELD,), refusal=Reason.SECRET_CONFLICT
    ),
    "a label of a workload that somebody else holds": Case(
        409,
        Refused,
        "Conflict",
        causes=(HELD,),
        asked=Asked("apply", Kind.DEPLOYMENT, "web"),
        refusal=Reason.REFUSED_BY_API_SERVER,
    ),
    "a create that met an object": Case(409, Exists, "Conflict", MODIFIED, asked=CREATE),
    "a create that met an object and its holder": Case(
        409, Exists, "Conflict", causes=(HELD,), asked=CREATE
    ),
    "a create that lost a race": Case(409, Exists, "AlreadyExists", asked=CREATE),
    "a POST of a name that is taken": Case(
        409, Exists, "AlreadyExists", asked=Asked("create", "Lease", "tcpaddon")
    ),
    "a resourceVersion that is stale": Case(409, Stale, "Conflict", MODIFIED),
    "an apply to a uid that is gone": Case(
        409,
        Gone,
        "Conflict",
        'Operation cannot be fulfilled on secrets "app": uid mismatch: the provided object '
        "specified uid 1, and no existing object was found",
    ),
    "an apply to another uid": Case(
        422, Gone, "Invalid", causes=({"reason": "FieldValueInvalid", "field": "metadata.uid"},)
    ),
    "a delete of another uid": Case(
        409,
        Gone,
        "Conflict",
        'Operation cannot be fulfilled on Secret "app": the UID in the precondition (1) does not '
        "match the UID in record (2). The object might have been deleted and then recreated",
    ),
    "a quota's counter that two wrote at once, while we created": Case(
        409,
        Retry,
        "Conflict",
        'Operation cannot be fulfilled on resourcequotas "q": the object has been modified',
        details={"name": "q", "kind": "resourcequotas"},
        asked=CREATE,
    ),
    "a namespace that ends": Case(
        403,
        Refused,
        "Forbidden",
        causes=({"reason": "NamespaceTerminating", "field": "metadata.namespace"},),
        refusal=Reason.NAMESPACE_TERMINATING,
    ),
    "a quota that is used up": Case(
        403, Refused, "Forbidden", "exceeded quota: q", refusal=Reason.REFUSED_BY_API_SERVER
    ),
    "a verb that we may not use": Case(
        403,
        Refused,
        "Forbidden",
        'secrets "app" is forbidden: User "x" cannot patch resource "secrets"',
        refusal=Reason.REFUSED_BY_API_SERVER,
    ),
    "an object that is not there": Case(404, Gone, "NotFound", details={"name": "app"}),
    "a namespace that is not there": Case(
        404,
        Refused,
        "NotFound",
        details={"name": "ns", "kind": "namespaces"},
        refusal=Reason.NAMESPACE_TERMINATING,
    ),
    "a resource that is not served says nothing of the object": Case(404, Retry, "NotFound"),
    "a version that is forgotten": Case(410, Expired, "Expired"),
    "a version that this server has not reached": Case(
        504, Expired, "Timeout", causes=({"reason": "ResourceVersionTooLarge"},)
    ),
    "a value that is not valid": Case(
        422, Refused, "Invalid", refusal=Reason.REFUSED_BY_API_SERVER
    ),
    "a Secret that is immutable": Case(
        422,
        Refused,
        "Invalid",
        'Secret "app" is invalid: data: Forbidden: field is immutable when `immutable` is set',
        refusal=Reason.SECRET_IMMUTABLE,
    ),
    "a field that no schema knows, though it is a 500": Case(
        500,
        Refused,
        message="failed to create typed patch object (/x; /v1, Kind=Service): .spec.bla: …",
        refusal=Reason.REFUSED_BY_API_SERVER,
    ),
    "an object that is too large": Case(
        413, Refused, "RequestEntityTooLarge", refusal=Reason.REFUSED_BY_API_SERVER
    ),
    "an admission webhook that says no": Case(
        400, Refused, "BadRequest", refusal=Reason.REFUSED_BY_API_SERVER
    ),
    "an admission webhook that does not answer": Case(500, Retry, "InternalError"),
    "a token that ran out": Case(401, Retry, "Unauthorized"),
    "a server that is busy": Case(429, Retry, "TooManyRequests"),
    "a server that is starting": Case(503, Retry, "ServiceUnavailable"),
    "a request that took too long": Case(504, Retry, "Timeout"),
}


def status_of(case: Case) -> Mapping[str, Any]:
    details = {"name": "app", **case.details} if case.code != 404 else dict(case.details)
    details["causes"] = list(case.causes)
    return {
        "kind": "Status",
        "reason": case.reason,
        "message": case.message,
        "details": details,
        "code": case.code,
    }


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_an_answer_means(case: Case) -> None:
    answer = answer_to(case.asked, case.code, status_of(case))
    assert type(answer) is case.meaning
    assert answer.message == case.message
    assert str(answer) == f"{case.asked.kind} {case.asked.name}: {case.message}"
    if isinstance(answer, Refused):
        assert answer.refusal.reason == case.refusal
        assert answer.refusal.message == case.message


def test_a_conflict_names_the_holder() -> None:
    answer = answer_to(APPLY, 409, status_of(CASES["a key that somebody else holds"]))
    assert isinstance(answer, Refused)
    assert answer.refusal.holder == "kubectl-edit"


@pytest.mark.parametrize(
    ("header", "in_body", "after"),
    [("7", None, 7.0), ("", 3, 3.0), ("7", 3, 7.0), ("", None, 0.0), ("soon", None, 0.0)],
)
def test_the_server_says_when_to_come_back(header: str, in_body: int | None, after: float) -> None:
    details = {} if in_body is None else {"retryAfterSeconds": in_body}
    answer = answer_to(APPLY, 429, {"message": "busy", "details": details}, header)
    assert isinstance(answer, Retry)
    assert answer.after == after


def test_an_answer_that_is_no_status_is_told_by_its_number() -> None:
    answer = answer_to(APPLY, 502, {})
    assert isinstance(answer, Retry)
    assert str(answer) == "Secret app: HTTP 502"
