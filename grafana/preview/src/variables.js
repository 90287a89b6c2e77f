// The dashboard's variables: All unless the address of the page chooses, e.g. &var-stream=orders.

const LABEL_VALUES = /^label_values\((.*),\s*(\w+)\)$/s;

export async function resolveVariables(dashboard, prometheus, parameters) {
  const variables = new Map();
  for (const variable of dashboard.templating.list) {
    variables.set(variable.name, await resolve(variable, variables, prometheus, parameters));
  }
  return variables;
}

async function resolve(variable, known, prometheus, parameters) {
  const { name, label, includeAll, allValue } = variable;
  if (variable.type === 'datasource') {
    return { label, text: 'Prometheus', raw: 'prometheus', inQuery: 'prometheus' };
  }
  const [, selector, wanted] = variable.query.query.match(LABEL_VALUES);
  const options = await prometheus.labelValues(wanted, interpolate(selector, known));
  const chosen = parameters.getAll(`var-${name}`);
  if (!chosen.length && includeAll) {
    return { label, text: 'All', raw: '$__all', inQuery: allValue, options };
  }
  const values = chosen.length ? chosen : options.slice(0, 1);
  const escaped = values.map(escapeForRegex);
  return {
    label,
    text: values.join(' + '),
    raw: values.join(','),
    inQuery: escaped.length === 1 ? escaped[0] : `(${escaped.join('|')})`,
    options,
  };
}

// As Grafana's data source does: for a regular expression inside a quoted string.
function escapeForRegex(value) {
  return value.replace(/\\/g, '\\\\\\\\').replace(/[$^*{}[\]'+?.()|]/g, '\\\\$&');
}

// `extra` holds what is no variable of the dashboard, such as __rate_interval.
export function interpolate(text, variables, extra = {}) {
  return text.replace(/\$(\w+)|\$\{([\w.]+)(?::(\w+))?\}/g, (written, plain, braced, format) => {
    const name = plain ?? braced;
    if (name in extra) {
      return extra[name];
    }
    const variable = variables.get(name);
    if (!variable) {
      return written;
    }
    return format === 'queryparam' ? `var-${name}=${variable.raw}` : variable.inQuery;
  });
}
