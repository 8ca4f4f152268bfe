"""The rooms of a study as a graph: what goes in, what each does to it, and what comes out (A3)."""

from tidegate.component import Component
from tidegate.models.base import Network
from tidegate.report.figures.network import network
from tidegate.strategy.selection import Selection
from tidegate.study.declare import Study
from tidegate.study.findings import Finding, Findings
from tidegate.study.reproduction import Shown
from tidegate.study.words import member_title, titled
from tidegate.types.report import Figure, Text

__all__ = ["pipeline_figures"]


def pipeline_figures(shown: Shown, findings: Findings) -> tuple[Figure, ...]:
    """One graph for each study: data, factors, steps, windows, label, model and rivals, strategy, markets, report."""
    return tuple(_graph(shown, findings[name], alone=len(shown.studies) == 1) for name in shown.studies)


def _graph(shown: Shown, found: Finding, *, alone: bool) -> Figure:
    study, windows = found.study, found.windows
    nodes: list[dict[str, object]] = []
    links: list[list[str]] = []

    def add(key: str, label: Text, shape: object, *after: str) -> str:
        nodes.append({"id": key, "label": label, "shape": shape})
        links.extend([one, key] for one in after)
        return key

    bars = add(
        "bars",
        Text(en=f"bars: {study.source.name}", zh=f"行情：{study.source.name}"),
        [len(found.bars.times), len(found.bars.assets)],
    )
    last = add("factors", _named(Text(en="factors", zh="因子"), study.factors), [len(windows.panel.fields)], bars)
    for place, step in enumerate(study.steps):
        last = add(f"step-{place}", _named(Text(en="by date", zh="逐日处理"), step), None, last)
    label = add("label", _named(Text(en="label", zh="标签"), study.label), None, bars)
    cut = add(
        "windows",
        Text(en="windows: samples, days, factors", zh="窗口：样本、日数、因子"),
        [len(windows), study.lookback, len(windows.inputs)],
        last,
        label,
    )
    split = add("split", _named(Text(en="split", zh="划分"), study.split), [len(found.folds)], cut)
    scaled = add("normaliser", _named(Text(en="inputs", zh="输入"), study.normaliser), None, split)
    aimed = add("target", _named(Text(en="target", zh="目标"), study.target_scaling), None, split)
    model = add("model", _named(Text(en="model", zh="模型"), study.model), _seeds(study), scaled, aimed)
    spoken = [model, *(add(f"rival-{one.name}", member_title(one.name), None, split) for one in study.rivals)]
    after = add("forecasts", Text(en="forecasts", zh="预测"), None, *spoken)
    if study.strategy is not None:
        before = [after]
        if isinstance(study.strategy, Selection) and study.filters:
            rules = ", ".join(rule.name for rule in study.filters)
            before.append(add("universe", Text(en=f"universe: {rules}", zh=f"股票池：{rules}"), None, bars))
        held = add("strategy", _named(Text(en="strategy", zh="策略"), study.strategy), None, *before)
        markets = [
            add(f"market-{one.name}", _named(Text(en="market", zh="市场"), one), None, held, bars)
            for one in study.markets
        ]
        after = add("books", Text(en="books, placebos", zh="账本与对照"), None, *markets)
    add("report", Text(en="measures, report", zh="指标与报告"), None, after)
    key = shown.key.lower() if alone else f"{shown.key.lower()}-{study.name}"
    return network(key, titled(shown.key, Text(en="The pipeline", zh="流程"), study.title), nodes, links)


def _named(what: Text, part: Component) -> Text:
    return Text(en=f"{what.en}: {part.name}", zh=f"{what.zh}：{part.name}")


def _seeds(study: Study) -> list[str] | None:
    return [f"{len(study.seeds)} seeds"] if isinstance(study.model, Network) and len(study.seeds) > 1 else None
