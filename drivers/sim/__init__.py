"""Simulators that ship with the product: readers and specimen cards that behave like real ones, faults included."""

from drivers.sim.control import send_control
from drivers.sim.run import run_scanner, run_simulator

__all__ = ["run_scanner", "run_simulator", "send_control"]
