"""More training rows from those there are: small edits that keep the label. Off by default."""

from undercut.build.data.augmentation.augment import (
    AugmentConfig,
    Augmented,
    Paraphraser,
    augment,
)

__all__ = ["AugmentConfig", "Augmented", "Paraphraser", "augment"]
