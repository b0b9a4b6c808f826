"""What files hold of an estimator: arrays, specifications and plain containers.

Classes that are not public would tie files to the places where they are defined.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from skopt_suite.backends import is_device_array, to_numpy
from skopt_suite.estimators._class_targets import ClassTargets
from skopt_suite.estimators._number_targets import NumberTargets
from skopt_suite.estimators._targets import Targets
from skopt_suite.models import Network
from skopt_suite.training import Memory, Scaling, Standardization, pack

FORMAT = 3
"""Number of the format; it grows when a change would mislead those who read an earlier one."""


def to_saved(state: dict[str, Any]) -> dict[str, Any]:
    """Return the attributes of an estimator as a file holds them, arrays on the host."""
    saved = {name: _on_host(value) for name, value in state.items()}
    for name, (to_plain, _) in _PRIVATE.items():
        if saved.get(name) is not None:
            saved[name] = to_plain(saved[name])
    memory = state.get("_memory")
    if memory is not None and state.get("_standardization") is not None:
        saved["_memory"] |= {"params": memory.params, "shown": memory.shown}
    return saved | {"_format": FORMAT}


def from_saved(saved: dict[str, Any], owner: str) -> dict[str, Any]:
    """Return the attributes of an estimator from what a file holds."""
    state = dict(saved)
    if state.pop("_format", 0) > FORMAT:
        raise ValueError(
            f"{owner}: the model was saved by a newer version of skopt_suite. Load it with that."
        )
    for name, (_, from_plain) in _PRIVATE.items():
        if state.get(name) is not None:
            state[name] = from_plain(state[name])
    return state


def _from_network(network: Network) -> dict[str, Any]:
    return {
        "sizes": list(network.sizes),
        "activations": list(network.activations),
        "output_bias": bool(network.output_bias),
        "residual": bool(network.residual),
        "normalization": network.normalization,
    }


def _to_network(plain: dict[str, Any]) -> Network:
    """Files of earlier versions say nothing of what there was not."""
    sequences = {name: tuple(plain[name]) for name in ("sizes", "activations")}
    return Network(**plain | sequences)


def _from_targets(targets: Targets) -> dict[str, Any]:
    return {"kind": targets.type.kind, **vars(targets)}


def _to_targets(plain: dict[str, Any]) -> Targets:
    kind, fields = plain["kind"], {name: plain[name] for name in plain if name != "kind"}
    return NumberTargets(**fields) if kind == "numbers" else ClassTargets(**fields)


def _from_memory(memory: Memory) -> dict[str, Any]:
    """Leave parameters out where they are those that the estimator shows."""
    plain = memory._asdict()
    plain["optimizer"], plain["schedule"] = pack(memory.optimizer), pack(memory.schedule)
    if np.array_equal(memory.params, memory.shown):
        del plain["params"], plain["shown"]
    return plain


def _to_memory(plain: dict[str, Any]) -> Memory:
    left_out = np.empty((1, 0))
    return Memory(**{"params": left_out, "shown": left_out} | plain)


def _from_standardization(standardization: Standardization) -> dict[str, Any]:
    parts = standardization._asdict().items()
    return {name: None if part is None else part._asdict() for name, part in parts}


def _to_standardization(plain: dict[str, Any]) -> Standardization:
    targets = plain["targets"]
    return Standardization(
        Scaling(**plain["inputs"]), None if targets is None else Scaling(**targets)
    )


_PRIVATE: dict[str, tuple[Callable[[Any], dict[str, Any]], Callable[[dict[str, Any]], Any]]] = {
    "_trained_network": (_from_network, _to_network),
    "_targets": (_from_targets, _to_targets),
    "_memory": (_from_memory, _to_memory),
    "_standardization": (_from_standardization, _to_standardization),
}


def _on_host(value: Any) -> Any:
    if isinstance(value, list):
        return [_on_host(item) for item in value]
    return to_numpy(value) if is_device_array(value) else value
