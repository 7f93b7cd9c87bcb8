"""The clients of the benches: a program that connects, and what it tells of each connection.

The program (`generator`) needs nothing but Python, because it also runs in a container where this
machine does not reach the cluster's addresses.
"""
