"""The command line: what helps without a cluster, and later the kubectl plugin."""
