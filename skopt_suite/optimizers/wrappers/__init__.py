"""Around another optimizer: clipping, averaging, lookahead."""
