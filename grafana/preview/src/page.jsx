// One dashboard on Grafana's grid: 24 columns, rows of 30 pixels, gaps of 8.

import { useTheme2 } from '@grafana/ui';
import { version } from '@grafana/ui/package.json';
import { Panel } from './panels.jsx';

const GAP = 8;
const ROW = 30 + GAP;
const COLUMNS = 24;
const PADDING = 16;

// As shipped, closed rows are headings; with `rowsOpen` only what is inside the rows is drawn.
export function layout(dashboard, rowsOpen) {
  const rows = dashboard.panels.filter(({ type, collapsed }) => type === 'row' && collapsed);
  if (rowsOpen) {
    const first = rows[0].gridPos.y;
    return rows
      .flatMap((row) => [row, ...row.panels])
      .map((panel) => ({ panel, top: panel.gridPos.y - first }));
  }
  // What a closed row hides leaves no hole.
  const hiddenAbove = (y) =>
    rows
      .filter(({ gridPos }) => gridPos.y < y)
      .reduce((sum, { panels }) => sum + heightOf(panels), 0);
  return dashboard.panels.map((panel) => ({ panel, top: panel.gridPos.y - hiddenAbove(panel.gridPos.y) }));
}

function heightOf(panels) {
  const tops = panels.map(({ gridPos }) => gridPos.y);
  return Math.max(...panels.map(({ gridPos }) => gridPos.y + gridPos.h)) - Math.min(...tops);
}

export function Page({ dashboard, placed, data, context, rowsOpen, width }) {
  const theme = useTheme2();
  const column = (width - 2 * PADDING + GAP) / COLUMNS;
  const bottom = Math.max(...placed.map(({ panel, top }) => top + panel.gridPos.h));
  return (
    <div style={{ width, padding: `0 ${PADDING}px ${PADDING}px`, background: theme.colors.background.canvas }}>
      <Heading dashboard={dashboard} context={context} />
      <div className="grid" style={{ height: bottom * ROW }}>
        {placed.map(({ panel, top }) => {
          const { x, w, h } = panel.gridPos;
          const box = { left: x * column, top: top * ROW, width: w * column - GAP, height: h * ROW - GAP };
          return (
            <div key={panel.id} className="cell" style={box} data-panel={panel.id}>
              {panel.type === 'row' ? (
                <Row panel={panel} isOpen={rowsOpen} />
              ) : (
                <Panel panel={panel} data={data.get(panel.id)} context={context} width={box.width} height={box.height} />
              )}
            </div>
          );
        })}
      </div>
    </div>
  );
}

function Heading({ dashboard, context }) {
  const theme = useTheme2();
  const { from, to } = context.timeRange;
  const quiet = { color: theme.colors.text.secondary };
  return (
    <header>
      <p className="label" style={{ ...quiet, borderColor: theme.colors.border.medium }}>
        Drawn with Grafana's UI components (@grafana/ui {version}), not a Grafana server
      </p>
      <h1>{dashboard.title}</h1>
      <p style={quiet}>{dashboard.description}</p>
      <p className="variables">
        {[...context.variables.values()].map(({ label, text }) => (
          <span key={label} style={{ background: theme.colors.background.secondary }}>
            <b style={quiet}>{label}</b> {text}
          </span>
        ))}
        <span style={quiet}>
          {from.format('HH:mm:ss')} to {to.format('HH:mm:ss')} UTC
        </span>
      </p>
    </header>
  );
}

function Row({ panel, isOpen }) {
  const theme = useTheme2();
  return (
    <div className="row-heading">
      {isOpen ? '▾' : '▸'} {panel.title}{' '}
      {!isOpen && <small style={{ color: theme.colors.text.secondary }}>({panel.panels.length} panels)</small>}
    </div>
  );
}
