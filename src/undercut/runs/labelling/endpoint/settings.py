"""An endpoint from its entry in `workers.yaml`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from undercut.build.labels.workers import WorkerFacts
from undercut.core.money import Money
from undercut.runs.labelling.endpoint.config import (
    INSTRUCTIONS,
    Constraint,
    EndpointConfig,
    TokenPrices,
)
from undercut.runs.labelling.endpoint.examples import LETTERS
from undercut.runs.labelling.endpoint.prompt import messages_for, most_tokens
from undercut.runs.labelling.endpoint.worker import EndpointWorker, open_endpoint
from undercut.runs.labelling.known_texts import descriptions_from
from undercut.runs.labelling.settings import Settings

# A usual English token is about four bytes; only the expected price is guessed with it.
_BYTES_PER_TOKEN = 4
_USUAL_TEXT_BYTES = 200
_USUAL_ANSWER_TOKENS = 10


def endpoint_from(
    settings: Settings,
    facts: WorkerFacts,
    *,
    classes: Sequence[str],
    folder: Path,
    currency: str,
    examples: Sequence[tuple[str, str]],
    environment: Mapping[str, str],
) -> EndpointWorker:
    """Read the entry, check it, open the memory.

    Raises ConfigError with the line, above all where no price is stated or the key is not there.
    """
    config = _config(settings, facts, classes=classes, currency=currency)
    if config.key_env is not None and not config.key_env.isidentifier():
        raise settings.error(
            "key_env must be the name of an environment variable: letters, digits and _, and"
            " never the key itself",
            name="key_env",
            hint="key_env: OPENAI_API_KEY, and export OPENAI_API_KEY=...",
        )
    if config.key_env is not None and not environment.get(config.key_env, "").strip():
        raise settings.error(
            f"the environment variable {config.key_env} holds no key",
            name="key_env",
            hint=f"export {config.key_env}=...",
        )
    usual = _usual(config, classes, examples)
    facts = replace(facts, price=config.price, usual_price=usual if usual < config.price else None)
    return open_endpoint(
        facts, config, folder=folder / "endpoint", environment=environment, examples=examples
    )


def _config(
    settings: Settings, facts: WorkerFacts, *, classes: Sequence[str], currency: str
) -> EndpointConfig:
    prices = _prices(settings, currency)
    answer_tokens = settings.whole("answer_tokens", 40, least=1, most=100_000)
    longest = settings.whole("longest_prompt_tokens", 4000, least=1, most=10_000_000)
    price = settings.money("price", currency)
    if price is None and prices is None:
        raise settings.error(
            "no price is stated, and an unknown price fits no budget",
            hint="prices: {input_per_million: 0.15 usd, output_per_million: 0.6 usd}, "
            "or price: 0 for a model of your own",
        )
    if price is None:
        assert prices is not None
        price = prices.of(longest, answer_tokens) * 2  # the answer and one repair
    url = settings.required("url", example="http://localhost:8000/v1")
    if not url.startswith(("http://", "https://")):
        # the rest is not shown: a password may stand in it
        got = repr(url.partition("://")[0] + "://") if "://" in url else "neither"
        raise settings.error(f"url must begin with http:// or https://, got {got}", name="url")
    extra = settings.raw("extra") or {}
    if not isinstance(extra, dict):
        raise settings.error("extra must be fields of the request", name="extra")
    described = descriptions_from(settings, classes, all_classes=False)
    temperature = settings.raw("temperature")
    return EndpointConfig(
        url=url,
        model=settings.required("model", example="gpt-4o-mini"),
        price=price,
        prices=prices,
        key_env=settings.text("key_env"),
        budget=settings.money("budget", currency),
        instructions=settings.text("instructions") or INSTRUCTIONS,
        descriptions={name: "; ".join(texts) for name, texts in described.items()},
        shots=settings.whole("shots", 4, least=0, most=1000),
        similarity=settings.text("similarity", LETTERS) or LETTERS,
        constrain=Constraint(settings.choice("constrain", Constraint.AUTO, Constraint)),
        temperature=None
        if temperature == "none"
        else settings.number("temperature", 0.0, least=0.0, most=2.0),
        answer_tokens=answer_tokens,
        concurrency=settings.whole("concurrency", 4, least=1, most=1000),
        retries=settings.whole("retries", 6, least=0, most=100),
        timeout_seconds=settings.number("timeout_seconds", 60.0, least=0.1, most=3600.0),
        longest_wait_seconds=settings.number("longest_wait_seconds", 60.0, least=0.0, most=3600.0),
        extra=dict(extra),
    )


def _prices(settings: Settings, currency: str) -> TokenPrices | None:
    part = settings.part("prices")
    if part is None:
        return None
    into, out = (
        part.money("input_per_million", currency),
        part.money("output_per_million", currency),
    )
    part.refuse_rest()
    if into is None or out is None:
        raise part.error("both input_per_million and output_per_million are needed")
    return TokenPrices(into, out)


def _usual(
    config: EndpointConfig, classes: Sequence[str], examples: Sequence[tuple[str, str]]
) -> Money:
    """What an answer about a text of usual length is expected to cost."""
    if config.prices is None:
        return config.price
    shown = messages_for(
        "x" * _USUAL_TEXT_BYTES, classes=classes, examples=examples[: config.shots], config=config
    )
    tokens = most_tokens(shown) // _BYTES_PER_TOKEN
    return config.prices.of(tokens, min(_USUAL_ANSWER_TOKENS, config.answer_tokens))
