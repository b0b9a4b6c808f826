"""Frames of results; pandas is imported only here, when one is asked for."""

from __future__ import annotations

from typing import Any


def frame_of(columns: dict[str, Any]) -> Any:
    """Return a pandas frame of the columns; raise `ImportError` that says how to get pandas."""
    try:
        import pandas as pd
    except ImportError as error:
        raise ImportError(
            f"A frame of results needs pandas, which cannot be imported ({error}). Install it "
            "with: pip install pandas"
        ) from error
    return pd.DataFrame(columns)
