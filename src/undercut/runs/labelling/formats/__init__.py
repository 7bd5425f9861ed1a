"""Files of labelling tools in and out.

In reading order: tasks (what is carried), files (the way in and out), one file a format, labelled
(labelled sets as tables).
"""

from undercut.runs.labelling.formats.files import (
    read_answers,
    read_tasks,
    recognise_format,
    write_task_list,
    write_tasks,
)
from undercut.runs.labelling.formats.tasks import Format, Suggestion, Task

__all__ = [
    "Format",
    "Suggestion",
    "Task",
    "read_answers",
    "read_tasks",
    "recognise_format",
    "write_task_list",
    "write_tasks",
]
