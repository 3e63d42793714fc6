"""`serve`: the socket, the signals, and an end in order."""

from __future__ import annotations

import argparse
import errno
import logging
import math
import os
import signal
import socket
import sys
import threading
from types import FrameType

import uvicorn

from api.app import create_app
from api.lines import line
from api.messages import in_language
from api.security import check_listen
from api.service import Service
from api.terminal import Terminal
from rag.errors import AddressTaken, BadConfiguration
from rag.settings import LoadedSettings, ServerSettings

_INTERRUPTED = 130
_TURN_S = 0.0005


def serve(args: argparse.Namespace, loaded: LoadedSettings, terminal: Terminal) -> int:
    """Serve until SIGTERM (exit 0) or Ctrl-C (exit 130); both end in order."""
    settings = loaded.settings
    check_listen(settings.server)
    listener = listen(settings.server)
    logged = logging.StreamHandler(sys.stderr)
    logged.setFormatter(InWords(terminal))
    logging.basicConfig(level=logging.WARNING, handlers=[logged])
    app = create_app(settings)
    config = uvicorn.Config(
        app,
        http="h11",
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        # Whole seconds, because uvicorn's type says so; the service itself ends everything before.
        timeout_graceful_shutdown=max(1, math.floor(settings.server.shutdown_s)),
    )
    server = Server(config, app.state.service, terminal)
    # Answers are looked up and written by threads; with Python's own 5 ms the loop, which refuses who comes too
    # much, got its turn after 0.4 s when 64 asked at once.
    sys.setswitchinterval(_TURN_S)
    with listener:
        server.announce(settings.server.host, listener.getsockname()[1])
        server.run(sockets=[listener])
    terminal.say("bye", "dim")
    code = _INTERRUPTED if server.signalled == signal.SIGINT else 0
    if any(thread.daemon and thread is not threading.current_thread() for thread in threading.enumerate()):
        # A download or a model that hangs would crash while Python takes itself apart.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    return code


def listen(server: ServerSettings) -> socket.socket:
    """A socket bound to the address of the settings.

    Raises:
        AddressTaken: the port is taken, or the address is not this machine's.
        BadConfiguration: the port may not be used by this user.
    """
    where = f"{server.host}:{server.port}"
    try:
        family, _, _, _, address = socket.getaddrinfo(
            server.host, server.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        return socket.create_server((str(address[0]), int(address[1])), family=family, backlog=512)
    except PermissionError:
        raise BadConfiguration(
            f"Port {server.port} needs more rights than this user has. Choose one above 1023, such as --port 8000."
        ) from None
    except (OSError, UnicodeError) as error:
        if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
            raise AddressTaken(
                f"Another program listens on {where}. Stop it, or choose another port: --port {server.port + 1}."
            ) from None
        # create_server adds the address to the reason, in Python's spelling.
        why = str(getattr(error, "strerror", None) or error).partition(" (while")[0]
        raise AddressTaken(f"{where} is not an address of this machine ({why}). Use --host 127.0.0.1.") from None


class InWords(logging.Formatter):
    """Log lines as the terminal's own: a warning is a note to a person, in the language spoken."""

    def __init__(self, terminal: Terminal) -> None:
        super().__init__()
        self._language = terminal.language

    def format(self, record: logging.LogRecord) -> str:
        """The record's message, and where something broke the traceback."""
        text = super().format(record)
        if record.levelno != logging.WARNING:
            return f"{record.levelname}: {text}"
        return line(self._language, "fallback", why=in_language(self._language, text))


class Server(uvicorn.Server):
    """uvicorn, told what to do at a signal: readiness goes at once, answers end in order, exit is 0."""

    def __init__(self, config: uvicorn.Config, service: Service, terminal: Terminal) -> None:
        super().__init__(config)
        self.signalled: int | None = None
        self._service = service
        self._terminal = terminal
        self._url = ""

    def announce(self, host: str, port: int) -> None:
        """Remember the address that `startup` says."""
        shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)
        self._url = f"http://{shown}:{port}"

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then say the address."""
        await super().startup(sockets)
        self._terminal.say("serving", "bold", url=self._url)
        if self._service.settings.server.api_keys:
            self._terminal.say("serving_keys", "dim")

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop taking questions now; a second Ctrl-C waits for nothing."""
        # uvicorn's own handler would raise the signal again at the end and hide our exit code.
        if self.should_exit and sig == signal.SIGINT:
            self.force_exit = True
            return
        self.signalled = sig
        self.should_exit = True
        self._service.stop()
