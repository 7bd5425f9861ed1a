"""What each exit code of `undercut` means, and which error leads to which."""

from __future__ import annotations

import errno
from enum import IntEnum

from undercut.core.errors import (
    ArtefactError,
    BudgetExceededError,
    ConfigError,
    ConnectionFailedError,
    InputError,
    LedgerError,
    MissingExtraError,
    RequestError,
    UndercutError,
)


class ExitCode(IntEnum):
    """The promise to scripts; `MEANINGS` says it in words."""

    OK = 0
    DEFECT = 1
    USAGE = 2
    INPUT = 3
    NOT_MET = 4
    BUDGET = 5
    STORED = 6
    REFUSED = 7
    STOPPED = 130
    READER_GONE = 141


MEANINGS = {
    ExitCode.OK: "done; a target that is not met is a result too",
    ExitCode.DEFECT: "something unexpected: a defect in undercut",
    ExitCode.USAGE: "a flag, a setting or a missing extra",
    ExitCode.INPUT: "the input data",
    ExitCode.NOT_MET: "target not met, only with --fail-if-not-met",
    ExitCode.BUDGET: "the budget is spent",
    ExitCode.STORED: "an output folder, plan or ledger cannot be read or written",
    ExitCode.REFUSED: "a server or its books refused the request or could not be reached",
    ExitCode.STOPPED: "stopped with Ctrl-C",
    ExitCode.READER_GONE: "whoever read the output went away (a closed pipe)",
}

_BY_ERROR: tuple[tuple[type[UndercutError], ExitCode], ...] = (
    (ConfigError, ExitCode.USAGE),
    (MissingExtraError, ExitCode.USAGE),
    (InputError, ExitCode.INPUT),
    (BudgetExceededError, ExitCode.BUDGET),
    (ArtefactError, ExitCode.STORED),
    (LedgerError, ExitCode.STORED),
    (RequestError, ExitCode.REFUSED),
    (ConnectionFailedError, ExitCode.REFUSED),
)

# What the system says of a name that is wrong, rather than of a disk that refuses.
_NAMES_NOTHING = {errno.ENOENT, errno.EISDIR, errno.ENOTDIR, errno.ENAMETOOLONG, errno.ELOOP}


def code_of(error: UndercutError) -> ExitCode:
    """The exit code of an expected failure."""
    for kind, code in _BY_ERROR:
        if isinstance(error, kind):
            return code
    return ExitCode.DEFECT


def code_of_system(error: OSError) -> ExitCode:
    """INPUT where a file name leads nowhere, STORED where the disk or its owner refuses."""
    return ExitCode.INPUT if error.errno in _NAMES_NOTHING else ExitCode.STORED


def epilog() -> str:
    r"""The exit codes as a block for `--help` (`\b` keeps its lines apart)."""
    lines = [f"  {code.value:>3}  {meaning}" for code, meaning in MEANINGS.items()]
    return "\n".join(["\b", "Exit codes:", *lines])
