"""The report's sentences in the reader's language, from `assets/report/<language>.yaml`."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import resources

from undercut.core.errors import ConfigError

LANGUAGES = ("en", "zh")


class Words:
    """Looks up sentences: `words("seed")`, `words("line", line=3)`.

    Raises ConfigError where the report is not written in `language`.
    """

    def __init__(self, language: str, page: str = "report") -> None:
        if language not in LANGUAGES:
            raise ConfigError(
                f"language must be one of {', '.join(LANGUAGES)}, got {language!r}",
                hint="--language en",
            )
        self.language = language
        self._sentences = sentences(language, page)

    def __call__(self, key: str, /, **values: object) -> str:
        return self._sentences[key].format(**values)

    def named(self, kind: str, code: str) -> str:
        """The name of a code such as rule `exact_duplicate`; a code without a name as it is."""
        return self._sentences.get(f"{kind}.{code}", code.replace("_", " "))


@cache
def sentences(language: str, page: str = "report") -> Mapping[str, str]:
    """Every sentence of one language by its key."""
    import yaml

    file = resources.files("undercut") / "assets" / page / f"{language}.yaml"
    loaded: Mapping[str, str] = yaml.safe_load(file.read_text(encoding="utf-8"))
    return loaded
