"""The page of a labelled folder: two languages, user text escaped, bounds never rounded down."""

from __future__ import annotations

import io
from datetime import UTC, datetime

import pytest
from rich.console import Console

from undercut.runs.labelling.certificate import LabelCertificate
from undercut.runs.labelling.curve_lines import AskedAgain, CurveLine, CurveOption
from undercut.runs.labelling.report.curve import curve_figure
from undercut.runs.labelling.report.files import label_report_json
from undercut.runs.labelling.report.html import render_label_html
from undercut.runs.labelling.report.joint import joint_figure
from undercut.runs.labelling.report.page import PAGE, certificate_says
from undercut.runs.labelling.report.terminal import render_label_terminal
from undercut.runs.labelling.result import (
    Confusion,
    LabelReport,
    RoundLine,
    WorkerLine,
)
from undercut.runs.report.words import Words, sentences


def sample(status: str = "certified") -> LabelReport:
    certificate = LabelCertificate(
        target_error=0.05,
        confidence=0.95,
        certified=True,
        upper_bound=0.046101,
        sample=300,
        wrong=7,
        audit=1,
        judge="expert",
        believed=0.02,
        labels=1000,
        files={"labels.csv": "ab" * 32},
    )
    worker = WorkerLine(
        name="<script>alert(1)</script>",
        kind="endpoint",
        price="0.003",
        answers=1000,
        abstained=2,
        waiting=0,
        doubt=16,
        cost="3.048",
        accuracy=0.78,
        expected_accuracy=0.75,
        agrees=0.8,
        confusions=(Confusion(label="card", said="<b>refund</b>", times=12),),
    )
    rounds = tuple(
        RoundLine(
            purpose="label",
            worker="crowd",
            asked=100,
            error=0.2 / (n + 1),
            spent=str(5 * (n + 1)),
            error_price=0.1 * (n + 1),
        )
        for n in range(4)
    )
    option = CurveOption(name="more", gain=0.012, cost=4.0, measured="learning curve")
    return LabelReport(
        undercut_version="0",
        created=datetime(2026, 1, 1, tzinfo=UTC),
        language="en",
        status=status,
        config={"source": "texts & more.csv", "target_error": 0.05, "out": "labelled"},
        classes=("card", "refund"),
        texts=1000,
        labelled=1000,
        currency="USD",
        budget="50",
        committed="20",
        cost="20",
        cost_per_label="0.02",
        cost_per_correct_label="0.021",
        believed_error=0.02,
        certificate=certificate,
        workers=(worker,),
        rounds=rounds,
        shares={"card": 600, "refund": 400},
        curve=(
            CurveLine(
                labels=300,
                spent=5.0,
                sizes=(100, 300),
                errors=(0.3, 0.2),
                options=(option,),
                chosen="more",
                reason="pays",
            ),
        ),
    )


def test_both_languages_have_the_same_sentences() -> None:
    english, chinese = (sentences(language, PAGE) for language in ("en", "zh"))
    assert set(english) == set(chinese)
    for key, sentence in english.items():
        holes = {part.split("}")[0] for part in sentence.split("{")[1:]}
        assert holes == {part.split("}")[0] for part in chinese[key].split("{")[1:]}, key


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("status", ["certified", "waiting", "budget", "worth", "not_certified"])
def test_the_page_holds_no_script_and_no_outside(language: str, status: str) -> None:
    page = render_label_html(sample(status), language)
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert "<b>refund</b>" not in page
    assert "default-src &#39;none&#39;" in page or "default-src 'none'" in page
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert "<svg" in page


def test_a_bound_is_rounded_up() -> None:
    assert "4.62%" in certificate_says(sample(), Words("en", PAGE))


def test_no_picture_without_money() -> None:
    free = sample().model_copy(update={"rounds": (), "committed": "0"})
    assert curve_figure(free, Words("en", PAGE)) is None


def followed() -> LabelReport:
    """A job that labelled more, distilled, and stopped; it chose its texts."""
    more = CurveOption(name="more", gain=0.012, cost=4.0, measured="learning curve")
    distil = CurveOption(name="distil", gain=0.021, cost=0.0, measured="small model")
    first = CurveLine(
        labels=300,
        drawn=100,
        way="steady",
        random_error=0.24,
        spent=5.0,
        sizes=(100, 300),
        errors=(0.3, 0.2),
        options=(more, distil),
        chosen="distil",
        reason="pays",
    )
    second = first.model_copy(update={"chosen": "more", "options": (more,)})
    third = second.model_copy(
        update={"labels": 451, "spent": 7.5, "sizes": (150, 451), "errors": (0.26, 0.17)}
    ).model_copy(update={"chosen": "stop", "options": (), "random_error": 0.19})
    config = {**sample().config, "choose": "steady"}
    return sample().model_copy(
        update={"curve": (first, second, third), "config": config, "pseudo_labels": 640}
    )


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ("a model's labels on the rest", "more labels", "stop", "would be expected")),
        ("zh", ("由模型标注其余文本", "更多标签", "停止", "随机标签预计为")),
    ],
)
def test_the_curve_that_was_followed_is_shown_everywhere(
    language: str, words: tuple[str, ...]
) -> None:
    report, out = followed(), io.StringIO()
    render_label_terminal(report, Console(file=out, width=400), language)
    page = render_label_html(report, language)
    for word in (*words, "30.0% → 20.0%", "26.0% → 17.0%", "451", "640"):
        assert word in out.getvalue()
        assert word.replace("'", "&#39;") in page or word in page
    again = LabelReport.model_validate_json(label_report_json(report))
    assert [line.chosen for line in again.curve] == ["distil", "more", "stop"]
    assert again.curve == report.curve


def test_the_picture_names_each_choice_once() -> None:
    figure = joint_figure(followed(), Words("en", PAGE))
    assert figure is not None
    assert figure.count("<circle") == 3
    for name in ("more labels", "a model's labels on the rest", "stop"):
        assert figure.count(f">{name}<") == 1
    assert joint_figure(sample().model_copy(update={"curve": ()}), Words("en", PAGE)) is None


@pytest.mark.parametrize(
    ("language", "says"),
    [
        ("en", ["ask again about labels that look wrong: +1.0 · $2.05 · $2.95 net", "net", "19"]),
        ("zh", ["复核看似有误的标签: +1.0 · $2.05 · 净值 $2.95", "净值", "19"]),
    ],
)
def test_every_way_is_shown_with_gain_price_and_what_is_left_of_its_worth(
    language: str, says: list[str]
) -> None:
    ways = (
        CurveOption(name="clean", gain=0.01, cost=2.05, measured="", value=2.95),
        CurveOption(name="augment", gain=-0.005, cost=0.0, measured="", value=-2.5),
    )
    look = CurveLine(
        labels=300,
        spent=20.0,
        sizes=(75, 300),
        errors=(0.3, 0.1),
        options=ways,
        chosen="clean",
        reason="pays",
    )
    again = AskedAgain(asked=19, expected=13.0, changed=11)
    report = sample().model_copy(
        update={"curve": (look,), "asked_again": again, "edited_copies": 280}
    )
    page = render_label_html(report, language)
    console = Console(file=io.StringIO(), width=250)
    render_label_terminal(report, console, language)
    assert isinstance(console.file, io.StringIO)
    for shown in (page, console.file.getvalue()):
        assert all(each in shown for each in says)
        assert "−$2.50" in shown
        assert "280" in shown
    assert '"value": 2.95' in label_report_json(report)
