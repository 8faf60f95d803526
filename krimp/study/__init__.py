"""What is done with many runs: ensembles, claims, calibration, benchmarks."""
