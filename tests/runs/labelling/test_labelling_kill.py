"""kill -9 in the middle of paid labelling: nothing is paid twice, nothing is lost."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

import pytest

from undercut.core.ledger import Ledger
from undercut.core.money import Money
from undercut.runs.labelling.asking import CHUNK
from undercut.runs.labelling.journal import FILE, AskState, Journal
from undercut.runs.stages import LEDGER_FILE

HERE = Path(__file__).parent


@contextmanager
def paid_server(folder: Path, *, idempotent: bool) -> Iterator[tuple[int, Path]]:
    port_file, charges = folder / "port", folder / "charges"
    charges.touch()
    word = "yes" if idempotent else "no"
    process = subprocess.Popen(
        [sys.executable, str(HERE / "paid_server.py"), str(port_file), str(charges), word]
    )
    try:
        while not port_file.exists() or not port_file.read_text():
            assert process.poll() is None
            time.sleep(0.02)
        yield int(port_file.read_text()), charges
    finally:
        process.kill()
        process.wait()


def charged(charges: Path) -> list[str]:
    return charges.read_text().split()


def start(folder: Path, texts: Path, port: int, *, repeatable: bool) -> subprocess.Popen[bytes]:
    word = "yes" if repeatable else "no"
    arguments = [str(HERE / "paid_job.py"), str(folder), str(texts), str(port), word]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    return subprocess.Popen([sys.executable, *arguments], env=environment)


def killed_job(
    folder: Path, *, texts: int, kills: int, idempotent: bool, seed: int, apart: int
) -> tuple[Path, list[str], int]:
    """The job's folder, what was charged, and how often it was killed in the middle.

    apart: most charges from one start to its kill. A job that ends by itself before all kills is
    over: texts in doubt are never charged, so that no number of charges can be waited for.
    """
    draw = random.Random(seed)
    source, job = folder / "texts.csv", folder / "labelled"
    source.write_text(
        "id,text\n" + "".join(f"t{n},{'a' if n % 2 else 'b'} {n}\n" for n in range(texts))
    )
    done = 0
    with paid_server(folder, idempotent=idempotent) as (port, charges):
        while True:
            process = start(job, source, port, repeatable=idempotent)
            before = len(charged(charges))
            # one after another, each a little further: every chunk border and middle is met
            enough = before + draw.randint(1, apart)
            while process.poll() is None and (
                done >= kills or len(charged(charges)) < min(enough, texts - 1)
            ):
                time.sleep(0.001)
            if process.poll() is None and done < kills:
                os.kill(process.pid, signal.SIGKILL)
                process.wait()
                done += 1
                continue
            assert process.wait() == 0
            return job, charged(charges), done


def check_nothing_lost(job: Path, texts: int, charges: list[str], kills: int) -> None:
    with Journal.open(job / FILE) as journal:
        asks, answers = journal.asks(), journal.answers("USD")
    answered = {answer.item for _, answer in answers}
    doubt = {put.item for put in asks if put.state is AskState.DOUBT}
    assert max(Counter(charges).values()) == 1, "paid twice"
    assert set(charges) <= answered | doubt, "paid and forgotten"
    assert len(answers) == len(answered)
    assert len(doubt) <= kills * CHUNK
    assert answered | doubt == {f"t{n}" for n in range(texts)}
    with Ledger.open(job / LEDGER_FILE) as ledger:
        assert ledger.verify() == ()
        total = ledger.total().money("USD")
    assert total == Money(Decimal("0.01"), "USD") * (len(answered) + len(doubt))


@pytest.mark.parametrize("idempotent", [True, False])
def test_killed_again_and_again(tmp_path: Path, idempotent: bool) -> None:
    job, charges, kills = killed_job(
        tmp_path, texts=60, kills=3, idempotent=idempotent, seed=7, apart=30
    )
    assert kills >= 2
    check_nothing_lost(job, 60, charges, kills)
    if idempotent:
        assert sorted(charges) == sorted(f"t{n}" for n in range(60))
        with Journal.open(job / FILE) as journal:
            assert not [put for put in journal.asks() if put.state is AskState.DOUBT]


@pytest.mark.slow
@pytest.mark.parametrize("idempotent", [True, False])
def test_killed_a_hundred_times(tmp_path: Path, idempotent: bool) -> None:
    # what each kill may leave in doubt is gone from the texts that further kills need
    texts = 3000 if idempotent else 3000 + 100 * CHUNK
    job, charges, kills = killed_job(
        tmp_path, texts=texts, kills=100, idempotent=idempotent, seed=11, apart=59
    )
    assert kills == 100
    check_nothing_lost(job, texts, charges, kills)
