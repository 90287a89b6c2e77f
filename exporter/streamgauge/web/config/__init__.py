"""The web config file: TLS, basic authentication and response headers, as in exporter-toolkit."""

from streamgauge.web.config.load import load_web_config, named_files
from streamgauge.web.config.model import Tls, WebConfig

__all__ = ["Tls", "WebConfig", "load_web_config", "named_files"]
