"""One small workload in Krimp and in the agent frameworks people would otherwise use."""
