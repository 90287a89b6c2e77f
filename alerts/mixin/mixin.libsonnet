// Streamgauge's rules and dashboards for jsonnet, read from the files beside this folder.
{
  _config+:: {
    // The tickets, and the series for autoscalers, beside what pages.
    streamgaugeTickets: true,
    streamgaugeScaling: false,
    streamgaugeRunbookBase: 'https://runbooks.example.com/streamgauge',
    streamgaugeGrafanaBase: 'https://grafana.example.com',
  },

  local config = self._config,

  // A file's groups: as Prometheus has them, or out of a PrometheusRule of `streamgauge pack`.
  local groups(text) =
    local addressed = std.strReplace(
      std.strReplace(text, 'https://runbooks.example.com/streamgauge', config.streamgaugeRunbookBase),
      'https://grafana.example.com',
      config.streamgaugeGrafanaBase
    );
    local file = std.parseYaml(addressed);
    if std.objectHas(file, 'spec') then file.spec.groups else file.groups,

  // Each group also records what its alerts compare, in this order: so the records stay with them.
  prometheusAlerts+:: {
    groups+:
      groups(importstr '../streams.rules.yml') +
      groups(importstr '../exporter.rules.yml') +
      (if config.streamgaugeTickets then groups(importstr '../hygiene.rules.yml') else []),
  },

  prometheusRules+:: {
    groups+: if config.streamgaugeScaling then groups(importstr '../scaling.rules.yml') else [],
  },

  grafanaDashboards+:: {
    'streamgauge-streams.json': import '../../grafana/dashboards/streamgauge-streams.json',
    'streamgauge-stream.json': import '../../grafana/dashboards/streamgauge-stream.json',
    'streamgauge-exporter.json': import '../../grafana/dashboards/streamgauge-exporter.json',
  },
}
