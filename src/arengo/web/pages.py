"""Pages that the server writes: a space's, its preview for other sites, and how to trust the local authority."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import urlsplit

import msgspec
from litestar import Request, Response, get, route
from litestar.di import NamedDependency
from litestar.enums import HttpMethod
from litestar.exceptions import NotFoundException
from litestar.params import FromPath, Parameter

from arengo.domain import refusals
from arengo.domain.errors import Refusal, Unavailable
from arengo.domain.identity import Identity
from arengo.domain.ids import SpaceId
from arengo.domain.settings import Visibility
from arengo.service.services import Services
from arengo.web.auth import identify
from arengo.web.config import web_config
from arengo.web.languages import preferred
from arengo.web.site import Site
from arengo.web.site_routes import page_response
from arengo.web.space_page import space_page
from arengo.web.trust_page import trust_page

AnyRequest = Request[Any, Any, Any]

_VARY = "Accept-Language, Cookie"


@route("/s/{space_id:str}", http_method=[HttpMethod.GET, HttpMethod.HEAD], include_in_schema=False)
async def page_of_space(
    space_id: FromPath[str], request: AnyRequest, services: NamedDependency[Services], site: NamedDependency[Site]
) -> Response[bytes]:
    """The page of a space; for whom it is private, the same as for one that does not exist. No browser keeps either."""
    lang = preferred(request.headers.get("accept-language", ""))
    try:
        view = await services.spaces.view(SpaceId(space_id), await _reader(request, services))
    except Refusal:
        return page_response(request, site.page(lang=lang), status=404, vary=_VARY, cache="no-store")
    except Unavailable:
        return page_response(request, site.page(lang=lang), status=503, vary=_VARY, cache="no-store")  # the app asks again by itself
    page = space_page(view, services.settings, lang)
    cache = "no-cache" if view.space.settings.visibility is Visibility.PUBLIC else "no-store"
    return page_response(request, site.page(title=page.title, head=page.head, body=page.body, lang=lang), vary=_VARY, cache=cache)


async def _reader(request: AnyRequest, services: Services) -> Identity | None:
    """Who reads the page; somebody who is not let in, or cannot be recognised just now, is nobody here."""
    try:
        return await identify(request, services)
    except (Refusal, Unavailable):
        return None


class Preview(msgspec.Struct, frozen=True):
    """oEmbed 1.0, of the type `link`."""

    title: str
    provider_name: str
    provider_url: str
    cache_age: int = 60
    type: str = "link"
    version: str = "1.0"


@get("/oembed", tags=["pages"], summary="Preview of a space for other sites")
async def oembed(
    url: Annotated[str, Parameter(description="address of a space", max_length=500)], services: NamedDependency[Services]
) -> Preview:
    """The preview of a public space; 404 `no_such_space` for every other address."""
    parts = urlsplit(url)
    if not parts.path.startswith("/s/") or parts.netloc.lower() != urlsplit(services.settings.url).netloc.lower():
        raise refusals.no_such_space()
    view = await services.spaces.view(SpaceId(parts.path.removeprefix("/s/")), None)
    return Preview(view.space.settings.title, services.settings.name, services.settings.url)


@get("/ca.crt", include_in_schema=False)
async def authority(request: AnyRequest) -> Response[bytes]:
    """The certificate of the local authority, for phones to trust."""
    return Response(_authority(request), media_type="application/x-x509-ca-cert")


@get("/trust", include_in_schema=False)
async def trust(request: AnyRequest) -> Response[bytes]:
    """How a phone comes to trust this server."""
    _authority(request)
    return page_response(request, trust_page(preferred(request.headers.get("accept-language", ""))), vary="Accept-Language")


def _authority(request: AnyRequest) -> bytes:
    config = web_config(request)
    if config.ca_certificate is None or not config.ca_certificate.is_file():
        raise NotFoundException
    return config.ca_certificate.read_bytes()


handlers = [page_of_space, oembed, authority, trust]
