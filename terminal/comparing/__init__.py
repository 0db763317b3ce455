"""The companion of a demonstration's counter: has each guest compared once, after the receipt, and forgets it.

Part of the second distribution, `kuaijietong-comparison`; the counter finds it by an entry point, and only beside a
root file that was made for a demonstration. Nothing here delays a registration or shows on the counter's screen:
whoever stands there cannot tell a hit from a miss, nor whether anybody was compared.
"""

from terminal.comparing.companion import make_companion

__all__ = ["make_companion"]
