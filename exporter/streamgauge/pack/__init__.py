"""The shipped alert rules and dashboards, adapted to a site: text in, text out."""

from streamgauge.pack.adapt import adapt
from streamgauge.pack.folder import PackError, write_pack
from streamgauge.pack.options import Format, PackOptions

__all__ = ["Format", "PackError", "PackOptions", "adapt", "write_pack"]
