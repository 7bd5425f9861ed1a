"""A worker process: loads a plan, then answers batches from its socket, a thread for each stage.

Run as `python -m undercut.operate.serving.engine.worker FD FOLDER DIGEST NICE`. It ends when the
other side of the socket does, however that ended. It does not heed SIGINT and SIGTERM, which a
terminal or a service manager sends to the whole group: the server drains first, then hangs up.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
from pathlib import Path
from queue import SimpleQueue
from typing import NoReturn

from undercut.core.errors import ArtefactError, UndercutError
from undercut.models.plan import Plan, load_plan
from undercut.operate.serving.engine import frames
from undercut.operate.serving.engine.stage_batch import StageBatch, run_batch
from undercut.operate.serving.engine.thread_lanes import lower_priority
from undercut.operate.serving.engine.warm_up import warm_up
from undercut.operate.serving.engine.wire_models import models_sent
from undercut.operate.serving.heap import settle_heap

# A first stage that runs Python code lets another thread go on after this long.
SWITCH_SECONDS = 0.001


def main() -> NoReturn:
    """Serve until the other side hangs up."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sys.setswitchinterval(SWITCH_SECONDS)
    number, folder, digest, nice = sys.argv[1:]
    connection = socket.socket(fileno=int(number))
    try:
        plan = _checked_plan(Path(folder), digest)
        seconds = warm_up(plan.cascade)
        settle_heap()
    except (UndercutError, OSError, MemoryError) as error:
        connection.sendall(frames.write_failure(0, str(error)))
        os._exit(1)
    Worker(connection, plan, nice=int(nice)).serve(seconds)


class Worker:
    """Reads batches on this thread, runs each stage on its own."""

    def __init__(self, connection: socket.socket, plan: Plan, *, nice: int) -> None:
        self._connection = connection
        self._plan = plan
        self._writing = threading.Lock()
        self._known = models_sent(plan.description.cascade)
        self._queues: list[SimpleQueue[tuple[int, StageBatch]]] = [
            SimpleQueue() for _ in plan.stages
        ]
        for stage in range(len(plan.stages)):
            name = f"stage-{stage}"
            threading.Thread(
                target=self._run, args=(stage, nice + stage), name=name, daemon=True
            ).start()

    def serve(self, warm_up_seconds: list[float]) -> NoReturn:
        """Answer until the other side hangs up, then end at once, whatever still runs."""
        self._send(frames.write_ready(warm_up_seconds))
        classes = len(self._plan.classes)
        while (body := self._read_frame()) is not None:
            try:
                _, number = frames.kind_and_number(body)
                batch = frames.read_batch(body, self._known, classes)
            except (frames.FrameError, UnicodeDecodeError) as error:
                sys.stderr.write(f"undercut worker {os.getpid()}: unreadable: {error}\n")
                os._exit(1)
            self._queues[batch.stage].put((number, batch))
        os._exit(0)

    def _run(self, stage: int, nice: int) -> None:
        lower_priority(nice)
        while True:
            number, batch = self._queues[stage].get()
            try:
                frame = frames.write_outcome(number, run_batch(self._plan.cascade, batch))
            except Exception as error:  # noqa: BLE001  told to the caller, whatever it is
                frame = frames.write_failure(number, f"{type(error).__name__}: {error}")
            self._send(frame)

    def _send(self, frame: bytes) -> None:
        try:
            with self._writing:
                self._connection.sendall(frame)
        except OSError:
            os._exit(0)  # nobody waits for the answer any more

    def _read_frame(self) -> bytes | None:
        prefix = self._read(frames.LENGTH.size)
        return None if prefix is None else self._read(frames.body_length(prefix))

    def _read(self, count: int) -> bytes | None:
        """So many bytes; None where the other side hung up."""
        buffer = bytearray(count)
        view, got = memoryview(buffer), 0
        while got < count:
            try:
                more = self._connection.recv_into(view[got:])
            except OSError:
                return None
            if not more:
                return None
            got += more
        return bytes(buffer)


def _checked_plan(folder: Path, digest: str) -> Plan:
    plan = load_plan(folder)
    if plan.digest != digest:
        raise ArtefactError(
            f"{folder}: another plan than the one that is served: its digest is {plan.digest}, "
            f"expected {digest}",
            hint="deploy the new plan; never change a folder that is served",
        )
    return plan


if __name__ == "__main__":
    main()
