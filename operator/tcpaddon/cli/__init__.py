"""The command line: what helps without a cluster, and the kubectl plugin."""
