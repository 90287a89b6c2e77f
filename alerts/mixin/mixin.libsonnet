// Streamgauge's rules and dashboards for jsonnet, read from the files beside this folder.
{
  _config+:: {
    // The tickets, and the series for autoscalers, beside what pages.
    streamgaugeTickets: true,
    streamgaugeScaling: false,
    // Each alert has a link where its base is set; the dashboard opens on what the alert is about.
    streamgaugePageUrl: null,
    streamgaugeRunbookBase: null,
    streamgaugeGrafanaBase: null,
  },

  local config = self._config,

  local query(names, prefix) = std.join('&', [
    '%s%s={{ $labels.%s | urlquery }}' % [prefix, name, name]
    for name in names
  ]),
  // What an alert is about, told by its name.
  local about(alert) =
    if std.startsWith(alert, 'RedisStreamGroup') then ['redis', 'db', 'stream', 'group']
    else if std.startsWith(alert, 'RedisStream') && !std.startsWith(alert, 'RedisStreams')
    then ['redis', 'db', 'stream']
    else [],
  local dashboard(alert) =
    local labels = [name for name in about(alert) if name != 'db'];
    if labels == [] then
      'streamgauge-exporter{{ with $labels.redis }}?var-redis={{ . | urlquery }}{{ end }}'
    else 'streamgauge-stream?' + query(labels + ['class'], 'var-'),
  local links(alert) = {
    [if config.streamgaugePageUrl != null then 'page_url']:
      config.streamgaugePageUrl + (if about(alert) == [] then '/' else '/stream?' + query(about(alert), '')),
    [if config.streamgaugeGrafanaBase != null then 'dashboard_url']:
      config.streamgaugeGrafanaBase + '/d/' + dashboard(alert),
    [if config.streamgaugeRunbookBase != null then 'runbook_url']:
      config.streamgaugeRunbookBase + '/' + alert + '.md',
  },
  local linked(group) = group {
    rules: [
      if std.objectHas(rule, 'alert') then rule { annotations+: links(rule.alert) } else rule
      for rule in group.rules
    ],
  },

  // A file's groups: as Prometheus has them, or out of a PrometheusRule of `streamgauge pack`.
  local groups(text) =
    local file = std.parseYaml(text);
    std.map(linked, if std.objectHas(file, 'spec') then file.spec.groups else file.groups),

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
