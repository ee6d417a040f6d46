"""The addresses of the web app that are not a space's."""

from __future__ import annotations

from typing import Any, Final

from litestar import Request, Response, route
from litestar.di import NamedDependency
from litestar.enums import HttpMethod
from litestar.exceptions import NotFoundException

from arengo.web.site import Site, SiteFile

APP_ROUTES: Final = ("", "start", "signin", "signup", "account")
"""Addresses that the app draws itself."""

AnyRequest = Request[Any, Any, Any]


@route(["/", "/{path:path}"], http_method=[HttpMethod.GET, HttpMethod.HEAD], include_in_schema=False)
async def site_file(request: AnyRequest, site: NamedDependency[Site]) -> Response[bytes]:
    """A file of the web app, or its page."""
    path = request.url.path.strip("/")
    if path in APP_ROUTES:
        return page_response(request, site.page())
    found = None if path == "index.html" else site.file(path)
    if found is not None:
        return _file_response(request, found)
    if "text/html" in request.headers.get("accept", "") and not path.startswith(("assets/", "api/")):
        return page_response(request, site.page(), status=404)
    raise NotFoundException()


def page_response(
    request: AnyRequest, body: bytes, *, status: int = 200, vary: str | None = None, cache: str = "no-cache"
) -> Response[bytes]:
    """An HTML page that is asked for again each time, unless *cache* says otherwise."""
    headers = {"Cache-Control": cache}
    if vary is not None:
        headers["Vary"] = vary
    return Response(b"" if request.method == "HEAD" else body, status_code=status, media_type="text/html", headers=headers)


def _file_response(request: AnyRequest, found: SiteFile) -> Response[bytes]:
    body, coding = found.for_encoding(request.headers.get("accept-encoding", ""))
    headers = {"Cache-Control": found.cache, "ETag": found.etag}
    if found.packed:
        headers["Vary"] = "Accept-Encoding"
    if found.etag in request.headers.get("if-none-match", ""):
        return Response(b"", status_code=304, media_type=found.media_type, headers=headers)
    if coding is not None:
        headers["Content-Encoding"] = coding
    return Response(b"" if request.method == "HEAD" else body, status_code=200, media_type=found.media_type, headers=headers)


handlers = [site_file]
