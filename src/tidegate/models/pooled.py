"""Pooled networks: one network for all assets of a group, and one more for whoever has no group of its own.

It is a network like any other to whoever declares a study; `fit_network` trains its members one by one, each on its own
group's windows as it would be trained alone. Which group a window belongs to is told by its first context field.
"""

from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field, model_validator

from tidegate.errors import SettingError
from tidegate.models.base import Network, Part
from tidegate.models.ensemble import Ensemble

if TYPE_CHECKING:
    import torch

__all__ = ["Pooled"]


class Pooled(Network):
    """A `member` for each of the `groups` largest groups, by training windows, and one for the rest.

    Formula
        ``score(x, [g, c]) = member_g(x, c)``: the first context field g is the group's number and nothing else; the
        members don't see it. A group with fewer than `at_least` training windows, or one that training never saw,
        is asked of the rest's member, which learned from the windows of all such groups; where these are fewer than
        `at_least` too, from all windows.
    Shapes
        ``x [B, L, F]``, ``context [B, 1 + C]`` → ``[B, outputs]``.
    Missing values
        A window without a number for its group is none: the field must be there.
    Errors
        `SettingError` for a member that is several networks itself, and without a context field.

    >>> from tidegate.models.cells.lstm import LSTM
    >>> from tidegate.models.recurrent import RecurrentNetwork
    >>> pooled = Pooled(member=RecurrentNetwork(cell=LSTM(hidden=2), dense=()), groups=3)
    >>> sum(part.parameters for part in pooled.parts(lookback=5, features=4, context=1))
    236
    """

    name: ClassVar[str] = "pooled"
    reads_context: ClassVar[int] = 1
    example: ClassVar[dict[str, Any]] = {
        "member": {"name": "recurrent-network", "cell": {"name": "lstm", "hidden": 3}, "dense": ()},
        "groups": 2,
        "at_least": 20,
    }

    member: Network = Field(description="the network that each group has")
    groups: int = Field(ge=1, description="most groups with a network of their own, the largest first")
    at_least: int = Field(default=1000, ge=1, description="training windows without which a group has none of its own")

    @model_validator(mode="after")
    def _flat(self) -> "Pooled":
        if isinstance(self.member, (Ensemble, Pooled)):
            raise SettingError(
                "a member of a pool is one network", where="pooled.member", found=self.member.name,
                hint="an ensemble of pools is the other way round: {name: ensemble, member: {name: pooled, …}}",
            )  # fmt: skip
        return self

    def build(self, features: int, context: int, generator: "torch.Generator") -> "torch.nn.Module":
        """Build all members, and a table of the groups' numbers that training fills."""
        from tidegate.models.routed import Routed

        return Routed([self.member.build(features, self._bare(context), generator) for _ in range(self.groups + 1)])

    @property
    def penalised(self) -> bool:
        """Never: each member is trained alone, with its own penalty."""
        return False

    def penalty(self, module: "torch.nn.Module") -> "torch.Tensor":  # noqa: ARG002
        """Zero."""
        import torch

        return torch.zeros(())

    def ponder_cost(self, module: "torch.nn.Module") -> None:  # noqa: ARG002
        """None: each member is trained alone."""
        return

    def parts(self, lookback: int, features: int, context: int) -> tuple[Part, ...]:
        """List one member's layers with the parameters of all, and the choice between them."""
        inner = self.member.parts(lookback, features, self._bare(context))
        many = tuple(part._replace(parameters=part.parameters * (self.groups + 1)) for part in inner)
        last = inner[-1]
        return (*many, Part("route", f"one of {self.groups + 1}, by group", last.shape, 0, (last.key,)))

    def _bare(self, context: int) -> int:
        """Context fields that members see."""
        if context < 1:
            raise SettingError(
                "pooled networks are told their group by the first context field",
                expected="at least one",
                found=context,
                where=self.name,
                hint='compute it, and name it in `context`: factors "asset-class" or "dealt-group"',
            )
        return context - 1
