"""The description of the API at `/api/v1/openapi.json`."""

from __future__ import annotations

from typing import Any, Final

from litestar import Request
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme

from arengo.web.auth import SESSION_COOKIE
from arengo.web.errors import PROBLEM_JSON

_PROBLEM: Final = {
    "type": "object",
    "title": "Problem",
    "description": "Problem details (RFC 9457) with a stable code and typed facts.",
    "required": ["type", "title", "status", "detail", "code", "facts"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string"},
        "facts": {"type": "object", "additionalProperties": {"type": ["string", "integer", "boolean", "null"]}},
    },
}


def openapi_config(version: str) -> OpenAPIConfig:
    """How the description is made and where it is served."""
    return OpenAPIConfig(
        title="Arengo",
        version=version,
        description="Open, self-hosted live audio. Codes of errors: docs/errors.md.",
        path="/api/v1/openapi.json",
        render_plugins=[Description()],
        components=Components(
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


class Description(JsonRenderPlugin):
    """Says of every operation that errors are problem details, in place of the framework's own shape; written once."""

    def __init__(self) -> None:
        super().__init__(path="/")
        self._written: bytes | None = None

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        if self._written is None:
            self._written = self.render_json(request, _with_problems(openapi_schema))
        return self._written


def _with_problems(schema: dict[str, Any]) -> dict[str, Any]:
    told = {
        "description": "An error, with its stable code",
        "content": {PROBLEM_JSON: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    schema["components"].setdefault("schemas", {})["Problem"] = _PROBLEM
    for path in schema["paths"].values():
        for operation in path.values():
            if isinstance(operation, dict) and "responses" in operation:
                kept = {status: answer for status, answer in operation["responses"].items() if not status.startswith(("4", "5"))}
                if "204" in kept:
                    kept["204"].pop("content", None)
                operation["responses"] = {**kept, "default": told}
    return schema
