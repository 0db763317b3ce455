"""The command line `kjt`, one thin module per group. Commands know every package; nobody knows commands."""
