"""The HTTP server of the daemon: /health and /ready for the platform, /metrics for monitoring, / for people, /events for the store."""

from watcher.web.events import Events
from watcher.web.routes import create_app
from watcher.web.server import HttpServer, HttpServerError

__all__ = ["Events", "HttpServer", "HttpServerError", "create_app"]
