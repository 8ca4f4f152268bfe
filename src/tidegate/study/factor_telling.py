"""What a factor report says: a lead, stamps, one table of all factors, and the figures.

Tables hold every factor. Figures hold the `SHOWN` with the smallest p-values and say so: a picture of 158 rows is none.
"""

from collections.abc import Sequence

import numpy as np

from tidegate.component import document
from tidegate.evaluate.doubt.overlap import Tested
from tidegate.evaluate.factor_certainty import Certainty, Hurdles, certainty, hurdles
from tidegate.report.figures.factor_heat import factor_coverage, factor_groups, factor_likeness
from tidegate.report.figures.factor_scores import factor_decay, factor_hurdles, factor_intervals, factor_stability
from tidegate.report.figures.plain import Floats, sentences
from tidegate.study.factor_report import FactorFindings
from tidegate.study.factor_tables import (
    counts_table,
    factors_table,
    horizons_table,
    mean_of_dates,
    rows_unit,
    span_words,
    steps_table,
)
from tidegate.study.folder import environment
from tidegate.study.words import stamp_text
from tidegate.types.axes import FloatArray
from tidegate.types.report import Figure, Report, Section, Text

__all__ = ["SHOWN", "tell_factors"]

SHOWN = 48
"""Factors in a figure."""
_LINES = 10


def tell_factors(found: FactorFindings) -> Report:
    """Write the report of what was found."""
    scores, request = found.scores, found.request
    span = scores.spans[0]
    sure = {
        "ic": certainty(scores.ic[0], span=span, level=request.level),
        "rank_ic": certainty(scores.rank_ic[0], span=span, level=request.level),
        "spread": certainty(scores.spread, span=span, level=request.level),
    }
    bar = hurdles(sure["rank_ic"].p_value, level=1 - request.level)
    order = _by_style(found)
    shown = _smallest(sure["rank_ic"].p_value, order, SHOWN)
    figures = _figures(found, sure, bar, shown)
    tables = [factors_table(found, sure, bar, order), horizons_table(found, order)]
    if found.before is not None:
        tables.append(steps_table(found, sure["rank_ic"], order))
        tables.append(counts_table(found))
    return Report(
        name=request.name,
        title=Text(en=f"Factor report: {request.title.en}", zh=f"因子报告：{request.title.zh}"),
        lead=_lead(found, sure["rank_ic"], bar),
        stamps=_stamps(found),
        tables=tuple(tables),
        figures=tuple(figures),
        sections=(
            Section(
                key="factors", title=Text(en="What each factor said", zh="各因子的预测能力"),
                words=(_METHOD, _over(found)), shows=("factors", "intervals", "hurdles"),
            ),
            Section(
                key="horizons", title=Text(en="Horizons, groups, turnover", zh="期限、分组与换手"),
                shows=("decay", "decay-table", "spreads", "groups", "stability"),
            ),
            Section(
                key="data", title=Text(en="Coverage and likeness", zh="覆盖率与相似度"), shows=("coverage", "likeness"),
            ),
            *(
                [Section(key="steps", title=Text(en="What the steps did", zh="预处理的影响"), shows=("steps", "counts"))]
                if found.before is not None else []
            ),
            Section(key="provenance", title=Text(en="Provenance", zh="来源与环境"), shows=("provenance",)),
        ),
        provenance={
            "data": {
                "title": found.bars.spec.title, "bars": found.bars.frame.height, "assets": len(found.bars.assets),
                "first": str(found.bars.times[0]), "last": str(found.bars.times[-1]), "sha256": found.bars.digest,
            },
            "declaration": {
                "factors": document(request.factors), "steps": document(list(request.steps)),
                "cadence": request.cadence, "spans": list(request.spans), "groups": request.groups,
                "least": request.least, "level": request.level,
                "split": None if request.split is None else document(request.split), "until": str(request.until),
                "fingerprint": request.fingerprint,
            },
            "environment": environment(),
        },
    )  # fmt: skip


_METHOD = Text(
    en=(
        "IC is the correlation, across the assets of a date, of a factor with the return from the fill: in at the open "
        "after the close at which the factor is known, out at the open after the horizon's end. Who could not be bought "
        "at that open (suspended, or at the upper limit) is left out; who stopped trading later is held at the last "
        "close. Intervals and p-values allow for overlapping horizons (long-run variance, fixed-b critical values); "
        "beside them stands the test on dates that share no return, and the number of such independent periods."
    ),
    zh=(
        "IC 是同一日期截面上因子与成交后收益的相关：因子在收盘时可知，次一交易日开盘买入，期末之后的开盘卖出。开盘无法"
        "买入者（停牌或涨停）不计；此后停止交易者按最后收盘价计。区间与 p 值已考虑期限重叠（长期方差与 fixed-b 临界值），"
        "旁列互不重叠日期的检验及独立期数。"
    ),
)


def _over(found: FactorFindings) -> Text:
    over = span_words(found)
    return Text(en=f"Unless said otherwise the horizon is {over.en}.", zh=f"除另有说明外，期限为{over.zh}。")


def _lead(found: FactorFindings, rank: Certainty, bar: Hurdles) -> Text:
    scores = found.scores
    used = np.isfinite(scores.rank_ic[0]).any(axis=1)
    days = scores.times[used].astype("datetime64[D]")
    plain = int((rank.p_value < bar.level).sum())
    strict = int((rank.p_value < bar.bonferroni).sum())
    names = int(np.median(scores.pairs[0][used].max(axis=1)))
    most = max(one.independent for one in rank.whole)
    return Text(
        en=(
            f"{len(scores.fields)} factors on {len(days)} dates from {days[0]} to {days[-1]}, {names} tradable names on a "
            f"median date, at most {most} independent periods. {plain} have a rank IC with p < {bar.level:.2g} (chance alone "
            f"would give about {bar.level * bar.tried:.1f}), {bar.found} pass Benjamini and Hochberg, {strict} pass "
            "Bonferroni. All returns are before costs."
        ),
        zh=(
            f"{len(scores.fields)} 个因子，{days[0]} 至 {days[-1]} 共 {len(days)} 个日期，每期可交易股票中位数 {names} 只，"
            f"独立期数至多 {most}。秩 IC 的 p < {bar.level:.2g} 者 {plain} 个（纯属偶然约 {bar.level * bar.tried:.1f} 个），"
            f"通过 Benjamini-Hochberg 者 {bar.found} 个，通过 Bonferroni 者 {strict} 个。收益均未扣成本。"
        ),
    )  # fmt: skip


def _stamps(found: FactorFindings) -> tuple[Text, ...]:
    request = found.request
    days = found.scores.times[found.judged].astype("datetime64[D]")
    if request.split is not None:
        scope = Text(
            en=f"Judged on the first training range alone, {days[0]} to {days[-1]}.",
            zh=f"仅在首个训练区间（{days[0]} 至 {days[-1]}）上评判。",
        )
    else:
        scope = Text(
            en=f"All dates from {days[0]} to {days[-1]} were judged: factors chosen by this report have seen any test that lies among them.",
            zh=f"评判用到 {days[0]} 至 {days[-1]} 的全部日期：据此挑选的因子已经看过其中的任何测试期。",
        )  # fmt: skip
    return (scope, *(stamp_text(stamp) for stamp in found.stamps))


def _by_style(found: FactorFindings) -> list[int]:
    """Places of the factors, style by style in the order of their first member; those without a style last."""
    fields = found.scores.fields
    styles = list(dict.fromkeys(found.styles.get(name, "") for name in fields))
    rank = {style: place + (len(styles) if not style else 0) for place, style in enumerate(styles)}
    return sorted(range(len(fields)), key=lambda place: (rank[found.styles.get(fields[place], "")], place))


def _smallest(p_values: FloatArray, order: Sequence[int], most: int) -> list[int]:
    """The `most` places with the smallest p-values, in the order given."""
    best = sorted(order, key=lambda place: (np.isnan(p_values[place]), p_values[place]))[:most]
    return [place for place in order if place in set(best)]


def _figures(found: FactorFindings, sure: dict[str, Certainty], bar: Hurdles, shown: list[int]) -> list[Figure]:
    scores, unit = found.scores, rows_unit(found)
    fields = [scores.fields[place] for place in shown]
    part = None
    if len(shown) < len(scores.fields):
        part = Text(
            en=f"The {len(shown)} of {len(scores.fields)} factors with the smallest p-values are drawn.",
            zh=f"只画出 p 值最小的 {len(shown)} 个（共 {len(scores.fields)} 个）因子。",
        )
    rank, spread = sure["rank_ic"], sure["spread"]
    few = _smallest(rank.p_value, shown, _LINES)
    lines = part if len(few) == len(scores.fields) else Text(
        en=f"The {len(few)} of {len(scores.fields)} factors with the smallest p-values are drawn; the table has all.",
        zh=f"只画出 p 值最小的 {len(few)} 个（共 {len(scores.fields)} 个）因子；表中列出全部。",
    )  # fmt: skip
    years = scores.times.astype("datetime64[Y]").astype(str)
    over = span_words(found)
    level = found.request.level
    told = Text(
        en=f"Bars are {level:.0%} intervals of the mean over dates, one factor at a time.",
        zh=f"线段为日期均值的 {level:.0%} 区间（逐个因子）。",
    )
    before = None if found.before is None else mean_of_dates(found.before.rank_ic[0])[shown]
    return [
        factor_intervals(
            "intervals", Text(en="Mean rank IC", zh="秩 IC 均值"), fields, *_ends(rank.whole, shown),
            caption=sentences(told, part), unit=Text(en="Rank IC", zh="秩 IC"), before=before,
        ),
        factor_hurdles(
            "hurdles", Text(en="How unlikely by chance", zh="偶然的可能性"), fields, rank.p_value[shown],
            np.array([float(rank.apart[place].p_value) for place in shown]),
            level=bar.level, bonferroni=bar.bonferroni, discovery=bar.discovery, tried=bar.tried, note=part,
        ),
        factor_decay(
            "decay", Text(en="Rank IC over horizons", zh="秩 IC 随期限的变化"), [scores.fields[place] for place in few],
            scores.spans, np.array([mean_of_dates(one)[few] for one in scores.rank_ic]), unit=unit, note=lines,
        ),
        factor_intervals(
            "spreads", Text(en="Highest group less lowest", zh="最高组减最低组"), fields, *_ends(spread.whole, shown),
            caption=sentences(
                Text(en=f"Mean return over {over.en} of the highest group less the lowest, before costs.",
                     zh=f"最高组减最低组的{over.zh}平均收益，未扣成本。"), told, part,
            ),
            unit=Text(en="Return spread", zh="收益差"), style="percent",
        ),
        factor_groups(
            "groups", Text(en="Return by group", zh="分组收益"), fields,
            np.array([mean_of_dates(scores.groups[:, place]) for place in shown]), over=over, note=part,
        ),
        factor_stability(
            "stability", Text(en="How fast ranks change", zh="排序变化的快慢"), fields, mean_of_dates(scores.stability)[shown], note=part
        ),
        factor_coverage(
            "coverage", Text(en="Coverage by year", zh="逐年覆盖率"), fields, sorted(set(years.tolist())),
            _coverage(found, years)[shown], note=part,
        ),
        factor_likeness(
            "likeness", Text(en="Which factors say the same", zh="因子相似度"), fields, scores.alike[np.ix_(shown, shown)], note=part
        ),
    ]  # fmt: skip


def _coverage(found: FactorFindings, years: np.ndarray) -> FloatArray:
    """Share of rows with each factor, by year ``[F, Y]``, over judged dates."""
    scores = found.scores
    made = []
    for year in sorted(set(years.tolist())):
        dates = (years == year) & found.judged
        rows = int(scores.names[dates].sum())
        made.append(scores.present[dates].sum(axis=0) / rows if rows else np.full(len(scores.fields), np.nan))
    return np.array(made).T


def _ends(tested: tuple[Tested, ...], shown: Sequence[int]) -> tuple[Floats, Floats, Floats]:
    held = [(float(tested[p].estimate), float(tested[p].low), float(tested[p].high)) for p in shown]
    middle, low, high = np.array(held).T
    return middle, low, high
