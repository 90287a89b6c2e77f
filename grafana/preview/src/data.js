// What each panel shows: its queries, run over one time range, as prepared frames.

import { prepare } from './fields.js';
import { seriesFrames, tableFrame } from './prometheus.js';
import { interpolate } from './variables.js';

// The least between two points, as the data source's "Scrape interval" says, and what follows.
export function intervals(range, scrapeSeconds) {
  return {
    step: scrapeSeconds,
    texts: {
      __interval: `${scrapeSeconds}s`,
      __rate_interval: `${4 * scrapeSeconds}s`,
      __range: `${range.seconds}s`,
      __url_time_range: `from=${range.from}000&to=${range.to}000`,
    },
  };
}

export async function load(panel, context) {
  const { prometheus, variables, range, interval, theme } = context;
  const replace = (text) => interpolate(text, variables, interval.texts);
  const results = await Promise.all(
    panel.targets.map(async (target) => {
      const expression = replace(target.expr);
      const series = target.instant
        ? await prometheus.instant(expression, range.to)
        : await prometheus.range(expression, { start: range.from, end: range.to, step: interval.step });
      return { target, series };
    })
  );
  const frames = results.flatMap(({ target, series }) =>
    target.format === 'table'
      ? [tableFrame(series, target, results.length > 1)]
      : seriesFrames(series, target, interval.step)
  );
  return {
    seriesCount: results.reduce((sum, { series }) => sum + series.length, 0),
    unanswered: results.filter(({ series }) => !series.length).map(({ target }) => target.refId),
    frames: await prepare(frames, panel, theme, replace),
  };
}

// The annotations as spans of time: points no further apart than the step belong together.
export async function loadAnnotations(dashboard, { prometheus, variables, range, interval }) {
  const spans = [];
  for (const annotation of dashboard.annotations.list.filter(({ expr }) => expr)) {
    const step = Math.max(Number.parseInt(annotation.step ?? '60s', 10), interval.step);
    const expression = interpolate(annotation.expr, variables, interval.texts);
    const start = Math.ceil(range.from / step) * step;
    const series = await prometheus.range(expression, { start, end: range.to, step });
    for (const { labels, points } of series) {
      const title = annotation.titleFormat.replace(/\{\{(\w+)\}\}/g, (_, label) => labels[label]);
      for (const [time, value] of points) {
        const last = spans.at(-1);
        if (value && last?.series === labels && time - last.to <= step * 1000) {
          last.to = time;
        } else if (value) {
          spans.push({ series: labels, title, from: time, to: time, color: annotation.iconColor });
        }
      }
    }
  }
  return spans;
}
