"""What holds for every loss."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from skopt_suite._component import stack
from skopt_suite.backends import to_numpy
from skopt_suite.losses import CLASSIFICATION_LOSSES, REGRESSION_LOSSES, Huber, LogLoss, TargetType

shares = st.floats(0, 1)

raws = arrays(np.float64, (1, 4, 3), elements=st.floats(-50, 50))
classes = arrays(np.int64, (4, 1), elements=st.integers(0, 2))


@given(raws, classes, st.floats(-1e3, 1e3))
def test_adding_a_constant_to_all_logits_changes_nothing(raw, y, constant):
    loss = LogLoss().on(TargetType("classes", 3))
    value, gradient = loss.value_and_gradient(y, raw.copy())
    shifted, shifted_gradient = loss.value_and_gradient(y, raw + constant)
    np.testing.assert_allclose(shifted, value, rtol=1e-9, atol=1e-10)
    np.testing.assert_allclose(shifted_gradient, gradient, rtol=1e-9, atol=1e-10)
    np.testing.assert_allclose(loss.probability(raw + constant), loss.probability(raw))
    np.testing.assert_allclose(gradient.sum(axis=-1), 0, atol=1e-12)


@given(arrays(np.float64, (1, 5, 1), elements=st.floats(-1e3, 1e3)))
def test_two_classes_are_a_softmax_with_one_logit_at_zero(raw):
    y = np.array([[0], [1], [1], [0], [1]])
    label, loss = LogLoss().on(TargetType("labels", 1)), LogLoss().on(TargetType("classes", 2))
    binary, binary_gradient = label.value_and_gradient(y.astype(float), raw.copy())
    pair = np.concatenate([np.zeros_like(raw), raw], axis=-1)
    softmax, gradient = loss.value_and_gradient(y, pair)
    np.testing.assert_allclose(binary, softmax, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(binary_gradient[..., 0], gradient[..., 1], rtol=1e-9, atol=1e-12)


NAMES = [name for name in (*CLASSIFICATION_LOSSES, *REGRESSION_LOSSES) if name != "focal"]


@given(name=st.sampled_from(NAMES), a=raws, b=raws, share=shares)
def test_losses_are_convex_and_not_negative(place, name, a, b, share):
    registry = CLASSIFICATION_LOSSES if name in CLASSIFICATION_LOSSES else REGRESSION_LOSSES
    loss = registry[name]()
    loss = stack([loss.on(TargetType(loss.kinds[-1], 3))], place, 3)
    y = place.asarray(np.array([[0.0, 1.0, 1.0]] * 4) + (loss.kinds[-1] == "numbers"))

    def value(raw):
        return to_numpy(loss.value_and_gradient(y, place.asarray(raw.copy()))[0])

    middle = value(share * a + (1 - share) * b)
    above = share * value(a) + (1 - share) * value(b)
    assert (middle >= 0).all()
    assert (middle <= above + 1e-9 * (1 + above)).all()


@given(arrays(np.float64, (1, 5, 2), elements=st.floats(-1.3, 1.3)))
def test_huber_is_the_squared_error_near_zero(raw):
    y = np.zeros((5, 2))
    huber, gradient = Huber(delta=1.35).value_and_gradient(y, raw.copy())
    np.testing.assert_allclose(huber, (raw**2).sum(axis=-1) / 2, atol=1e-12)
    np.testing.assert_allclose(gradient, raw, atol=1e-12)
