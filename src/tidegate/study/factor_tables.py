"""The tables of a factor report: every factor, every horizon, and what the steps did."""

from collections.abc import Sequence

import numpy as np

from tidegate.evaluate.doubt.overlap import Tested
from tidegate.evaluate.factor_certainty import Certainty, Hurdles, certainty
from tidegate.report.figures.plain import Floats
from tidegate.study.factor_report import FactorFindings
from tidegate.study.style_words import STYLE_WORDS
from tidegate.types.report import Column, Table, Text

__all__ = ["counts_table", "factors_table", "horizons_table", "mean_of_dates", "rows_unit", "span_words", "steps_table"]


def rows_unit(found: FactorFindings) -> Text:
    """What a span counts, in words."""
    months = found.request.cadence == "months"
    return Text(en="months", zh="月") if months else Text(en="bars", zh="K线")


def span_words(found: FactorFindings) -> Text:
    """The first span, in words."""
    span, unit = found.scores.spans[0], rows_unit(found)
    return Text(en=f"{span} {unit.en.removesuffix('s') if span == 1 else unit.en}", zh=f" {span} 个{unit.zh}")


def factors_table(found: FactorFindings, sure: dict[str, Certainty], bar: Hurdles, order: Sequence[int]) -> Table:
    """Every factor, style by style: coverage, IC and rank IC with intervals, tests, hurdles passed, spread, stability."""
    scores = found.scores
    used = np.maximum(scores.names[found.judged].sum(), 1)
    coverage = scores.present[found.judged].sum(axis=0) / used
    stability = mean_of_dates(scores.stability)
    rows = []
    for place in order:
        rank = sure["rank_ic"].whole[place]
        passes = "Bonferroni" if rank.p_value < bar.bonferroni else "BH" if rank.p_value <= bar.discovery else ""
        rows.append(
            {
                "factor": scores.fields[place],
                "style": _style(found, place),
                "coverage": _known(coverage[place]),
                "ic": _cell(sure["ic"].whole[place]),
                "rank_ic": _cell(rank),
                "t": _known(rank.statistic),
                "p": _known(rank.p_value),
                "t_apart": _known(sure["rank_ic"].apart[place].statistic),
                "periods": rank.independent,
                "passes": passes,
                "spread": _cell(sure["spread"].whole[place]),
                "stability": _known(stability[place]),
            }
        )
    return Table(
        key="factors",
        title=Text(en="All factors", zh="全部因子"),
        columns=(
            Column(key="factor", title=Text(en="factor", zh="因子")),
            Column(key="style", title=Text(en="style", zh="风格")),
            Column(key="coverage", title=Text(en="coverage", zh="覆盖率"), style="percent"),
            Column(key="ic", title=Text(en="IC", zh="IC"), style="number"),
            Column(key="rank_ic", title=Text(en="rank IC", zh="秩 IC"), style="number"),
            Column(key="t", title=Text(en="t, fixed-b", zh="t（fixed-b）"), style="number"),
            Column(key="p", title=Text(en="p", zh="p"), style="number"),
            Column(key="t_apart", title=Text(en="t, no overlap", zh="t（不重叠）"), style="number"),
            Column(key="periods", title=Text(en="independent periods", zh="独立期数"), style="integer"),
            Column(key="passes", title=Text(en="passes", zh="通过")),
            Column(key="spread", title=Text(en="spread", zh="多空收益差"), style="percent"),
            Column(key="stability", title=Text(en="stability", zh="秩自相关"), style="number"),
        ),
        rows=tuple(rows),
        note=Text(
            en=f"t and p are of the mean rank IC over {span_words(found).en}; a fixed-b t needs more than 2 to count. "
            f"Hurdles for {bar.tried} factors: Bonferroni p < {bar.bonferroni:.2g}, Benjamini and Hochberg (BH) p ≤ {bar.discovery:.2g}.",
            zh=f"t 与 p 针对秩 IC 均值，期限 {span_words(found).zh}；fixed-b 的 t 需大于 2 才显著。"
            f"{bar.tried} 个因子的门槛：Bonferroni p < {bar.bonferroni:.2g}，Benjamini-Hochberg（BH）p ≤ {bar.discovery:.2g}。",
        ),
    )  # fmt: skip


def horizons_table(found: FactorFindings, order: Sequence[int]) -> Table:
    """Mean rank IC of every factor over every horizon."""
    scores, unit = found.scores, rows_unit(found)
    means = np.array([mean_of_dates(one) for one in scores.rank_ic])
    rows = tuple(
        {"factor": scores.fields[place]} | {str(span): _known(means[at, place]) for at, span in enumerate(scores.spans)}
        for place in order
    )
    columns = [Column(key=str(span), title=Text.same(str(span)), style="number") for span in scores.spans]
    return Table(
        key="decay-table",
        title=Text(en=f"Mean rank IC by horizon in {unit.en}", zh=f"各期限（{unit.zh}）的秩 IC 均值"),
        columns=(Column(key="factor", title=Text(en="factor", zh="因子")), *columns),
        rows=rows,
    )


def steps_table(found: FactorFindings, rank: Certainty, order: Sequence[int]) -> Table:
    """Rank IC of every factor without the steps, and with them."""
    assert found.before is not None
    sure = certainty(found.before.rank_ic[0], span=found.scores.spans[0], level=found.request.level)
    rows = tuple(
        {
            "factor": found.scores.fields[place],
            "before": _cell(sure.whole[place]),
            "after": _cell(rank.whole[place]),
            "t_before": _known(sure.whole[place].statistic),
            "t_after": _known(rank.whole[place].statistic),
        }
        for place in order
    )
    return Table(
        key="steps",
        title=Text(en="Rank IC before and after the steps", zh="处理前后的秩 IC"),
        columns=(
            Column(key="factor", title=Text(en="factor", zh="因子")),
            Column(key="before", title=Text(en="before", zh="处理前"), style="number"),
            Column(key="after", title=Text(en="after", zh="处理后"), style="number"),
            Column(key="t_before", title=Text(en="t before", zh="处理前 t"), style="number"),
            Column(key="t_after", title=Text(en="t after", zh="处理后 t"), style="number"),
        ),
        rows=rows,
        note=Text(
            en="A rank IC that is gone once industry and size are taken out was one of industry and size.",
            zh="剔除行业与规模后消失的秩 IC，本来就是行业与规模的。",
        ),
    )


def counts_table(found: FactorFindings) -> Table:
    """How many numbers each step changed, dropped and filled."""
    rows = tuple(
        {
            "step": count.step,
            "changed": int(count.changed.sum()),
            "dropped": int(count.dropped.sum()),
            "filled": int(count.filled.sum()),
        }
        for count in found.counts
    )
    titles = {"changed": ("changed", "改变"), "dropped": ("dropped", "剔除"), "filled": ("filled", "填补")}
    columns = [Column(key=key, title=Text(en=en, zh=zh), style="integer") for key, (en, zh) in titles.items()]
    return Table(
        key="counts",
        title=Text(en="Numbers that each step touched", zh="各步骤改动的数值个数"),
        columns=(Column(key="step", title=Text(en="step", zh="步骤")), *columns),
        rows=rows,
    )


def mean_of_dates(series: Floats) -> Floats:
    """Mean over dates ``[D, F]`` of what is there; NaN where nothing is."""
    there = ~np.isnan(series)
    count = there.sum(axis=0)
    return np.where(count > 0, np.where(there, series, 0.0).sum(axis=0) / np.maximum(count, 1), np.nan)


def _cell(tested: Tested) -> dict[str, float | None]:
    return {"value": _known(tested.estimate), "low": _known(tested.low), "high": _known(tested.high)}


def _known(value: object) -> float | None:
    number = float(np.asarray(value))
    return number if np.isfinite(number) else None


def _style(found: FactorFindings, place: int) -> dict[str, str] | None:
    style = found.styles.get(found.scores.fields[place])
    return None if style is None else STYLE_WORDS.get(style, Text.same(style)).model_dump()
