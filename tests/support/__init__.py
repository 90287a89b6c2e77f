"""What the tests share: real servers, the exporter as a process, scrapes as data, and an oracle."""
