"""One small class per path."""
