"""`--dry-run`: reads the texts and the workers' prices, asks nobody."""

from __future__ import annotations

import tempfile
from pathlib import Path

from undercut.runs.labelling.class_names import find_classes
from undercut.runs.labelling.config import LabelConfig
from undercut.runs.labelling.forecast import Forecast, forecast
from undercut.runs.labelling.hiring import hire
from undercut.runs.labelling.texts import read_gold, read_texts


def forecast_job(config: LabelConfig) -> Forecast:
    """The forecast; nothing is written where the job would go."""
    items = read_texts(config)
    gold = read_gold(config, items)
    classes = find_classes(config, gold)
    with tempfile.TemporaryDirectory(prefix="undercut-forecast-") as folder:
        shadow = config.model_copy(update={"out": str(Path(folder))})
        workers = hire(shadow, classes, items, gold, None)
        facts = tuple(worker.facts for worker in workers.values())
    return forecast(config, facts, texts=len(items), classes=len(classes))
