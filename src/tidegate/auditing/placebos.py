"""Labels that mean nothing, factors that know the answer, scores that come a bar late (L6, L7, L8).

A pipeline that finds something in shuffled labels or in noise lets the truth in somewhere else than through its
factors. One that finds nothing when the answer stands among its factors could not have found a leak either.
"""

import tempfile
from pathlib import Path

import numpy as np
import polars as pl

from tidegate.auditing.blind import panel_on, scramble, truncate
from tidegate.auditing.ground import Ground
from tidegate.auditing.skill import CROSS, Skill, as_changes, levels_before, skill_of, skill_of_dealt
from tidegate.auditing.splits import audit_split
from tidegate.auditing.trading import traded
from tidegate.auditing.verdict import Change, Verdict, counted
from tidegate.auditing.walk import Walk, few, learn, said
from tidegate.learn.fit import fit_rival
from tidegate.models.linear import Linear
from tidegate.prepare.ahead import row_ahead, taken
from tidegate.study.fitting import learned_from, said_of
from tidegate.types.axes import FloatArray
from tidegate.types.fold import Fold
from tidegate.types.forecast import Forecast
from tidegate.types.panel import Panel
from tidegate.types.report import Text
from tidegate.types.windows import Windows

__all__ = ["canaries", "crosswise", "late", "shuffled"]

_FAR, _SURE, _LOST, _JUMP = 4.0, 2.0, 0.5, 0.3
"""Standard errors from zero that shuffled labels may reach; those from which a skill is worth losing; the share of it
that a bar's delay may cost; the IC that the answer itself must reach."""
CANARY = "canary"


def shuffled(ground: Ground, base: Walk, *, whole: bool = False, draws: int = 2, seed: int = 0) -> Verdict:
    """L6: labels are dealt out anew; what learns from them must find nothing.

    Where many assets are judged they are dealt within dates, else one by one, and in a second draw in blocks of time,
    which leave labels that overlap side by side. Of labels that are prices the change from the last known one is dealt
    out, and judged.
    """
    span, told, before = ground.study.label.horizon.span, [], levels_before(ground, base.windows)
    within = crosswise(base.windows)
    for draw in range(draws):
        blocks = draw % 2 == 1 and not within
        windows = _dealt(base.windows, seed + draw, before, blocks=blocks)
        learned = learn(ground.study, windows, base.learned.fold, whole=whole)
        for member, forecast in said(ground.study, windows, learned, whole=whole).items():
            frame = as_changes(forecast.frame, windows, before)
            skill = skill_of(frame, span) if blocks else skill_of_dealt(frame, by_date=within)
            if skill is None:
                continue
            told.append(skill)
            if abs(skill.far) > _FAR:
                change = Change(
                    room=f"forecast of {member}",
                    where="IC on shuffled labels",
                    expected=f"0 within {_FAR:g} standard errors",
                    found=str(skill),
                    moved=False,
                )
                words = Text(
                    en=f"{member} finds an IC of {skill} in labels that were shuffled: what is judged was seen before",
                    zh=f"{member} 在打乱的标签上仍得到 IC {skill}：评判内容此前已被看到",
                )
                return Verdict(
                    test="L6", status="failed", words=words, cuts=len(told), on=ground.on, partial=not whole,
                    first=change, path=(change,), hint=_hint(ground, base, seed),
                )  # fmt: skip
    if not told:
        return _silent("L6", ground)
    most = max(told, key=lambda skill: abs(skill.far))
    words = Text(
        en=f"IC on shuffled labels, the largest of {counted(len(told), 'draw')}: {abs(most.far):.1f} of {_FAR:g} allowed "
        f"standard errors from 0 (IC {most.ic:+.3f})",
        zh=f"打乱标签后的 IC，{len(told)} 次中最大者偏离 0 达 {abs(most.far):.1f} 个标准误（允许 {_FAR:g} 个；IC {most.ic:+.3f}）",
    )
    return Verdict(test="L6", status="passed", words=words, cuts=len(told), on=ground.on, partial=not whole)


def _hint(ground: Ground, base: Walk, seed: int) -> str:
    """Where to look: at the split, unless L5 finds nothing there."""
    if audit_split(ground, base.windows.panel, seed=seed).status == "failed":
        return "L5 fails too: look for windows or targets on both sides of the split"
    return "L5 finds nothing in the split: look for labels that reach a forecast past it, in a model, a loss or a choice that keeps or reads them"


def _silent(test: str, ground: Ground) -> Verdict:
    words = Text(en="too few dates can be judged", zh="可评判的日期太少")
    return Verdict(test=test, status="not tested", words=words, on=ground.on)


def crosswise(windows: Windows) -> bool:
    """Whether there are so many windows a date that they are judged, and dealt out, within dates."""
    there = np.isfinite(windows.target)
    return bool(there.sum() / max(len(np.unique(windows.anchor_time[there])), 1) >= CROSS)


def _dealt(windows: Windows, seed: int, before: FloatArray | None = None, *, blocks: bool = False) -> Windows:
    """Targets dealt out anew: among the windows of a date where there are many, else one by one or in blocks of time.

    With the levels `before` it is the ratios to them that are dealt: no target then knows of another window's level.
    """
    generator = np.random.default_rng((seed, 6))
    unit = np.ones(len(windows)) if before is None else before
    source, when = windows.target / unit, windows.anchor_time
    target = source.copy()
    there = np.flatnonzero(np.isfinite(target))
    _, at = np.unique(when[there], return_inverse=True)
    if crosswise(windows):
        order = np.lexsort((generator.random(there.size), at))
        target[there[np.argsort(at, kind="stable")]] = source[there[order]]
    elif blocks:
        block = at // max(4 * windows.horizon.span, 20)
        ranks = generator.permutation(block.max() + 1)[block]
        target[there[np.lexsort((there, when[there]))]] = source[there[np.lexsort((there, at, ranks))]]
    else:
        target[there] = source[generator.permutation(there)]
    return _with_targets(windows, target * unit)


def _with_targets(windows: Windows, target: FloatArray) -> Windows:
    return Windows.of(
        windows.panel, windows.lookback, windows.inputs, windows.context, windows.horizon, windows.anchors, target,
        windows.known, windows.weight,
    )  # fmt: skip


def late(ground: Ground, base: Walk, *, whole: bool = False) -> Verdict:
    """L7: the same scores a bar later; a result that loses over half of itself lives on the bar that is told first."""
    member = next(iter(base.forecasts), None)
    span = ground.study.label.horizon.span
    if member is None:
        return _silent("L7", ground)
    forecast = base.forecasts[member]
    before = levels_before(ground, base.windows)
    lagged = _lagged(forecast, base.windows, before)
    now, then = (skill_of(as_changes(one.frame, base.windows, before), span) for one in (forecast, lagged))
    if now is None or then is None:
        return _silent("L7", ground)
    told_en, told_zh = f"IC {now} → {then}", f"IC {now} → {then}"
    rooms, earned = traded(ground, {member: forecast}, members=1)
    if rooms:
        title = next(iter(earned))
        delayed = traded(ground, {member: lagged}, members=1)[1][title]
        told_en += f"; return {earned[title]:.1%} → {delayed:.1%} ({title})"
        told_zh += f"；收益 {earned[title]:.1%} → {delayed:.1%}（{title}）"
    lost = now.far > _SURE and then.ic < _LOST * now.ic
    if lost:
        change = Change(
            room=f"forecast of {member}",
            where="IC a bar later",
            expected=f"half of {now}",
            found=str(then),
            moved=False,
        )
        words = Text(
            en=f"a bar later over half is gone: {told_en}. Either the signal is that quick, or it is in the price of the bar that it trades",
            zh=f"晚一根K线即失去一半以上：{told_zh}。要么信号确实如此短暂，要么它已包含在成交的那根K线里",
        )
        return Verdict(
            test="L7", status="warned", words=words, cuts=1, on=ground.on, partial=not whole, first=change, path=(change,),
            hint="check that what is known at a close is not filled at the same close",
        )  # fmt: skip
    sure = Text(en="", zh="")
    if now.far < -_SURE:
        sure = Text(
            en="; this forecast points the wrong way: no skill that could be lost",
            zh="；该预测方向相反，没有可失去的能力",
        )
    elif now.far <= _SURE:
        sure = Text(en="; too little to tell whether there is skill to lose", zh="；样本太少，无法判断是否有能力可失去")
    words = Text(en=f"a bar later: {told_en}{sure.en}", zh=f"晚一根K线：{told_zh}{sure.zh}")
    return Verdict(test="L7", status="passed", words=words, cuts=1, on=ground.on, partial=not whole)


def _lagged(forecast: Forecast, windows: Windows, before: FloatArray | None) -> Forecast:
    """What was said one row of the asset earlier; its first row says nothing.

    A level comes late as the change that was said then, from the level known now.
    """
    said_then = [name for name in forecast.frame.columns if name not in {"time", "asset", "fold", "truth"}]
    frame = as_changes(forecast.frame, windows, before)
    late_by_one = frame.with_columns(pl.col(name).shift(1).over("asset") for name in said_then)
    if before is not None:
        late_by_one = late_by_one.with_columns(
            score=(1 + pl.col("score")) * pl.col("before"), truth=forecast.frame["truth"]
        ).drop("before")
    return Forecast.of(late_by_one.drop_nulls("score"), forecast.horizon, forecast.unit, forecast.fingerprints)


def canaries(ground: Ground, base: Walk, panel: Panel, *, cuts: int = 3, seed: int = 0) -> Verdict:
    """L8: a factor that is the future must be caught and must raise the score; factors of noise must earn nothing.

    `panel` holds the study's own factors on the ground.
    """

    def future(held: Ground) -> Panel:
        return _with_future(held, panel_on(held))

    tried, missed = 0, []
    for test in (truncate, scramble):
        verdict = test(ground, future, cuts=cuts, seed=seed, made=_with_future(ground, panel))
        tried += max(verdict.cuts, 1)
        if verdict.status != "failed":
            missed.append(verdict.test)
    study, fold, span = ground.study, base.learned.fold, ground.study.label.horizon.span
    knowing = _linear(ground, base, _answer(base.windows), fold, span, levels_before(ground, base.windows))
    noise = [_noise_skill(ground, base, fold, seed + draw, span) for draw in range(2)]
    tried += 1 + len(noise)
    found = max((one for one in noise if one is not None), key=lambda skill: abs(skill.far), default=None)
    told = f"IC with the answer among the factors {knowing}, with noise for factors {found}"
    told_zh = f"答案混入因子时 IC {knowing}，因子全为噪声时 IC {found}"
    if missed or (found is not None and abs(found.far) > _FAR):
        where = f"a planted factor of the future passed {', '.join(missed)}" if missed else "noise earns an IC"
        change = Change(
            room="factors",
            where=where,
            expected="caught" if missed else "0",
            found="passed" if missed else str(found),
            moved=False,
        )
        words = Text(en=f"{where}; {told}", zh=f"金丝雀检验未通过：{told_zh}")
        return Verdict(
            test="L8", status="failed", words=words, cuts=tried, on=ground.on, partial=True, first=change, path=(change,),
            hint="a pass of the other tests means nothing here" if missed else "the truth comes in past the factors",
        )  # fmt: skip
    if knowing is None or found is None:
        words = Text(
            en=f"a planted factor of the future was caught by L1 and L2; {study.name} has too few dates to judge noise by",
            zh="植入的未来因子已被 L1 与 L2 发现；日期太少，无法评判噪声因子",
        )
        return Verdict(test="L8", status="passed", words=words, cuts=tried, on=ground.on, partial=True)
    if knowing.ic < _JUMP and knowing.ic < found.ic + _SURE * found.error:
        words = Text(
            en=f"the score hardly rises when the answer is given: this audit has little power here; {told}",
            zh=f"给出答案后得分几乎不升：此处审计效力不足；{told_zh}",
        )
        return Verdict(test="L8", status="warned", words=words, cuts=tried, on=ground.on, partial=True)
    words = Text(
        en=f"a planted factor of the future was caught by L1 and L2; {told}",
        zh=f"植入的未来因子已被 L1 与 L2 发现；{told_zh}",
    )
    return Verdict(test="L8", status="passed", words=words, cuts=tried, on=ground.on, partial=True)


def _with_future(ground: Ground, panel: Panel) -> Panel:
    """The panel and a further field that is the next row's price: the plainest leak there is."""
    rows = ground.history.rows
    close = rows.adjusted("close")
    ahead = taken(close, row_ahead(panel, 1, "rows")) / close - 1
    return _with_field(panel, np.nan_to_num(ahead))


def _with_field(panel: Panel, values: FloatArray) -> Panel:
    held = np.column_stack([panel.values, values.astype(np.float32)])
    return Panel.of(
        held, panel.times, panel.assets, (*panel.fields, CANARY), panel.row_time, panel.offsets, panel.forcings
    )


def _answer(windows: Windows) -> Windows:
    """Windows with the answer as a context field."""
    values = np.zeros(windows.panel.values.shape[0])
    values[windows.anchors] = np.nan_to_num(windows.target)
    panel = _with_field(windows.panel, values)
    return Windows.of(
        panel, windows.lookback, windows.inputs, (*windows.context, CANARY), windows.horizon, windows.anchors,
        windows.target, windows.known, windows.weight,
    )  # fmt: skip


def _noise_skill(ground: Ground, base: Walk, fold: Fold, seed: int, span: int) -> Skill | None:
    panel = base.windows.panel
    noise = np.random.default_rng((seed, 8)).standard_normal(panel.values.shape)
    values = np.where(np.isfinite(panel.values), noise, np.nan).astype(np.float32)
    blank = Panel.of(values, panel.times, panel.assets, panel.fields, panel.row_time, panel.offsets, panel.forcings)
    held = base.windows
    windows = Windows.of(
        blank,
        held.lookback,
        held.inputs,
        held.context,
        held.horizon,
        held.anchors,
        held.target,
        held.known,
        held.weight,
    )
    return _linear(ground, base, windows, fold, span)


def _linear(
    ground: Ground, base: Walk, windows: Windows, fold: Fold, span: int, before: FloatArray | None = None
) -> Skill | None:
    """The skill of a straight line on some windows: quick, and enough to see what is there.

    What noise says holds no price, so it is judged as it is; taking the price off it would put one in.
    """
    train = few(windows, learned_from(ground.study, fold, base.windows)[0], 3_000)
    asked = few(windows, np.flatnonzero(fold.testing(windows) & np.isfinite(windows.target)), 6_000)
    if not train.size or not asked.size:
        return None
    among = np.zeros(len(windows), dtype=bool)
    among[train] = True
    affine = ground.study.normaliser.fit(windows, among)
    with tempfile.TemporaryDirectory() as place:
        fitted = fit_rival(Linear(), windows, affine, train, Path(place))
    frame = said_of(windows, fold.index, affine, fitted, asked)
    return skill_of(as_changes(frame, windows, before), span)
