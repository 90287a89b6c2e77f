// A stand-in for Grafana's state timeline, which no npm package has: spans in the mapped colours.

import { getFieldDisplayName } from '@grafana/data';
import { useTheme2 } from '@grafana/ui';
import { NoData } from './panels.jsx';

const AXIS_HEIGHT = 20;
const LEGEND_HEIGHT = 24;
const TIME_WIDTH = 40;
const NARROWEST_LABELLED = 60;

export function StateTimeline({ panel, data, context, width, height }) {
  const theme = useTheme2();
  const { perPage, rowHeight } = panel.options;
  const rows = data.frames.map((frame) => rowOf(frame, data.frames)).slice(0, perPage ?? 20);
  if (!rows.length) {
    return <NoData panel={panel} />;
  }
  const nameWidth = Math.min(Math.max(...rows.map(({ name }) => name.length)) * 6.6 + 12, width / 3);
  const plotWidth = width - nameWidth;
  const each = (height - AXIS_HEIGHT - LEGEND_HEIGHT) / rows.length;
  const [from, to, step] = [context.range.from, context.range.to, context.interval.step].map(
    (seconds) => seconds * 1000
  );
  const left = (time) => (Math.max(0, time - from) / (to - from)) * plotWidth;
  return (
    <div className="timeline" style={{ width, height, fontSize: theme.typography.size.sm }}>
      {rows.map(({ name, spans }) => (
        <div key={name} className="timeline-row" style={{ height: each }}>
          <div className="timeline-name" style={{ width: nameWidth, lineHeight: `${each * rowHeight}px` }}>
            {name}
          </div>
          {spans.map((span) => {
            const x = left(span.from);
            const spanWidth = Math.min(left(span.to + step), plotWidth) - x;
            const style = {
              left: nameWidth + x,
              width: spanWidth,
              height: each * rowHeight,
              lineHeight: `${each * rowHeight}px`,
              background: span.color,
              color: theme.colors.getContrastText(span.color),
            };
            return (
              <div key={span.from} className="timeline-span" style={style}>
                {spanWidth > NARROWEST_LABELLED && span.text}
              </div>
            );
          })}
        </div>
      ))}
      <div className="timeline-axis" style={{ height: AXIS_HEIGHT, marginLeft: nameWidth }}>
        {minutes(from, to)
          .filter((time) => left(time) + TIME_WIDTH / 2 <= plotWidth)
          .map((time) => (
            <span key={time} style={{ left: left(time) - TIME_WIDTH / 2, width: TIME_WIDTH }}>
              {new Date(time).toISOString().slice(11, 16)}
            </span>
          ))}
      </div>
      <div className="timeline-legend" style={{ height: LEGEND_HEIGHT }}>
        {legendOf(rows).map(({ text, color }) => (
          <span key={text}><i style={{ background: color }} />{text}</span>
        ))}
        {data.frames.length > rows.length && <span>{data.frames.length - rows.length} more on the next page</span>}
      </div>
    </div>
  );
}

function rowOf(frame, frames) {
  const [time, value] = frame.fields;
  const spans = [];
  const step = time.config.interval;
  value.values.forEach((number, index) => {
    const at = time.values[index];
    const { text, color } = value.display(number);
    const last = spans.at(-1);
    if (last?.text === text && at - last.to <= step) {
      last.to = at;
    } else {
      spans.push({ text, color, from: at, to: at });
    }
  });
  // A state lasts until the next one; the last of all for one more step.
  spans.forEach((span, index) => {
    if (spans[index + 1]?.from - span.to <= step) {
      span.to = spans[index + 1].from - step;
    }
  });
  return { name: getFieldDisplayName(value, frame, frames), spans };
}

function legendOf(rows) {
  const states = rows.flatMap(({ spans }) => spans);
  return [...new Map(states.map((state) => [state.text, state])).values()];
}

function minutes(from, to) {
  const first = Math.ceil(from / 60_000) * 60_000;
  return Array.from({ length: Math.max(0, Math.floor((to - first) / 60_000) + 1) }, (_, n) => first + n * 60_000);
}
