"""Benchmarks: one command, one table, ratios to the physical floor and to peers in one process.

    make bench            or            python -m benchmarks [--quick] [--only NAME ...]

Every contender of a group is timed in turns with its base (the order is reversed every second
round), in CPU time of this process, after a garbage collection. A figure is the median over rounds
of contender ÷ base; its spread is the distance of the 10th and 90th percentile over the median.
"""
