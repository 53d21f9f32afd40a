"""Parts of the load tests."""
