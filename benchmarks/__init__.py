"""Benchmarks of Krimp beside its peers; run by hand."""
