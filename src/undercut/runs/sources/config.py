"""How sources are read and what bounds them."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from undercut.core.tabular import Limits
from undercut.runs.sources.crawl.config import FetchConfig


class ZipLimits(BaseModel):
    """Bounds of a zip archive, checked on what it states and again on what comes out.

    members: most files in it. member_bytes, total_bytes: unpacked. ratio: most bytes out per byte
    in, once `free_bytes` have come out. listing_bytes: longest list of members.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    members: int = Field(default=10_000, ge=1)
    member_bytes: int = Field(default=2 * 2**30, ge=1)
    total_bytes: int = Field(default=8 * 2**30, ge=1)
    ratio: int = Field(default=200, ge=1)
    free_bytes: int = Field(default=64 * 2**20, ge=0)
    listing_bytes: int = Field(default=4 * 2**20, ge=1)


class SourceConfig(BaseModel):
    """How to read one source; the same for every file of a folder or an archive.

    text_column, label_column: guessed where None; a table without a label column has no labels.
    date_column: ISO dates. licence_column, licence: of each row; else the same for all.
    extra_columns: passed on in `Document.extra`. split: of a saved data set. encoding: of text
    formats. whole_file_bytes: longest .txt, .md or .html file, feed, or web page.
    page_seconds: longest for the main text of one page. fetch: bounds for addresses on the web.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    text_column: str | None = None
    label_column: str | None = None
    date_column: str | None = None
    licence_column: str | None = None
    licence: str | None = None
    extra_columns: tuple[str, ...] = ()
    split: str | None = None
    encoding: str | None = None
    record_characters: int = Field(default=16 * 2**20, ge=1)
    columns: int = Field(default=4_096, ge=1)
    gzip_ratio: int = Field(default=400, ge=1)
    gzip_free_bytes: int = Field(default=256 * 2**20, ge=0)
    whole_file_bytes: int = Field(default=32 * 2**20, ge=1)
    page_seconds: float = Field(default=20.0, gt=0)
    zip: ZipLimits = ZipLimits()
    fetch: FetchConfig = FetchConfig()

    @property
    def limits(self) -> Limits:
        """The same bounds as the table readers take them."""
        return Limits(
            record_characters=self.record_characters,
            columns=self.columns,
            gzip_ratio=self.gzip_ratio,
            gzip_free_bytes=self.gzip_free_bytes,
        )
