"""A few lines of SVG: elements with escaped text, and the room that a text takes."""

from __future__ import annotations

import unicodedata
from xml.sax.saxutils import escape, quoteattr


def element(tag: str, *children: str, **attributes: object) -> str:
    """`<tag a="1">children</tag>`; children are markup already, attribute values are escaped.

    A trailing underscore is dropped (`class_`), other underscores become hyphens; numbers
    keep one decimal, which is finer than a pixel.
    """
    written = "".join(
        f" {name.rstrip('_').replace('_', '-')}={quoteattr(_value(value))}"
        for name, value in attributes.items()
        if value is not None
    )
    return f"<{tag}{written}>{''.join(children)}</{tag}>"


def _value(value: object) -> str:
    return f"{value:.1f}".removesuffix(".0") if isinstance(value, float) else str(value)


def text(x: float, y: float, content: str, **attributes: object) -> str:
    """A line of text whose baseline starts (or by `text_anchor` ends) at x, y."""
    return element("text", escape(content), x=float(x), y=float(y), **attributes)


def line(x1: float, y1: float, x2: float, y2: float, class_: str) -> str:
    """A straight line."""
    return element("line", x1=float(x1), y1=float(y1), x2=float(x2), y2=float(y2), class_=class_)


def picture(
    width: int, height: float, *children: str, name: str, title: str, description: str
) -> str:
    """The whole `<svg>`: scales to its column, named and described for screen readers.

    name: unique on the page; it makes the ids.
    """
    return element(
        "svg",
        element("title", escape(title), id=f"{name}-title"),
        element("desc", escape(description), id=f"{name}-desc"),
        *children,
        viewBox=f"0 0 {width} {round(height)}",
        role="img",
        aria_labelledby=f"{name}-title {name}-desc",
    )


def text_width(content: str, font_size: float = 12) -> float:
    """About how wide a text is set, in the unit of font_size; wide characters count in full."""
    wide = sum(unicodedata.east_asian_width(c) in "WF" for c in content)
    return font_size * (wide + 0.6 * (len(content) - wide))


def shorten(content: str, width: float, font_size: float = 12) -> str:
    """The text cut with an ellipsis so that it takes at most `width`."""
    if text_width(content, font_size) <= width:
        return content
    kept = content
    while kept and text_width(kept + "…", font_size) > width:
        kept = kept[:-1]
    return kept.rstrip() + "…"
