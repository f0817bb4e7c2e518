"""Many runs: sweeps and fits."""
