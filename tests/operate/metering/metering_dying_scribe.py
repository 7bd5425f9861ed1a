"""A scribe that dies at the worst moment: `DYING=before` or `after` the commit of its third group.

Run as `undercut.operate.metering.scribe` is.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

from undercut.operate.metering import scribe
from undercut.operate.metering.scribe_frames import Plain


class DyingScribe(scribe.Scribe):
    """Writes two groups in peace."""

    groups = 0

    def write(self, groups: Sequence[Plain]) -> bool:
        self.groups += 1
        if self.groups == 3 and os.environ["DYING"] == "before":
            os._exit(1)
        stands = super().write(groups)
        if self.groups == 3:
            os._exit(1)
        return stands


if __name__ == "__main__":
    scribe.Scribe = DyingScribe  # type: ignore[misc]
    scribe.main()
