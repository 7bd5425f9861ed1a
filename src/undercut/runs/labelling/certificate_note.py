"""The certificate of bought labels in the report of the plan that was trained on them."""

from __future__ import annotations

from undercut.runs.labelling.certificate import LabelCertificate
from undercut.runs.report.schema import Note


def label_note(found: LabelCertificate) -> Note:
    """One sentence in both languages: a warning where the labels' target is not certified."""
    if found.upper_bound is None:
        return Note(
            level="warning",
            en=f"The training labels were bought and not audited; they are believed to be wrong in "
            f"{found.believed:.1%} of the rows. Quality is measured against these labels.",
            zh=f"训练标签为购买所得，未经审核；估计其中 {found.believed:.1%} 有误。质量按这些标签衡量。",
        )
    bound = -(-found.upper_bound * 1000 // 1) / 10
    return Note(
        level="note" if found.certified else "warning",
        en=f"The training labels were bought: at most {bound:.1f}% of them are wrong, at "
        f"{found.confidence:.0%} confidence ({found.wrong} wrong in an audit of {found.sample}). "
        "Quality is measured against these labels.",
        zh=f"训练标签为购买所得：置信度 {found.confidence:.0%} 下错误不超过 {bound:.1f}%"
        f"（审核 {found.sample} 条，{found.wrong} 条有误）。质量按这些标签衡量。",
    )
