"""What losses are called in scikit-learn, Keras and PyTorch."""

from skopt_suite._words import by_word

_OF_CLASSIFICATION = {
    "log_loss": (
        *("crossentropy", "binarycrossentropy", "categoricalcrossentropy", "crossentropyloss"),
        *("sparsecategoricalcrossentropy", "bce", "bceloss", "bcewithlogits", "bcewithlogitsloss"),
        *(
            "log",
            "nll",
            "nllloss",
            "deviance",
            "logistic",
            "logisticregression",
            "multinomial",
            "softmax",
        ),
        *("multilabelsoftmarginloss", "softmarginloss"),
    ),
    "hinge": ("categoricalhinge", "svm", "multimarginloss"),
    "squared_hinge": ("linearsvc",),
    "focal": (
        *("focalloss", "binaryfocalcrossentropy", "categoricalfocalcrossentropy"),
        "sigmoidfocalloss",
    ),
}
_OF_REGRESSION = {
    "squared_error": (
        *("mse", "mseloss", "meansquarederror", "squaredloss", "leastsquares", "ols", "l2"),
        *("l2loss", "ridge", "linearregression"),
    ),
    "absolute_error": ("mae", "meanabsoluteerror", "l1", "l1loss", "lad"),
    "huber": ("huberloss", "huberregressor", "smoothl1", "smoothl1loss"),
    "quantile": ("pinball", "pinballloss", "quantileregressor"),
    "epsilon_insensitive": ("svr", "linearsvr"),
    "poisson": ("poissonnll", "poissonnllloss", "poissonregressor", "halfpoissonloss"),
    "gamma": ("gammaregressor", "halfgammaloss"),
    "tweedie": ("tweedieregressor", "halftweedieloss", "compoundpoisson"),
}

CLASSIFICATION_WORDS = by_word(_OF_CLASSIFICATION)
REGRESSION_WORDS = by_word(_OF_REGRESSION)
