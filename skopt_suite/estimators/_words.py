"""What parameters of estimators are called in scikit-learn, Keras and PyTorch."""

from skopt_suite._words import by_word

_LAYERS = "Hidden layers are those of MLPClassifier and MLPRegressor."

_OF_OPTIMIZERS = {
    "optimizer": ("solver", "algorithm", "opt"),
    "optimizer=Adam(learning_rate=...), or optimizer__learning_rate where parameters are set": (
        *("lr", "learningrateinit", "eta0", "eta", "stepsize"),
    ),
    "optimizer=Adam(learning_rate=...) for a number, or schedule=... for how it changes": (
        "learningrate",
    ),
    "optimizer=Momentum(momentum=...)": ("momentum",),
    "optimizer='nesterov'": ("nesterov", "nesterovsmomentum"),
    "optimizer=Adam(beta1=...)": ("beta1", "betas"),
    "optimizer=Adam(beta2=...)": ("beta2",),
    "optimizer=AdamW(weight_decay=...)": ("weightdecay",),
    "optimizer=AverageWeights(...)": ("average", "ema", "useema"),
    "optimizer=ClipGradient(...)": ("clipnorm", "globalclipnorm", "gradientclipval"),
    "schedule": ("scheduler", "lrscheduler", "lrschedule", "learningrateschedule"),
    "schedule=Invscaling(power=...)": ("powert",),
}
_OF_OBJECTIVES = {
    "penalty=L2(alpha=...), or penalty__alpha where parameters are set": (
        *("alpha", "l2", "reglambda", "lambda", "lam", "regularizationstrength"),
    ),
    "penalty=L2(alpha=1 / (C * n_samples))": ("c",),
    "penalty=L1(alpha=...)": ("l1", "regalpha"),
    "penalty=ElasticNet(l1_ratio=...)": ("l1ratio",),
    "penalty=L2(positive=True)": ("positive",),
    "penalty": (*("regularization", "regularizer", "reg", "kernelregularizer"),),
    "loss": ("criterion", "objective", "lossfunction", "lossfn"),
    "loss=Huber(delta=...) or loss=EpsilonInsensitive(epsilon=...)": ("epsilon", "delta"),
    "loss=Quantile(quantile=...)": ("quantile", "tau"),
    "scoring": ("metric", "metrics", "evalmetric"),
}
_OF_TRAINING = {
    "max_iter": (
        *("epochs", "nepochs", "maxepochs", "numepochs", "nbepoch", "niter", "numiterations"),
        *("iterations", "maxfun"),
    ),
    "batch_size": ("minibatchsize", "batch"),
    "validation_fraction": ("validationsplit", "valsplit", "valfraction"),
    "X_val and y_val of fit": ("validationdata", "evalset", "validationset"),
    "n_iter_no_change": ("patience", "earlystoppingrounds"),
    "random_state": ("seed", "randomseed", "rng"),
    "standardize": ("normalize", "scale", "scaling"),
    "backend='cupy'": ("device", "usegpu", "gpu"),
    "set_callbacks(...) after it": ("callbacks", "callback"),
    "sample_weight of fit": ("sampleweight", "sampleweights", "classweight"),
    "Parallel are searches and ensembles: n_jobs is theirs.": ("njobs",),
    "Nothing takes its place, as it is not needed.": (
        *("dual", "multiclass", "interceptscaling", "copyx", "precompute", "selection"),
    ),
    "fit_intercept": ("fitbias", "usebias", "bias", "intercept"),
}
_OF_NETWORKS = {
    "hidden_layer_sizes": (
        *("hiddenunits", "units", "hiddenlayers", "hiddensizes", "hiddensize", "hiddendims"),
        *("hiddendim", "layers", "layersizes", "nhidden", "nunits"),
    ),
    "activation": ("activations", "activationfunction", "hiddenactivation", "nonlinearity"),
    "dropout": ("dropoutrate", "dropoutp", "droprate"),
    "init": ("kernelinitializer", "initializer", "weightinit"),
    "normalization='batch'": ("batchnorm", "batchnormalization"),
    "normalization='layer'": ("layernorm", "layernormalization"),
}
_NOT_OF_LINEAR_MODELS = {
    _LAYERS: (
        *("hiddenlayersizes", "activation", "dropout", "inputdropout", "normalization", "residual"),
        *(word for words in _OF_NETWORKS.values() for word in words),
    )
}
_SHARED = by_word({**_OF_OPTIMIZERS, **_OF_OBJECTIVES, **_OF_TRAINING})
WORDS_FOR_LINEAR_MODELS = {**_SHARED, **by_word(_NOT_OF_LINEAR_MODELS)}
WORDS_FOR_NETWORKS = {
    **_SHARED,
    **by_word(_OF_NETWORKS),
    "epsilon": "optimizer=Adam(epsilon=...)",
    "fitintercept": "All layers have intercepts.",
}
