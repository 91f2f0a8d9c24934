"""Embedded worlds: processes that make data and whose laws are known exactly, for domains to draw from. Numpy alone."""
