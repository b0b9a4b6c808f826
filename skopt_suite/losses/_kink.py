"""What losses that are linear between kinks are sums of."""

from __future__ import annotations

from typing import NamedTuple

from skopt_suite.backends import Array


class Kink(NamedTuple):
    """``above * (raw - at)`` where raw is above, ``below * (raw - at)`` where it is below.

    Slopes are below ≤ 0 ≤ above. All broadcast against raw predictions.
    """

    at: Array | float
    below: Array | float
    above: Array | float
