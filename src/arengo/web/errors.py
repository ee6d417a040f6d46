"""What goes wrong, as HTTP says it: one table from code to status, one shape of body (RFC 9457).

Codes are for ever. `docs/errors.md` explains each; a test compares.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

import msgspec
from litestar import Request, Response
from litestar.exceptions import HTTPException

from arengo.domain.errors import ArengoError, Facts, ProtocolViolation, Refusal, Unavailable

PROBLEM_JSON: Final = "application/problem+json"

STATUS: Final[Mapping[str, int]] = {
    # who asks
    "not_signed_in": 401,
    "wrong_password": 401,
    "banned": 403,
    "csrf": 403,
    "origin": 403,
    "scope_missing": 403,
    "not_permitted": 403,
    # accounts
    "signup_closed": 403,
    "invitation_required": 403,
    "invitation_invalid": 403,
    "name_taken": 409,
    "name_invalid": 400,
    "password_invalid": 400,
    "lang_invalid": 400,
    "label_invalid": 400,
    "scope_unknown": 400,
    "too_many_tokens": 409,
    "too_many_invitations": 409,
    "no_such_token": 404,
    "no_such_login": 404,
    "no_such_person": 404,
    # spaces
    "no_such_space": 404,
    "too_many_spaces": 409,
    "title_empty": 400,
    "title_too_long": 400,
    "topics_invalid": 400,
    "follows_not_available": 409,
    "not_live": 409,
    "already_started": 409,
    "already_ended": 409,
    "stage_full": 409,
    "too_many_cohosts": 409,
    "not_invited": 403,
    "not_on_stage": 409,
    "guest_cannot_speak": 403,
    "removed": 403,
    "private": 403,
    "guests_forbidden": 403,
    "unknown_emoji": 400,
    "replaced": 409,
    # the sound
    "no_such_session": 404,
    "sdp_malformed": 400,
    "sdp_video_refused": 406,
    "sdp_no_audio": 406,
    "sdp_no_opus": 406,
    "sdp_no_fingerprint": 400,
    "sdp_no_ice": 400,
    "sdp_too_large": 413,
    "sdp_too_many_lines": 406,
    "sdp_not_bundled": 406,
    "media_full": 503,
    "media_stopped": 503,
    # the request itself
    "malformed": 400,
    "not_found": 404,
    "method_not_allowed": 405,
    "not_acceptable": 406,
    "too_large": 413,
    "unsupported_media_type": 415,
    "unknown_host": 421,
    "rate_limited": 429,
    "header_too_large": 431,
    "request_timeout": 408,
    # the server
    "unavailable": 503,
    "fault": 500,
}
"""The HTTP status of every code."""

_CODE_OF_STATUS: Final[Mapping[int, str]] = {
    400: "malformed",
    401: "not_signed_in",
    403: "not_permitted",
    404: "not_found",
    405: "method_not_allowed",
    406: "not_acceptable",
    413: "too_large",
    415: "unsupported_media_type",
    429: "rate_limited",
    503: "unavailable",
}

_log = logging.getLogger("arengo.web")


class Problem(msgspec.Struct, frozen=True):
    """The body of every error: problem details with a stable *code* and typed *facts*."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    facts: dict[str, str | int | bool | None] = {}


class _Coded(msgspec.Struct):
    code: str


def code_told(status: int, body: bytes) -> str:
    """The code in the *body* of an answer that refuses; its status where the body is no problem."""
    try:
        return msgspec.json.decode(body, type=_Coded).code
    except ValueError:
        return str(status)


def status_of(error: ArengoError) -> int:
    """The status of *error*: by its code, else by whose fault it is."""
    if error.code in STATUS:
        return STATUS[error.code]
    match error:
        case Refusal():
            return 403
        case ProtocolViolation():
            return 400
        case Unavailable():
            return 503
    return 500


def problem(code: str, detail: str, *, status: int | None = None, facts: Facts | None = None) -> Problem:
    """The body that tells of *code*."""
    status = STATUS.get(code, 500) if status is None else status
    return Problem(
        type=f"urn:arengo:error:{code}",
        title=HTTPStatus(status).phrase,
        status=status,
        detail=detail,
        code=code,
        facts=dict(facts or {}),
    )


def problem_bytes(code: str, detail: str) -> tuple[Problem, bytes]:
    """The problem that tells of *code*, and its body for those who answer without the framework."""
    refusal = problem(code, detail)
    return refusal, msgspec.json.encode(refusal)


def problem_response(body: Problem, headers: Mapping[str, str] | None = None) -> Response[bytes]:
    """*body* on the wire; nobody keeps it, for what is refused to one may be shown to another."""
    return Response(
        msgspec.json.encode(body),
        status_code=body.status,
        media_type=PROBLEM_JSON,
        headers={"Cache-Control": "no-store", **(headers or {})},
    )


def answer_arengo_error(_: Request[Any, Any, Any], error: ArengoError) -> Response[bytes]:
    """Refusals, violations and what the world does not give just now."""
    status = status_of(error)
    headers: dict[str, str] = {}
    retry_after = getattr(error, "retry_after", None)
    if retry_after is not None:
        headers["Retry-After"] = str(max(1, math.ceil(retry_after)))
    elif status in (429, 503):
        headers["Retry-After"] = "2"
    if status == 401 and error.code == "not_signed_in":
        headers["WWW-Authenticate"] = "Bearer"
    return problem_response(problem(error.code, error.detail, status=status, facts=error.facts), headers)


def answer_http_error(_: Request[Any, Any, Any], error: HTTPException) -> Response[bytes]:
    """What the framework refuses: routes, methods, bodies that do not fit their shape."""
    code = _CODE_OF_STATUS.get(error.status_code)
    if code is None:
        code = "malformed" if error.status_code < 500 else "fault"
    if error.status_code >= 500:
        _log.error("Fault in the framework: %s", type(error).__name__, exc_info=error)
        return problem_response(problem("fault", "Something went wrong on our side."))
    detail = _SENTENCES.get(code, "The request cannot be understood.")
    facts: dict[str, str | int | bool | None] = {}
    if code == "malformed":
        detail, facts = _what_does_not_fit(error, detail)
    return problem_response(problem(code, detail, status=error.status_code, facts=facts), error.headers)


def answer_unreadable(request: Request[Any, Any, Any], error: RecursionError | UnicodeDecodeError) -> Response[bytes]:
    """A body nested deeper than the parser goes, or one that is not UTF-8; raised elsewhere, either is our own fault."""
    if not _is_raised_by_parser(error):
        return answer_fault(request, error)
    return problem_response(problem("malformed", _SENTENCES["malformed"]))


def answer_fault(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """Our own fault: logged in full, told without detail."""
    _log.error("Fault while answering %s %s", request.method, request.url.path, exc_info=error)
    return problem_response(problem("fault", "Something went wrong on our side."))


def _is_raised_by_parser(error: Exception) -> bool:
    innermost = error.__traceback__
    while innermost is not None and innermost.tb_next is not None:
        innermost = innermost.tb_next
    return innermost is not None and innermost.tb_frame.f_globals.get("__name__") == _PARSER


_PARSER: Final = "litestar.serialization.msgspec_hooks"

_SENTENCES: Final[Mapping[str, str]] = {
    "malformed": "The request does not have the shape that it should.",
    "not_signed_in": "Sign in first.",
    "not_permitted": "That is not allowed.",
    "not_found": "There is nothing at this address.",
    "method_not_allowed": "This address does not answer that method.",
    "not_acceptable": "This cannot be given in a form that you accept.",
    "too_large": "The request is larger than it may be.",
    "unsupported_media_type": "The body is not of a type that is understood here.",
    "rate_limited": "That was too often; wait a moment.",
    "unavailable": "The server has no time just now.",
}


def _what_does_not_fit(error: HTTPException, detail: str) -> tuple[str, dict[str, str | int | bool | None]]:
    """The first part of the request that does not fit, as far as the framework says it; never what was sent."""
    first = error.extra[0] if isinstance(error.extra, list) and error.extra else None
    if isinstance(first, dict) and isinstance(first.get("key"), str):
        said = first.get("message")
        return f"{first['key']}: {said if isinstance(said, str) else 'does not fit'}.", {"field": first["key"]}
    return detail, {}
