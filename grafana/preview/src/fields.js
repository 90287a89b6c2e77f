// What a Grafana server does before it hands data to a panel: defaults of the panel's kind,
// transformations, and the panel's field configuration with its overrides.

import {
  FieldConfigOptionsRegistry,
  FieldType,
  applyFieldOverrides,
  cacheFieldDisplayNames,
  displayNameOverrideProcessor,
  identityOverrideProcessor,
  standardTransformers,
  standardTransformersRegistry,
  thresholdsOverrideProcessor,
  transformDataFrame,
} from '@grafana/data';

const STANDARD = [
  'unit', 'min', 'max', 'decimals', 'displayName', 'noValue', 'thresholds', 'mappings', 'links',
  'color', 'filterable', 'fieldMinMax',
];
const TABLE_CUSTOM = ['align', 'cellOptions', 'filterable', 'inspect', 'width', 'minWidth', 'hideFrom'];
const TIME_SERIES_CUSTOM = [
  'drawStyle', 'lineInterpolation', 'lineWidth', 'lineStyle', 'fillOpacity', 'gradientMode',
  'spanNulls', 'insertNulls', 'showPoints', 'pointSize', 'stacking', 'axisPlacement', 'axisLabel',
  'axisColorMode', 'axisBorderShow', 'axisCenteredZero', 'axisSoftMin', 'axisSoftMax',
  'axisGridShow', 'barAlignment', 'scaleDistribution', 'thresholdsStyle', 'hideFrom',
];

// What each kind of panel has where the dashboard says nothing.
const GREEN_TO_RED = {
  mode: 'absolute',
  steps: [{ color: 'green', value: -Infinity }, { color: 'red', value: 80 }],
};
const DEFAULTS = {
  stat: { color: { mode: 'thresholds' }, thresholds: GREEN_TO_RED },
  table: {
    color: { mode: 'thresholds' },
    thresholds: GREEN_TO_RED,
    custom: { align: 'auto', cellOptions: { type: 'auto' } },
  },
  timeseries: {
    color: { mode: 'palette-classic' },
    thresholds: GREEN_TO_RED,
    custom: {
      drawStyle: 'line', lineInterpolation: 'linear', lineWidth: 1, fillOpacity: 0,
      gradientMode: 'none', spanNulls: false, showPoints: 'auto', pointSize: 5,
      axisPlacement: 'auto', axisGridShow: true, scaleDistribution: { type: 'linear' },
      thresholdsStyle: { mode: 'off' }, hideFrom: { legend: false, tooltip: false, viz: false },
    },
  },
  'state-timeline': { color: { mode: 'continuous-GrYlRd' }, thresholds: GREEN_TO_RED, custom: {} },
};

const PROCESSORS = {
  displayName: displayNameOverrideProcessor,
  thresholds: thresholdsOverrideProcessor,
};

const registry = new FieldConfigOptionsRegistry(() => [
  ...STANDARD.map((path) => option(path, path, false)),
  ...[...new Set([...TABLE_CUSTOM, ...TIME_SERIES_CUSTOM])].map((path) =>
    option(`custom.${path}`, path, true)
  ),
]);

function option(id, path, isCustom) {
  return {
    id,
    path,
    name: id,
    isCustom,
    process: PROCESSORS[id] ?? identityOverrideProcessor,
    shouldApply: (field) => id === 'links' || isCustom || field.type !== FieldType.time,
  };
}

standardTransformersRegistry.setInit(() =>
  [...new Set(Object.values(standardTransformers))].map((transformer) => ({
    id: transformer.id,
    name: transformer.name,
    transformation: async () => transformer,
  }))
);

export function fieldConfigOf(panel) {
  const { defaults, overrides } = panel.fieldConfig;
  const own = DEFAULTS[panel.type];
  return {
    defaults: { ...own, ...defaults, custom: { ...own.custom, ...defaults.custom } },
    overrides,
  };
}

// What an override sets and this page would not know how to honour.
export function unknownProperties(panel) {
  return panel.fieldConfig.overrides
    .flatMap((override) => override.properties.map(({ id }) => id))
    .filter((id) => !registry.getIfExists(id));
}

export async function prepare(frames, panel, theme, replaceVariables) {
  const context = { interpolate: replaceVariables };
  const transformed = panel.transformations?.length
    ? await new Promise((resolve) =>
        transformDataFrame(panel.transformations, frames, context).subscribe(resolve)
      )
    : frames;
  const prepared = applyFieldOverrides({
    data: transformed,
    fieldConfig: fieldConfigOf(panel),
    fieldConfigRegistry: registry,
    replaceVariables,
    theme,
    timeZone: 'utc',
  });
  cacheFieldDisplayNames(prepared);
  return prepared;
}
