"""Measures what DESIGN §7 promises: ``python -m benchmarks NAME [--count N]``, one JSON line at the end (docs/benchmarks.md)."""
