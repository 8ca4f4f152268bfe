"""A model info sheet: what a reviewer asks about leakage, answered from what was declared and counted.

The eight kinds of leakage, and the sheet, are those of Kapoor & Narayanan (2023), "Leakage and the reproducibility
crisis in machine-learning-based science". Nothing here is written by hand for a study: each answer is read off the
leading study's declaration, its folds and its windows, and beside it stands which test of an audit looks after it.
"""

import numpy as np

from tidegate.component import document
from tidegate.study.findings import Finding, Findings
from tidegate.study.ground import mistakes_in
from tidegate.study.words import stamp_text
from tidegate.types.report import Column, Table, Text

__all__ = ["info_sheet"]


_KINDS: tuple[tuple[Text, str], ...] = (
    (Text(en="1.1 no test set", zh="1.1 没有测试集"), "L5"),
    (Text(en="1.2 preprocessing on all the data", zh="1.2 在全部数据上预处理"), "L3"),
    (Text(en="1.3 features selected on all the data", zh="1.3 在全部数据上选特征"), "L3"),
    (Text(en="1.4 duplicates", zh="1.4 重复样本"), "L5"),
    (Text(en="2 features that nobody has in use", zh="2 实际使用时不可得的特征"), "L1, L2, L8, L10"),
    (Text(en="3.1 the future in training", zh="3.1 训练用到未来"), "L3, L4, L5"),
    (Text(en="3.2 training and test depend on each other", zh="3.2 训练与测试相互依赖"), "L5, L6"),
    (Text(en="3.3 the test set is not what is asked about", zh="3.3 测试集并非所关心的总体"), "L2, L4, L7"),
)


def info_sheet(findings: Findings) -> Table:
    """One row a kind of leakage: what the leading study declares and what was counted, and what checks it.

    Nothing is claimed that was not counted; a part that says what is wrong with it says so in its row.
    """
    found = findings[findings.lead]
    answers = (_judged, _scaled, _chosen, _shared, _features, _purged, _dependent, _universe)
    rows = [
        {"kind": document(kind), "answer": document(answer(found)), "checked": checked}
        for (kind, checked), answer in zip(_KINDS, answers, strict=True)
    ]
    told = mistakes_in(found.study)
    note = Text(
        en="Read off the leading study's declaration, folds and windows; no answer is written by hand. Kinds after "
        "Kapoor and Narayanan (2023). An audit's verdicts stand in its own section.",
        zh="答案均取自主研究的声明、区间与样本，未经手写。分类据 Kapoor 与 Narayanan（2023）。审计结论见其专节。",
    )
    if told:
        both = [stamp_text(one) for one in told]
        english, chinese = " ".join(one.en for one in both), "".join(one.zh for one in both)
        note = Text(en=f"{note.en} The study itself says: {english}", zh=f"{note.zh}该研究自述：{chinese}")
    return Table(
        key="info-sheet",
        title=Text(en="Model info sheet", zh="模型信息表"),
        columns=(
            Column(key="kind", title=Text(en="kind of leakage", zh="泄漏类型")),
            Column(key="answer", title=Text(en="this study", zh="本研究")),
            Column(key="checked", title=Text(en="looked after by", zh="对应检验")),
        ),
        rows=tuple(rows),
        note=note,
    )


def _count(found: Finding, kind: str) -> int:
    return int(sum(int(np.sum(getattr(fold, kind)(found.windows))) for fold in found.folds))


def _confessed(told: Text, *parts: object) -> Text:
    """What is declared, and what its parts say is wrong with themselves."""
    said = [stamp_text(one) for one in mistakes_in(parts)]
    english, chinese = "".join(f" {one.en}" for one in said), "".join(one.zh for one in said)
    return Text(en=f"{told.en}.{english}", zh=f"{told.zh}。{chinese}") if said else told


def _judged(found: Finding) -> Text:
    many, windows = _count(found, "testing"), found.windows
    both = sum(int((fold.training(windows) & fold.testing(windows)).sum()) for fold in found.folds)
    told = Text(
        en=f"{many:,} windows judged in {len(found.folds)} range(s); {both:,} of them were learned from too",
        zh=f"{len(found.folds)} 个区间共评判 {many:,} 个样本，其中 {both:,} 个在同一区间也参与训练",
    )
    held = found.study.hold_out
    if held is not None:
        told = Text(
            en=f"{told.en}; beside them a part held out by {held.name}, which is judged by itself",
            zh=f"{told.zh}；另按 {held.name} 留出一部分单独评判",
        )
    return told


def _scaled(found: Finding) -> Text:
    study = found.study
    steps = ", ".join(step.name for step in study.steps) or "–"
    told = Text(
        en=f"normaliser {study.normaliser.name}, target scaling {study.target_scaling.name}, steps by date: {steps}",
        zh=f"标准化 {study.normaliser.name}，标签缩放 {study.target_scaling.name}，逐日步骤：{steps}",
    )
    return _confessed(told, study.normaliser, study.target_scaling, study.steps)


def _chosen(found: Finding) -> Text:
    count, pruning = len(found.windows.inputs), found.study.pruning
    if pruning is None:
        return Text(en=f"{count} features, all declared beforehand", zh=f"{count} 个特征，均为事先声明")
    return Text(
        en=f"{count} features left by pruning at {pruning.limit:g}, fitted on training dates",
        zh=f"按相关阈值 {pruning.limit:g} 在训练期剔除后余 {count} 个特征",
    )


def _shared(found: Finding) -> Text:
    purged, held = _count(found, "purged"), found.study.hold_out
    told = Text(
        en=f"windows of {found.study.lookback} rows overlap; {purged:,} around the cuts are purged",
        zh=f"{found.study.lookback} 行窗口相互重叠；分界附近剔除 {purged:,} 个",
    )
    if held is None:
        return told
    return Text(
        en=f"{told.en}; what {held.name} holds out may share rows with what was learned from",
        zh=f"{told.zh}；{held.name} 留出的样本可能与训练样本共享行",
    )


def _features(found: Finding) -> Text:
    study = found.study
    reports = study.factors.reads_reports
    told = Text(
        en=f"factors {study.factors.name}, declared as known at the close that decides"
        f"{', reports from the day they were known' if reports else ''}",
        zh=f"因子 {study.factors.name}，声明为决策收盘时已知{'，财报自可知之日起使用' if reports else ''}",
    )
    return _confessed(told, study.factors, study.strategy, study.markets)


def _purged(found: Finding) -> Text:
    windows, late, learned = found.windows, 0, 0
    for fold in found.folds:
        training, judged = fold.training(windows), fold.testing(windows)
        learned += int(training.sum())
        if judged.any():
            late += int((training & (windows.known > windows.anchor_time[judged].min())).sum())
    told = Text(
        en=f"split {found.study.split.name}: {late:,} of {learned:,} training targets are known only after the first "
        f"judged decision; {_count(found, 'purged'):,} were purged",
        zh=f"划分 {found.study.split.name}：{learned:,} 个训练标签中 {late:,} 个在首个评判决策之后才可知；"
        f"已剔除 {_count(found, 'purged'):,} 个",
    )
    return _confessed(told, found.study.split, found.study.label)


def _dependent(found: Finding) -> Text:
    many = len(found.bars.assets)
    return Text(
        en=f"the same {many:,} asset(s) before and after; labels overlap, and intervals and p-values allow for it",
        zh=f"前后为同样的 {many:,} 个标的；标签重叠，区间与 p 值已计入",
    )


def _universe(found: Finding) -> Text:
    rules = ", ".join(rule.name for rule in found.study.filters) or "–"
    told = Text(
        en=f"{found.bars.spec.title}; universe rules: {rules}; what the source says of itself stands in the notes",
        zh=f"{found.bars.spec.title}；股票池规则：{rules}；数据自身的说明见页首提示",
    )
    return _confessed(told, found.study.filters)
