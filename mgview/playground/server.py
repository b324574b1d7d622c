"""Serve the playground to this machine's own browser, over loopback alone.

The page comes only with the token that is in the address printed, and only from a Host of this
machine; the WebSocket asks for the same token and for the page's own Origin, takes messages of at
most 1 MiB, and answers one at a time.
"""

from __future__ import annotations

import json
import secrets
import socket
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from anyio import CapacityLimiter, to_thread
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.responses import HTMLResponse, PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from mgcore import MgcoreError
from mgview.playground.errors import NoServerError
from mgview.playground.messages import answer
from mgview.playground.session import installed_activations

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import HTTPConnection, Request
    from starlette.responses import Response

    from mgview.playground.playground import Playground

HOST = "127.0.0.1"
NAMES = (HOST, "localhost")
LARGEST_MESSAGE = 2**20  # bytes; 5,000 rows are half of it
MOST_CONNECTIONS = 8
FORBIDDEN = 1008  # policy violation, RFC 6455


def application(playground: Playground, port: int, token: str) -> Starlette:
    """Return the ASGI application.

    Args:
        playground: what the page begins with.
        port: where it will listen.
        token: what a browser has to bring.

    """
    origins = [f"http://{name}:{port}" for name in NAMES]
    sockets = [f"ws://{name}:{port}" for name in NAMES]
    page = playground.served_html(f"/train?token={token}", sockets, installed_activations())
    threads = CapacityLimiter(1)  # one training at a time: they share this machine
    open_now: set[WebSocket] = set()

    async def index(request: Request) -> Response:
        if not knows(request, token):
            return PlainTextResponse(
                "This playground opens with the whole address that `mg play` printed.", 403
            )
        headers = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
        return HTMLResponse(page, headers=headers)

    async def train(channel: WebSocket) -> None:
        if channel.headers.get("origin") not in origins or not knows(channel, token):
            await channel.close(FORBIDDEN)
            return
        if len(open_now) >= MOST_CONNECTIONS:
            await channel.close(FORBIDDEN, "too many pages are open")
            return
        await channel.accept()
        open_now.add(channel)
        try:
            await _converse(channel, threads)
        finally:
            open_now.discard(channel)

    return Starlette(
        routes=[Route("/", index), WebSocketRoute("/train", train)],
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=list(NAMES))],
    )


def knows(connection: HTTPConnection, token: str) -> bool:
    """Tell whether whoever connects brings the token; how long that takes tells nothing."""
    given = connection.query_params.get("token", "")
    return secrets.compare_digest(given.encode(), token.encode())


async def _converse(channel: WebSocket, threads: CapacityLimiter) -> None:
    """Answer the messages of one page until it leaves."""
    session = None
    with suppress(WebSocketDisconnect):
        while True:
            text = await channel.receive_text()
            try:
                session, reply = await to_thread.run_sync(answer, session, text, limiter=threads)
            except MgcoreError as error:
                reply = json.dumps({"error": str(error)})
            if isinstance(reply, bytes):
                await channel.send_bytes(reply)
            else:
                await channel.send_text(reply)


def serve(playground: Playground, port: int, announce: Callable[[str], Any]) -> None:
    """Serve a playground until Ctrl-C.

    Args:
        playground: what the page begins with.
        port: to listen at; 0 for a free one.
        announce: called with the page's address once it can be opened.

    Raises:
        NoServerError: the port is taken.
    """
    import uvicorn

    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, port))
        except OSError as error:
            raise NoServerError(
                f"cannot listen at {HOST}:{port}: {error.strerror}; choose another port, or 0 for "
                "any free one"
            ) from error
        listener.listen()
        port = listener.getsockname()[1]
        token = secrets.token_urlsafe(24)
        config = uvicorn.Config(
            application(playground, port, token),
            ws="websockets-sansio",
            ws_max_size=LARGEST_MESSAGE,
            log_level="warning",
            access_log=False,
            lifespan="off",
            timeout_graceful_shutdown=2,
        )
        announce(f"http://{HOST}:{port}/?token={token}")
        with suppress(KeyboardInterrupt):  # uvicorn has closed everything by then
            uvicorn.Server(config).run(sockets=[listener])
