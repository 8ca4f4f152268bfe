"""Findings → Report: the answer first, then what it stands on, then what deflates it."""

import numpy as np

from tidegate.component import document
from tidegate.models.base import Network
from tidegate.study.changing import CHANGED
from tidegate.study.classified_figures import CLASS_KINDS, class_sections, class_shown
from tidegate.study.classified_tables import class_answer, class_tables
from tidegate.study.classified_words import CLASS_WORDS
from tidegate.study.comparing import found_table, grounds, network_table, reachable
from tidegate.study.contrasts import contrast_tables
from tidegate.study.drawing import clock_figure, draw, split_figure
from tidegate.study.findings import Finding, Findings
from tidegate.study.info_sheet import info_sheet
from tidegate.study.learned import LEARNING_KINDS, learning_shown, learning_words
from tidegate.study.level_figures import LEVEL_KINDS, level_sections
from tidegate.study.level_tables import level_tables
from tidegate.study.luck import among_placebos
from tidegate.study.notes import data_title, note_text, provenance_text
from tidegate.study.outdone import outdone
from tidegate.study.report_stamps import report_stamps
from tidegate.study.reproduction import Reproduction, Shown
from tidegate.study.selected import SELECTED_KINDS, selected_sections, selected_shown
from tidegate.study.selected_tables import selected_tables
from tidegate.study.selection_tables import parameters_table, performance_tables, ranking_table
from tidegate.study.sharpes import overfit_figures, sharpe_tables
from tidegate.study.tables import data_table, doubt_table, falls_table, forecast_tables, result_tables
from tidegate.study.trials import deflated_measures
from tidegate.study.words import GLOSSARY, member_title, stamp_text
from tidegate.types.axes import FloatArray
from tidegate.types.report import Figure, Measure, Report, Section, Text

__all__ = ["tell_story"]


def tell_story(reproduction: Reproduction, findings: Findings) -> Report:
    """Build the report of a run; a function of the findings alone, so equal findings give equal reports."""
    lead = findings[findings.lead]
    results = result_tables(reproduction, findings)
    forecasts, data, falls = (
        forecast_tables(reproduction, findings),
        data_table(reproduction, findings),
        falls_table(reproduction, findings),
    )
    levels = level_tables(reproduction, findings)
    if levels:  # errors of prices stand there, in the contracts' own currency, and quantiles in a table of theirs
        by_level = ("forecasts-future-level", "forecasts-forward-return")
        forecasts = tuple(table for table in forecasts if not table.key.startswith(by_level))
    found, networks = found_table(reproduction, findings), network_table(reproduction, findings)
    contrasts = contrast_tables(reproduction, findings)
    performance = performance_tables(reproduction, findings) if lead.books else ()
    ranking, parameters = ranking_table(findings), parameters_table(reproduction)
    tables = [
        *results, *performance, *contrasts, *(one for one in (ranking, parameters) if one is not None),
        *([found] if found else []), doubt_table(findings), *forecasts, *([falls] if falls else []), data,
        *([networks] if networks.rows else []), *selected_tables(findings),
        *class_tables(reproduction, findings), *levels,
    ]  # fmt: skip
    worth, overfit = sharpe_tables(findings), overfit_figures(findings)
    tables += (*worth, info_sheet(findings))
    drawn: dict[str, tuple[Figure, ...]] = {}
    shown_here = (*reproduction.shown, *_placebo(lead), *learning_shown(reproduction, findings))
    shown_here = (*shown_here, *selected_shown(reproduction, findings), *class_shown(reproduction, findings))
    for shown in shown_here:
        drawn[f"{shown.key}-{shown.figure}"] = draw(shown, findings)
    figures = [
        clock_figure(findings),
        split_figure(findings),
        *(figure for held in drawn.values() for figure in held),
        *overfit,
    ]
    claims = () if reproduction.claims is None else reproduction.claims(findings)
    keys = {
        kind: [f.key for name, held in drawn.items() if name.endswith(f"-{kind}") for f in held]
        for kind in (
            "equity",
            "seeds",
            "placebo",
            "spells",
            "scores",
            "losses",
            "paths",
            "network",
            "pipeline",
            "found",
            "effort",
            *LEARNING_KINDS,
            *SELECTED_KINDS,
            *CLASS_KINDS,
            *LEVEL_KINDS,
        )
    }
    sections = [
        *(
            [
                Section(
                    key="results",
                    title=Text(en="Does it earn money?", zh="赚钱吗？"),
                    words=(_benchmark_words(lead),),
                    folded=_unconfirmed(lead),
                    fold=_folded_title(len(_unconfirmed(lead))),
                    shows=(*(t.key for t in (*results, *performance, *contrasts)), *keys["seeds"], *keys["placebo"]),
                )
            ]
            if lead.books
            else []
        ),
        *level_sections(keys, tables),
        Section(
            key="found",
            title=Text(en="Who finds it, and at what cost?", zh="谁能发现，代价多大？"),
            shows=(*keys["found"], *(["found"] if found else []), *keys["effort"], *keys["compute"]),
        ),
        Section(
            key="doubt",
            title=Text(en="How sure is that?", zh="有多大把握？"),
            shows=("doubt", *(t.key for t in worth), *(f.key for f in overfit), *(table.key for table in forecasts)),
        ),
        Section(
            key="curves",
            title=Text(en="Equity, drawdown, positions", zh="净值、回撤与持仓"),
            shows=tuple(keys["equity"]),
        ),
        *selected_sections(keys, tables),
        *class_sections(keys, tables),
        Section(
            key="behaviour",
            title=Text(en="What the networks say", zh="网络说了什么"),
            shows=(*(["falls"] if falls else []), *keys["spells"], *keys["scores"], *keys["paths"]),
        ),
        Section(
            key="learning",
            title=Text(en="How they learned", zh="如何学习"),
            words=learning_words(keys),
            shows=(
                *keys["network"],
                *(["networks"] if networks.rows else []),
                *keys["losses"],
                *keys["metrics"],
                *keys["learning"],
                *keys["weights"],
                *keys["gates"],
                *keys["gradients"],
                *keys["contributions"],
                *keys["ponder"],
            ),
        ),
        Section(
            key="clock",
            title=Text(en="What was known when", zh="何时已知"),
            words=(_clock_words(lead),),
            shows=(
                *keys["pipeline"],
                "clock",
                "split",
                "windows",
                "info-sheet",
                *(["parameters"] if parameters else []),
            ),
        ),
        Section(
            key="measures",
            title=Text(en="Every measure", zh="全部指标"),
            words=(_measure_words(),),
            shows=("measures",),
        ),
        Section(key="provenance", title=Text(en="Provenance", zh="来源与环境"), shows=("provenance",)),
    ]
    if claims:
        sections.insert(
            1,
            Section(
                key="claims",
                title=Text(en="What was published, and what came out here", zh="原文结论与本次结果"),
                shows=("claims",),
            ),
        )
    titles = {study.name: study.title for study in reproduction.studies}
    told = _told(findings)
    notes = {measure.note: note_text(measure.note) for measure in told if measure.note}
    sources = {name: provenance_text(of) for name, of in findings.provenance.get("data", {}).items()}
    return Report(
        name=reproduction.name,
        title=_title(reproduction, findings),
        lead=_answer(lead) if lead.books else class_answer(lead) or _found_answer(reproduction, findings),
        stamps=report_stamps(reproduction, findings),
        measures=tuple(told),
        tables=tuple(tables),
        figures=tuple(figures),
        claims=claims,
        sections=tuple(section for section in sections if section.shows or section.words),
        glossary={**GLOSSARY, **CLASS_WORDS, **notes, **titles},
        provenance={**findings.provenance, "data": sources, "declaration": document(lead.study)},
    )


def _title(reproduction: Reproduction, findings: Findings) -> Text:
    """The reproduction's title, whether its settings were changed, and the data's where all studies share it."""
    where = list(dict.fromkeys(findings[study.name].bars.spec.title for study in reproduction.studies))
    title = reproduction.title
    if any(stamp.en.startswith(CHANGED.en) for stamp in reproduction.stamps):
        title = Text(en=f"{title.en}, with changed settings", zh=f"{title.zh}（设置有更改）")
    if len(where) > 1:
        return title
    data = data_title(where[0])
    return Text(en=f"{title.en}: {data.en}", zh=f"{title.zh}：{data.zh}")


def _placebo(lead: Finding) -> tuple[Shown, ...]:
    return (Shown("G1", "placebo", (lead.study.name,)),) if any(held.gates for held in lead.books.values()) else ()


def _answer(lead: Finding) -> Text:
    """The headline: after costs, beside buy and hold and beside luck, by the median seed."""
    market = list(lead.books)[-1]
    made, hold = (
        lead.over_seeds("total_return", market),
        lead.value("total_return", lead.books[market].benchmark, market),
    )
    middle, low, high = float(np.median(made)), *(float(q) for q in np.quantile(made, [0.25, 0.75]))
    ratios = lead.over_seeds("sharpe", market)
    ratios = ratios[np.isfinite(ratios)]  # a seed that never trades has none
    sharpe = f"{np.median(ratios):.2f}" if ratios.size else "–"
    times = next(iter(lead.books.values())).times
    first, last = (str(t.astype("datetime64[D]")) for t in (times[0], times[-1]))
    words, yard = GLOSSARY.get(market, Text.same(market)), GLOSSARY[lead.books[market].benchmark]
    beats, who = middle > hold, _who(lead)
    spoken, also = _earned(made, middle, low, high), Text.same("")
    if "ensemble" in lead.books[market].members:
        together = f"{lead.value('total_return', 'ensemble', market):.1%}"
        also = Text(en=f"; the seeds' ensemble {together}", zh=f"；种子集成 {together}")
    en = (
        f"{first} to {last}, {words.en}: {spoken.en}, Sharpe ratio {sharpe}{also.en}); "
        f"{yard.en} earned {hold:.1%}: {who.en} {'earned more' if beats else 'did not earn more'}."
    )
    zh = (
        f"{first} 至 {last}，{words.zh}：{spoken.zh}，夏普 {sharpe}{also.zh}）；"
        f"{yard.zh} {hold:.1%}：{who.zh}{'更高' if beats else '并未更高'}。"
    )
    others, luck = outdone(lead, market), among_placebos(lead, market)
    return Text(en=" ".join(told for told in (en, others.en, luck.en) if told), zh=f"{zh}{others.zh}{luck.zh}")


def _who(lead: Finding) -> Text:
    if isinstance(lead.study.model, Network):
        return Text(en="the network", zh="网络")
    return Text(en="the model", zh="模型")


def _earned(made: FloatArray, middle: float, low: float, high: float) -> Text:
    if made.size == 1:
        return Text(
            en=f"the only fit earned {middle:.1%} (net of all costs", zh=f"总收益 {middle:.1%}（单次拟合，已扣全部成本"
        )
    return Text(
        en=f"the median seed earned {middle:.1%} (quartiles {low:.1%} to {high:.1%}",
        zh=f"种子中位数总收益 {middle:.1%}（四分位 {low:.1%} 至 {high:.1%}",
    )


def _found_answer(reproduction: Reproduction, findings: Findings) -> Text:
    """The headline of forecasts alone: on each ground the best network by its median seed, what is there, the best rival."""
    told = []
    for group in grounds([study.name for study in reproduction.studies], findings):
        first = findings[group.studies[0]]
        medians = {name: findings[name].median("ic") for name in group.studies}
        best = max(medians, key=lambda name: (np.nan_to_num(medians[name], nan=-np.inf), name))
        rivals = {m: first.value("ic", m) for m in first.forecasts if not m.startswith("seed-") and m != "ensemble"}
        rivals = {member: value for member, value in rivals.items() if np.isfinite(value)}
        low, high = (float(q) for q in np.nanquantile(findings[best].over_seeds("ic"), [0.25, 0.75]))
        many, title = len(group.studies), findings[best].study.title
        choice = Text(
            en=f"{title.en}, the best of {many}" if many > 1 else title.en,
            zh=f"{title.zh}，{many} 者中最好" if many > 1 else title.zh,
        )
        en = f"{group.title.en}: IC {medians[best]:.3f} ({choice.en}, median seed, quartiles {low:.3f} to {high:.3f})"
        zh = f"{group.title.zh}：IC {medians[best]:.3f}（{choice.zh}；种子中位数，四分位 {low:.3f} 至 {high:.3f}）"
        if np.isfinite(reachable(first.study)):
            en += f" of {reachable(first.study):.3f} that is there"
            zh += f"，可达上限 {reachable(first.study):.3f}"
        if rivals:
            rival = max(rivals, key=lambda member: rivals[member])
            en += f"; {member_title(rival).en} {rivals[rival]:.3f}"
            zh += f"；{member_title(rival).zh} {rivals[rival]:.3f}"
        told.append(Text(en=f"{en}.", zh=f"{zh}。"))
    return Text(en=" ".join(one.en for one in told), zh="".join(one.zh for one in told))


def _benchmark_words(lead: Finding) -> Text:
    stamps = [stamp for stamp in _market_stamps(lead) if stamp not in _unconfirmed(lead)]
    costs = Text(en=" ".join(stamp.en for stamp in stamps), zh=_joined(stamps))
    silent = _silent_bars(lead)
    gaps = Text.same("")
    if lead.study.cadence == "months":
        gaps = Text(
            en="Forecasts are made at the last close of a month; until the next one, what is held stays. ",
            zh="预测仅在每月最后一个收盘后作出，其间持仓不变。",
        )
    elif silent:
        gaps = Text(
            en=f"On {silent} of the judged bars no window is complete, so nobody forecasts: whoever follows forecasts leaves the market there, and so do the random gates; buy and hold stays. ",
            zh=f"评判区间内有 {silent} 根K线没有完整窗口，因而没有预测：依预测交易者（以及随机择时）届时离场，买入持有则不变。",
        )
    return Text(
        en=f"Every decision is taken after a close and filled at the next open. {gaps.en}{costs.en}",
        zh=f"所有决策在收盘后作出，于下一根K线开盘成交。{gaps.zh}{costs.zh}",
    )


def _market_stamps(lead: Finding) -> list[Text]:
    return list(dict.fromkeys(stamp_text(stamp) for held in lead.books.values() for stamp in held.stamps))


def _unconfirmed(lead: Finding) -> tuple[Text, ...]:
    """Stamps of rules that no primary source confirms, where there are several: they are told behind one line."""
    found = tuple(stamp for stamp in _market_stamps(lead) if stamp.en.startswith(_UNCONFIRMED))
    return found if len(found) > 1 else ()


def _folded_title(count: int) -> Text | None:
    if not count:
        return None
    return Text(en=f"{count} of the market's rules are unconfirmed", zh=f"市场规则中有 {count} 条未经证实")


_UNCONFIRMED = "Unconfirmed rule: "


def _joined(stamps: list[Text]) -> str:
    """Chinese sentences one after the other; one that stands in English gets a space after it."""
    return "".join(stamp.zh if stamp.zh.endswith("。") else f"{stamp.zh} " for stamp in stamps)


def _silent_bars(lead: Finding) -> int:
    """Judged bars, from the first forecast to the last, on which no forecast was made."""
    times = lead.forecasts[lead.seeds[0]].frame["time"].unique().sort().to_numpy()
    judged = (lead.bars.times >= times[0]) & (lead.bars.times <= times[-1])
    return int(judged.sum()) - len(times)


def _clock_words(lead: Finding) -> Text:
    horizon = lead.study.label.horizon
    purged = sum(fold.purged(lead.windows) for fold in lead.folds)
    return Text(
        en=f"The label of bar t is known at {horizon.exit_at(0)} counted from t, so the last {horizon.purge} anchors before each cut are purged from training ({purged} in all).",
        zh=f"第 t 根K线的标签在其后 {horizon.purge} 根K线的{'开盘' if horizon.exit == 'open' else '收盘'}才已知，因此每个切分点之前最后 {horizon.purge} 个样本被清除（共 {purged} 个）。",
    )


def _measure_words() -> Text:
    return Text(
        en="The leading study's ensemble and rivals, each measure with its interval where one is defined. Every seed of every study is in records/STUDY/measures of the run folder.",
        zh="主研究的集成与对手的全部指标（有定义者附区间）；各研究每个种子的指标见运行目录 records/研究名/measures。",
    )


def _told(findings: Findings) -> list[Measure]:
    """The measures that the page lists: the leading study's, without its single seeds; the records keep all."""
    lead = findings[findings.lead]
    single = len(lead.seeds) == 1
    told = [m for m in lead.measures if single or not m.subject["member"].startswith("seed-")]
    return [*told, *deflated_measures(findings)]
