// Each kind of panel as Grafana draws it: its component from @grafana/ui, or a labelled stand-in.

import { EventBusSrv, getDisplayValueAlignmentFactors, getFieldDisplayValues } from '@grafana/data';
import { BigValue, PanelChrome, PanelContextProvider, TimeSeries, VizRepeater, useTheme2 } from '@grafana/ui';
import { TableNG } from '@grafana/ui/unstable';
import { markSpans } from './annotations.js';
import { fieldConfigOf } from './fields.js';
import { StateTimeline } from './timeline.jsx';

const KINDS = {
  stat: { Component: Stat, padding: 'none' },
  timeseries: { Component: Graph, padding: 'md' },
  table: { Component: Table, padding: 'none' },
  'state-timeline': { Component: StateTimeline, padding: 'md' },
};

export function Panel({ panel, data, context, width, height }) {
  const { Component, padding } = KINDS[panel.type];
  const isStandIn = panel.type === 'state-timeline';
  return (
    <PanelChrome
      title={panel.title}
      description={panel.description}
      titleItems={isStandIn && <small className="stand-in">stand-in: {panel.type} is not in npm</small>}
      width={width}
      height={height}
      padding={padding}
    >
      {(innerWidth, innerHeight) => (
        <PanelContextProvider value={{ eventsScope: 'global', eventBus: new EventBusSrv() }}>
          <Component panel={panel} data={data} context={context} width={innerWidth} height={innerHeight} />
        </PanelContextProvider>
      )}
    </PanelChrome>
  );
}

function Stat({ panel, data, width, height }) {
  const theme = useTheme2();
  const { options } = panel;
  const values = () =>
    getFieldDisplayValues({
      data: data.frames,
      reduceOptions: options.reduceOptions,
      fieldConfig: fieldConfigOf(panel),
      replaceVariables: (text) => text,
      theme,
      timeZone: 'utc',
    });
  return (
    <VizRepeater
      getValues={values}
      getAlignmentFactors={getDisplayValueAlignmentFactors}
      renderValue={({ value, width, height, count, alignmentFactors }) => (
        <BigValue
          value={value.display}
          count={count}
          width={width}
          height={height}
          alignmentFactors={alignmentFactors}
          colorMode={options.colorMode}
          graphMode={options.graphMode}
          justifyMode={options.justifyMode}
          textMode={options.textMode}
          disableWideLayout={!options.wideLayout}
          theme={theme}
        />
      )}
      source={data}
      renderCounter={0}
      width={width}
      height={height}
      itemSpacing={3}
      autoGrid
      orientation={options.orientation}
    />
  );
}

function Graph({ panel, data, context, width, height }) {
  const theme = useTheme2();
  if (!data.frames.length) {
    return <NoData panel={panel} />;
  }
  return (
    <TimeSeries
      frames={data.frames}
      timeRange={context.timeRange}
      timeZone="utc"
      legend={panel.options.legend}
      options={panel.options}
      width={width}
      height={height}
    >
      {(builder) => markSpans(builder, context.spans, theme)}
    </TimeSeries>
  );
}

function Table({ panel, data, width, height }) {
  const [frame] = data.frames;
  if (!frame?.length) {
    return <NoData panel={panel} />;
  }
  const { cellHeight, showHeader, showTypeIcons, sortBy } = panel.options;
  return (
    <TableNG
      data={frame}
      width={width}
      height={height}
      cellHeight={cellHeight}
      noHeader={!showHeader}
      showTypeIcons={showTypeIcons}
      sortBy={sortBy}
      noValue={panel.fieldConfig.defaults.noValue}
      fieldConfig={panel.fieldConfig}
      structureRev={1}
      resizable
    />
  );
}

export function NoData({ panel }) {
  return <div className="no-data">{panel.fieldConfig.defaults.noValue ?? 'No data'}</div>;
}
