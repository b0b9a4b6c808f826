"""Errors and warnings of our own; everything else is scikit-learn's or Python's."""


class DivergenceError(FloatingPointError, ValueError):
    """A fit whose objective became infinite, not a number, or absurdly large.

    The message names the optimizer, its learning rate and the epoch. In a search the candidate's
    score becomes ``error_score`` and the others go on. It is a `ValueError`, too, as scikit-learn's
    estimators raise where their weights are not finite.

    See Also
    --------
    skopt_suite.optimizers.ClipGradient : Keeps single gradients from ending a fit.
    skopt_suite.schedules.Warmup : Keeps first steps small.
    """


class CheckpointWarning(UserWarning):
    """A checkpoint that could not be written, or a file of one that is damaged.

    Training goes on: what is lost is the time since the last checkpoint, should it be killed.

    See Also
    --------
    skopt_suite.Checkpoint : What is written, and how often.
    """
