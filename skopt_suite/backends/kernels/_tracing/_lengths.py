"""Lengths that a call brings; while functions are traced these numbers stand for them."""

FITS, WEIGHTS, PARAMS = 1_000_003, 2_000_003, 3_000_017
ROWS, UNITS, OUTPUTS = 4_000_037, 5_000_011, 6_000_011
SUMMED = 7_000_003
"""Of what products sum over."""
GROUPS, MEMBERS = 8_000_009, 9_000_011
"""Groups of weights, and weights of a group, which may be of any number."""
NAMES = {
    FITS: "K",
    WEIGHTS: "W",
    PARAMS: "P",
    ROWS: "B",
    UNITS: "N",
    OUTPUTS: "C",
    SUMMED: "M",
    GROUPS: "G",
}
LEAST = 10**6
"""Whole numbers from here on are no others."""
