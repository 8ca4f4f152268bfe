"""Facts about the world, each with the date it came into force."""
