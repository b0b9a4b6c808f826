"""ScheduleDisplay draws what a schedule will say."""

import re

import matplotlib.pyplot as plt
import numpy as np
import pytest

from skopt_suite.plotting import ScheduleDisplay
from skopt_suite.schedules import SCHEDULES, Adaptive, FromFunction, ReduceOnPlateau, Step, Warmup


def square_root(time, horizon):
    return (1 + time) ** -0.5


def drawn(display, times):
    (line,) = display.lines_
    return np.interp(times, line.get_xdata(), line.get_ydata())


@pytest.mark.parametrize("name", [*SCHEDULES])
def test_every_schedule_is_drawn(name):
    display = ScheduleDisplay.from_schedule(name, max_iter=20)
    (line,) = display.lines_
    assert line.get_label() == name
    times, factors = line.get_xdata(), line.get_ydata()
    assert times[0] == 0
    assert times[-1] == pytest.approx(20)
    assert (np.diff(times) > 0).all()
    assert (factors >= 0).all()
    assert (factors <= 1).all()
    assert display.ax_.get_xlabel() == "epoch"


def test_the_line_is_the_factor():
    display = ScheduleDisplay.from_schedule(FromFunction(square_root), max_iter=8)
    np.testing.assert_allclose(drawn(display, [0, 3, 7.5]), [1, 0.5, 8.5**-0.5])


def test_drops_are_steep():
    display = ScheduleDisplay.from_schedule(Step(5, gamma=0.5), max_iter=12)
    np.testing.assert_allclose(drawn(display, [4.99, 5, 9.99, 10]), [1, 0.5, 0.5, 0.25])


def test_a_loss_that_does_not_fall_is_shown_to_those_that_react():
    display = ScheduleDisplay.from_schedule(ReduceOnPlateau(patience=3), max_iter=10)
    np.testing.assert_allclose(drawn(display, [3.9, 4.1, 6.9, 7.1]), [1, 0.5, 0.5, 0.25])


def test_the_loss_can_be_given():
    schedule = Adaptive(patience=2)
    display = ScheduleDisplay.from_schedule(schedule, max_iter=9, loss_curve=[5, 4, 3, 2, 1])
    np.testing.assert_allclose(drawn(display, [6.9, 7.1, 8.9]), [1, 0.2, 0.2])


def test_several_share_axes_with_a_legend():
    _, ax = plt.subplots()
    schedules = {"plain": "cosine", "warm": Warmup("cosine", n_epochs=5)}
    display = ScheduleDisplay.from_schedules(schedules, ax=ax, linewidth=3)
    assert display.ax_ is ax
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["plain", "warm"]
    assert [line.get_linewidth() for line in display.lines_] == [3, 3]
    assert display.figure_ is ax.figure


def test_it_can_be_made_from_numbers_and_named():
    display = ScheduleDisplay(curves={"mine": ([0, 1], [1, 0.5])}).plot()
    assert drawn(display, [0.5]) == 0.75
    named = ScheduleDisplay.from_schedule("cosine", name="fall")
    assert named.lines_[0].get_label() == "fall"


@pytest.mark.parametrize(
    "schedule, settings, kind, text",
    [
        ("cosin", {}, ValueError, "ScheduleDisplay: unknown schedule 'cosin'; known: 'constant'"),
        (3, {}, TypeError, "ScheduleDisplay: schedule must be the name or an object of a schedule"),
        (Step(0), {}, ValueError, "Step: step_size must be a whole number >= 1; got 0"),
        ("step", {"max_iter": 0}, ValueError, "ScheduleDisplay: max_iter must be a whole number"),
        ("step", {"loss_curve": []}, ValueError, "ScheduleDisplay: loss_curve must have an entry"),
        ("step", {"loss_curve": ["x"]}, TypeError, "every entry of loss_curve must be a number"),
    ],
)
def test_what_cannot_be_drawn(schedule, settings, kind, text):
    with pytest.raises(kind, match=re.escape(text)):
        ScheduleDisplay.from_schedule(schedule, **settings)
    assert not plt.get_fignums()
