"""PyTorch's side of `gpu.py`, and the matrix products that are the floor of both."""

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from itertools import pairwise
from time import perf_counter
from typing import Any, NamedTuple

import torch
from epoch_contestants import Net
from gpu_machine import Machine
from torch.nn import Linear, ReLU, Sequential
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

STEPS_PER_GRAPH = 20


class Trainer:
    """Adam on tensors that lie on the device, in an order that is drawn for every epoch.

    Parameters
    ----------
    net : Net
        Layers and batch size.
    X, y : tensor
        On the device.
    mode : str or None
        Of `torch.compile`; None: eager; "graph": a whole step is one CUDA graph, captured by hand.
    **settings : float
        Of the optimizer.
    """

    def __init__(self, net: Net, X: Any, y: Any, mode: str | None, **settings: float) -> None:
        self.net, self.X, self.y, self.settings = net, X, y, settings
        layers = [part for pair in pairwise(net.sizes) for part in (Linear(*pair), ReLU())]
        self.model = Sequential(*layers[:-1]).to(X.device)
        torch.compiler.reset()  # a graph for every batch size, and no limit to their number
        compiled = {"mode": mode, "dynamic": False}
        self.is_graph = mode == "graph" and X.device.type == "cuda"
        is_plain = mode is None or mode == "graph"
        self.loss_of = self._loss if is_plain else torch.compile(self._loss, **compiled)

    def fit(self, epochs: int) -> None:
        """Begin anew, as ours does."""
        self.epochs = epochs
        torch.manual_seed(0)
        for layer in self.model[::2]:
            layer.reset_parameters()
        more = {"capturable": True} if self.is_graph else {}
        optimizer = torch.optim.Adam(self.model.parameters(), fused=True, **more, **self.settings)
        step = partial(self._step, optimizer)
        if self.is_graph:
            step = self._captured(step)
        for _ in range(epochs):
            self._epoch(step)

    def _epoch(self, step: Callable[[Any, Any], None]) -> None:
        order = torch.randperm(len(self.X), device=self.X.device)
        batches = (array[order].split(self.net.batch_size) for array in (self.X, self.y))
        for X, y in zip(*batches, strict=True):
            step(X, y)

    def _step(self, optimizer: Any, X: Any, y: Any) -> None:
        loss = self.loss_of(X, y)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()

    def _captured(self, step: Callable[[Any, Any], None]) -> Callable[[Any, Any], None]:
        """Return a step that copies its rows to where a graph reads them, and launches that."""
        n = self.net.batch_size
        own = self.X[:n].clone(), self.y[:n].clone()
        replay = _graph_of(partial(step, *own), n_times=1, n_before=3)

        def launch(X: Any, y: Any) -> None:
            own[0].copy_(X)
            own[1].copy_(y)
            replay()

        return launch

    def _loss(self, X: Any, y: Any) -> Any:
        return cross_entropy(self.model(X), y)

    def accuracy(self, n_rows: int) -> float:
        with torch.no_grad():
            predicted = self.model(self.X[:n_rows]).argmax(dim=1)
        return (predicted == self.y[:n_rows]).double().mean().item()


def products(net: Net, machine: Machine, n_fits: int = 1) -> float:
    """Seconds of the matrix products of a step: forward, gradient, backward (not to the input)."""
    calls = _calls(net, machine.device, n_fits)
    product = torch.mm if n_fits == 1 else torch.bmm

    def step() -> None:
        for left, right, out in calls:
            product(left, right, out=out)

    if machine.dry:
        return machine.steady(step)
    return machine.steady(_graph_of(step)) / STEPS_PER_GRAPH


def _calls(net: Net, device: str, n_fits: int) -> list[tuple[Any, Any, Any]]:
    stack = () if n_fits == 1 else (n_fits,)
    calls: list[tuple[Any, Any, Any]] = []
    for n_in, n_out in pairwise(net.sizes):
        shapes = (net.batch_size, n_in), (n_in, n_out), (net.batch_size, n_out)
        x, w, delta = (torch.randn(*stack, *shape, device=device) for shape in shapes)
        backward = [(delta, w.mT, torch.empty_like(x))] if calls else []
        calls += [(x, w, torch.empty_like(delta)), (x.mT, delta, torch.empty_like(w)), *backward]
    return calls


def _graph_of(
    step: Callable[[], None], n_times: int = STEPS_PER_GRAPH, n_before: int = 1
) -> Callable[[], None]:
    """Return what launches some steps as one CUDA graph; a few are made before."""
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(n_before):
            step()
    torch.cuda.synchronize()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        for _ in range(n_times):
            step()
    return graph.replay


class Reached(Exception):
    """The objective is as low as is wanted."""


class Descent(NamedTuple):
    """What L-BFGS came to."""

    seconds: float
    objective: float
    n_evaluations: int
    weights: Any
    intercept: Any


def lbfgs(X: Any, y: Any, alpha: float, goal: float) -> Descent:
    """Fit logistic regression with L2 from zero until the objective is at the goal, or no further.

    Parameters
    ----------
    X, y : tensor
        Rows and classes 0 and 1, both in the same precision.
    alpha : float
        Of ``alpha / 2 * ‖w‖²``.
    goal : float
        Of the objective.
    """
    params = torch.zeros(X.shape[1] + 1, device=X.device, requires_grad=True)
    optimizer = torch.optim.LBFGS(
        [params],
        max_iter=1000,
        history_size=10,
        tolerance_grad=0.0,
        tolerance_change=0.0,
        line_search_fn="strong_wolfe",
    )
    seen: list[float] = []

    def closure() -> Any:
        optimizer.zero_grad()
        weights = params[:-1]
        loss = binary_cross_entropy_with_logits(X @ weights + params[-1], y)
        objective = loss + alpha / 2 * weights @ weights
        seen.append(objective.item())
        if seen[-1] <= goal:
            raise Reached
        objective.backward()
        return objective

    start = perf_counter()
    with suppress(Reached):
        optimizer.step(closure)
    found = params.detach()
    return Descent(perf_counter() - start, seen[-1], len(seen), found[:-1], found[-1])
