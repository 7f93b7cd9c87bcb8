"""Real servers as TcpAddons: PostgreSQL and Redis of Debian's packages, and their own clients."""
