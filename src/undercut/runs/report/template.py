"""HTML pages from templates: one file each, that needs no network, no script and no other file.

Every page of undercut is made here: that of a run, of labels, of cleaning, of the market, of a war,
of prices and of offers. Each has a folder in `assets` with its templates and its sentences.
"""

from __future__ import annotations

from functools import cache
from importlib import resources

import jinja2

from undercut.runs.report import formats
from undercut.runs.report.words import Words

COMMON_STYLE = "report/report.css"


def render_page(template: str, words: Words, **values: object) -> str:
    """The template `folder/name` of `assets`, in the language of `words`.

    Beside `values` it is given the sentences as `t`, the formats of figures as `f`, `language`,
    and as `style` the common style sheet with that of the folder, `folder/folder.css`, after it.
    Every text among `values` is escaped; a name in the template that is not given is an error.
    """
    folder, name = template.split("/")
    return (
        _environment(folder)
        .get_template(name)
        .render(
            t=words,
            f=formats,
            language=words.language,
            style=_style(folder),
            **values,
        )
    )


@cache
def _environment(folder: str) -> jinja2.Environment:
    return jinja2.Environment(
        # `page` holds what pages of several folders extend
        loader=jinja2.ChoiceLoader(
            [jinja2.PackageLoader("undercut", f"assets/{each}") for each in (folder, "page")]
        ),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@cache
def _style(folder: str) -> str:
    # Our own files, so this is the one text that may go into a page unescaped.
    assets = resources.files("undercut") / "assets"
    files = [assets / name for name in dict.fromkeys((COMMON_STYLE, f"{folder}/{folder}.css"))]
    return "\n".join(file.read_text(encoding="utf-8") for file in files if file.is_file())
