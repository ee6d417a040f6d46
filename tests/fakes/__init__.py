"""Stand-ins for the world, held to the same contracts."""
