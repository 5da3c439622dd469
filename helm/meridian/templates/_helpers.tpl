{{- define "meridian.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{/* At most 40 characters: the longest suffix makes it a label of a DNS name still. */}}
{{- define "meridian.fullname" -}}
{{- $name := include "meridian.name" . -}}
{{- $full := printf "%s-%s" .Release.Name $name -}}
{{- if .Values.fullnameOverride -}}
{{- $full = .Values.fullnameOverride -}}
{{- else if contains $name .Release.Name -}}
{{- $full = .Release.Name -}}
{{- end -}}
{{- /* A Service's name has no dots; a release's may. */ -}}
{{- $full | replace "." "-" | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{/* Of a pod, and what selects it: never changes. Call with (dict "root" $ "component" "operator"). */}}
{{- define "meridian.selectorLabels" -}}
app.kubernetes.io/name: {{ include "meridian.name" .root }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end -}}

{{- define "meridian.labels" -}}
{{ include "meridian.selectorLabels" . }}
app.kubernetes.io/part-of: meridian
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" }}
{{- with .root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "meridian.operatorName" -}}{{ include "meridian.fullname" . }}-operator{{- end -}}
{{- define "meridian.agentName" -}}{{ include "meridian.fullname" . }}-agent{{- end -}}
{{- define "meridian.hubName" -}}{{ include "meridian.fullname" . }}-hub{{- end -}}

{{/* How the API server names the operator. */}}
{{- define "meridian.operatorUser" -}}
system:serviceaccount:{{ .Release.Namespace }}:{{ include "meridian.operatorName" . }}
{{- end -}}
{{- define "meridian.agentUser" -}}
system:serviceaccount:{{ .Release.Namespace }}:{{ include "meridian.agentName" . }}
{{- end -}}

{{/* Call with (dict "root" $ "image" .Values.operator.image). */}}
{{- define "meridian.image" -}}
{{- with .image.registry }}{{ . }}/{{ end -}}
{{- .image.repository -}}
{{- if .image.digest }}@{{ .image.digest }}{{ else }}:{{ .image.tag | default .root.Chart.AppVersion }}{{ end -}}
{{- end -}}

{{- define "meridian.imagePullSecrets" -}}
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . | quote }}
  {{- end }}
{{- end }}
{{- end -}}
