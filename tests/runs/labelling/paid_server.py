"""A small paid label server for the tests: a real process that counts what it was asked.

Run as a program: PORT_FILE CHARGES_FILE IDEMPOTENT. Each charged question is one line of the
charges file, on disk before the answer is sent. An idempotent server answers a key it knows again
without a charge.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


def serve(port_file: Path, charges: Path, *, idempotent: bool) -> None:
    known: dict[str, str] = {}
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            key = body["key"]
            with lock:
                if not (idempotent and key in known):
                    with charges.open("a") as file:
                        file.write(body["item"] + "\n")
                    known[key] = "a" if "a" in body["text"] else "b"
                label = known[key]
            time.sleep(0.002)
            answer = json.dumps({"label": label}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    port_file.write_text(str(server.server_port))
    server.serve_forever()


if __name__ == "__main__":
    serve(Path(sys.argv[1]), Path(sys.argv[2]), idempotent=sys.argv[3] == "yes")
