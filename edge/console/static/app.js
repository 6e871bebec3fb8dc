// The console's one script: sends forms, refreshes the page's live parts, listens to keys, and keeps a scanner gun
// that types into the page from pressing anything. Without it the forms still work, one page after another.
"use strict";

const page = document.body.dataset.page;
const csrf = document.querySelector("meta[name=csrf]").content;
const one = (selector, within = document) => within.querySelector(selector);
const all = (selector, within = document) => [...within.querySelectorAll(selector)];

// --- saying something ------------------------------------------------------------------------------------------

let toastTimer = 0;
function say(text, level = "") {
  const toast = one("#toast");
  if (!text || !toast) return;
  toast.textContent = text;
  toast.className = level;
  toast.hidden = false;
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => { toast.hidden = true; }, level === "bad" ? 7000 : 3500);
}

// --- sending ---------------------------------------------------------------------------------------------------

async function post(address, body, button) {
  button?.classList.add("busy");
  try {
    const response = await fetch(address, {
      method: "POST", body, headers: { "X-CSRF-Token": csrf, Accept: "application/json" }, credentials: "same-origin",
    });
    const answer = await response.json();
    if (response.status === 403 && answer.code === "csrf-refused") { location.reload(); }
    return answer;
  } catch {
    return { ok: false, code: "unreachable", notice: "控制台没有响应，请稍候再试；仍不行请联系技术员。" };
  } finally {
    button?.classList.remove("busy");
  }
}

function order(command, fields = {}) {
  return post(`/do/${command}`, new URLSearchParams({ csrf, ...fields }));
}

function askTwice(button) {
  if (!button?.dataset.confirm || button.classList.contains("asking")) return false;
  const label = button.innerHTML;
  button.classList.add("asking");
  button.textContent = button.dataset.confirm;
  setTimeout(() => { button.classList.remove("asking"); button.innerHTML = label; }, 3500);
  return true;
}

document.addEventListener("submit", async (event) => {
  const form = event.target.closest("form[data-order]");
  if (!form) return;
  event.preventDefault();
  const button = event.submitter ?? one("button", form);
  if (form.dataset.sending || askTwice(button)) return;
  form.dataset.sending = "1";
  const upload = form.enctype === "multipart/form-data";
  const answer = await post(form.action, upload ? new FormData(form) : new URLSearchParams(new FormData(form)), button);
  delete form.dataset.sending;
  button?.classList.remove("asking");
  // A good page shows itself, with its verdict; a refused one stands in the sentence above and beside the camera.
  if (!form.action.includes("/do/take_page") || (!answer.ok && answer.code !== "page-not-readable")) {
    say(answer.notice, answer.ok ? "good" : "bad");
  }
  if (answer.ok) {
    if ("clear" in form.dataset) form.reset();
    if (form.dataset.closes) { one(`#${form.dataset.closes}`).close(); form.reset(); }
    if ("keep" in form.dataset) { markSaved(form); }
  }
  refresh();
});

document.addEventListener("change", (event) => {
  if (event.target.matches("[data-send]")) event.target.form.requestSubmit();
  const kept = event.target.closest("form[data-keep]");
  if (kept) kept.requestSubmit();
});

function markSaved(form) {
  const saved = one(".saved", form);
  if (!saved) return;
  saved.hidden = false;
  setTimeout(() => { saved.hidden = true; }, 2000);
}

// --- live parts ------------------------------------------------------------------------------------------------

const shown = new Map();
let visitShown = one("#search")?.dataset.visit ?? "";
let refreshing = null;
let again = false;

function refresh() {
  if (refreshing) { again = true; return refreshing; }
  refreshing = fetchParts().finally(() => {
    refreshing = null;
    if (again) { again = false; refresh(); }
  });
  return refreshing;
}

async function fetchParts() {
  let answer;
  try {
    const response = await fetch(`/live/${page}${location.search}`, { headers: { Accept: "application/json" } });
    if (!response.ok) return;
    answer = await response.json();
  } catch { return; }
  document.body.dataset.version = answer.version;
  for (const [name, html] of Object.entries(answer.parts)) exchange(name, html);
  if (answer.visit !== visitShown) {
    visitShown = answer.visit;
    const search = one("#search");
    if (search) { search.disabled = !answer.visit; search.dataset.visit = answer.visit; closeFound(); search.value = ""; }
    if (page === "rear") location.reload();   // the form belongs to one visit: never mix two residents
  }
  tellNotice();
  document.dispatchEvent(new Event("onewindow:refreshed"));
}

let noticeTold = one("[data-notice]")?.dataset.notice ?? "";
function tellNotice() {   // what came of a scan or a button: no form waits for its answer
  const notice = one("[data-notice]");
  if (!notice || notice.dataset.notice === noticeTold) return;
  noticeTold = notice.dataset.notice;
  if (!notice.classList.contains("info")) say(notice.textContent, "bad");
}

function exchange(name, html) {
  const part = one(`[data-part="${name}"]`);
  if (!part || shown.get(name) === html) return;
  const first = !shown.has(name);
  shown.set(name, html);
  if (first && part.innerHTML.trim() === html.trim()) return;
  if (one(".asking", part) || (part.contains(document.activeElement) && document.activeElement.matches("input, textarea"))) {
    shown.delete(name);   // somebody is typing or confirming here: exchanged next time
    return;
  }
  const focus = part.contains(document.activeElement) ? document.activeElement.dataset.focus : "";
  const top = part.scrollTop;
  part.innerHTML = html;
  part.scrollTop = top;
  if (focus) one(`[data-focus="${CSS.escape(focus)}"]`, part)?.focus();
}

let source = null;
function listen() {
  if (document.body.dataset.version === undefined) return;
  source = new EventSource("/events");
  source.onmessage = (event) => { if (event.data !== document.body.dataset.version) refresh(); };
  source.onopen = () => { document.body.classList.remove("deaf"); };
  source.onerror = () => {   // closed for good (too many pages): ask from time to time instead
    document.body.classList.add("deaf");
    if (source.readyState === EventSource.CLOSED) setTimeout(listen, 15000);
  };
}
listen();
window.addEventListener("pagehide", () => source?.close());
window.addEventListener("pageshow", (event) => { if (event.persisted) { listen(); refresh(); } });
setInterval(() => { if (document.body.classList.contains("deaf") && !document.hidden) refresh(); }, 2000);
setInterval(() => { if (!document.hidden) refresh(); }, 30000);   // minutes and times on the page

// --- the camera's picture --------------------------------------------------------------------------------------

const live = one("#live");
let failures = 0;   // one is the camera at work; two in a row are no picture
function watch() {
  if (!live) return;
  if (document.hidden) { setTimeout(watch, 1000); return; }
  const next = new Image();
  next.onload = () => { live.src = next.src; live.hidden = false; one("#no-live").hidden = true; failures = 0; setTimeout(watch, 500); };
  next.onerror = () => {
    failures += 1;
    if (failures > 1) { live.hidden = true; one("#no-live").hidden = false; }
    setTimeout(watch, 1500);
  };
  next.src = `${live.dataset.live}?${Date.now()}`;
}
watch();
setInterval(() => { if (!document.hidden) all("[data-refresh]").forEach((image) => { image.src = `${image.dataset.refresh}?${Date.now()}`; }); }, 1000);

// --- hands free: a beep for each page, where the clerk sits -------------------------------------------------------

let beeps = one("[data-beeps]")?.dataset.beeps;
document.addEventListener("onewindow:refreshed", () => {
  const told = one("[data-beeps]")?.dataset;
  if (!told || told.beeps === beeps) return;
  beeps = told.beeps;
  const sound = one(`#beep-${told.beep}`);
  if (!sound) return;
  sound.currentTime = 0;
  sound.play().catch(() => {});   // the browser is mute: the step over the picture says the same
});

// --- keys, and the gun that types ------------------------------------------------------------------------------
// A person's keys are further apart than a gun's. A single character acts only when no other comes within QUIET_MS
// before or after it; an Enter right behind a character presses nothing. Function keys come from no gun.

const QUIET_MS = 90;
let lastCharacterAt = 0;
let burst = 0;
let pending = 0;
let typedInto = null;
let valueBefore = "";

document.addEventListener("keydown", (event) => {
  const now = event.timeStamp;   // when the key went down, not when a busy machine came to it
  const character = event.key.length === 1 && !event.ctrlKey && !event.altKey && !event.metaKey;
  const quick = now - lastCharacterAt < QUIET_MS && !event.isComposing;
  if (character) {
    if (!quick) { burst = 0; typedInto = document.activeElement; valueBefore = typedInto?.value ?? ""; }
    burst += 1;
    lastCharacterAt = now;
    clearTimeout(pending);
    if (burst > 1 && !inField(event.target)) { event.preventDefault(); return; }
  }
  if (event.key === "Enter" && quick && burst >= 6) {
    event.preventDefault();
    event.stopImmediatePropagation();
    if (typedInto && "value" in typedInto && inField(typedInto)) {
      typedInto.value = valueBefore;
      typedInto.dispatchEvent(new Event("input", { bubbles: true }));
    }
    say("扫描枪的内容打进了网页，没有采用。请技术员检查扫描枪的设置。", "bad");
    burst = 0;
    return;
  }
  if (character) {
    if (inField(event.target)) return;
    if (event.key === " " && event.target.matches("button, a, summary")) {   // a blank presses what has the focus
      event.preventDefault();
      const target = event.target;
      pending = setTimeout(() => { if (burst === 1) target.click(); }, QUIET_MS);
      return;
    }
    const key = event.key.toUpperCase();
    pending = setTimeout(() => { if (burst === 1) press(key); }, QUIET_MS);
    return;
  }
  if (event.key === "Enter" && quick && !inField(event.target)) { event.preventDefault(); return; }
  if (/^F([2-9]|10)$/.test(event.key) && press(event.key)) event.preventDefault();
  else if (event.key === "F3" || event.key === "F7" || event.key === "F10") event.preventDefault();
  if (event.key === "Escape") escape(event);
}, true);
document.addEventListener("keyup", (event) => {
  if (event.key === " " && event.target.matches("button")) event.preventDefault();   // pressed above, after the quiet
}, true);

function inField(target) { return target?.matches?.("input, textarea, select") ?? false; }

function press(key) {
  if (one("dialog[open]")) return false;
  const target = all("[data-key]").find((each) => each.dataset.key === key && each.offsetParent !== null);
  if (!target) return false;
  if (target.matches("input")) { target.focus(); target.select(); return true; }
  if (!target.disabled) target.click();
  return true;
}

function escape(event) {
  if (one("dialog[open]")) return;   // the browser closes it
  if (inField(event.target)) { closeFound(); event.target.blur(); return; }
  press("Esc");
}

document.addEventListener("click", (event) => {
  const opens = event.target.closest("[data-open]");
  if (opens) { const dialog = one(`#${opens.dataset.open}`); dialog?.showModal(); one("input:not([type=hidden])", dialog)?.focus(); }
  const closes = event.target.closest("[data-close]");
  if (closes) one(`#${closes.dataset.close}`).close();
  const zoom = event.target.closest("[data-zoom]");
  if (zoom && one("#zoom")) { event.preventDefault(); one("#zoom img").src = zoom.href; one("#zoom").showModal(); }
});

// --- item search -----------------------------------------------------------------------------------------------

const search = one("#search");
const found = one("#found");
let asked = 0;
let items = [];

function closeFound() {
  if (!found) return;
  found.hidden = true;
  search.setAttribute("aria-expanded", "false");
  search.removeAttribute("aria-activedescendant");
}

function select(index) {
  all("li", found).forEach((line, place) => {
    line.setAttribute("aria-selected", place === index ? "true" : "false");
    if (place === index) { line.scrollIntoView({ block: "nearest" }); search.setAttribute("aria-activedescendant", line.id); }
  });
}

function selected() { return all("li", found).findIndex((line) => line.getAttribute("aria-selected") === "true"); }

async function choose(item) {
  closeFound();
  search.value = "";
  const answer = await order("choose_item", { code: item.code, visit: search.dataset.visit });
  if (!answer.ok) say(answer.notice, "bad");
  search.blur();
  refresh();
}

function listItems() {
  found.replaceChildren(...items.map((item, index) => {
    const line = document.createElement("li");
    line.id = `item-${index}`;
    line.setAttribute("role", "option");
    for (const [tag, kind, text] of [["span", "", item.name], ["small", "kind", item.code], ["small", "", item.department], ["small", "kind", item.kind]]) {
      const cell = document.createElement(tag);
      cell.className = kind;
      cell.textContent = text;
      line.append(cell);
    }
    line.addEventListener("mousedown", (event) => { event.preventDefault(); choose(item); });
    return line;
  }));
  if (!items.length) {
    const line = document.createElement("li");
    line.textContent = "没有找到，换个说法试试";
    found.append(line);
  }
  found.hidden = false;
  search.setAttribute("aria-expanded", "true");
  if (items.length) select(0);
}

search?.addEventListener("input", async () => {
  const turn = ++asked;
  const query = search.value.trim();
  if (!query) { closeFound(); return; }
  try {
    const answer = await (await fetch(`/items?q=${encodeURIComponent(query.slice(0, 40))}`)).json();
    if (turn !== asked || search.value.trim() !== query) return;
    items = answer;
    listItems();
  } catch { /* typed on already, or the unit restarts: the next letter asks again */ }
});
search?.addEventListener("keydown", (event) => {
  if (found.hidden || event.isComposing) return;
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step) { event.preventDefault(); select((selected() + step + items.length) % Math.max(1, items.length)); }
  if (event.key === "Enter" && items[selected()] && !event.defaultPrevented) { event.preventDefault(); choose(items[selected()]); }
});
search?.addEventListener("blur", () => setTimeout(closeFound, 150));

// --- the rear seat's large page --------------------------------------------------------------------------------

const sight = { scale: 1, x: 0, y: 0 };
function look() {
  const image = one("[data-viewer] img");
  if (image) image.style.transform = `translate(${sight.x}px, ${sight.y}px) scale(${sight.scale})`;
}
function zoomBy(factor) {
  sight.scale = Math.min(6, Math.max(1, sight.scale * factor));
  if (sight.scale === 1) { sight.x = 0; sight.y = 0; }
  look();
}
document.addEventListener("click", (event) => {
  const what = event.target.closest("[data-viewer-do]")?.dataset.viewerDo;
  if (what) zoomBy(what === "in" ? 1.4 : 1 / 1.4);
});
document.addEventListener("wheel", (event) => {
  if (!event.target.closest("[data-viewer]")) return;
  event.preventDefault();
  zoomBy(event.deltaY < 0 ? 1.15 : 1 / 1.15);
}, { passive: false });
document.addEventListener("pointermove", (event) => {
  if (!event.buttons || !event.target.closest("[data-viewer]")) return;
  sight.x += event.movementX; sight.y += event.movementY; look();
});
document.addEventListener("keydown", (event) => {
  if (!event.target.matches("[data-viewer]")) return;
  const move = { ArrowLeft: [60, 0], ArrowRight: [-60, 0], ArrowUp: [0, 60], ArrowDown: [0, -60] }[event.key];
  if (move) { event.preventDefault(); sight.x += move[0]; sight.y += move[1]; look(); }
});
document.addEventListener("onewindow:refreshed", look);

// --- an id number typed by hand --------------------------------------------------------------------------------

function checkNumber(text) {   // GB 11643, MOD 11-2; the unit checks again
  const number = text.toUpperCase();
  if (!/^[0-9]{0,17}[0-9X]?$/.test(number)) return ["no", "只能有数字，最后一位可以是 X"];
  if (number.length < 18) return ["", `还差 ${18 - number.length} 位`];
  const weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
  const sum = weights.reduce((total, weight, place) => total + weight * Number(number[place]), 0);
  return "10X98765432"[sum % 11] === number[17] ? ["ok", "号码正确"] : ["no", "号码不对，请核对每一位"];
}

document.addEventListener("input", (event) => {
  if (!event.target.matches("[data-id-check]")) return;
  const kind = event.target.form ? one("[name=id_kind]", event.target.form)?.value : "citizen";
  const check = one("#hand-check") ?? one(".check", event.target.form);
  const [level, text] = kind === "citizen" ? checkNumber(event.target.value.trim()) : ["", ""];
  check.hidden = !text;
  check.className = `check ${level}`;
  check.textContent = text;
  const send = one("[data-kiosk=send]");
  if (send) send.disabled = level !== "ok" || !one("#hand-name").value.trim();
});

// --- kiosk -----------------------------------------------------------------------------------------------------

if (page === "kiosk") {
  const main = one("[data-kiosk-screen]");
  const HOME_AFTER_SECONDS = { "card-wait": 40, hand: 90, "issued-screen": 12 };
  let group = "";
  let priority = false;
  let sending = false;
  let homeAt = 0;

  const cardLies = () => one(".card-state")?.dataset.card === "yes";
  const go = (screen) => {
    main.dataset.kioskScreen = screen;
    all(".screen", main).forEach((each) => { each.hidden = !each.classList.contains(screen); });
    homeAt = screen in HOME_AFTER_SECONDS ? Date.now() + HOME_AFTER_SECONDS[screen] * 1000 : 0;
  };
  const setPriority = (on) => {
    priority = on;
    one("[data-kiosk=priority]").setAttribute("aria-pressed", on ? "true" : "false");
  };
  const home = () => {
    group = "";
    setPriority(false);
    one("#hand-name").value = "";
    one("#hand-number").value = "";
    one("[data-kiosk=send]").disabled = true;
    go("home");
  };
  const issue = async (identity = {}) => {
    if (sending) return;
    sending = true;
    const answer = await order("issue_ticket", { group, priority: priority ? "priority" : "none", ...identity });
    await refresh();
    sending = false;
    if (answer.ok || one(".issued")?.dataset.ticket === answer.ticket) { home(); go("issued-screen"); return; }
    say(answer.notice, "bad");
    if (!identity.id_number) go("card-wait");
  };

  main.addEventListener("click", (event) => {
    if (homeAt) homeAt += 5000;
    const tile = event.target.closest("[data-group]");
    if (tile) {
      group = tile.dataset.group;
      one("[data-kiosk-group]").textContent = one(".group-name", tile).textContent;
      if (cardLies()) issue(); else go("card-wait");
      return;
    }
    const pad = event.target.closest("[data-pad]");
    if (pad) {
      const number = one("#hand-number");
      number.value = pad.dataset.pad === "back" ? number.value.slice(0, -1) : (number.value + pad.dataset.pad).slice(0, 18);
      number.dispatchEvent(new Event("input", { bubbles: true }));
      return;
    }
    const does = {
      priority: () => setPriority(!priority),
      hand: () => { go("hand"); one("#hand-name").focus(); },
      home: () => { if (cardLies()) order("forget_card"); home(); },
      send: () => issue({ name: one("#hand-name").value.trim(), id_number: one("#hand-number").value.trim().toUpperCase() }),
      reprint: async () => { const answer = await order("reprint_slip"); say(answer.notice, answer.ok ? "good" : "bad"); refresh(); },
    }[event.target.closest("[data-kiosk]")?.dataset.kiosk];
    if (does) does();
  });
  one("#hand-name").addEventListener("input", () => one("#hand-number").dispatchEvent(new Event("input", { bubbles: true })));
  document.addEventListener("onewindow:refreshed", () => {
    if (main.dataset.kioskScreen === "card-wait" && group && cardLies()) issue();
  });
  setInterval(() => {
    if (!homeAt) return;
    const left = Math.ceil((homeAt - Date.now()) / 1000);
    one("[data-kiosk-left]").textContent = `（${Math.max(0, left)} 秒后返回）`;
    if (left <= 0) { if (cardLies()) order("forget_card"); home(); }
  }, 500);
}

// --- the clock -------------------------------------------------------------------------------------------------

setInterval(() => {
  const now = new Date().toLocaleTimeString("zh-CN", { timeZone: "Asia/Shanghai", hour: "2-digit", minute: "2-digit", hour12: false });
  all("[data-clock]").forEach((each) => { if (each.textContent !== now) each.textContent = now; });
}, 5000);
