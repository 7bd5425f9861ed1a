"""From stored predictions to a certified plan: teacher, search, order of tests, certificate.

The tune split chooses everything: temperatures, mixtures, thresholds, and the order in which plans
are tested. The certify split only answers yes or no to that order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from undercut.build.planning.calibration import fit_temperature, negative_log_likelihood
from undercut.build.planning.certificate import Certificate, best_keep, certify
from undercut.build.planning.fixed_sequence import certify_sequence
from undercut.build.planning.foresight import pass_frontier, rows_needed
from undercut.build.planning.mixture import mixture_weights
from undercut.build.planning.search import (
    Option,
    Rival,
    SearchConfig,
    certify_order,
    joint_rival,
    search,
    single_rival,
)
from undercut.core.dataset import FloatArray, IntArray
from undercut.models.cascade import Answers, CascadeSpec, StageSpec, answer, mix, temper

Predictions = Mapping[str, FloatArray]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class DecideConfig:
    """keep, confidence: of the certificate. most_tests: plans put to the certify split at most.

    copies: candidate → its compressed copy.
    """

    keep: float
    confidence: float
    most_tests: int = 8
    copies: Mapping[str, str] = field(default_factory=dict)
    search: SearchConfig = field(default_factory=SearchConfig)


@dataclass(frozen=True, slots=True)
class Judged:
    """Held-out rows: labels (rows,), and each candidate's probabilities (rows, classes)."""

    labels: IntArray
    predictions: Predictions

    def answers(self, spec: CascadeSpec) -> Answers:
        """What a cascade answers on these rows."""
        return answer(spec, len(self.labels), lambda model, rows: self.predictions[model][rows])

    def right(self, spec: CascadeSpec) -> BoolArray:
        """(rows,) whether the cascade answers them rightly."""
        return np.asarray(self.answers(spec).labels == self.labels)


@dataclass(frozen=True, slots=True)
class Attempt:
    """A plan that was tested on the certify rows, and what that test alone says."""

    option: Option
    certificate: Certificate


@dataclass(frozen=True, slots=True)
class Advice:
    """What would help where nothing passed: certify rows, or another target. Not certificates."""

    rows_needed: int | None
    keep_that_passes: float


@dataclass(frozen=True, slots=True)
class Decision:
    """What gets deployed, and why.

    teacher, plan: cascades; plan is the teacher's where nothing cheaper passed (is_teacher).
    chosen: the option behind the plan. certificate: of the plan where one passed, else of the
    first plan tried. frontier: what the search offered, from safest to cheapest.
    """

    teacher: CascadeSpec
    plan: CascadeSpec
    is_teacher: bool
    chosen: Option | None
    certificate: Certificate
    attempts: tuple[Attempt, ...]
    advice: Advice | None
    frontier: tuple[Option, ...]


def decide(
    tune: Judged,
    certify_rows: Judged,
    seconds_per_text: Mapping[str, float],
    teachers: Sequence[str],
    config: DecideConfig,
) -> Decision:
    """Choose on tune, certify on certify.

    seconds_per_text: measured cost of each candidate. teachers: candidates that may be part of
    the teacher (those that are not approximations of others).
    """
    temperatures = {
        name: round(fit_temperature(values, tune.labels), 4)
        for name, values in tune.predictions.items()
    }
    teacher = choose_teacher(tune, teachers, temperatures)
    options = _search(
        tune, teacher, temperatures, seconds_per_text, len(certify_rows.labels), config
    )
    price = sum(seconds_per_text[name] for name in teacher.models)
    cheaper = [option for option in options if option.seconds_per_text < price]
    teacher_right = certify_rows.right(teacher)
    order = certify_order(cheaper, most_tests=config.most_tests) if cheaper else ()
    if not order:
        same = certify(teacher_right, teacher_right, keep=config.keep, confidence=config.confidence)
        return Decision(teacher, teacher, True, None, same, (), None, options)
    return _certify(teacher, teacher_right, order, certify_rows, options, config)


def best_without_certificate(
    rows: Judged, teachers: Sequence[str], *, keep: float, confidence: float
) -> Decision:
    """The best mixture, where the only judged rows are those that chose it: nothing is certified.

    The certificate compares the plan with itself and says nothing.
    """
    temperatures = {
        name: round(fit_temperature(values, rows.labels), 4)
        for name, values in rows.predictions.items()
    }
    teacher = choose_teacher(rows, teachers, temperatures)
    right = rows.right(teacher)
    same = certify(right, right, keep=keep, confidence=confidence)
    return Decision(teacher, teacher, True, None, same, (), None, ())


def choose_teacher(
    tune: Judged, names: Sequence[str], temperatures: Mapping[str, float]
) -> CascadeSpec:
    """The best mixture of these candidates, or the best of them alone where mixing does not help.

    Judged by log-loss on the tune rows, which is steadier than accuracy on a few hundred rows; a
    mixture must not lower accuracy there either.
    """
    calibrated = {n: temper(tune.predictions[n], temperatures[n]) for n in names}
    alone = min(names, key=lambda name: negative_log_likelihood(calibrated[name], tune.labels))
    weights = mixture_weights(calibrated, tune.labels)
    mixed_right = (mix(calibrated, weights).argmax(axis=1) == tune.labels).sum()
    if mixed_right < (calibrated[alone].argmax(axis=1) == tune.labels).sum():
        weights = {alone: 1.0}
    ordered = dict(sorted(weights.items(), key=lambda item: -item[1]))
    return CascadeSpec(
        stages=(StageSpec(name=" + ".join(ordered), weights=ordered),),
        temperatures={name: temperatures[name] for name in ordered},
    )


def _search(
    tune: Judged,
    teacher: CascadeSpec,
    temperatures: Mapping[str, float],
    seconds_per_text: Mapping[str, float],
    certify_rows: int,
    config: DecideConfig,
) -> tuple[Option, ...]:
    rivals = _rivals(tune, temperatures, seconds_per_text, config)
    teacher_right = tune.right(teacher)
    frontier = pass_frontier(
        certify_rows,
        keep=config.keep,
        confidence=config.confidence,
        teacher_accuracy=float(teacher_right.mean()),
    )
    return search(rivals, tune.labels, teacher_right, frontier, config.search)


def _rivals(
    tune: Judged,
    temperatures: Mapping[str, float],
    seconds_per_text: Mapping[str, float],
    config: DecideConfig,
) -> list[Rival]:
    """Every candidate worth a place in a chain, and the quick ones together as one."""
    rivals = {
        name: single_rival(
            name, temper(values, temperatures[name]), seconds_per_text[name], temperatures[name]
        )
        for name, values in tune.predictions.items()
    }
    for name, copy in config.copies.items():
        if _replaces(rivals[copy], rivals[name], tune.labels):
            del rivals[name]
    slowest = max(rival.seconds_per_text for rival in rivals.values())
    quick = [r for r in rivals.values() if r.seconds_per_text < QUICK_SHARE * slowest]
    if len(quick) > 1:
        joint = joint_rival(quick, tune.labels)
        rivals[joint.name] = joint
    return list(rivals.values())


def _replaces(copy: Rival, original: Rival, labels: IntArray) -> bool:
    """Whether a compressed copy is cheaper and as good, up to a part of the tune split's noise."""
    if copy.seconds_per_text >= original.seconds_per_text:
        return False
    loss = [negative_log_likelihood(r.probabilities, labels) for r in (copy, original)]
    return loss[0] - loss[1] <= COPY_LOG_LOSS


# Models below this share of the slowest one's cost are cheap enough to always run together.
QUICK_SHARE = 0.02
# Log-loss on the tune rows that an int8 copy may lose and still stand for its original.
COPY_LOG_LOSS = 0.01


def _certify(
    teacher: CascadeSpec,
    teacher_right: BoolArray,
    order: Sequence[Option],
    rows: Judged,
    frontier: tuple[Option, ...],
    config: DecideConfig,
) -> Decision:
    plans_right = [rows.right(option.spec) for option in order]
    result = certify_sequence(
        teacher_right, plans_right, keep=config.keep, confidence=config.confidence
    )
    attempts = tuple(
        Attempt(option, test) for option, test in zip(order, result.tested, strict=False)
    )
    if result.selected is None:
        advice = _advice(result.certificate, teacher_right, plans_right[0], config)
        return Decision(
            teacher, teacher, True, None, result.certificate, attempts, advice, frontier
        )
    chosen = order[result.selected]
    return Decision(
        teacher, chosen.spec, False, chosen, result.certificate, attempts, None, frontier
    )


def _advice(
    failed: Certificate, teacher_right: BoolArray, plan_right: BoolArray, config: DecideConfig
) -> Advice:
    return Advice(
        rows_needed=rows_needed(
            lost_fraction=failed.teacher_right_plan_wrong / failed.rows,
            won_fraction=failed.plan_right_teacher_wrong / failed.rows,
            teacher_accuracy=failed.teacher_accuracy,
            keep=config.keep,
            confidence=config.confidence,
        ),
        keep_that_passes=best_keep(teacher_right, plan_right, confidence=config.confidence),
    )
