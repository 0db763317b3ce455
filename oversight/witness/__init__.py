"""A witness of logs (C2SP tlog-witness): cosigns a checkpoint once it is shown to continue the one before."""
