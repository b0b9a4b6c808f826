"""Names of arrays that say their shape.

A signature with them says what goes in and out; to a type checker they are all the same. Arrays of
shapes without a name are `Array`, and a comment or the docstring says what they are.
"""

from __future__ import annotations

from typing import Any

Array = Any
"""An array of NumPy, CuPy or any other array-API namespace, of any shape."""

Params = Array
"""``(n_fits, n_params)``: parameters, and what is like them, such as gradients, steps, moments."""

FlatWeights = Array
"""``(n_fits, n_weights)``: the weights among the parameters, without biases or intercepts."""

LayerWeights = Array
"""``(n_fits, n_in, n_out)``: the weights of one layer."""

PerFit = Array
"""``(n_fits,)``: one entry for every fit, such as its loss."""

FitColumn = Array
"""``(n_fits, 1)``: one entry for every fit, as a column that broadcasts against `Params`.

Hyperparameters are such columns inside a stack, and so are learning rates.
"""

FeatureMatrix = Any
"""``(n_samples, n_features)``: the input, which all fits share; an array or a sparse container."""

TargetColumns = Array
"""``(n_samples, n_columns)``: the targets; what they are says a `TargetType`."""

SampleWeight = Array
"""``(n_samples,)``, or ``(n_fits or 1, n_samples)`` in a stack: the weight of every sample."""

PerSample = Array
"""``(n_fits, n_samples)``: one number for every sample, such as its loss."""

Activations = Array
"""``(n_fits or 1, n_samples, n_units)``: what layers take and return; 1 where all fits share it."""

RawPredictions = Array
"""``(n_fits, n_samples, n_outputs)``: the output of the model, and gradients with respect to it."""

Predictions = Array
"""``(n_fits, n_samples, n_targets)``: what a loss makes of raw predictions, in units of targets."""

State = Any
"""Nested NamedTuples of arrays ``(n_fits, ...)``; None, or a number that all fits share."""
