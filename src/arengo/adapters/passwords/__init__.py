"""Password hashing made real."""
