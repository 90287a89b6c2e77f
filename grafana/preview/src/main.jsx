// The page: ?dashboard=UID&prometheus=ADDRESS&theme=dark&seconds=240&scrape=5[&rows=open][&var-NAME=...].
// When all of it is drawn, window.preview holds what was found.

import './page.css';
import { createTheme, dateTime } from '@grafana/data';
import { initPluginTranslations } from '@grafana/i18n';
import { GlobalStyles, PortalContainer, ThemeContext } from '@grafana/ui';
import { flushSync } from 'react-dom';
import { createRoot } from 'react-dom/client';
import { checkPanel, shortened } from './check.js';
import { intervals, load, loadAnnotations } from './data.js';
import { unknownProperties } from './fields.js';
import { Page, layout } from './page.jsx';
import { Prometheus } from './prometheus.js';
import { resolveVariables } from './variables.js';

const parameters = new URLSearchParams(location.search);
const rowsOpen = parameters.get('rows') === 'open';

async function draw() {
  await initPluginTranslations('grafana-ui', []);
  const theme = createTheme({ colors: { mode: parameters.get('theme') } });
  const root = createRoot(document.getElementById('root'));
  const show = (content) =>
    flushSync(() =>
      root.render(
        <ThemeContext.Provider value={theme}>
          <GlobalStyles />
          {content}
        </ThemeContext.Provider>
      )
    );
  // The styles bring the fonts, and texts are measured in them.
  show(null);
  await Promise.all([400, 500].map((weight) => document.fonts.load(`${weight} 14px Inter`)));

  const answer = await fetch(`dashboards/${parameters.get('dashboard')}.json`);
  const dashboard = await answer.json();
  const context = await contextOf(dashboard, theme);
  const placed = layout(dashboard, rowsOpen);
  const panels = placed.map(({ panel }) => panel).filter(({ type }) => type !== 'row');
  const data = new Map(
    await Promise.all(panels.map(async (panel) => [panel.id, await load(panel, context)]))
  );
  show(
    <>
      <Page {...{ dashboard, placed, data, context, rowsOpen }} width={window.innerWidth} />
      <PortalContainer />
    </>
  );
  await quietFor(700);
  return report(panels, data, context);
}

// Resolves when nothing on the page has changed for so many milliseconds.
function quietFor(milliseconds) {
  return new Promise((resolve) => {
    let timer = setTimeout(resolve, milliseconds);
    new MutationObserver(() => {
      clearTimeout(timer);
      timer = setTimeout(resolve, milliseconds);
    }).observe(document.body, { subtree: true, childList: true, attributes: true });
  });
}

async function contextOf(dashboard, theme) {
  const prometheus = new Prometheus(parameters.get('prometheus'));
  const scrape = Number(parameters.get('scrape'));
  const to = Math.floor(Number(parameters.get('to') ?? Date.now() / 1000) / scrape) * scrape;
  const seconds = Number(parameters.get('seconds'));
  const range = { from: to - seconds, to, seconds };
  const [from, until] = [range.from, range.to].map((one) => dateTime(one * 1000).utc());
  const context = {
    prometheus,
    theme,
    range,
    timeRange: { from, to: until, raw: { from, to: until } },
    interval: intervals(range, scrape),
    variables: await resolveVariables(dashboard, prometheus, parameters),
  };
  return { ...context, spans: await loadAnnotations(dashboard, context) };
}

function report(panels, data, context) {
  const found = { problems: [], notes: [], alerts: context.spans.map(({ title }) => title) };
  for (const { label, options } of context.variables.values()) {
    if (options && !options.length) {
      found.problems.push(`variable ${label}: has no value`);
    }
  }
  for (const panel of panels) {
    const element = document.querySelector(`[data-panel="${panel.id}"]`);
    found.problems.push(...checkPanel(element, panel, data.get(panel.id)));
    found.problems.push(...unknownProperties(panel).map((id) => `${panel.title}: sets unknown ${id}`));
    for (const refId of data.get(panel.id).unanswered) {
      found.notes.push(`${panel.title}: query ${refId} gave nothing`);
    }
    for (const text of shortened(element)) {
      found.notes.push(`${panel.title}: shortens "${text}"`);
    }
  }
  return { ...found, height: document.documentElement.scrollHeight };
}

window.preview = draw();
