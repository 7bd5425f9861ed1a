"""Make every model that could serve: n-grams, encoders, thinner and eight-bit copies."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from undercut.core.dataset import Dataset, FloatArray, weighted_targets
from undercut.neural.encoder import USE
from undercut.runs.arrays import load_arrays, save_arrays
from undercut.runs.recipe import THIN_FIT, TRANSFORMER_FIT, USE_FIT, Recipe
from undercut.runs.stages import Made, Stages
from undercut.runs.steps.candidate import (
    MODEL,
    OPINIONS,
    Candidate,
    facts_of,
    train_probabilities,
)
from undercut.runs.steps.data import RunData
from undercut.runs.steps.further_rows import rows_to_learn, teacher_of

if TYPE_CHECKING:
    from undercut.neural.classifier import Classifier
    from undercut.neural.encoder import Encoder
    from undercut.neural.fit import FitConfig, FitProgress
    from undercut.neural.tokens import TokenisedTexts

TRAINED = "trained.safetensors"
# Share of the teacher's probabilities, against the labels, in what a smaller model learns from.
# Source: Hinton, Vinyals & Dean 2015.
TEACHER_SHARE = 0.7
LABEL_SMOOTHING = 0.1


def make_candidates(
    stages: Stages, made: Made, data: RunData, recipe: Recipe
) -> tuple[Candidate, ...]:
    """All candidates of the recipe, cheapest kind first."""
    own, rows = rows_to_learn(data, recipe)
    ngram = _ngram(stages, made, rows, recipe)
    # a model's labels, however many, leave the teacher its epochs
    bought = replace(recipe, rows=len(own))
    main = _encoder(stages, made, own, data.tune, bought, recipe.encoder, layers=None)
    teacher = teacher_of(stages, main, rows, len(own))
    kinds: list[tuple[str, int | None]] = [(recipe.encoder, each) for each in recipe.thin_layers]
    if recipe.side_encoder is not None:
        kinds.insert(0, (recipe.side_encoder, None))
    students = [
        _encoder(stages, made, rows, data.tune, recipe, encoder, layers=layers, teacher=teacher)
        for encoder, layers in kinds
    ]
    static = _static(stages, made, rows, data.tune, recipe, teacher)
    frozen = _frozen(stages, made, rows, data.tune, recipe, teacher)
    floats = (main, *students, frozen)
    integers = tuple(_int8(stages, candidate, rows, recipe) for candidate in floats)
    return (ngram, static, *integers, *floats)


def _ngram(stages: Stages, data: Made, rows: Dataset, recipe: Recipe) -> Candidate:
    from undercut.build.training.ngram import NgramConfig, train_ngram

    config = NgramConfig(seed=recipe.seed)

    def build(folder: Path) -> None:
        model = train_ngram(rows.texts, rows.labels, rows.classes, config, weights=rows.weights)
        (folder / MODEL).mkdir()
        model.save(folder / MODEL)

    made = stages.run(
        "ngram",
        "train the n-gram model",
        build,
        version="1",
        config=[config, recipe.rows],
        inputs={"data": data},
    )
    return Candidate("ngram", "ngram", made, {"licence": None, "source": "trained here"})


def _encoder(
    stages: Stages,
    data: Made,
    rows: Dataset,
    tune: Dataset,
    recipe: Recipe,
    encoder: str,
    *,
    layers: int | None,
    teacher: Candidate | None = None,
) -> Candidate:
    """Fine-tune an encoder, on labels or on labels and a teacher, and export it to ONNX."""
    base = _fit_base(encoder, layers)
    config = recipe.fit(base)
    short = Path(encoder).name
    name = short if layers is None else f"{short}-{layers}-layers"

    def build(folder: Path) -> None:
        targets = None if teacher is None else train_probabilities(teacher)
        _fit_and_export(folder, stages, rows, tune, recipe, encoder, layers, config, targets)

    inputs = {"data": data} | ({} if teacher is None else {"teacher": teacher.made})
    verb = "fine-tune" if teacher is None else "distil into"
    made = stages.run(
        f"encoder-{name}",
        f"{verb} {name}",
        build,
        version="1",
        config=[encoder, layers, config, recipe.max_tokens, recipe.rows],
        inputs=inputs,
    )
    return Candidate(name, "transformer", made, facts_of(made) | {"thin": layers is not None})


def _static(
    stages: Stages, data: Made, rows: Dataset, tune: Dataset, recipe: Recipe, teacher: Candidate
) -> Candidate:
    """Token vectors without attention, distilled from the teacher, starting from its own."""
    from undercut.neural.static import StaticConfig, distil_static, input_vectors

    config = StaticConfig(seed=recipe.seed)

    def build(folder: Path) -> None:
        import torch

        from undercut.models.threads import available_cores
        from undercut.neural.encoder import load_encoder
        from undercut.neural.fit import smoothed_targets

        torch.set_num_threads(available_cores())
        encoder = load_encoder(recipe.encoder)
        encoder.keep_vocabulary(rows.texts)
        targets = smoothed_targets(rows.labels, len(rows.classes), LABEL_SMOOTHING)
        model = distil_static(
            encoder.tokenizer,
            rows.texts,
            weighted_targets(_blend(targets, train_probabilities(teacher)), rows.weights),
            rows.classes,
            config,
            tune_texts=tune.texts,
            tune_labels=tune.labels,
            start=input_vectors(encoder),
            report=_ticker(stages),
        )
        (folder / MODEL).mkdir()
        model.save(folder / MODEL)

    made = stages.run(
        "static",
        "distil into token vectors",
        build,
        version="1",
        config=[config, recipe.encoder, recipe.rows],
        inputs={"data": data, "teacher": teacher.made},
    )
    return Candidate("static", "static", made, dict(teacher.facts) | {"parameters": None})


def _frozen(
    stages: Stages, data: Made, rows: Dataset, tune: Dataset, recipe: Recipe, teacher: Candidate
) -> Candidate:
    """A linear head, distilled from the teacher, on the multilingual encoder as it comes."""
    from undercut.neural.linear_head import HeadConfig

    config = HeadConfig(seed=recipe.seed)

    def build(folder: Path) -> None:
        from undercut.neural.fit import smoothed_targets
        from undercut.neural.linear_head import fit_head

        classifier, tokens, limit = prepare(rows, tune, recipe, USE, None)
        targets = smoothed_targets(rows.labels, len(rows.classes), LABEL_SMOOTHING)
        result = fit_head(
            classifier,
            tokens[0],
            weighted_targets(_blend(targets, train_probabilities(teacher)), rows.weights),
            tokens[1],
            tune.labels,
            config,
            report=lambda done: stages.tick(done, "sentence vectors"),
        )
        learnt = {"penalty": result.penalty, "tune_accuracy": list(result.tune_accuracy)}
        store(folder, classifier, rows, limit, learnt)

    made = stages.run(
        f"frozen-{USE}",
        f"train a linear head on {USE}",
        build,
        version="1",
        config=[config, recipe.max_tokens, recipe.rows],
        inputs={"data": data, "teacher": teacher.made},
    )
    return Candidate(f"{USE}-frozen", "frozen", made, facts_of(made))


def _blend(targets: FloatArray, teacher: FloatArray) -> FloatArray:
    """What a student learns from: mostly its teacher, partly the labels."""
    return ((1 - TEACHER_SHARE) * targets + TEACHER_SHARE * teacher).astype(np.float32)


def _fit_base(encoder: str, layers: int | None) -> FitConfig:
    if encoder == USE:
        return USE_FIT
    return TRANSFORMER_FIT if layers is None else THIN_FIT


def _fit_and_export(
    folder: Path,
    stages: Stages,
    rows: Dataset,
    tune: Dataset,
    recipe: Recipe,
    encoder: str,
    layers: int | None,
    config: FitConfig,
    teacher: FloatArray | None,
) -> None:
    from undercut.neural.fit import fit, smoothed_targets

    classifier, tokens, limit = prepare(rows, tune, recipe, encoder, layers)
    targets = smoothed_targets(rows.labels, len(rows.classes), config.label_smoothing)
    if teacher is not None:
        targets = _blend(targets, teacher)
    targets = weighted_targets(targets, rows.weights)
    result = fit(
        classifier, tokens[0], targets, tokens[1], tune.labels, config, report=_ticker(stages)
    )
    save_arrays(folder / OPINIONS, {"probabilities": result.train_probabilities})
    trained = {name: value.cpu().numpy() for name, value in classifier.trained_state().items()}
    save_arrays(folder / TRAINED, trained)
    learnt = {"tune_accuracy": list(result.tune_accuracy), "best_epoch": result.best_epoch}
    store(folder, classifier, rows, limit, learnt)


def prepare(
    rows: Dataset, tune: Dataset, recipe: Recipe, encoder: str, layers: int | None
) -> tuple[Classifier, tuple[TokenisedTexts, TokenisedTexts], int]:
    """A fresh classifier on the device that trains, its train and tune tokens, its token limit."""
    import torch

    from undercut.models.threads import available_cores
    from undercut.neural.classifier import Classifier
    from undercut.neural.encoder import load_encoder, token_limit
    from undercut.neural.tokens import tokenise

    torch.set_num_threads(available_cores())
    torch.manual_seed(recipe.seed)
    loaded = load_encoder(encoder, layers=layers)
    loaded.keep_vocabulary(rows.texts)
    limit = _token_limit(loaded, rows, recipe, token_limit)
    classifier = Classifier(loaded, len(rows.classes))
    if torch.cuda.is_available():
        classifier.cuda()
    train, held = (
        tokenise(loaded.tokenizer, part.texts, max_tokens=limit, pad_id=loaded.pad_id)
        for part in (rows, tune)
    )
    return classifier, (train, held), limit


def store(
    folder: Path, classifier: Classifier, rows: Dataset, limit: int, learnt: dict[str, Any]
) -> None:
    """The model folder, and beside it what the model card tells."""
    from undercut.models.onnx import OnnxSettings
    from undercut.neural.export import export

    encoder = classifier.encoder
    facts = {
        "source": encoder.info.source,
        "licence": encoder.info.licence,
        "parameters": sum(p.numel() for p in classifier.parameters()),
        "max_tokens": limit,
    }
    (folder / "facts.json").write_text(json.dumps(facts | learnt, indent=1), encoding="utf-8")
    (folder / MODEL).mkdir()
    settings = OnnxSettings(
        max_tokens=limit,
        pad_id=encoder.pad_id,
        batch_rows=encoder.batch_rows,
        run_tokens=encoder.run_tokens,
    )
    export(classifier, folder / MODEL, rows.classes, settings)


def _token_limit(
    encoder: Encoder, rows: Dataset, recipe: Recipe, rule: Callable[[list[int], int], int]
) -> int:
    """Tokens that hold nearly all texts, from a sample of them."""
    encoder.tokenizer.no_truncation()
    encoder.tokenizer.no_padding()
    step = max(1, len(rows) // 2000)
    sample = [text[: recipe.max_tokens * 24] for text in rows.texts[::step]]
    lengths = [len(encoding.ids) for encoding in encoder.tokenizer.encode_batch_fast(sample)]
    return rule(lengths, min(recipe.max_tokens, encoder.max_positions))


def _ticker(stages: Stages) -> Callable[[FitProgress], None]:
    def report(progress: FitProgress) -> None:
        accuracy = progress.tune_accuracy
        shown = "" if accuracy is None else f", tune accuracy {accuracy:.3f}"
        detail = f"epoch {progress.epoch + 1}{shown}"
        stages.tick(progress.step / progress.steps, detail, progress.seconds_left)

    return report


def load_trained(classifier: Classifier, candidate: Candidate) -> None:
    """Put a candidate's trained weights into a fresh classifier on the same encoder."""
    import torch

    arrays = load_arrays(candidate.made.path / TRAINED)
    classifier.restore({name: torch.from_numpy(array) for name, array in arrays.items()})
    classifier.eval()


def _int8(stages: Stages, candidate: Candidate, rows: Dataset, recipe: Recipe) -> Candidate:
    """The candidate with eight-bit matrix products."""
    from undercut.build.compression.static_quantisation import quantise
    from undercut.models.onnx import OnnxModel

    def build(folder: Path) -> None:
        (folder / MODEL).mkdir()
        model = OnnxModel.load(candidate.folder)
        quantise(model, candidate.folder, folder / MODEL, rows.texts, seed=recipe.seed)

    made = stages.run(
        f"int8-{candidate.name}",
        f"quantise {candidate.name} to int8",
        build,
        version="1",
        config=recipe.seed,
        inputs={"model": candidate.made},
    )
    return Candidate(f"{candidate.name}-int8", f"{candidate.family}_int8", made, candidate.facts)
