"""The headline's word on whoever earned more: rivals and yardsticks, not only the one that it is held against."""

import numpy as np

from tidegate.study.findings import Finding
from tidegate.study.words import member_title
from tidegate.types.report import Text

__all__ = ["outdone"]


def outdone(lead: Finding, market: str) -> Text:
    """How many rivals and yardsticks of one market earned more than the median seed, and the best of them.

    Total returns over the books' bars; the benchmark, which the headline names anyway, seeds and their ensemble are not
    counted. Missing: a member without a total return is not counted; without any, nothing is said. Known at: after the
    last close of the books.
    """
    held = lead.books[market]
    own = {"ensemble", held.benchmark, *lead.traders(market)}
    made = {}
    for one in lead.measures:
        member = one.subject["member"]
        if one.name == "total_return" and one.subject.get("market") == market and member not in own:
            made[member] = float("nan") if one.value is None else float(one.value)
    made = {member: value for member, value in made.items() if np.isfinite(value)}
    middle = lead.median("total_return", market)
    if not made or not np.isfinite(middle):
        return Text.same("")
    above = {m: value for m, value in made.items() if value > middle}
    if not above:
        return Text(
            en="The one other rival or yardstick did not earn more."
            if len(made) == 1
            else f"None of {len(made)} other rivals and yardsticks earned more.",
            zh=f"其余 {len(made)} 个对手与参照均未更高。",
        )
    best = max(above, key=lambda member: above[member])
    title, value, alone = member_title(best), f"{above[best]:.1%}", len(above) == 1
    return Text(
        en=f"The one other, {title.en}, earned more ({value})."
        if len(made) == 1
        else f"Of {len(made)} other rivals and yardsticks {len(above)} earned more"
        f"{': ' if alone else ', most of all '}{title.en} ({value}).",
        zh=f"其余 {len(made)} 个对手与参照中有 {len(above)} 个更高"
        f"{'：' if alone else '，最高者为'}{title.zh}（{value}）。",
    )
