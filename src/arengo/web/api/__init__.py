"""The native API, one module for each resource."""
