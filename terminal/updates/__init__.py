"""New releases of the program on a counter's machine: fetched, checked, tried, and taken back if they do not start.

Beside the terminal, not within it: what fails to start cannot put itself right. Run as root by a timer
(deploy/systemd), while the terminal itself may change none of its own code.
"""
