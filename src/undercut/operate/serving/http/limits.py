"""Everything that is bounded on the HTTP side, and by how much."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, model_validator

MIB = 1024 * 1024


class HttpLimits(BaseModel):
    """Bounds of one server process; what lies beyond is refused, cut or waited for.

    concurrent_requests, queued_bytes: answered or waiting at once, over all callers; refused with
    503 before a body is read. tenant_requests: of one tenant at once, refused with 429; None
    leaves all of `concurrent_requests` to whoever asks.
    backlog_seconds: what is accepted may take so long to answer; beyond it requests are refused
    unread, so that those that were accepted are answered while somebody still waits for them.
    batch_chunk_inputs, batch_chunk_bytes: of `/v1/batches`, answered and recorded together.
    patience_seconds, least_bytes_per_second: a body may be waited for as long as the first, and
    for each byte that came as long as the second grants. stalled_seconds: a response nobody reads.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    concurrent_requests: int = Field(default=512, ge=1)
    concurrent_batches: int = Field(default=32, ge=1)
    tenant_requests: int | None = Field(default=None, ge=1)
    queued_bytes: int = Field(default=64 * MIB, ge=1)
    backlog_seconds: float = Field(default=1.0, gt=0)
    connections: int = Field(default=8192, ge=1)

    body_bytes: int = Field(default=8 * MIB, ge=1)
    inputs: int = Field(default=1024, ge=1)
    text_characters: int = Field(default=100_000, ge=1)
    top_k: int = Field(default=1000, ge=1)
    head_bytes: int = Field(default=32 * 1024, ge=1024)

    batch_chunk_inputs: int = Field(default=256, ge=1)
    batch_chunk_bytes: int = Field(default=MIB, ge=1)
    batch_inputs: int = Field(default=10_000_000, ge=1)

    deadline_seconds: float = Field(default=30.0, gt=0)
    longest_deadline_seconds: float = Field(default=300.0, gt=0)

    head_seconds: float = Field(default=10.0, gt=0)
    patience_seconds: float = Field(default=10.0, gt=0)
    least_bytes_per_second: float = Field(default=256.0, gt=0)
    stalled_seconds: float = Field(default=30.0, gt=0)
    idle_seconds: int = Field(default=75, ge=1)
    requests_per_connection: int = Field(default=100_000, ge=1)

    drain_seconds: float = Field(default=30.0, gt=0)
    notice_seconds: float = Field(default=0.0, ge=0)

    @model_validator(mode="after")
    def _consistent(self) -> HttpLimits:
        if self.deadline_seconds > self.longest_deadline_seconds:
            raise ValueError("deadline_seconds must not exceed longest_deadline_seconds")
        if self.body_bytes > self.queued_bytes:
            raise ValueError("queued_bytes must hold at least one body of body_bytes")
        return self
