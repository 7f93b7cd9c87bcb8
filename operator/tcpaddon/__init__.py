"""tcpaddon gives an app on Kubernetes a TCP process, a public address and TCP_URL in its Secret."""
