"""Voices for the tests and for the demo, and the ear that tells them apart."""
