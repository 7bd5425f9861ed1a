"""The journal of a labelling job: every question before it is put, every answer as it comes.

An SQLite file whose every commit is on disk. A question is written, with the money it may cost,
before anybody hears it; a kill leaves it open, never forgotten. The hard budget is kept in the same
transaction that writes the question, so processes and threads together cannot pass it.
"""

from undercut.runs.labelling.journal.file import FILE
from undercut.runs.labelling.journal.rows import (
    AskState,
    AuditDrawn,
    Batch,
    Put,
    money_of,
    nano_of,
)
from undercut.runs.labelling.journal.writing import Journal

__all__ = ["FILE", "AskState", "AuditDrawn", "Batch", "Journal", "Put", "money_of", "nano_of"]
