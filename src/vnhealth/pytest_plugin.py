"""pytest plugin: fixtures for tests of hospital software against the sandbox."""
