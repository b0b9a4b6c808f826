"""Displays; matplotlib is imported only here, and only when something is drawn."""

from skopt_suite.plotting._importance import ImportanceDisplay
from skopt_suite.plotting._loss_curve import LossCurveDisplay
from skopt_suite.plotting._parallel_coordinates import ParallelCoordinatesDisplay
from skopt_suite.plotting._parameter_curve import ParameterCurveDisplay
from skopt_suite.plotting._path import PathDisplay
from skopt_suite.plotting._schedule import ScheduleDisplay
from skopt_suite.plotting._search_heatmap import SearchHeatmapDisplay
from skopt_suite.plotting._search_loss_curves import SearchLossCurvesDisplay

__all__ = [
    "ImportanceDisplay",
    "LossCurveDisplay",
    "ParallelCoordinatesDisplay",
    "ParameterCurveDisplay",
    "PathDisplay",
    "ScheduleDisplay",
    "SearchHeatmapDisplay",
    "SearchLossCurvesDisplay",
]
