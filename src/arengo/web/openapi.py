"""The description of the API at `/api/v1/openapi.json`."""

from __future__ import annotations

from typing import Final

from litestar import Litestar
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components, OpenAPIMediaType, OpenAPIResponse, Reference, Schema, SecurityScheme
from litestar.openapi.spec.enums import OpenAPIType

from arengo.web.auth import SESSION_COOKIE
from arengo.web.errors import PROBLEM_JSON

_PROBLEM: Final = Schema(
    type=OpenAPIType.OBJECT,
    title="Problem",
    description="Problem details (RFC 9457) with a stable code and typed facts.",
    required=["type", "title", "status", "detail", "code", "facts"],
    properties={
        "type": Schema(type=OpenAPIType.STRING),
        "title": Schema(type=OpenAPIType.STRING),
        "status": Schema(type=OpenAPIType.INTEGER),
        "detail": Schema(type=OpenAPIType.STRING),
        "code": Schema(type=OpenAPIType.STRING),
        "facts": Schema(type=OpenAPIType.OBJECT),
    },
)


def openapi_config(version: str) -> OpenAPIConfig:
    """How the description is made and where it is served."""
    return OpenAPIConfig(
        title="Arengo",
        version=version,
        description="Open, self-hosted live audio. Codes of errors: docs/errors.md.",
        path="/api/v1/openapi.json",
        render_plugins=[JsonRenderPlugin(path="/")],
        components=Components(
            schemas={"Problem": _PROBLEM},
            security_schemes={
                "bearer": SecurityScheme(type="http", scheme="bearer", description="An API token."),
                "session": SecurityScheme(
                    type="apiKey",
                    name=SESSION_COOKIE,
                    security_scheme_in="cookie",
                    description="A login; then X-CSRF-Token and Origin are checked.",
                ),
            },
        ),
        security=[{}, {"bearer": []}, {"session": []}],
        use_handler_docstrings=True,
    )


def describe_errors(app: Litestar) -> None:
    """Say of every operation that errors are problem details, in place of the framework's own shape."""
    told = OpenAPIResponse(
        description="An error, with its stable code",
        content={PROBLEM_JSON: OpenAPIMediaType(schema=Reference(ref="#/components/schemas/Problem"))},
    )
    for path in (app.openapi_schema.paths or {}).values():
        for operation in (path.get, path.put, path.post, path.delete, path.patch, path.head):
            if operation is not None and operation.responses is not None:
                for status in [status for status in operation.responses if status.startswith(("4", "5"))]:
                    del operation.responses[status]
                operation.responses["default"] = told
