"""What penalties are called in scikit-learn, Keras, PyTorch and papers."""

from skopt_suite._words import by_word

PENALTY_WORDS = by_word(
    {
        "none": ("no", "false", "nopenalty", "unpenalized"),
        "l1": ("lasso", "l1norm", "l1regularizer"),
        "l2": ("ridge", "tikhonov", "weightdecay", "l2norm", "squaredl2", "l2regularizer"),
        "elastic_net": ("enet", "l1l2", "l1andl2"),
        "weighted_l1": ("adaptivelasso", "weightedlasso"),
        "mcp": ("minimaxconcave", "minimaxconcavepenalty"),
        "group_lasso": ("l21", "grouplasso", "grouped"),
        "sparse_group_lasso": ("sgl",),
        "box": ("bounds", "constraints", "nonneg", "nonnegative"),
        "max_norm": ("maxnormconstraint", "unitnorm", "kernelconstraint"),
    }
)
