"""The web application: every route, behind one edge."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from litestar import Litestar
from litestar.datastructures import State
from litestar.di import Provide
from litestar.exceptions import HTTPException
from litestar.types import ASGIApp, ControllerRouterHandler, Receive, Scope, Send

from arengo.domain.errors import ArengoError
from arengo.service.services import Services
from arengo.web import auth, pages, site_routes
from arengo.web.api import accounts, health, instance, invitations, logins, media, metrics, people, session, spaces, stage, tokens
from arengo.web.config import WebConfig
from arengo.web.edge import Edge
from arengo.web.errors import answer_arengo_error, answer_fault, answer_http_error, answer_unreadable
from arengo.web.openapi import openapi_config
from arengo.web.signaling.channel import Channels, space_of_channel
from arengo.web.site import Site


class WebApp(Litestar):
    """Litestar behind the edge, which also wraps what no route answers."""

    edge: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # type: ignore[override]
        if self.edge is None or "headers" not in scope:
            await super().__call__(scope, receive, send)
        else:
            await self.edge(scope, receive, send)


def create_app(services: Services, config: WebConfig | None = None) -> Litestar:
    """The application over *services*; starts and stops nothing by itself."""
    config = config or WebConfig()
    site = Site(config.static)
    app = WebApp(
        _handlers(),
        dependencies={
            **auth.DEPENDENCIES,
            "services": Provide(lambda: services, sync_to_thread=False),
            "site": Provide(lambda: site, sync_to_thread=False),
        },
        before_request=auth.check_cookie_proofs,
        exception_handlers={
            ArengoError: answer_arengo_error,
            HTTPException: answer_http_error,
            RecursionError: answer_unreadable,
            UnicodeDecodeError: answer_unreadable,
            Exception: answer_fault,
        },
        openapi_config=openapi_config(services.settings.version),
        request_max_body_size=services.limits.request_body_bytes,
        state=State({"services": services, "config": config}),
        logging_config=None,
        debug=False,
    )
    app.edge = Edge(_inner(app, Channels(app, services)), config, services.limits, services.tally, services.settings.url)
    return app


def _inner(app: WebApp, channels: Channels) -> ASGIApp:
    async def call(scope: Scope, receive: Receive, send: Send) -> None:
        space = space_of_channel(scope)
        if space is not None:
            await channels.hold(space, scope, receive, send)
        else:
            await Litestar.__call__(app, scope, receive, send)

    return call


def _handlers() -> Sequence[ControllerRouterHandler]:
    rooms: list[Any] = [spaces, stage, people, media]
    modules: list[Any] = [instance, session, logins, accounts, tokens, invitations, *rooms, health, metrics, pages, site_routes]
    return [handler for module in modules for handler in module.handlers]
