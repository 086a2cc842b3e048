"""One small module per gateway over the shared core."""
