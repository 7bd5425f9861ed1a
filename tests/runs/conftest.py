"""One real main job, quick effort, on ten intents of BANKING77; many tests look at what it left."""

from __future__ import annotations

import pytest
from main_job_files import Job, banking_rows, write_rows

from undercut.runs.config import RunConfig
from undercut.runs.main_job import run


@pytest.fixture(scope="session")
def job(tmp_path_factory: pytest.TempPathFactory) -> Job:
    folder = tmp_path_factory.mktemp("main-job")
    train = write_rows(folder / "train.csv", banking_rows("train.csv"))
    rows = banking_rows("test.csv")
    test = write_rows(folder / "test.csv", rows)
    config = RunConfig(
        train=str(train), test=str(test), keep=0.95, effort="quick", out=str(folder / "out")
    )
    return Job(config, folder / "out", run(config), rows)
