"""Stand-ins for other people's servers. Each speaks its real protocol over a real socket on loopback."""
