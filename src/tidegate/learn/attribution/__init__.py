"""Attribution: which inputs a fitted network leans on. Three answers, and a yardstick of noise to hold them against."""

from tidegate.learn.attribution.gradients import Attribution, integrated_gradients, mean_window
from tidegate.learn.attribution.permutation import Importance, permutation_importance
from tidegate.learn.attribution.weights import InputWeights, input_weights
from tidegate.learn.attribution.yardstick import beats

__all__ = [
    "Attribution", "Importance", "InputWeights", "beats", "input_weights", "integrated_gradients", "mean_window",
    "permutation_importance",
]  # fmt: skip
