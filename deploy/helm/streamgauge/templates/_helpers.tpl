{{- define "streamgauge.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 52 | trimSuffix "-" -}}
{{- else if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | trunc 52 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 52 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "streamgauge.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{/* The label app.kubernetes.io/name becomes the label `job`, which the rules look for. */}}
{{- define "streamgauge.labels" -}}
{{ include "streamgauge.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "streamgauge.pods" -}}
{{- if gt (int .Values.shards) 1 }}{{ .Values.shards }}{{ else }}{{ .Values.replicas }}{{ end -}}
{{- end -}}

{{- define "streamgauge.scheme" -}}
{{- ternary "https" "http" .Values.web.tls -}}
{{- end -}}

{{- define "streamgauge.serviceAccount" -}}
{{- .Values.serviceAccount.name | default (ternary (include "streamgauge.fullname" .) "default" .Values.serviceAccount.create) -}}
{{- end -}}

{{/* A pod's name must not become the label `redis`: it changes, and each replica has another. */}}
{{- define "streamgauge.config" -}}
{{- $config := deepCopy .Values.config -}}
{{- $servers := $config.redis -}}
{{- if kindIs "map" $servers -}}{{- $servers = list $servers -}}{{- end -}}
{{- range $servers -}}
{{- $_ := required "config.redis.name is required: the label `redis` of every series, the same on every pod" .name -}}
{{- if not (or .url .sentinel) -}}
{{- $_ := required "config.redis.url is required: where Redis is, such as redis://redis:6379/0" .url -}}
{{- end -}}
{{- end -}}
{{- if not (hasKey $config "state_file") -}}
{{- $_ := set $config "state_file" "/var/lib/streamgauge/state.json" -}}
{{- end -}}
{{ toYaml $config }}
{{- end -}}

{{/* A kubelet's own probe cannot log in without showing the password in the pod's manifest. */}}
{{- define "streamgauge.probe" -}}
{{- $root := index . 0 -}}
{{- $path := index . 1 -}}
{{- if $root.Values.web.credentialsSecret -}}
exec:
  command: [python3, /etc/streamgauge/probe.py, {{ include "streamgauge.scheme" $root }}, {{ $path }}, /etc/streamgauge-web-user]
{{- else -}}
httpGet: {path: {{ $path }}, port: metrics, scheme: {{ include "streamgauge.scheme" $root | upper }}}
{{- end -}}
{{- end -}}

{{/* What a ServiceMonitor and a PodMonitor say of their endpoint alike. */}}
{{- define "streamgauge.endpoint" -}}
port: metrics
scheme: {{ include "streamgauge.scheme" . }}
interval: {{ .Values.serviceMonitor.interval }}
scrapeTimeout: {{ .Values.serviceMonitor.scrapeTimeout }}
{{- if .Values.web.credentialsSecret }}
basicAuth:
  username: {name: {{ .Values.web.credentialsSecret }}, key: username}
  password: {name: {{ .Values.web.credentialsSecret }}, key: password}
{{- end }}
{{- with .Values.serviceMonitor.tlsConfig }}
tlsConfig:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- if or .Values.serviceMonitor.relabelings (gt (int .Values.shards) 1) }}
relabelings:
  {{- if gt (int .Values.shards) 1 }}
  - sourceLabels: [__meta_kubernetes_pod_label_apps_kubernetes_io_pod_index]
    targetLabel: shard
  {{- end }}
  {{- with .Values.serviceMonitor.relabelings }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}
{{- end -}}
