"""What solvers share: moments and spectrum of columns, curvature, the quadratic, line search."""
