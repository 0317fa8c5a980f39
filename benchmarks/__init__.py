"""What is measured, and how: `python -m benchmarks NAME [--quick] [--json]` (docs/performance.md).

Each benchmark drives the product through its public doors with rights, validation and journal on, and measures a bare
yardstick beside it in the same run: figures of a shared machine are noise, their ratio is not.
"""
