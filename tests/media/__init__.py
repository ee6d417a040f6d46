"""The sound end to end without Chromium: the commands of the shell, aiortc, Firefox, the demo; all against a real server."""
