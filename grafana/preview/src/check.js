// What a look at the finished page finds: texts that do not fit or are too small to read, and panels
// that stayed empty.

const TOLERANCE = 1.5;
const SMALLEST_LETTERS = 10;

export function checkPanel(element, panel, data) {
  const problems = [...cutTexts(element), ...tinyTexts(element)];
  const isEmpty = element.querySelector('.no-data') !== null || element.textContent.includes('No data');
  if (isEmpty && data.seriesCount) {
    problems.push(`shows no data, though its queries gave ${data.seriesCount} series`);
  }
  if (panel.type === 'timeseries' && data.frames.length && !element.querySelector('canvas')) {
    problems.push('drew no graph');
  }
  if (panel.type === 'table' && data.seriesCount && element.querySelectorAll('[role="row"]').length < 2) {
    problems.push('drew no row');
  }
  return problems.map((problem) => `${panel.title}: ${problem}`);
}

// Texts that Grafana shortens with an ellipsis: no fault of themselves, but worth a look.
export function shortened(element) {
  return textElements(element)
    .filter((one) => fit(one, element) === 'shortened')
    .map((one) => one.textContent);
}

function cutTexts(element) {
  const texts = (kind) =>
    textElements(element)
      .filter((one) => fit(one, element) === kind)
      .map((one) => one.textContent);
  return [...summary('cuts off', texts('cut')), ...summary('has beyond its edge', texts('beyond'))];
}

function tinyTexts(element) {
  const tiny = textElements(element).filter(
    (one) => parseFloat(getComputedStyle(one).fontSize) < SMALLEST_LETTERS
  );
  return summary('has in tiny letters', tiny.map((one) => one.textContent));
}

// How a text fits into itself and into every box around it that does not let it overflow.
function fit(one, panel) {
  if (isCut(one)) {
    return getComputedStyle(one).textOverflow === 'ellipsis' ? 'shortened' : 'cut';
  }
  for (let box = one.parentElement; box !== panel; box = box.parentElement) {
    const style = getComputedStyle(box);
    if (style.overflowX !== 'visible' && style.display !== 'contents' && isOutside(one, box)) {
      return outcome(one, style);
    }
  }
  return isOutside(one, panel) ? 'beyond' : 'fits';
}

function isCut(one) {
  return (
    getComputedStyle(one).overflowX !== 'visible' && one.scrollWidth > one.clientWidth + TOLERANCE
  );
}

function outcome(one, { overflowX, textOverflow, display }) {
  if (overflowX === 'auto' || overflowX === 'scroll') {
    return 'beyond';
  }
  const isInline = getComputedStyle(one).display === 'inline' && display === 'block';
  return isInline && textOverflow === 'ellipsis' ? 'shortened' : 'cut';
}

function isOutside(one, box) {
  const inner = one.getBoundingClientRect();
  const outer = box.getBoundingClientRect();
  return inner.right > outer.right + TOLERANCE || inner.left < outer.left - TOLERANCE;
}

function summary(what, texts) {
  const [...different] = new Set(texts);
  const more = different.length > 3 ? ` and ${different.length - 3} more` : '';
  const named = different.slice(0, 3).map((text) => `"${text}"`).join(', ');
  return different.length ? [`${what} ${named}${more}`] : [];
}

// The elements that hold text of their own and are to be seen.
function textElements(element) {
  return [...element.querySelectorAll('*')].filter(
    (one) =>
      [...one.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim()) &&
      one.checkVisibility({ opacityProperty: true, visibilityProperty: true }) &&
      !isForScreenReaders(one)
  );
}

// Such texts are there, in a box of a single pixel.
function isForScreenReaders(element) {
  const { width, height } = element.getBoundingClientRect();
  return width <= 1 || height <= 1;
}
