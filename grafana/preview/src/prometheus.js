// Prometheus' HTTP API, and its answers as the data frames that Grafana's own data source makes.

import { FieldType, createDataFrame } from '@grafana/data';

export class Prometheus {
  constructor(address) {
    this.address = address;
  }

  async ask(path, parameters) {
    const answer = await fetch(`http://${this.address}/api/v1/${path}`, {
      method: 'POST',
      body: new URLSearchParams(parameters),
    });
    const body = await answer.json();
    if (body.status !== 'success') {
      throw new Error(`Prometheus refuses ${JSON.stringify(parameters)}: ${body.error}`);
    }
    return body.data;
  }

  async labelValues(label, selector) {
    const path = `http://${this.address}/api/v1/label/${label}/values`;
    const answer = await fetch(`${path}?${new URLSearchParams({ 'match[]': selector })}`);
    return (await answer.json()).data ?? [];
  }

  async instant(query, time) {
    return seriesOf(await this.ask('query', { query, time }));
  }

  async range(query, { start, end, step }) {
    return seriesOf(await this.ask('query_range', { query, start, end, step }));
  }
}

// A vector or matrix as it is; a scalar as one series without labels.
function seriesOf({ resultType, result }) {
  const series = resultType === 'scalar' ? [{ metric: {}, value: result }] : result;
  return series.map(({ metric, value, values }) => ({
    labels: metric,
    points: (values ?? [value]).map(([seconds, text]) => [seconds * 1000, numberOf(text)]),
  }));
}

function numberOf(text) {
  return { '+Inf': Infinity, '-Inf': -Infinity, NaN }[text] ?? Number(text);
}

// One frame for each series, as time series and stat panels want them.
export function seriesFrames(series, target, stepSeconds) {
  return series.map(({ labels, points }) =>
    createDataFrame({
      refId: target.refId,
      fields: [
        {
          name: 'Time',
          type: FieldType.time,
          values: points.map(([time]) => time),
          // A gap longer than this is drawn as one.
          config: { interval: stepSeconds * 1000 },
        },
        {
          name: 'Value',
          type: FieldType.number,
          labels,
          values: points.map(([, value]) => value),
          config: { displayNameFromDS: legendOf(target.legendFormat, labels) },
        },
      ],
    })
  );
}

function legendOf(format, labels) {
  if (format) {
    return format.replace(/\{\{\s*(\w+)\s*\}\}/g, (_, label) => labels[label] ?? '');
  }
  const { __name__: name = '', ...others } = labels;
  const inside = Object.entries(others).map(([label, value]) => `${label}="${value}"`);
  return inside.length ? `${name}{${inside.join(', ')}}` : name;
}

// One frame with a column for each label, as table panels want it.
export function tableFrame(series, target, isOneOfSeveral) {
  const labels = [...new Set(series.flatMap((one) => Object.keys(one.labels)))].sort();
  return createDataFrame({
    refId: target.refId,
    fields: [
      { name: 'Time', type: FieldType.time, values: series.map(({ points }) => points[0][0]) },
      ...labels.map((label) => ({
        name: label,
        type: FieldType.string,
        values: series.map((one) => one.labels[label] ?? ''),
        config: { filterable: true },
      })),
      {
        name: isOneOfSeveral ? `Value #${target.refId}` : 'Value',
        type: FieldType.number,
        values: series.map(({ points }) => points[0][1]),
      },
    ],
  });
}
