"""What the HTTP benchmarks share: load, servers as processes, contenders."""
