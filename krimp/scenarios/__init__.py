"""Scenarios: dated actions over a city's parameters, as TOML files; the shipped ones lie beside this module."""
