"""The work on all pairs of two networks' layers: their transports and rotations, in memory or in stored blocks."""
