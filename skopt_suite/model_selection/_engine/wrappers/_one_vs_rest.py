"""One binary classifier for every class."""

from sklearn.multiclass import OneVsRestClassifier

from skopt_suite.model_selection._engine.wrappers._wrapper import Refitting


class OneVsRest(Refitting):
    """`sklearn.multiclass.OneVsRestClassifier`; classes that no row or all have need no fit."""

    kind = OneVsRestClassifier
