"""Solving the linear equations of an implicit step, ``(M − τ J) x = b``."""
