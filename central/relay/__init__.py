"""The relay: passes comparisons on from memory, once a second and shuffled. Second distribution; specimens only."""
