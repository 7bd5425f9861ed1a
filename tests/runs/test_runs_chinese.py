"""The main job on Chinese: another encoder, another tokenizer, GB18030 on disk, odd texts."""

from __future__ import annotations

import itertools
import random
from pathlib import Path

import numpy as np

from undercut.models.plan import load_plan
from undercut.runs.config import RunConfig
from undercut.runs.main_job import run

PHRASES = {
    "退货": ("我想退货", "怎么申请退货", "衣服不合适要退", "退货地址是哪里", "退回去的运费谁出"),
    "物流": ("快递到哪里了", "什么时候能送到", "物流一直没有更新", "包裹还没收到", "发的什么快递"),
    "优惠": ("有没有优惠券", "还能便宜一点吗", "双十一有活动吗", "满减怎么用", "老顾客打折吗"),
}
OPENINGS = ("你好，", "请问", "亲，", "在吗？", "急！", "麻烦问一下，", "客服", "")
ENDINGS = ("。", "？", "呢", "啊", "谢谢", "😀", " thanks", "！！")


def rows() -> list[tuple[str, str]]:
    made = [
        (f"{opening}{phrase}{ending}", label)
        for label, phrases in PHRASES.items()
        for opening, phrase, ending in itertools.product(OPENINGS, phrases, ENDINGS)
    ]
    random.Random(0).shuffle(made)
    return made[:500]


def test_chinese_runs_unchanged(tmp_path: Path) -> None:
    train = tmp_path / "客服.csv"
    lines = ["内容,类别", *(f"{text},{label}" for text, label in rows())]
    train.write_bytes("\n".join(lines).encode("gb18030"))
    out = tmp_path / "结果"
    config = RunConfig(train=str(train), effort="quick", keep=0.9, language="zh", out=str(out))
    report = run(config)
    assert report.teacher.accuracy > 0.95
    assert "use-multilingual" in {candidate.name for candidate in report.candidates}
    assert report.measured_on.where == "certify"
    page = (out / "report.html").read_text(encoding="utf-8")
    assert '<html lang="zh' in page
    plan = load_plan(out / "plan")
    answers = plan.predict(
        ["请问快递到哪里了", "我想退货", "有没有优惠券", "", "🎉" * 50, "长" * 100_000]
    )
    assert [answer.label for answer in answers[:3]] == ["物流", "退货", "优惠"]
    assert np.isfinite([answer.confidence for answer in answers]).all()
