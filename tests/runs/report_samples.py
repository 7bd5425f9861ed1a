"""Reports as runs would write them: certified, not met, no test file, few and many classes."""

from __future__ import annotations

import datetime as dt
import random

from undercut.runs.report.quality import (
    Advice,
    Attempt,
    Certificate,
    ClassQuality,
    Confusion,
    Difference,
    FrontierPoint,
    Interval,
    MeasuredOn,
    MixturePart,
    Plan,
    Stage,
    Teacher,
)
from undercut.runs.report.schema import (
    Candidate,
    Cost,
    Data,
    Finding,
    FindingExample,
    HostPrice,
    LedgerLine,
    LedgerSummary,
    Licence,
    Machine,
    Note,
    Reference,
    Report,
    Split,
    mark_frontier,
)

HOURLY = 0.0893  # dollars an hour of the sample's host
HOSTILE = "<script>alert('x')</script> & \"quotes\" </title><img src=http://evil.example/x.png>"
INTENTS = (
    "card_arrival",
    "card_not_working",
    "lost_or_stolen_card",
    "top_up_failed",
    "top_up_reverted",
    "pending_top_up",
    "exchange_rate",
    "wrong_exchange_rate_for_cash_withdrawal",
    "transfer_timing",
    "balance_not_updated_after_bank_transfer",
    "pending_transfer",
    "verify_my_identity",
    "why_verify_identity",
    "beneficiary_not_allowed",
    "request_refund",
    "Refund_not_showing_up",
)
CHINESE = (
    "物流查询",
    "退款进度",
    "申请退货",
    "商品咨询",
    "优惠券使用",
    "发票开具",
    "投诉客服",
    "修改地址",
)


def usd(texts_per_second: float) -> float:
    return 1e6 / texts_per_second / 3600 * HOURLY


def around(value: float, half: float) -> Interval:
    return Interval(low=max(0.0, value - half), high=min(1.0, value + half))


def per_class(names: tuple[str, ...], mean: float, seed: int) -> tuple[ClassQuality, ...]:
    draw = random.Random(seed)
    rows = []
    for name in names:
        f1 = min(1.0, max(0.0, draw.gauss(mean, 0.05)))
        rows.append(
            ClassQuality(
                name=name,
                support=40,
                precision=min(1.0, f1 + 0.01),
                recall=max(0.0, f1 - 0.01),
                f1=f1,
                f1_interval=around(f1, 0.06),
            )
        )
    return tuple(rows)


def candidate(
    name: str, family: str, accuracy: float, speed: float, megabytes: float, parameters: int
) -> Candidate:
    return Candidate(
        name=name,
        family=family,
        accuracy=accuracy,
        macro_f1=accuracy - 0.002,
        texts_per_second=speed,
        usd_per_million=usd(speed),
        bytes=int(megabytes * 1e6),
        parameters=parameters,
        batch_size=32,
        repeats=7,
        spread_fraction=0.04,
        single_p50_seconds=2.1 / speed,
        single_p99_seconds=4.8 / speed,
        peak_memory_bytes=int((90 + 3 * megabytes) * 1e6),
    )


def candidates() -> tuple[Candidate, ...]:
    return mark_frontier(
        (
            candidate("ngram words 1-2", "ngram", 0.884, 91_000, 4, 310_000),
            candidate("ngram words+characters", "ngram", 0.913, 62_000, 9, 2_100_000),
            candidate("static distilled", "static", 0.898, 48_000, 15, 7_800_000),
            candidate("frozen USE + linear", "frozen", 0.917, 1_832, 66, 68_000_000),
            candidate("MiniLM 2 layers int8", "transformer_int8", 0.916, 3_900, 14, 13_400_000),
            candidate("MiniLM 2 layers", "transformer", 0.918, 2_050, 54, 13_400_000),
            candidate("MiniLM 6 layers int8", "transformer_int8", 0.929, 1_420, 23, 22_700_000),
            candidate("MiniLM 6 layers", "transformer", 0.931, 690, 91, 22_700_000),
            candidate("MiniLM + ngram", "mixture", 0.9372, 655, 100, 24_800_000),
            candidate("MiniLM dynamic int8", "transformer_int8", 0.031, 1_300, 23, 22_700_000),
        )
    )


def ledger() -> LedgerSummary:
    lines = (
        ("read", "finished", 2.1, 1.9, "0.00004713", None),
        ("teacher", "abandoned", 61.0, 33.2, "0.00082354", None),
        ("teacher", "finished", 392.4, 204.8, "0.00508018", None),
        ("ngram", "finished", 21.7, 14.2, "0.00035224", None),
        ("export", "reused", None, None, None, "run 7f2c, entry 12"),
        ("measure", "finished", 98.2, 61.5, "0.00152554", None),
        ("certify", "finished", 3.3, 3.2, "0.00007938", None),
    )
    return LedgerSummary(
        total=0.00790801,
        total_exact="0.00790801",
        currency="USD",
        entries=tuple(
            LedgerLine(
                stage=stage,
                event=event,
                cpu_seconds=cpu,
                wall_seconds=wall,
                amount=amount,
                paid_by=payer,
            )
            for stage, event, cpu, wall, amount, payer in lines
        ),
    )


def certified(names: tuple[str, ...] = INTENTS) -> Report:
    """A cascade of three stages, certified, measured on the user's test file."""
    speed = 8_760.0
    return Report(
        undercut_version="0.1.0",
        created=dt.datetime(2026, 11, 23, 12, 30, tzinfo=dt.UTC),
        seed=7,
        command="undercut run train.csv --test test.csv --keep 0.99 --seed 7",
        config={"keep": 0.99, "confidence": 0.95, "effort": "normal", "encoder": None},
        seconds=341.7,
        data=Data(
            source="train.csv",
            test_source="test.csv",
            rows_read=10_003,
            classes=len(names),
            findings=(
                Finding(
                    rule="exact_duplicate",
                    count=14,
                    action="kept_one",
                    examples=(FindingExample(text="Where is my card?", line=812, label=names[0]),),
                ),
                Finding(
                    rule="also_in_test",
                    count=3,
                    action="removed_from_train",
                    examples=(FindingExample(text=HOSTILE, line=77),),
                ),
            ),
            splits=(
                Split(name="train", rows=7_586),
                Split(name="tune", rows=800),
                Split(name="certify", rows=1_600),
                Split(name="test", rows=3_080),
            ),
        ),
        measured_on=MeasuredOn(where="test", rows=3_080, resamples=1_000),
        teacher=Teacher(
            name="MiniLM + ngram",
            accuracy=0.9372,
            macro_f1=0.9370,
            accuracy_interval=around(0.9372, 0.0086),
            per_class=per_class(names, 0.937, 1),
        ),
        plan=Plan(
            name="cascade of 3",
            accuracy=0.9341,
            macro_f1=0.9337,
            accuracy_interval=around(0.9341, 0.0088),
            per_class=per_class(names, 0.933, 2),
            accuracy_difference=Difference(
                value=-0.0031, interval=Interval(low=-0.0074, high=0.0011)
            ),
            searched=4_211,
            stages=(
                Stage(
                    name="ngram words+characters",
                    share=0.781,
                    threshold=0.72,
                    accuracy=0.982,
                    usd_per_million=usd(62_000),
                ),
                Stage(
                    name="MiniLM 2 layers int8",
                    share=0.172,
                    threshold=0.55,
                    accuracy=0.81,
                    usd_per_million=usd(3_900),
                ),
                Stage(
                    name="MiniLM + ngram",
                    share=0.047,
                    accuracy=0.6,
                    usd_per_million=usd(655),
                    mixture=(
                        MixturePart(name="MiniLM 6 layers int8", weight=0.7),
                        MixturePart(name="ngram words+characters", weight=0.3),
                    ),
                ),
            ),
            frontier=(
                FrontierPoint(
                    name="ngram words+characters", usd_per_million=usd(62_000), tune_accuracy=0.896
                ),
                FrontierPoint(
                    name="cascade of 3",
                    usd_per_million=usd(speed),
                    tune_accuracy=0.919,
                    chosen=True,
                ),
                FrontierPoint(name="MiniLM + ngram", usd_per_million=usd(655), tune_accuracy=0.922),
            ),
        ),
        confusions=(
            Confusion(
                true=names[0],
                predicted=names[1],
                count=6,
                teacher_count=2,
                examples=("My card still isn't here", HOSTILE),
            ),
            Confusion(
                true=names[1],
                predicted=names[0],
                count=4,
                teacher_count=4,
                examples=("The one that came does nothing",),
            ),
        ),
        certificate=Certificate(
            keep=0.99,
            confidence=0.95,
            lower_bound=0.9908,
            met=True,
            rows=1_600,
            method="paired_exact",
            teacher_accuracy=0.918,
            plan_accuracy=0.9155,
            teacher_right_plan_wrong=12,
            plan_right_teacher_wrong=8,
            attempts=(Attempt(name="cascade of 3", passed=True, lower_bound=0.9908),),
        ),
        cost=Cost(
            texts_per_second=speed,
            usd_per_million=usd(speed),
            host="c7i.large",
            batch_size=64,
            repeats=7,
            spread_fraction=0.032,
            single_p50_seconds=0.00021,
            single_p99_seconds=0.0069,
            peak_memory_bytes=214_000_000,
            disk_bytes=47_300_000,
            host_price=HostPrice(
                id="c7i.large",
                per_hour="0.0893",
                currency="USD",
                source="public on-demand price page",
                date=dt.date(2026, 10, 1),
                vcpus=2,
                memory_gib=4,
            ),
        ),
        reference=Reference(
            name="BERT-base",
            texts_per_second=71.2,
            usd_per_million=usd(71.2),
            ratio=speed / 71.2,
            batch_size=32,
            repeats=3,
            spread_fraction=0.05,
        ),
        candidates=candidates(),
        machine=Machine(
            cpu_model="AMD EPYC 9R45",
            cores=2,
            memory_bytes=16_600_000_000,
            instruction_sets=("AVX2", "AVX-512", "VNNI", "BF16"),
            system="Linux 6.1",
            libraries={"numpy": "2.3.1", "onnxruntime": "1.22.0"},
        ),
        ledger=ledger(),
        licences=(
            Licence(what="all-MiniLM-L6-v2", licence="Apache-2.0", source="sentence-transformers"),
            Licence(what="BANKING77", licence="CC BY 4.0", source="PolyAI"),
        ),
    )


def not_met() -> Report:
    """The target was missed: attempts failed, and the report says what would help."""
    report = certified()
    return report.model_copy(
        update={
            "certificate": Certificate(
                keep=0.99,
                confidence=0.95,
                lower_bound=0.98696,
                met=False,
                rows=1_600,
                method="paired_exact",
                teacher_accuracy=0.918,
                plan_accuracy=0.912,
                teacher_right_plan_wrong=19,
                plan_right_teacher_wrong=9,
                attempts=(Attempt(name="cascade of 3", passed=False, lower_bound=0.98696),),
                advice=Advice(rows_needed=4_300, keep_that_passes=0.98696),
            ),
            "notes": (
                Note(
                    level="warning",
                    en="Two classes have fewer than 20 rows to train on.",
                    zh="有两个类别的训练数据不足 20 行。",
                ),
            ),
        }
    )


def teacher_kept() -> Report:
    """Nothing cheaper passed and the teacher is the plan; no price row fits the host."""
    report = certified(("negative", "positive"))
    teacher = report.teacher
    unpriced = {"usd_per_million": None}
    return report.model_copy(
        update={
            "plan": Plan(
                name=teacher.name,
                is_teacher=True,
                accuracy=teacher.accuracy,
                macro_f1=teacher.macro_f1,
                stages=(Stage(name=teacher.name, share=1.0),),
                per_class=teacher.per_class,
            ),
            "certificate": report.certificate.model_copy(
                update={"met": False, "lower_bound": None, "attempts": (), "advice": None}
            ),
            "cost": Cost(texts_per_second=655, usd_per_million=None, host="laptop"),
            "reference": Reference(
                name="BERT-base", texts_per_second=71.2, usd_per_million=None, ratio=9.19
            ),
            "candidates": tuple(c.model_copy(update=unpriced) for c in report.candidates),
            "ledger": LedgerSummary(total=None, total_exact=None, currency="USD"),
            "confusions": (),
        }
    )


def no_test_file() -> Report:
    """Chinese classes, measured on the certify split."""
    report = certified(CHINESE)
    data = report.data.model_copy(
        update={
            "source": "客服对话.csv",
            "test_source": None,
            "splits": report.data.splits[:3],
            "findings": (),
        }
    )
    return report.model_copy(
        update={
            "data": data,
            "language": "zh",
            "measured_on": MeasuredOn(where="certify", rows=1_600, resamples=1_000),
            "command": "undercut run 客服对话.csv --keep 0.99 --language zh",
        }
    )


def many_classes() -> Report:
    """150 classes, some with long names."""
    return certified(tuple(f"{INTENTS[i % len(INTENTS)]}_{i}" for i in range(150)))


SAMPLES = {
    "certified": certified,
    "not_met": not_met,
    "teacher_kept": teacher_kept,
    "no_test_file": no_test_file,
    "many_classes": many_classes,
}
