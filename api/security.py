"""Who may ask: API keys, host names, body size, and the headers that keep a browser honest.

ASGI middleware without a thread and without a framework above Starlette; knows no route by name
but the ones that need no key.
"""

from __future__ import annotations

import hmac
import ipaddress
import socket

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import problems
from rag.errors import BadConfiguration
from rag.settings import ServerSettings

# What needs no key: the page itself, its documentation, and whether the server lives. Everything
# that shows a note, a question or a number of them does.
_PUBLIC = frozenset({"/", "/healthz", "/readyz", "/docs", "/openapi.json", "/favicon.ico"})

_PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
# Swagger UI writes style attributes and blob: downloads; still nothing from another host.
_DOCS_POLICY = _PAGE_POLICY.replace("style-src 'self'", "style-src 'self' 'unsafe-inline'").replace(
    "img-src 'self' data:", "img-src 'self' data: blob:"
)

_HEADERS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
}


def check_listen(server: ServerSettings) -> None:
    """Refuse an address that others can reach as long as no key is asked for.

    Raises:
        BadConfiguration: no api_keys and an address beyond loopback, or a key that is empty.
    """
    if any(not key.get_secret_value().strip() for key in server.api_keys):
        raise BadConfiguration(
            "server.api_keys holds an empty key. Write a long random one, such as `openssl rand -hex 24` prints."
        )
    if not server.api_keys and not is_loopback(server.host):
        raise BadConfiguration(
            f"server.host = {server.host!r} can be reached by others, and server.api_keys is empty. "
            "Set a key (ASK_NOTES_SERVER__API_KEYS='[\"...\"]'), or listen on 127.0.0.1."
        )


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches `host`; a name that cannot be resolved counts as reachable."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        pass
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        found = {str(entry[4][0]) for entry in socket.getaddrinfo(host, None)} if host else set()
    except (OSError, UnicodeError):
        return False
    return bool(found) and all(ipaddress.ip_address(address.split("%")[0]).is_loopback for address in found)


class SecurityHeaders:
    """Puts the headers on every response, errors included."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the app below."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path = scope["path"]

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers[name] = value
                headers["content-security-policy"] = _DOCS_POLICY if path == "/docs" else _PAGE_POLICY
                # Files are asked for again each time (a 304 is cheap); answers are kept by nobody.
                headers.setdefault("cache-control", "no-store" if path.startswith("/v1/") else "no-cache")
            await send(message)

        await self._app(scope, receive, with_headers)


class Guard:
    """Turns away wrong host names (DNS rebinding), missing keys and bodies that are too large."""

    def __init__(self, app: ASGIApp, server: ServerSettings) -> None:
        self._app = app
        self._keys = [key.get_secret_value().encode() for key in server.api_keys]
        self._max_body_bytes = server.max_body_bytes
        # With keys a rebound page gets nothing, and a proxy in front may use its own name.
        self._own_host = server.host.lower() if not self._keys and is_loopback(server.host) else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the app below, or answer with a problem."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        if self._own_host is not None and not self._is_own(headers.get("host", "")):
            await problems.of_status(421)(scope, receive, send)
        elif not self._may_pass(scope["path"], headers):
            await problems.of_status(401, {"WWW-Authenticate": "Bearer"})(scope, receive, send)
        elif self._announced(headers) > self._max_body_bytes:
            await problems.of_status(413)(scope, receive, send)
        else:
            await self._app(scope, self._counting(receive), send)

    def _is_own(self, host_header: str) -> bool:
        host = host_header.lower()
        host = host[1:].split("]")[0] if host.startswith("[") else host.rsplit(":", 1)[0]
        if host == self._own_host or host == "localhost" or host.endswith(".localhost"):
            return True
        try:
            return ipaddress.ip_address(host).is_loopback
        except ValueError:
            return False

    def _may_pass(self, path: str, headers: Headers) -> bool:
        if not self._keys or path in _PUBLIC or path.startswith("/static/"):
            return True
        scheme, _, given = headers.get("authorization", "").partition(" ")
        # Every key is compared, in constant time, so that the time tells nothing.
        matches = [hmac.compare_digest(given.strip().encode("latin-1"), key) for key in self._keys]
        return scheme.lower() == "bearer" and any(matches)

    def _announced(self, headers: Headers) -> int:
        length = headers.get("content-length", "0")
        return int(length) if length.isdecimal() else 0

    def _counting(self, receive: Receive) -> Receive:
        read = 0

        async def counted() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > self._max_body_bytes:
                raise HTTPException(413)
            return message

        return counted
