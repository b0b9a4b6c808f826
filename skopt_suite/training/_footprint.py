"""How much memory a fit takes during a pass.

The peak of a pass is in one of three places: in a step, where gradients are; when fits leave the
stack, because what is left is then copied to be compact; or when fits are scored on validation
rows. The estimate is an upper bound, by less than a factor of two for the components of this
package; `tests/search/test_memory.py` measures it, and is where to look when a constant here has
to change.
"""

from __future__ import annotations

import numpy as np

from skopt_suite._component import Component, stack
from skopt_suite.backends import (
    FeatureMatrix,
    Placement,
    State,
    is_narrow,
    is_summed_in_double,
    knows,
    writes_kernels,
)
from skopt_suite.models import ACTIVATIONS, Context, Network
from skopt_suite.optimizers import ClipGradient
from skopt_suite.optimizers.wrappers._base import Wrapper
from skopt_suite.penalties import Penalty
from skopt_suite.training._blocks import rows_in_cache, threads_for_sums
from skopt_suite.training._compiled import MOST_ROWS, recipe_of
from skopt_suite.training._job import Job
from skopt_suite.training._linear_pass import COPIES, rows_of_pass, takes_linear_pass
from skopt_suite.training._linear_view import has_cheap_spectrum
from skopt_suite.training._objective import Terms
from skopt_suite.training._plan import Plan
from skopt_suite.training._reference import N_ROWS
from skopt_suite.training._rows import Data, Source, Weights
from skopt_suite.training._trees import map_arrays

_OBJECTS = 4096  # bytes of a fit's result, loss curve and specifications
_MARGIN = 1.3  # over the arrays that are counted below: memory is not used to the last byte
_PAYMENT = 4  # arrays like the weights that paying what is owed to a penalty takes
_CLIPPED = 2  # such arrays where clipping differs: its factor and step; of every strength as many
_COMPACT = 1.25  # of what is kept: a copy of it, and what is on the way there
_OPTIMALITY = 4  # arrays like the parameters beside the gradient, once activations are gone
_FUSED_ACTIVATION = 1  # array that backward takes: the gradient behind it
_UNFUSED = 3  # such arrays that the definition of a fused update makes beside what it returns
_UNKNOWN = 12  # arrays that a component takes that does not say how many
_BASIS = 3  # arrays of n_features² in float64 where one is found: of a fit, of all, eigenvectors
_CONNECTION = (1, 2)  # arrays of a layer's size: the sum; the gradient, twice
_NORM = (1, 3)  # what is normalised; what backward takes
_STACK = 32  # fits, of which blocks of rows are taken to be; of fewer they are as large together
_PER_ROW = 2  # numbers per row: the loss, and what it is made of


def bytes_per_fit(job: Job, data: Data, placement: Placement, shares_weight: bool = True) -> int:
    """Return what one fit of a large stack takes at the peak of its pass, an upper bound.

    Parameters
    ----------
    job : Job
        The fit.
    data : Data
        The rows of the pass.
    placement : Placement
        Where it is trained.
    shares_weight : bool
        Whether all fits have the same ``sample_weight``.
    """
    params = job.network.n_params + job.network.n_buffers
    state = _size_of_state(job, data)
    basis = 0 if shares_weight else _size_of_basis(job, data)
    kept = params + state + basis
    if job.plan.early_stopping:
        kept += params  # the best ones
    if not shares_weight:
        kept += data.train.n_samples
    leaving = max(_COMPACT * kept, kept + params)  # what is left in one piece; or results
    is_weighted = not shares_weight or job.sample_weight is not None
    update = 0
    if not _moves_fit_by_fit(job, data, placement):
        update = max(_size_of_update(job, state, placement), _size_of_payment(job))
    activations = _activations(job, data, placement, is_weighted)
    step = _step(job, data, placement, activations, update)
    scoring = max(_of_held_out(job, data), _of_first_look(job, data, shares_weight))
    passing = max(_MARGIN * max(step, scoring), _BASIS * basis * 8 / _item_size(job))
    squares = int(_MARGIN * 8 * job.plan.optimizer.scratch_squares * params**2)
    return _OBJECTS + squares + int(_item_size(job) * (kept + max(passing, leaving)))


def _step(job: Job, data: Data, placement: Placement, activations: int, update: int) -> int:
    """Return how many numbers a step takes beside what is kept: its passes and update so many."""
    params = job.network.n_params
    if job.plan.optimizer.only_quadratic:  # it takes no gradient
        return max(update, activations)
    gradient = params + _scratch(job.plan.penalty) * job.network.layout.n_weights
    optimality = _OPTIMALITY * params if job.plan.optimizer.is_full_batch else 0
    products = _of_products(job, data, placement) + _of_sums(job, data, placement)
    if update:  # it may ask for gradients meanwhile
        return gradient + activations + max(update, optimality, products)
    return gradient + max(activations + products, optimality)


def _size_of_update(job: Job, state: int, placement: Placement) -> int:
    """Return how many numbers the optimizer takes at once beside gradient and state."""
    optimizer, params = job.plan.optimizer, job.network.n_params
    n_arrays = optimizer.scratch_arrays
    if optimizer.only_quadratic:  # the quadratic is in float64
        params *= 8 // _item_size(job)
    if n_arrays is None:
        return state + _UNKNOWN * params
    if n_arrays == 0 and placement.xp is not np:  # nothing is what fused kernels take
        return state + _UNFUSED * params
    return n_arrays * params


def _of_products(job: Job, data: Data, placement: Placement) -> int:
    """Return how many numbers products of the input with all fits at once take by copies."""
    first, n_rows = job.network.layout.layers[0], _rows_at_once(job, data, placement)
    if not is_narrow(first.n_out):
        return 0
    copied = first.n_in * first.n_out
    if data.train.is_sparse and is_summed_in_double(n_rows):
        return 8 // _item_size(job) * (copied + n_rows * first.n_out)
    return copied


def _moves_fit_by_fit(job: Job, data: Data, placement: Placement) -> bool:
    """Whether the backend makes the steps whatever the stack is: wide linear ones run otherwise."""
    is_network = not job.network.layout.is_linear and not job.plan.optimizer.is_full_batch
    is_batch = job.rows_per_step(data.train.n_samples) <= MOST_ROWS
    return is_network and is_batch and _is_known(job, placement)


def _size_of_payment(job: Job) -> int:
    """Return how many numbers it takes at once to pay what is owed to the penalty."""
    if not job.plan.penalty.has_prox or job.plan.optimizer.is_full_batch:
        return 0
    n_arrays, optimizer = _PAYMENT, job.plan.optimizer
    while isinstance(optimizer, Wrapper):
        n_arrays += _of_clipping(optimizer, job)
        optimizer = optimizer.inner
    return (n_arrays + getattr(optimizer, "has_slopes", False)) * job.network.layout.n_weights


def _of_clipping(optimizer: Wrapper, job: Job) -> int:
    """Return how many arrays of a penalty take part where gradients are clipped one by one."""
    if not isinstance(optimizer, ClipGradient) or optimizer.value is None:
        return 0
    separable = _penalty_of_one(job).separable()
    strengths = () if separable is None else (separable.l1, separable.l2)
    return _CLIPPED * (1 + sum(strength is not None for strength in strengths))


def _scratch(component: Component) -> int:
    """Return how many arrays a component takes at once."""
    n_arrays = component.scratch_arrays
    return _UNKNOWN if n_arrays is None else n_arrays


def _activations(job: Job, data: Data, placement: Placement, is_weighted: bool) -> int:
    """Return how many numbers the forward and backward pass of one batch take."""
    # of dropout: the mask and what it leaves; then the gradient behind and before it
    drops = any((*job.plan.dropout, job.plan.input_dropout)) and not _is_known(job, placement)
    dropout = (2, 2) if drops else (0, 0)
    has_own_inputs = (drops and job.plan.input_dropout) or job.columns is not None
    kept, momentary = (job.network.sizes[0] if has_own_inputs else 0), [0]
    # steps by graphs have a place for the gradient of every layer
    has_places = not job.plan.optimizer.is_full_batch and writes_kernels(placement.asarray([0.0]))
    has_halves = has_places and job.plan.matmul_precision == "medium"  # of both, in 2 bytes
    for depth, (n_units, name) in enumerate(_hidden(job)):
        activation = ACTIVATIONS[name]  # the derivative, beside the output
        more = _more_layers(job.network, depth)
        scratch = activation.scratch_arrays
        if placement.is_numpy:
            scratch = min(scratch, _FUSED_ACTIVATION)
        places = has_places + has_halves
        kept += n_units * (1 + activation.keeps_its_own_array + dropout[0] + more[0] + places)
        momentary.append(n_units * (scratch + dropout[1] + more[1]))
    if job.plan.optimizer.only_quadratic and _begins_at_constant(job):
        return 0  # it needs no predictions but for the initial loss
    n_rows = _rows_at_once(job, data, placement)
    if placement.is_numpy and _takes_linear_pass(job, data):
        n_threads = _threads(job, job.rows_per_step(data.train.n_samples))
        n_features, item_size = job.network.sizes[0], _item_size(job)
        return n_threads * COPIES * rows_of_pass(n_features, _STACK, item_size, n_rows)
    if job.plan.optimizer.only_quadratic:
        n_rows = min(n_rows, N_ROWS)
    return n_rows * (kept + max(momentary) + _of_outputs(job, is_weighted))


def _takes_linear_pass(job: Job, data: Data) -> bool:
    """Whether a kernel goes through the rows of a step with all fits of a stack at once."""
    plan, source = job.plan, data.train
    if source.has_parts or plan.optimizer.only_linear or plan.input_dropout:
        return False
    params, context = np.empty((_STACK, 0), job.dtype), Context(columns=job.columns)
    return takes_linear_pass(job.network, context, job.loss, params, _some_inputs(plan, source))


def _some_inputs(plan: Plan, source: Source) -> FeatureMatrix:
    """Return inputs as a step sees them, of as few rows as tell how they lie in memory."""
    if plan.optimizer.is_full_batch:
        return source.seen
    n_rows = min(2, source.n_samples)
    order = np.arange(n_rows) if plan.shuffle else None
    return source.batch(0, n_rows, order, Weights()).X


def _rows_at_once(job: Job, data: Data, placement: Placement) -> int:
    """Return how many rows passes see: parts add up, but for those who ask for the rows."""
    optimizer, n_samples = job.plan.optimizer, data.train.n_samples
    n_rows = job.rows_per_step(n_samples)
    if n_rows < n_samples or optimizer.only_linear:
        return n_rows
    if optimizer.is_full_batch:
        n_rows = min(n_rows, data.train.rows_of_part)
    is_drawn = any((*job.plan.dropout, job.plan.input_dropout)) or job.network.n_buffers > 0
    if is_drawn or data.train.is_sparse or not placement.is_numpy:
        return n_rows
    return min(n_rows, _threads(job, n_rows) * _rows_of_block(job, n_rows))


def _rows_of_block(job: Job, n_rows: int) -> int:
    return rows_in_cache(job.network, _STACK, _item_size(job), n_rows, job.columns is None)


def _threads(job: Job, n_rows: int) -> int:
    """Return how many threads share the blocks of so many rows."""
    n_blocks = -(-n_rows // _rows_of_block(job, n_rows))
    return threads_for_sums(_STACK * job.network.n_params, n_blocks)


def _of_sums(job: Job, data: Data, placement: Placement) -> int:
    """Return how many numbers gradients of blocks and their sums take, beside one gradient."""
    n_rows = job.rows_per_step(data.train.n_samples)
    if _rows_at_once(job, data, placement) == n_rows:
        return 0
    return _threads(job, n_rows) * (1 + 8 // _item_size(job)) * job.network.n_params


def _more_layers(network: Network, depth: int) -> tuple[int, int]:
    """Return how many arrays of a hidden layer's size connection and normalisation take."""
    of_norm = (0, 0) if network.normalization == "none" else _NORM
    of_sum = _CONNECTION if network.adds_input(depth) else (0, 0)
    return of_norm[0] + of_sum[0], max(of_norm[1], of_sum[1])


def _is_known(job: Job, placement: Placement) -> bool:
    """Whether the backend makes the steps, which it does fit by fit in the same memory."""
    plan = job.plan
    what, like = (job.loss, _penalty_of_one(job), job.dtype), placement.asarray([0.0])
    recipe = recipe_of(job.network, plan.optimizer, *what, True, like)
    return recipe is not None and knows(recipe, like)


def _of_held_out(job: Job, data: Data) -> int:
    """Return how many numbers predictions for all validation rows take."""
    if data.validation is None:
        return 0
    n_held_out, n_at_once = data.validation.X.shape[0], job.plan.rows_per_look(data.train.n_samples)
    n_kept = 2 * job.network.sizes[-1] + _PER_ROW
    return min(n_held_out, n_at_once) * _behind_raw_predictions(job) + n_held_out * n_kept


def _of_first_look(job: Job, data: Data, shares_weight: bool) -> int:
    """Return how many numbers the losses take that a fit begins with and is measured by."""
    is_varied = not shares_weight or any(one.fusable for one in job.loss.parameters.values())
    if _begins_at_constant(job) and not is_varied:
        return 0  # one look is enough for all fits
    n_train, raw = data.train.n_samples, _behind_raw_predictions(job)
    # Two blocks at a time: raw predictions are still there when the next are computed.
    n_rows = min(N_ROWS, n_train, 2 * job.plan.rows_per_look(n_train))
    return n_rows * raw + min(N_ROWS, n_train)


def _begins_at_constant(job: Job) -> bool:
    """Whether a fit begins as a linear model that predicts the same for all rows."""
    if not job.network.layout.is_linear or job.past is not None:
        return False
    return job.start is None or not job.network.layout.weights(job.start[None]).any()


def _behind_raw_predictions(job: Job) -> int:
    """Return how many numbers per row raw predictions are and are a view of.

    The outputs of layers with nothing but piecewise-linear functions between them are one array.
    """
    network, total = job.network, job.network.sizes[-1]
    for depth, (n_units, name) in reversed(list(enumerate(_hidden(job)))):
        is_apart = network.adds_input(depth) or network.normalization != "none"
        if ACTIVATIONS[name].keeps_its_own_array or is_apart:
            break
        total += n_units
    return total


def _of_outputs(job: Job, is_weighted: bool) -> int:
    """Return how many numbers per row the loss takes."""
    n_outputs = job.network.sizes[-1]
    weighted = n_outputs + 1 if is_weighted else 0
    return (1 + _scratch(job.loss)) * n_outputs + weighted


def _hidden(job: Job) -> list[tuple[int, str]]:
    """Return units and activation of every hidden layer."""
    return list(zip(job.network.sizes[1:-1], job.network.activations, strict=True))


def _size_of_basis(job: Job, data: Data) -> int:
    """Return how many numbers the eigenbasis takes that solvers of linear models begin with."""
    if not (job.network.layout.is_linear and job.plan.optimizer.is_full_batch):
        return 0
    n_samples, (layer,) = data.train.n_samples, job.network.layout.layers
    if job.plan.optimizer.only_quadratic:
        return layer.n_in**2
    if data.train.is_sparse or not has_cheap_spectrum(n_samples, layer.n_in, layer.n_out):
        return 0
    return layer.n_in * min(n_samples, layer.n_in)


def _size_of_state(job: Job, data: Data) -> int:
    """Return how many numbers the optimizer keeps, from the state of one fit."""
    sizes: list[int] = []
    map_arrays(lambda array: sizes.append(array.size), _state_of_one(job, data))
    return sum(sizes)


def _state_of_one(job: Job, data: Data) -> State:
    params = np.zeros((1, job.network.n_params), dtype=job.dtype)
    loss = stack([job.loss], Placement(np), ndim=3)
    terms = Terms(job.network, loss, _penalty_of_one(job))
    return job.plan.optimizer.init(params, terms.on_all(data.train, Weights()))


def _penalty_of_one(job: Job) -> Penalty:
    return stack([job.penalty], Placement(np)).on(job.network.layout)


def _item_size(job: Job) -> int:
    return np.dtype(job.dtype).itemsize
