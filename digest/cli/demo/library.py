"""A real HTTP server on loopback that answers for Hugging Face, arXiv and the invented preprint server.

It serves one day and knows no other: the days before it are empty, the days after it are refused.
"""

from __future__ import annotations

import hashlib
import re
import socket
import socketserver
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, unquote, urlsplit

from digest.cli.demo import shapes
from digest.cli.demo.sample import SampleDay

ATOM_TYPE = "application/atom+xml; charset=utf-8"
JSON_TYPE = "application/json; charset=utf-8"
RDF_TYPE = "application/rdf+xml; charset=utf-8"
CATEGORIES = re.compile(
    r"[a-z-]{2,12}(\.[a-z-]{2,12})?(\+[a-z-]{2,12}(\.[a-z-]{2,12})?){0,20}", re.ASCII | re.IGNORECASE
)
ARXIV_ID = re.compile(r"(\d{4}\.\d{4,5}|[a-z-]+(\.[A-Z]{2})?/\d{7})(v\d+)?", re.ASCII)
DAY = re.compile(r"\d{4}-\d{2}-\d{2}(T[\d:.]+Z)?", re.ASCII)
MOST_RESULTS = 2000
PATIENCE = 60.0  # seconds that a silent client is kept; longer than a polite client waits between two questions
POLL = 0.01  # seconds between two looks at the wish to end

Query = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Page:
    """One answer before it is put on the wire; without an ETag nothing can be asked conditionally."""

    status: int
    body: bytes
    content_type: str = JSON_TYPE
    etag: str = ""


class Library:
    """The sources of the sample day: a context manager that listens on a free port while it is open."""

    def __init__(self, day: SampleDay, on: date) -> None:
        self._day = day
        self._on = on
        self.port = 0

    def __enter__(self) -> Self:
        self._server = _Server(self.answer)
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(POLL,), name="demo-library")
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.hang_up()
        self._server.server_close()

    def answer(self, target: str) -> Page:
        """The page at a request target, "/api/query?id_list=2611.90001"; 404 for whatever does not exist."""
        parts = urlsplit("//localhost" + target) if target.startswith("/") else urlsplit("")
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        path = unquote(parts.path)
        if path == "/api/daily_papers":
            return self._daily_papers(query)
        if path == "/api/query":
            return self._arxiv_query(query)
        if path == "/preprints.rdf":
            return _tagged(shapes.preprint_rdf(self._day, self._on), RDF_TYPE, '"{}"')
        if path.startswith("/atom/"):
            return self._arxiv_atom(path.removeprefix("/atom/"))
        return Page(404, b'{"error":"Not Found"}')

    def _daily_papers(self, query: Query) -> Page:
        listed, page = _date(query.get("date", self._on.isoformat())), _number(query.get("p", "0"), 0, 10**6)
        limit = _number(query.get("limit", "50"), 1, 100)
        if listed is None or listed > self._on or page is None or limit is None:
            return Page(400, b'{"error":"Invalid query parameters"}')
        if listed < self._on:
            return _tagged(b"[]", JSON_TYPE, 'W/"{}"')
        body = shapes.huggingface_day(self._day, self._on, page=page, limit=limit)
        return _tagged(body, JSON_TYPE, 'W/"{}"')

    def _arxiv_atom(self, category: str) -> Page:
        if not CATEGORIES.fullmatch(category):
            return Page(400, shapes.arxiv_atom_error(category, self._on), ATOM_TYPE)
        # arXiv does not quote its ETag, against RFC 9110 section 8.8.3.
        return _tagged(shapes.arxiv_atom(self._day, category, self._on), ATOM_TYPE, "{}")

    def _arxiv_query(self, query: Query) -> Page:
        ids = [identifier for identifier in query.get("id_list", "").split(",") if identifier]
        for identifier in ids:
            if not ARXIV_ID.fullmatch(identifier):
                return Page(400, shapes.arxiv_query_error(identifier, self._on), ATOM_TYPE)
        start = _number(query.get("start", "0"), 0, 30_000)
        limit = _number(query.get("max_results", "10"), 0, MOST_RESULTS)
        if start is None or limit is None:
            return Page(400, shapes.arxiv_query_error("start_or_max_results", self._on), ATOM_TYPE)
        return Page(200, shapes.arxiv_query(self._day, ids, self._on, start=start, limit=limit), ATOM_TYPE)


def _tagged(body: bytes, content_type: str, etag: str) -> Page:
    return Page(200, body, content_type, etag.format(hashlib.sha256(body).hexdigest()))


def _date(text: str) -> date | None:
    """A day, or the day of a moment, as Hugging Face takes both."""
    if not DAY.fullmatch(text):
        return None
    try:
        return datetime.fromisoformat(text).date()
    except ValueError:
        return None


def _number(text: str, least: int, most: int) -> int | None:
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        return None
    return int(text) if least <= int(text) <= most else None


class _Server(ThreadingHTTPServer):
    """A server that knows its open connections, so that none outlives it."""

    daemon_threads = False
    request_queue_size = 64

    def __init__(self, answer: Callable[[str], Page]) -> None:
        super().__init__(("127.0.0.1", 0), _Request)
        self.answer = answer
        self._connections: set[socket.socket] = set()
        self._lock = threading.Lock()

    def server_bind(self) -> None:
        socketserver.TCPServer.server_bind(self)  # the next class up would ask the DNS for our name

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._lock:
            self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._connections.discard(request)
        super().shutdown_request(request)

    def hang_up(self) -> None:
        """End every connection, so that the threads behind them end."""
        with self._lock:
            for connection in self._connections:
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    continue  # the client was quicker

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that leaves in the middle of an answer is nobody's error; anything else is told as usual."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class _Request(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    server_version = "demo"
    sys_version = ""
    timeout = PATIENCE

    def do_GET(self) -> None:
        self._send(with_body=True)

    def do_HEAD(self) -> None:
        self._send(with_body=False)

    def _send(self, *, with_body: bool) -> None:
        page = self.server.answer(self.path)
        known = page.etag and page.etag in {tag.strip() for tag in self.headers.get("If-None-Match", "").split(",")}
        self.send_response(304 if known else page.status)
        if page.etag:
            self.send_header("ETag", page.etag)
        if not known:
            self.send_header("Content-Type", page.content_type)
            self.send_header("Content-Length", str(len(page.body)))
        self.end_headers()
        if with_body and not known:
            self.wfile.write(page.body)

    def log_message(self, *_args: object) -> None:
        """Quiet: the program's own log tells what was asked."""
