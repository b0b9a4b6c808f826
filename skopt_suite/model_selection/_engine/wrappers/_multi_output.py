"""One model for every column of the targets."""

from sklearn.multioutput import MultiOutputClassifier, MultiOutputRegressor

from skopt_suite.model_selection._engine.wrappers._wrapper import Refitting


class ClassesOfColumns(Refitting):
    """`sklearn.multioutput.MultiOutputClassifier`."""

    kind = MultiOutputClassifier


class NumbersOfColumns(Refitting):
    """`sklearn.multioutput.MultiOutputRegressor`."""

    kind = MultiOutputRegressor
