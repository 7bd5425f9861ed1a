"""Personal data and secrets: found by form, checksum and context, masked consistently."""

from undercut.build.data.personal_data.config import Found, Kind, MaskConfig, Masked
from undercut.build.data.personal_data.find import find
from undercut.build.data.personal_data.mask import mask

__all__ = ["Found", "Kind", "MaskConfig", "Masked", "find", "mask"]
