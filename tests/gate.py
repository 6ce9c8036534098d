"""A door before a server on the loopback: who does not say who they are is turned away."""

import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.servers import HOST


@contextmanager
def before(server: str, authorization: str) -> Iterator[str]:
    """The address of a door to `server` that lets in what comes with this `Authorization` alone."""

    class Door(BaseHTTPRequestHandler):
        def hand_on(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if self.headers.get("Authorization") != authorization:
                return self.answer(401, b'{"error_code": "UNAUTHENTICATED", "message": "who are you?"}')
            asked = urllib.request.Request(f"{server}{self.path}", body or None, method=self.command)
            asked.add_header("Content-Type", self.headers.get("Content-Type") or "application/json")
            try:
                with urllib.request.urlopen(asked, timeout=60) as answer:
                    return self.answer(answer.status, answer.read())
            except urllib.error.HTTPError as error:
                with error:
                    return self.answer(error.code, error.read())

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = hand_on  # noqa: N815  (the library's names)

        def answer(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer((HOST, 0), Door) as door:
        thread = threading.Thread(target=door.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://{HOST}:{door.server_port}"
        finally:
            door.shutdown()
            thread.join()
