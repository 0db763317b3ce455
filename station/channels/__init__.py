"""Ways to call somebody who does not look at the screen: a notice says that an alert waits, and nothing else."""

from station.channels.notice import Channel, ChannelFailed, Notice

__all__ = ["Channel", "ChannelFailed", "Notice"]
