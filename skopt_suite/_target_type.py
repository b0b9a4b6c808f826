"""What targets are, said once, so that nobody has to guess it from an array."""

from __future__ import annotations

from typing import Literal, NamedTuple

Kind = Literal["classes", "labels", "numbers"]


class TargetType(NamedTuple):
    """What the targets of a fit are, as losses and metrics take them.

    ======================  =================================  ==============================
    kind                    targets ``y``                      ``n_outputs``
    ======================  =================================  ==============================
    ``"classes"``           (n_samples, 1), integers: the      the number of classes, of
                            index of the class                 which every sample has one
    ``"labels"``            (n_samples, n_outputs), 0 and 1    the number of labels; 1 for
                                                               two classes, of which the
                                                               second is 1
    ``"numbers"``           (n_samples, n_outputs)             the number of targets
    ======================  =================================  ==============================

    All of them broadcast against raw predictions, (n_fits, n_samples, n_outputs).

    See Also
    --------
    ClassificationLoss : Takes classes and labels.
    RegressionLoss : Takes numbers.
    """

    kind: Kind
    n_outputs: int

    @property
    def n_columns(self) -> int:
        """Number of columns of the targets."""
        return 1 if self.kind == "classes" else self.n_outputs
