// Ages that go on, a search that answers while it is typed, and a page that is read again while it
// is looked at. Without this script all of it is there but stands still, and the search is a form.

const EVERY_SECONDS = 15;
const TYPED_SECONDS = 0.5;
const PATIENCE_SECONDS = 60;
const CALM = `Read again every ${EVERY_SECONDS} s while you look.`;
const UNITS = [[86400, "d"], [3600, "h"], [60, "m"], [1, "s"]];

const search = document.querySelector(".search input");
const news = document.getElementById("news");
let status = document.getElementById("status");
let shownAt = performance.now();
let askedAt = shownAt;
let asked = 0;
let typed = 0;

const secondsSince = (moment) => (performance.now() - moment) / 1000;
const query = () => search.value.trim();
const address = () => (query() ? `./?q=${encodeURIComponent(query())}` : "./");
const served = () => status.dataset.query.trim().toLowerCase();

// As on the server: two places, such as 42s, 4m10s, 9d1h.
function duration(seconds) {
  let rest = Math.max(0, Math.floor(seconds));
  const first = UNITS.findIndex(([size]) => rest >= size);
  let text = "";
  for (const [size, unit] of first < 0 ? [] : UNITS.slice(first, first + 2)) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count) text += count + unit;
  }
  return text || "0s";
}

function tick() {
  if (status.classList.contains("stale")) return;
  const passed = secondsSince(shownAt);
  for (const since of status.querySelectorAll("[data-since]")) {
    since.hidden = false;
    since.textContent = ` (${duration(passed)} ago)`;
  }
  if (passed < 1) return;
  for (const age of status.querySelectorAll("[data-age]")) {
    age.textContent = duration(Number(age.dataset.age) + passed);
  }
}

function tell(text, isBad = false) {
  news.hidden = false;
  news.textContent = text;
  news.classList.toggle("bad", isBad);
  status.classList.toggle("stale", isBad);
}

// What a search looks at: of a stream its class, names and states; of another line all of it.
function words(item) {
  if (!item.dataset.class) return item.textContent.toLowerCase();
  const parts = [...item.querySelectorAll("h3 bdi, h4 bdi, .word")].map((part) => part.textContent);
  return [item.dataset.class, ...parts].join("\n").toLowerCase();
}

// The server has searched more than is shown here: what it found stays.
function filter() {
  const wanted = query().toLowerCase();
  const local = wanted === served() ? "" : wanted;
  for (const item of status.querySelectorAll(".item")) {
    item.hidden = local !== "" && !words(item).includes(local);
  }
  for (const block of status.querySelectorAll(".class, .other")) {
    block.hidden = local !== "" && !block.querySelector(".item:not([hidden])");
  }
  for (const details of status.querySelectorAll("details")) {
    details.dataset.own ??= details.open;
    details.open = wanted !== "" || details.dataset.own === "true";
  }
  if (status.classList.contains("stale")) return;
  const count = status.querySelectorAll(".stream:not([hidden])").length;
  tell(local ? `${count} of the streams shown match.` : CALM);
}

// What somebody opened, closed or focused stays so.
function replace(fresh) {
  const focused = document.activeElement.closest("details > summary")?.parentElement.id;
  for (const old of status.querySelectorAll("details[data-touched]")) {
    const details = fresh.querySelector(`#${CSS.escape(old.id)}`);
    if (!details) continue;
    details.dataset.own = details.dataset.touched = old.dataset.touched;
    details.open = old.dataset.touched === "true";
  }
  status.replaceWith(fresh);
  status = fresh;
  if (focused) document.getElementById(focused)?.querySelector("summary").focus();
}

async function read() {
  const mine = ++asked;
  askedAt = performance.now();
  clearTimeout(typed);
  try {
    const signal = AbortSignal.timeout(PATIENCE_SECONDS * 1000);
    const answer = await fetch(address(), { cache: "no-store", signal });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.getElementById("status");
    if (!answer.ok || !fresh) throw new Error(`the answer is ${answer.status}`);
    if (mine !== asked) return;
    replace(document.adoptNode(fresh));
    document.title = page.title;
    shownAt = performance.now();
    filter();
    tick();
  } catch (error) {
    if (mine !== asked) return;
    const ago = duration(secondsSince(shownAt));
    tell(`The exporter cannot be asked: ${error.message}. Below is what it said ${ago} ago.`, true);
  }
}

function isLookedAt() {
  const selected = document.getSelection();
  return !document.hidden && (selected.isCollapsed || !status.contains(selected.anchorNode));
}

function readWhenDue() {
  if (isLookedAt() && secondsSince(askedAt) >= EVERY_SECONDS) read();
}

function searchTyped() {
  filter();
  clearTimeout(typed);
  const isEnough = query().toLowerCase().includes(served()) && !status.querySelector(".more");
  if (!isEnough) typed = setTimeout(read, TYPED_SECONDS * 1000);
}

function searchSent(event) {
  event.preventDefault();
  history.replaceState(null, "", address());
  read();
}

document.addEventListener("click", (event) => {
  const details = event.target.closest("summary")?.parentElement;
  if (details) details.dataset.own = details.dataset.touched = !details.open;
});
document.addEventListener("visibilitychange", readWhenDue);
search.addEventListener("input", searchTyped);
search.form.addEventListener("submit", searchSent);
setInterval(() => { tick(); readWhenDue(); }, 1000);
filter();
tick();
