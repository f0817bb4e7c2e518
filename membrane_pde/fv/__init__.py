"""The finite-volume discretisation: the only room that imports FiPy."""
