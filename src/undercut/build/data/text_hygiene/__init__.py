"""One form for every text: encodings, markup, invisible characters, widths, white space."""

from undercut.build.data.text_hygiene.config import HygieneConfig, Normalised
from undercut.build.data.text_hygiene.normalise import normalise

__all__ = ["HygieneConfig", "Normalised", "normalise"]
