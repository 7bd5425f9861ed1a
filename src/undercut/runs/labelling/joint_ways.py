"""The ways on from a look, each with what it is expected to gain and what it costs."""

from __future__ import annotations

from collections.abc import Iterator

from undercut.build.labels.deciding.options import Option
from undercut.build.labels.deciding.position import Step
from undercut.runs.labelling.doubtful_labels import Doubts
from undercut.runs.labelling.joint import Joint
from undercut.runs.labelling.joint_looking import Look
from undercut.runs.labelling.student_trial import Trial

GROWTH = 1.5


def ways_on(joint: Joint, step: Step, look: Look, texts: int) -> Iterator[Option]:
    """More, better, clean, distil and augment, as far as each is on offer. texts: of the file.

    Better goes where the answers are weak, whatever the text; clean where a model that did not see
    a label finds that it does not fit its text. Both mend wrong labels, and what one costs in
    accuracy is the same for both.
    """
    measured = look.measured
    wider = wider_than(joint, texts)
    if joint.pool < wider:
        gain = measured.law(joint.pool) - measured.law(wider)
        cost = look.spent / joint.pool * (wider - joint.pool)
        yield Option("more", gain, cost, f"learning curve from {joint.pool} to {wider}")
    # what ended for another reason than the target has nobody to ask, or nothing to pay with
    if step.reason == "target" and step.error_price is not None:
        fewer = step.error / 2 * joint.pool
        cost = step.error_price * fewer
        yield Option("better", measured.noise_costs / 2, cost, "the same noise once more")
    if look.doubts is not None:
        yield clean_way(look, look.doubts)
    if look.distilling is not None and not joint.distil:
        yield _tried("distil", look.distilling, "of a model's labels")
    if look.copies is not None and not joint.augment:
        yield _tried("augment", look.copies, "edited copies")


def wider_than(joint: Joint, texts: int) -> int:
    """How many texts the next part holds."""
    return min(texts, int(GROWTH * joint.pool) + 1)


def wrong_label_costs(look: Look) -> float:
    """Share of predictions that one wrong label more costs, by the noise that was measured."""
    return look.measured.noise_costs / max(float(look.known.error.sum()), 1.0)


def clean_way(look: Look, doubts: Doubts) -> Option:
    """To ask again about labels that look wrong; expectations as far as they have proved right."""
    mended = doubts.mended(look.cleaned.kept_promise)
    measured = (
        f"{doubts.suspects} of {len(look.given)} labels look wrong to a model that did not see"
        f" them; {len(doubts.item)} more answers are expected to mend {mended:.1f}"
    )
    if look.cleaned.asked:
        measured += (
            f"; of {look.cleaned.asked} asked about before {look.cleaned.changed} changed,"
            f" {look.cleaned.expected:.1f} expected"
        )
    return Option("clean", mended * wrong_label_costs(look), float(doubts.price.sum()), measured)


def _tried(name: str, found: Trial, what: str) -> Option:
    measured = (
        f"small model with {found.further} {what}: {100 * found.mean:+.1f}"
        f" ± {100 * found.error:.1f} points on held-out labels"
    )
    return Option(name, found.gain, 0.0, measured)
