"""What schedules are called in Keras, PyTorch and papers."""

from skopt_suite._words import by_word

_OF_SCHEDULES = {
    "constant": ("none", "no"),
    "step": ("steplr", "stepdecay", "staircase"),
    "multi_step": ("multisteplr", "piecewiseconstantdecay", "milestones"),
    "exponential": ("exponentiallr", "exponentialdecay"),
    "inverse_time": ("inversetimedecay", "timebased", "robbinsmonro"),
    "polynomial": ("polynomiallr", "polynomialdecay"),
    "linear": ("linearlr", "lineardecay"),
    "cosine": ("cosinedecay", "cosineannealing", "cosineannealinglr"),
    "cosine_restarts": ("sgdr", "cosinedecayrestarts", "cosineannealingwarmrestarts"),
    "one_cycle": ("onecyclelr", "superconvergence"),
    "cyclic": ("cycliclr", "clr", "triangular", "triangular2", "exprange"),
    "warmup": ("linearwarmup", "constantwithwarmup"),
    "warmup_stable_decay": ("wsd", "trapezoid"),
    "noam": ("transformer", "inversesqrt"),
    "reduce_on_plateau": ("reducelronplateau", "plateau"),
    "then": ("sequential", "sequentiallr"),
    "product": ("chained", "chainedscheduler"),
}
SCHEDULE_WORDS = by_word(_OF_SCHEDULES)
