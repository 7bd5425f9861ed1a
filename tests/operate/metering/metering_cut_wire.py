"""A wire to PostgreSQL that can be cut right after a COMMIT was carried, before its answer."""

from __future__ import annotations

import contextlib
import socket
import threading


class CutWire:
    """Forwards a loopback port to another.

    cuts: how many commits go unanswered from now on. carry: whether the server gets to see
    such a commit.
    """

    def __init__(self, port: int) -> None:
        self._target = port
        self.cuts = 0
        self.carry = True
        self.cut_commits = 0
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._server.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._server.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._server.accept()
                far = socket.create_connection(("127.0.0.1", self._target))
                threading.Thread(target=self._forth, args=(near, far), daemon=True).start()
                threading.Thread(target=self._back, args=(far, near), daemon=True).start()

    def _forth(self, near: socket.socket, far: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := near.recv(65536):
                if b"COMMIT" in data and self.cuts > 0:
                    self.cuts -= 1
                    self.cut_commits += 1
                    # the caller hears nothing; the server, if at all, hears everything
                    near.shutdown(socket.SHUT_RDWR)
                    if self.carry:
                        far.sendall(data)
                        far.settimeout(0.5)
                        far.recv(1)
                    break
                far.sendall(data)
        for end in (near, far):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def _back(self, far: socket.socket, near: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := far.recv(65536):
                near.sendall(data)
        with contextlib.suppress(OSError):
            near.shutdown(socket.SHUT_RDWR)
