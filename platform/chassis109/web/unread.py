"""An answer given before the request was read is heard all the same.

A server that answers and closes while the browser is still sending resets the connection, and the browser throws away
the answer it was about to read: of a photo that is too large, the sentence that says so.
"""

import asyncio
from contextlib import suppress
from typing import cast

from litestar.datastructures import Headers
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, HTTPReceiveMessage, Message, Receive, Scope, Send

MOST_BYTES = 32 * 1024 * 1024
MOST_SECONDS, PAUSE_SECONDS = 30.0, 2.0
"""Whoever sends more, or slower, has to live with a reset; who sends nothing waits for the answer before he does."""


class ReadToTheEnd(ASGIMiddleware):
    """Reads what is left of a request's body, and forgets it, before the answer starts."""

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """Run the request; only one that has a body can have an unread one."""
        headers = Headers.from_scope(scope)
        unread = headers.get("content-length", "0") != "0" or "transfer-encoding" in headers

        async def heard() -> HTTPReceiveMessage:
            nonlocal unread
            message = await receive()
            unread = message["type"] == "http.request" and message.get("more_body", False)
            return message  # type: ignore[return-value]

        async def said(message: Message) -> None:
            read = 0
            if message["type"] == "http.response.start" and unread:
                with suppress(TimeoutError):
                    async with asyncio.timeout(MOST_SECONDS):
                        while unread and read < MOST_BYTES:
                            async with asyncio.timeout(PAUSE_SECONDS):
                                read += len(cast(bytes, (await heard()).get("body", b"")))
            await send(message)

        await next_app(scope, heard, said)
