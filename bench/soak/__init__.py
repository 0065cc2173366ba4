"""`make soak`: events, receivers of every kind and faults at random, and an account of every acknowledged event."""
