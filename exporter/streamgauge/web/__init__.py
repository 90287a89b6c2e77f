"""HTTP: /metrics, the status page, health, and the server that carries them."""
