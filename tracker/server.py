"""The production server inside the command line: gunicorn, around an application that is already built."""

from collections.abc import Callable
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication


class _Server(BaseApplication):
    """gunicorn with our options instead of a command line of its own."""

    def __init__(self, app: Flask, options: dict[str, Any]) -> None:
        self._app = app
        self._options = options
        super().__init__()

    def load_config(self) -> None:
        for name, value in self._options.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        return self._app


def _begin_background(app: Flask) -> None:
    if app.config["SETTINGS"].background:
        from tracker.background import start_inside  # after the fork: threads do not survive one

        start_inside(app)


def serve(app: Flask, host: str, port: int, threads: int, ready: Callable[[], None]) -> None:
    """Answer requests until stopped; calls `ready` once when the port is open.

    One process with threads: on SQLite more would only wait for each other, and on PostgreSQL the number of
    processes is for whoever runs many machines to choose. Background work runs beside the requests, in a thread
    of the same process, unless the settings leave it to `tracker worker`.
    """
    _Server(
        app,
        {
            "bind": f"{host}:{port}",
            "workers": 1,
            "threads": threads,
            "worker_class": "gthread",
            "loglevel": "warning",
            "accesslog": None,
            "timeout": 60,
            "graceful_timeout": 10,
            "control_socket_disable": True,
            "when_ready": lambda _server: ready(),
            "post_worker_init": lambda _worker: _begin_background(app),
        },
    ).run()
