"""The static lint (L11): what a user's own source text, and the declaration itself, say of looking ahead.

Only components from outside the house are read, with what they reach by name in their author's modules: the house's own
are under the contracts that every member inherits. What a
component says is wrong with itself, as those do that repeat a published mistake, is told here too.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from tidegate.auditing.reached import reached
from tidegate.auditing.verdict import Change, Verdict, counted
from tidegate.component import Component, Settings
from tidegate.study.declare import Study
from tidegate.study.ground import mistakes_in
from tidegate.testing.lint import lint_text
from tidegate.types.report import Text

__all__ = ["read"]

_HOUSE = ("tidegate.", "tidegate_studies.")
_MOST = 12


def read(study: Study) -> Verdict:
    """L11: signs of looking ahead in the source of the study's own components; a warning, never a failure."""
    kinds = list(dict.fromkeys(type(one) for one in _components(study)))
    own = [kind for kind in kinds if not kind.__module__.startswith(_HOUSE)]
    mistakes = mistakes_in(study)
    changes = [
        Change(room="declaration", where="a component's own words", expected="", found=told, moved=False)
        for told in mistakes
    ]
    silent = []
    for kind in own:
        pieces = reached(kind)
        if not pieces:
            silent.append(kind.__name__)
        for module, text, first in pieces:
            for sign in lint_text(text):
                where = f"{module}, line {sign.line + first - 1}"
                told = f"`{sign.code}` {sign.why}"
                change = Change(room=kind.family or "code", where=where, expected="", found=told, moved=False)
                if all(one.where != where or one.found != told for one in changes):
                    changes.append(change)
    if changes:
        words = Text(
            en=f"{counted(len(changes), 'place')} to look at in {_en(own, mistakes, changes)}",
            zh=f"{_zh(own, mistakes, changes)}中有 {len(changes)} 处需要查看",
        )
        if len(changes) > len(mistakes):
            words = Text(en=f"{words.en}; a lint may be wrong", zh=f"{words.zh}；静态检查可能误报")
        return Verdict(
            test="L11", status="warned", words=words, cuts=len(own), first=changes[0], path=tuple(changes[:_MOST]),
            hint="look at these lines; the other tests run them",
        )  # fmt: skip
    if not own:
        words = Text(
            en="every component is Tidegate's own, under contract in its tests",
            zh="所有组件均为 Tidegate 自带，已由其测试中的契约约束",
        )
        return Verdict(test="L11", status="not tested", words=words)
    if len(silent) == len(own):
        words = Text(
            en=f"no source text can be found of {', '.join(silent)}", zh=f"找不到 {', '.join(silent)} 的源代码"
        )
        return Verdict(test="L11", status="not tested", words=words)
    words = Text(
        en=f"nothing suspicious in {counted(len(own), 'component')} of your own",
        zh=f"自有的 {len(own)} 个组件中没有可疑之处",
    )
    return Verdict(test="L11", status="passed", words=words, cuts=len(own))


def _en(own: list[type[Component]], mistakes: tuple[str, ...], changes: list[Change]) -> str:
    """Where the places are."""
    code = f"{counted(len(own), 'component')} of your own"
    if len(changes) == len(mistakes):
        return "the declaration"
    return f"{code} and in the declaration" if mistakes else code


def _zh(own: list[type[Component]], mistakes: tuple[str, ...], changes: list[Change]) -> str:
    if len(changes) == len(mistakes):
        return "声明"
    return f"自有的 {len(own)} 个组件与声明" if mistakes else f"自有的 {len(own)} 个组件"


def _components(value: Any) -> Iterator[Component]:
    if isinstance(value, Settings):
        if isinstance(value, Component):
            yield value
        for field in type(value).model_fields:
            yield from _components(getattr(value, field))
    elif isinstance(value, Mapping):
        for held in value.values():
            yield from _components(held)
    elif isinstance(value, (tuple, list)):
        for held in value:
            yield from _components(held)
