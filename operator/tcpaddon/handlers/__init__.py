"""kopf: the custom resources' events become keys in the queue."""
