"""Every error undercut raises on purpose.

    UndercutError
    ├── InputError          the user's data is wrong: file, line, what was expected
    ├── ConfigError         a setting is wrong or contradicts another
    │   └── BelowFloorError     a quote lies below the floor and nobody has answered for it
    ├── MissingExtraError   an optional package is needed for this step
    ├── BudgetExceededError the next step would cost more than is left
    ├── ArtefactError       a stored artefact is missing, changed or from another version
    ├── LedgerError         the books do not add up or cannot be written
    ├── ConnectionFailedError  a server gave no usable answer; whether it counted one is not known
    └── RequestError        a served request is refused; nothing was answered or charged
        ├── AuthenticationError       no key, or one that is unknown, revoked or expired
        ├── PermissionDeniedError     a key that may not do this
        ├── IdempotencyConflictError  an idempotency key was used with another body
        ├── QuotaExceededError        the caller's rate, quota or budget is used up
        ├── OverloadedError           the server's own limit is reached
        ├── DeadlineExceededError     the answer would come too late
        ├── AnswerFailedError         the plan failed on the request: the server's fault
        └── BooksUnavailableError     the request cannot be recorded, so it is not answered

A message says what was wrong, what was got, what was expected; `hint` says what to try.
Exit codes and HTTP statuses are mapped at the edge only.
"""

from __future__ import annotations


class UndercutError(Exception):
    """Base of all expected failures; shown to people without a traceback."""

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return self.message if self.hint is None else f"{self.message}\nTry: {self.hint}"


class InputError(UndercutError):
    """The user's data cannot be used as it is.

    file: path as the user gave it; line: 1-based line (or row) in that file.
    """

    def __init__(
        self,
        message: str,
        *,
        file: str | None = None,
        line: int | None = None,
        hint: str | None = None,
    ) -> None:
        where = "" if file is None else (f"{file}: " if line is None else f"{file}:{line}: ")
        super().__init__(where + message, hint=hint)
        self.file = file
        self.line = line


class ConfigError(UndercutError):
    """A setting has a wrong value or contradicts another setting."""


class BelowFloorError(ConfigError):
    """A quote lies below what the answers cost; it needs a recorded override."""


class MissingExtraError(UndercutError):
    """An optional package is needed for this step and is not installed."""

    def __init__(self, package: str, extra: str, why: str) -> None:
        super().__init__(
            f"{why} needs the package {package!r}, which is not installed",
            hint=f"pip install 'undercut[{extra}]'",
        )
        self.package = package
        self.extra = extra


class BudgetExceededError(UndercutError):
    """The next step would cost more than the budget leaves."""


class ArtefactError(UndercutError):
    """A stored artefact is missing, was changed, or is from another version."""


class LedgerError(UndercutError):
    """The books do not add up or cannot be written."""


class ConnectionFailedError(UndercutError):
    """A server could not be reached, or what it sent is no answer.

    The request may have been answered and counted before the connection broke. Asking again with
    `idempotency_key` gets that answer and counts nothing twice; None where no key was sent.
    """

    def __init__(
        self, message: str, *, hint: str | None = None, idempotency_key: str | None = None
    ) -> None:
        super().__init__(message, hint=hint)
        self.idempotency_key = idempotency_key


class RequestError(UndercutError):
    """A served request is refused: nothing was answered, nothing is charged.

    retry_after_seconds: when trying again may succeed, None where it will not.
    """

    def __init__(
        self, message: str, *, hint: str | None = None, retry_after_seconds: float | None = None
    ) -> None:
        super().__init__(message, hint=hint)
        self.retry_after_seconds = retry_after_seconds


class AuthenticationError(RequestError):
    """No key was given, or one that is unknown, revoked or expired."""


class PermissionDeniedError(RequestError):
    """The key is known and may not do this."""


class IdempotencyConflictError(RequestError):
    """The idempotency key was used before, with another body."""


class QuotaExceededError(RequestError):
    """The caller's rate limit, monthly quota or budget is used up."""


class OverloadedError(RequestError):
    """The server has as much to do as it allows itself."""


class DeadlineExceededError(RequestError):
    """The answer would come after the caller's deadline."""


class AnswerFailedError(RequestError):
    """The plan failed on the request, or every worker that tried it died: the server's fault."""


class BooksUnavailableError(RequestError):
    """The books cannot be written now, so nothing may be answered."""
