"""The transaction of a group: claims, charges, totals and rows of answered requests, together."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from random import getrandbits

from sqlalchemy import Connection, delete
from sqlalchemy.exc import DBAPIError, IntegrityError

from undercut.core.errors import IdempotencyConflictError, InputError, UndercutError
from undercut.core.requests import AnsweredRequest, Recorded
from undercut.operate.metering.at_once import Group, fits
from undercut.operate.metering.charging import Need, settle
from undercut.operate.metering.claiming import Standing, claim, conflict, standing
from undercut.operate.metering.database import Database
from undercut.operate.metering.hot_sql import hot
from undercut.operate.metering.jobs import Job, TaskJob
from undercut.operate.metering.rows import INSERT_REQUEST, Row, claim_row
from undercut.operate.metering.schema import claims, requests
from undercut.operate.metering.totals import KEY, add_totals, totals_of

Claimed = tuple[str, str]


class RecordJob(Job):
    """An answered request on its way into the books.

    row: as `rows.request_row`. need: what its account's lease pays, None without limits.
    close: called once when the outcome is final, True where the need was charged.
    is_plain: nothing has to be looked up or let go of.
    """

    __slots__ = ("_claim_row", "claimed", "close", "is_plain", "need", "request", "row", "token")

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        request: AnsweredRequest,
        row: Row,
        *,
        need: Need | None = None,
        close: Callable[[bool], None] | None = None,
    ) -> None:
        super().__init__(loop)
        self.request = request
        self.row = row
        self.need = need
        self.close = close
        self.is_plain = need is None and close is None
        key = request.idempotency_key
        self.claimed: Claimed | None = None if key is None else (request.caller.tenant, key)
        # tells the claim of this job from an earlier one, even by the same request id
        self.token = 0 if key is None else getrandbits(62)
        self._claim_row: Row | None = None

    @property
    def claim_row(self) -> Row:
        """The row of the claim; packed in the writer's thread, once."""
        if self._claim_row is None:
            self._claim_row = claim_row(self.request, self.token)
        return self._claim_row

    @property
    def plain_claim(self) -> Row:
        """The claim as a scribe gets it, the answer last and not packed."""
        request = self.request
        return (
            *(request.caller.tenant, request.idempotency_key, request.request_id),
            *(request.body_sha256, self.token, request.answer),
        )

    def ended(self) -> None:
        """Let the reservation go; what a repeat reserved comes back whole."""
        if self.close is not None:
            charged = self.error is None and not self.result.repeat
            self.close(charged)


Firsts = dict[Claimed, RecordJob]
Stood = dict[Claimed, Standing]


class Recording:
    """Implements the writer's `Transaction`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def apply(self, connection: Connection, jobs: Sequence[Job]) -> None:
        """Locks first and everything in one order, so that two processes never deadlock."""
        records = [job for job in jobs if isinstance(job, RecordJob)]
        tasks = [job for job in jobs if isinstance(job, TaskJob)]
        locks = {name for task in tasks for name in task.locks}
        locks.update(job.need.account for job in records if job.need is not None)
        if locks:
            self._database.lock_accounts(connection, sorted(locks))
        for task in tasks:
            _perform(connection, task)
        if records:
            self._record(connection, records)

    def at_once(self, writer_id: str, number: int, jobs: Sequence[Job]) -> Group | None:
        """The group, where no limit has to be read and no key is claimed twice in it."""
        records = [job for job in jobs if isinstance(job, RecordJob) and job.need is None]
        claiming = [job for job in records if job.claimed is not None]
        if len(records) < len(jobs) or len({job.claimed for job in claiming}) < len(claiming):
            return None
        totals = totals_of(records)
        if not fits(totals, first_sum=len(KEY)):
            return None
        for job in records:
            job.result = Recorded(job.request.answer, repeat=False)
        claimed = [job.claim_row for job in claiming]
        return Group(writer_id, number, totals, claimed, [job.row for job in records])

    def undo(self, connection: Connection, jobs: Sequence[Job]) -> None:
        """Take rows out again that nobody got an answer for.

        Rows with an idempotency key stay: a retry gets their answer, charged once.
        """
        for job in jobs:
            if not isinstance(job, RecordJob) or job.claimed is not None:
                continue
            gone = connection.execute(
                delete(requests).where(
                    requests.c.tenant == job.request.caller.tenant,
                    requests.c.request_id == job.request.request_id,
                )
            )
            if gone.rowcount:
                lines = totals_of([job], sign=-1)
                add_totals(connection, lines)

    def refusal(self, job: Job, error: Exception) -> Exception | None:
        """A request id that is in the books already is a conflict, not a failure of the books."""
        if not isinstance(job, RecordJob):
            return None if isinstance(error, DBAPIError) else error
        if isinstance(error, IntegrityError):
            return IdempotencyConflictError(
                f"the request id {job.request.request_id!r} is in the books already",
                hint="a new id for each request; repeats are told by their Idempotency-Key",
            )
        reason = error.orig if isinstance(error, DBAPIError) else error
        return InputError(f"the request cannot be written: {reason}")

    def _record(self, connection: Connection, records: list[RecordJob]) -> None:
        first = _first_of_each_key(records)
        stood = self._claim(connection, first)
        new = [job for job in records if _is_new(job, first, stood)]
        limited = [job for job in new if job.need is not None]
        if limited:
            settle(connection, limited)
            _unclaim(connection, [job for job in limited if job.error is not None])
        charged = [job for job in new if job.error is None]
        if charged:
            add_totals(connection, totals_of(charged))
            hot(connection, INSERT_REQUEST, [job.row for job in charged])
        for job in charged:
            job.result = Recorded(job.request.answer, repeat=False)
        _answer_repeats(records, first, stood)

    def _claim(self, connection: Connection, first: Firsts) -> Stood:
        """Claim the keys; returns those that others claimed before."""
        if not first:
            return {}
        rows = [first[key].claim_row for key in sorted(first)]
        if claim(connection, rows) == len(rows):
            return {}
        found = standing(connection, self._database, sorted(first))
        return {one.claimed: one for one in found if one.token != first[one.claimed].token}


def _first_of_each_key(records: Sequence[RecordJob]) -> Firsts:
    first: Firsts = {}
    for job in records:
        if job.claimed is not None:
            first.setdefault(job.claimed, job)
    return first


def _is_new(job: RecordJob, first: Firsts, stood: Stood) -> bool:
    return job.claimed is None or (first[job.claimed] is job and job.claimed not in stood)


def _answer_repeats(records: Sequence[RecordJob], first: Firsts, stood: Stood) -> None:
    """Whoever did not come first gets the first answer, a conflict, or the first one's refusal."""
    for job in records:
        if job.claimed is None or _is_new(job, first, stood):
            continue
        before, leader = stood.get(job.claimed), first[job.claimed]
        body = leader.request.body_sha256 if before is None else before.body_sha256
        if body != job.request.body_sha256:
            job.error = conflict(job.claimed[1])
        elif before is not None:
            job.result = Recorded(before.answer, repeat=True)
        elif leader.error is not None:
            job.error = leader.error
        else:
            job.result = Recorded(leader.request.answer, repeat=True)


def _unclaim(connection: Connection, refused: Sequence[RecordJob]) -> None:
    for job in refused:
        if job.claimed is not None:
            connection.execute(
                delete(claims).where(
                    claims.c.tenant == job.claimed[0], claims.c.idempotency_key == job.claimed[1]
                )
            )


def _perform(connection: Connection, task: TaskJob) -> None:
    savepoint = connection.begin_nested()
    try:
        task.result = task.work(connection)
    except UndercutError as error:
        task.error = error
        savepoint.rollback()
    else:
        savepoint.commit()
