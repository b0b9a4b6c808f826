"""What optimizers are called in scikit-learn, Keras, PyTorch and papers."""

from skopt_suite._words import by_word

OPTIMIZER_WORDS = by_word(
    {
        "gradient_descent": ("gd", "batchgradientdescent", "fullbatch"),
        "sgd": ("stochasticgradientdescent", "minibatchgradientdescent"),
        "momentum": ("sgdmomentum", "heavyball", "polyak"),
        "nesterov": ("nag", "nesterovsmomentum", "sgdnesterov"),
        "adamw": ("adamweightdecay", "decoupledadam"),
        "schedule_free_adamw": ("schedulefree", "schedulefreeadam"),
        "clip_gradient": ("clipnorm", "clipgradnorm", "globalclipnorm", "clipvalue"),
        "average_weights": ("asgd", "swa", "ema", "polyakaveraging", "averagedmodel"),
        "lbfgs": ("bfgs", "lbfgsb", "liblinear", "newtoncg", "newtoncholesky", "trustncg"),
        "newton_cg": ("trustncg", "truncatednewton", "tron"),
        "newton_cholesky": ("irls", "newtonraphson", "fisherscoring"),
        "fista": ("ista", "proximalgradient"),
        "coordinate_descent": ("cd",),
        "saga": ("sag", "stochasticaveragegradient"),
        "closed_form": ("cholesky", "svd", "eigen", "lsqr", "sparsecg", "normalequations"),
    }
)
