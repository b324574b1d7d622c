"""Special functions as operators of mgcore: norm_cdf, lambert_w, bessel_j0, bessel_j1."""

MGCORE_API = 1
