"""Integrators, the steady state, and the linear algebra that they need."""
