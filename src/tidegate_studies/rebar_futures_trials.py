"""What should work better on rebar, and whether it does: context, other cells, the sign alone, quantiles."""

from collections.abc import Mapping

import numpy as np

from tidegate.study.findings import Finding, Findings
from tidegate.study.level_tables import quantile_worth
from tidegate.study.levels import LEVEL, leading_member, priced, ratios, rival_duel
from tidegate.study.verdicts import Verdict, judged
from tidegate.types.report import Claim, Text
from tidegate_studies.rebar_futures_verdicts import beats, beyond, chosen, compared, last_losses, sureness

__all__ = ["OURS", "trial_claims"]

OURS = Text(en="not tried", zh="原文未尝试")
_MIDDLE = 0.5


def trial_claims(findings: Findings) -> tuple[Claim, ...]:
    """Context, cells, sign and quantiles, where they were run."""
    names = list(findings.found)
    rows = [name for name in names if "-rows-" in name]
    cells = [name for name in names if name.endswith(("-gru", "-min-lstm"))]
    quantiles = [findings[name] for name in names if "-q-" in name]
    contracts = [findings[name] for name in names if name.endswith("-contract")]
    return (
        *(_contract(findings, found) for found in contracts),
        *([_context(findings, rows)] if rows else []),
        *([_cells(findings, cells)] if cells else []),
        *(_sign(findings[name]) for name in names if name.endswith("-direction")),
        *([_quantiles(quantiles)] if quantiles else []),
    )


def _contract(findings: Findings, found: Finding) -> Claim:
    """Levels that were not joined: fewer of them lie beyond what was learned from."""
    key = found.study.name.split("-")[0]
    worth, joined = ratios(found), ratios(findings[f"{key}-uni"])
    held = priced(found, leading_member(found)).prices.duel(level=LEVEL)
    p = float("nan") if held is None else float(held.p_value)
    told = (
        f"{{ratio}} {np.median(worth):.3f} ({worth.min():.3f} … {worth.max():.3f}), {{joined}} {np.median(joined):.3f}; "
        f"{{outside}} {beyond(found):.0%} / {beyond(findings[f'{key}-uni']):.0%}; {{duel}} {p:.2g}"
    )
    what = found.study.title
    english = f"Levels of the contracts themselves are forecast better than by the last close: {what.en}"
    chinese = f"不拼接的合约价格可优于前收盘：{what.zh}"
    return _own(f"contract-{key}", english, chinese, told, beats(worth, p))


def _context(findings: Findings, rows: list[str]) -> Claim:
    base = findings[rows[0].split("-rows-", maxsplit=1)[0] + "-uni"]
    worth = {"1": ratios(base), **{name.rsplit("-", 1)[1]: ratios(findings[name]) for name in rows}}
    told = ", ".join(f"{count}: {np.median(held):.3f}" for count, held in worth.items())
    variants = {name.rsplit("-", 1)[1]: findings[name] for name in rows}
    verdict, more = _best(base, variants)
    return _own("context", "More bars of context help", "输入更多K线有帮助", f"{{bars}} {told}; {more}", verdict)


def _cells(findings: Findings, cells: list[str]) -> Claim:
    base = findings[cells[0].split("-", maxsplit=1)[0] + "-return"]
    variants = {name.split("-", 1)[1]: findings[name] for name in cells}
    worth = {"lstm": ratios(base), **{name: ratios(found) for name, found in variants.items()}}
    told = ", ".join(f"{name} {np.median(held):.4f}" for name, held in worth.items())
    verdict, more = _best(base, variants)
    return _own("cells", "Another cell does better than the LSTM", "其他循环单元优于 LSTM", f"{told}; {more}", verdict)


def _best(base: Finding, variants: Mapping[str, Finding]) -> tuple[Verdict, str]:
    """Judge the variant that the validation range prefers; nothing is judged where its losses were not kept."""
    name = chosen({key: last_losses(found)[1] for key, found in variants.items()})
    if name is None:
        return "not tested", "{unkept}"
    best = variants[name]
    held, after = rival_duel(base, best), ratios(best)
    beside = "{worse}" if float(np.median(after)) >= 1 else "{below}"
    return compared(ratios(base), after, held), f"{{chosen}} {name}, {{duel}} {sureness(held)}, {beside}"


def _sign(found: Finding) -> Claim:
    right, common = found.over_seeds("direction_accuracy"), found.value("majority_rate", found.seeds[0])
    p = found.value("direction_p", leading_member(found))
    verdict: Verdict = "fails" if float(np.median(right)) <= common else "unclear"
    if float(right.min()) > common and p < 1 - LEVEL:
        verdict = "holds"
    told = (
        f"{np.median(right):.1%} ({right.min():.1%} … {right.max():.1%}); {{majority}} {common:.1%}; {{sign}} {p:.2g}"
    )
    english = "Asked for the sign alone, the network knows it"
    return _own("direction", english, "只问方向，网络能答对", told, judged(verdict, right, common, p))


def _quantiles(quantiles: list[Finding]) -> Claim:
    """Judged by the tails: the middle of a return is what nobody knows."""
    told, tails = [], []
    for found in quantiles:
        whole = quantile_worth(found, leading_member(found))
        each = [quantile_worth(found, member)["ratio"] for member in found.seeds]
        told.append(f"{whole['level']:.0%}: {np.median(each):.3f} (p {whole['p']:.2g})")
        tails += [] if whole["level"] == _MIDDLE else [whole]
    english = "Quantiles of the next return are forecast better than by a constant"
    return _own("quantiles", english, "收益分位的预测优于常数", f"{{pinball}} {', '.join(told)}", _of_tails(tails))


def _of_tails(tails: list[dict[str, float]]) -> Verdict:
    """Every tail better, and surely so; nothing is judged where no tail was asked for."""
    if not tails:
        return "not tested"
    worth, chances = ([one[name] for one in tails] for name in ("ratio", "p"))
    if all(ratio >= 1 for ratio in worth):
        return judged("fails", worth)
    sure = max(worth) < 1 and max(chances) < 1 - LEVEL
    return judged("holds" if sure else "unclear", worth, chances)


def _own(key: str, english: str, chinese: str, told: str, verdict: Verdict) -> Claim:
    """A question of our own: nothing of it is published."""
    words = {
        "bars": ("error ratio by bars of context:", "按输入K线数的误差比："),
        "below": ("errs less than the last close", "小于前收盘误差"),
        "chosen": ("chosen on the validation range:", "按验证区间选出："),
        "joined": ("of joined levels", "拼接价格为"),
        "outside": (
            "judged bars beyond all that was learned from, either way",
            "超出训练价格范围的评判K线（不拼接/拼接）",
        ),
        "ratio": ("error over the last close's", "与前收盘误差之比"),
        "duel": ("Diebold–Mariano p", "DM 检验 p"),
        "sign": ("p of the sign", "方向 p 值"),
        "unkept": ("no validation losses were kept to choose by", "未保留验证损失，无法选择"),
        "worse": ("worse than the last close", "不如前收盘"),
        "majority": ("the commoner sign", "较常见方向"),
        "pinball": ("pinball loss over the constant's:", "分位损失与常数之比："),
    }
    ours = Text(
        en=told.format(**{name: pair[0] for name, pair in words.items()}),
        zh=told.format(**{name: pair[1] for name, pair in words.items()}),
    )
    return Claim(
        key=key,
        statement=Text(en=english, zh=chinese),
        published=OURS,
        ours=ours,
        difference="–",
        reason=Text(en="Medians over seeds.", zh="为种子中位数。"),
        verdict=verdict,
    )
