"""The page: well formed, self-contained, safe, complete in both languages."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from importlib import resources

import pytest
from report_samples import HOSTILE, SAMPLES, certified, no_test_file, not_met, teacher_kept

from undercut.core.errors import ConfigError
from undercut.runs.report.html import render_html
from undercut.runs.report.words import LANGUAGES, sentences

VOID = {"meta", "wbr", "br"}
OUTSIDE = {"src", "href", "srcset", "data", "action", "poster", "xlink:href", "background"}


class Page(HTMLParser):
    """Collects tags, ids and visible text, and insists on proper nesting."""

    def __init__(self, source: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[str] = []
        self.ids: list[str] = []
        self.outside: list[str] = []
        self.labelled: list[str] = []
        self.said: list[str] = []
        self.feed(source)
        self.close()
        assert not self.open, f"not closed: {self.open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag not in VOID:
            self.open.append(tag)
        for name, value in attrs:
            if name in OUTSIDE:
                self.outside.append(f"{tag} {name}={value}")
            assert not name.startswith("on"), f"script in {tag} {name}"
            if name == "id":
                self.ids.append(value or "")
            if name == "aria-labelledby":
                self.labelled += (value or "").split()
            if name == "aria-label":
                self.said.append(value or "")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> without a start"
        assert self.open[-1] == tag, f"</{tag}> closes <{self.open[-1]}>"
        self.open.pop()

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in {"style", "pre", "bdi"} and "bdi" not in self.open:
            self.said.append(data)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", SAMPLES)
def test_pages_are_well_formed_and_self_contained(name: str, language: str) -> None:
    source = render_html(SAMPLES[name](), language)
    page = Page(source)
    assert page.outside == []
    assert not {"script", "link", "img", "iframe", "object", "base"} & set(page.tags)
    assert "url(" not in source
    assert "@import" not in source
    assert len(page.ids) == len(set(page.ids))
    assert set(page.labelled) <= set(page.ids)
    assert not re.search(r"\{[a-z_]+\}|\bNone\b|\bnan\b", " ".join(page.said))


def test_hostile_texts_are_shown_and_not_obeyed() -> None:
    report = certified((HOSTILE, "ok"))
    for language in LANGUAGES:
        source = render_html(report, language)
        assert "<script" not in source
        assert "<img" not in source
        assert "&lt;script&gt;" in source
        Page(source)


def test_page_forbids_itself_scripts_and_outside_content() -> None:
    assert "default-src 'none'; style-src 'unsafe-inline'" in render_html(certified())


def test_same_report_same_page() -> None:
    assert render_html(certified()) == render_html(certified())


def test_language_is_the_reports_own_unless_told() -> None:
    assert '<html lang="zh-CN">' in render_html(no_test_file())
    assert '<html lang="en">' in render_html(no_test_file(), "en")
    with pytest.raises(ConfigError, match="en, zh"):
        render_html(certified(), "fr")


def test_not_met_says_what_was_tried_and_what_would_help() -> None:
    said = " ".join(Page(render_html(not_met())).said)
    for part in ("did not pass", "about 4,300 instead of 1,600", "--keep 0.986", "Not certified"):
        assert part in said


def test_unpriced_host_gets_speeds_and_no_invented_dollars() -> None:
    source = render_html(teacher_kept())
    assert "no price is known for this host" in source
    assert not re.search(r"\$\d", source)
    assert "Which stage answers" not in source  # one stage is no cascade


def test_every_class_is_listed_worst_first() -> None:
    report = SAMPLES["many_classes"]()
    source = render_html(report)
    worst = min(report.plan.per_class, key=lambda c: c.f1 or 0.0)
    rows = re.findall(r'<th scope="row"><bdi>(.*?)</bdi></th><td class="n">40<', source)
    assert len(rows) == 150
    assert rows[0].replace("<wbr>", "") == worst.name


def test_languages_have_the_same_keys_and_fields() -> None:
    english, chinese = sentences("en"), sentences("zh")
    assert set(english) == set(chinese)
    for key, sentence in english.items():
        assert fields(sentence) == fields(chinese[key]), key


def fields(sentence: str) -> set[str]:
    return set(re.findall(r"\{(\w+)\}", sentence))


@pytest.mark.parametrize("name", SAMPLES)
def test_chinese_page_holds_no_untranslated_sentence(name: str) -> None:
    said = Page(render_html(SAMPLES[name](), "zh")).said
    names = "|".join(c.name for c in certified().candidates).replace("+", r"\+")
    for text in said:
        # Names of models, files and sources stay; four English words in a row are a sentence.
        rest = re.sub(names + "|public on-demand price page", "", text)
        assert not re.search(r"(?:[A-Za-z’]{2,}[ ,]+){3}[A-Za-z’]{2,}", rest), text
    english = {s for s in sentences("en").values() if re.search("[A-Za-z]{3}", s)}
    english -= set(sentences("zh").values())
    assert not english & {text.strip() for text in said}


def test_every_sentence_is_used() -> None:
    folder = resources.files("undercut")
    places = [*(folder / "assets" / "report").iterdir(), *(folder / "runs" / "report").iterdir()]
    places += (folder / "runs" / "report" / "figures").iterdir()
    code = "".join(
        p.read_text("utf-8") for p in places if p.name.endswith((".py", ".j2")) and p.is_file()
    )
    computed = ("verdict_", "badge_", "says_", "split_", "mark_", "where_")
    unused = [
        key
        for key in sentences("en")
        if f'"{key}"' not in code and "." not in key and not key.startswith(computed)
    ]
    assert unused == []
