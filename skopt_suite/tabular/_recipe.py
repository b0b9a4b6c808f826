"""What networks on tables are by default."""

from __future__ import annotations

from typing import Any

from skopt_suite.optimizers import AdamW


def recipe() -> dict[str, Any]:
    """Return the parameters of the default network."""
    return {
        "hidden_layer_sizes": (64, 64, 64),
        "optimizer": AdamW(1e-2, weight_decay=0.02),
        "penalty": "none",
        "schedule": "cosine",
        "max_iter": 60,
        "tol": None,
        "batch_size": 128,
        "early_stopping": True,
    }
