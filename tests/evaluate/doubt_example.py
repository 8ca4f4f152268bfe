"""Made returns on which other packages were asked once; what they said stands in ``frozen/doubt.json``.

NumPy only: the script that asks the packages (``benchmarks/rivals/doubt_oracles.py``) runs without Tidegate.
"""

import numpy as np

__all__ = ["families", "gains", "tracks", "zoo"]


def tracks() -> dict[str, np.ndarray]:
    """Single tracks of daily returns: plain, with fat tails, skewed, and losing."""
    rng = np.random.default_rng(101)
    return {
        "plain": rng.normal(0.0008, 0.01, 500),
        "fat": 0.0005 + 0.01 * rng.standard_t(4, 750),
        "skewed": 0.001 - 0.01 * (rng.exponential(1.0, 400) - 1.0),
        "losing": rng.normal(-0.0005, 0.012, 300),
    }


def zoo() -> dict[str, np.ndarray]:
    """Variants over the same bars ``[K, T]``: worthless, one skilled, and worthless ones that are alike."""
    rng = np.random.default_rng(102)
    noise = rng.normal(0.0, 0.01, (12, 480))
    skilled = noise.copy()
    skilled[3] += 0.002
    return {
        "noise": noise,
        "skilled": skilled,
        "alike": 0.7 * rng.normal(0.0, 0.01, 480) + 0.5 * rng.normal(0.0, 0.01, (8, 480)),
    }


def gains() -> dict[str, np.ndarray]:
    """Gains over a benchmark ``[K, T]``, slow and of unlike spread: none good, three good, many hopeless."""
    rng = np.random.default_rng(103)
    fresh = rng.normal(size=(20, 420))
    slow = fresh.copy()
    for t in range(1, slow.shape[1]):
        slow[:, t] += 0.4 * slow[:, t - 1]
    spread = np.linspace(0.5, 2.0, 20)[:, None] * slow[:, 20:]
    good = spread + np.where(np.arange(20) < 3, 0.35, 0.0)[:, None]
    hopeless = spread + np.where(np.arange(20) < 1, 0.11, -0.6)[:, None]
    return {"none": spread, "three": good, "hopeless": hopeless}


def families() -> np.ndarray:
    """Trials in five families of unlike size and likeness ``[K, T]``."""
    rng = np.random.default_rng(104)
    sizes, likeness = (6, 4, 3, 1, 1), (0.9, 0.8, 0.7, 0.0, 0.0)
    return np.vstack(
        [
            np.sqrt(rho) * rng.normal(size=500) + np.sqrt(1 - rho) * rng.normal(size=(size, 500))
            for size, rho in zip(sizes, likeness, strict=True)
        ]
    )
