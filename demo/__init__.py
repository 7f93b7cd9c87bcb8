"""`make demo`: from nothing to an MQTT message through TCP_URL, on a real kind cluster."""
