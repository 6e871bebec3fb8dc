// The papers of a case: one large picture at a time, to zoom, move and turn, by mouse, touch and keys.
"use strict";
(() => {
  const at = (id) => document.getElementById(id);
  const viewer = at("viewer"), stage = at("stage"), picture = at("picture");
  const pages = [...at("pages").children];
  let page = 0, zoom = 1, turn = 0, left = 0, top = 0, fit = 1;

  function draw() {
    picture.style.transform = `translate(${left}px, ${top}px) rotate(${turn}deg) scale(${zoom}) translate(-50%, -50%)`;
    at("zoom").textContent = `${Math.round(zoom * 100)}%`;
    viewer.dataset.zoom = zoom.toFixed(3);
    viewer.dataset.turn = turn;
  }
  function fitted() {
    const lying = turn % 180 !== 0;
    const width = lying ? picture.naturalHeight : picture.naturalWidth;
    const height = lying ? picture.naturalWidth : picture.naturalHeight;
    fit = Math.min((stage.clientWidth - 16) / width, (stage.clientHeight - 16) / height, 2) || 1;
    zoom = fit; left = 0; top = 0;
    draw();
  }
  function zoomBy(factor, x = 0, y = 0) {
    const before = zoom;
    zoom = Math.min(8, Math.max(fit / 2, zoom * factor));
    left = x - (x - left) * zoom / before;
    top = y - (y - top) * zoom / before;
    draw();
  }
  function open(index) {
    page = (index + pages.length) % pages.length;
    turn = 0;
    viewer.classList.remove("is-failed");
    picture.src = pages[page].dataset.source;
    picture.alt = pages[page].dataset.material;
    at("which").textContent = `${page + 1} / ${pages.length}`;
    at("caption").textContent = pages[page].dataset.material;
    viewer.dataset.page = page;
  }
  const acts = {
    previous: () => open(page - 1), next: () => open(page + 1), in: () => zoomBy(1.25), out: () => zoomBy(0.8),
    turn: () => { turn = (turn + 90) % 360; fitted(); }, fit: () => { turn = 0; fitted(); },
  };
  const keys = { ArrowLeft: "previous", ArrowRight: "next", PageUp: "previous", PageDown: "next", "+": "in", "=": "in", "-": "out", r: "turn", R: "turn", 0: "fit" };

  picture.addEventListener("load", fitted);
  picture.addEventListener("error", () => viewer.classList.add("is-failed"));
  addEventListener("resize", fitted);
  viewer.querySelectorAll("[data-do]").forEach((button) => button.addEventListener("click", () => acts[button.dataset.do]()));
  document.querySelectorAll("[data-page]").forEach((button) => button.tagName === "BUTTON" && button.addEventListener("click", () => open(Number(button.dataset.page))));
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.target.matches("input, select, textarea")) return;
    const act = acts[keys[event.key]];
    if (act) { event.preventDefault(); act(); }
  });
  stage.addEventListener("wheel", (event) => {
    event.preventDefault();
    const box = stage.getBoundingClientRect();
    zoomBy(event.deltaY < 0 ? 1.15 : 1 / 1.15, event.clientX - box.left - box.width / 2, event.clientY - box.top - box.height / 2);
  }, { passive: false });
  const held = new Map();
  let apart = 0;
  stage.addEventListener("pointerdown", (event) => { held.set(event.pointerId, event); stage.setPointerCapture(event.pointerId); apart = 0; });
  stage.addEventListener("pointermove", (event) => {
    const before = held.get(event.pointerId);
    if (!before) return;
    held.set(event.pointerId, event);
    if (held.size === 1) { left += event.clientX - before.clientX; top += event.clientY - before.clientY; draw(); return; }
    const [one, two] = [...held.values()], now = Math.hypot(one.clientX - two.clientX, one.clientY - two.clientY);
    if (apart) zoomBy(now / apart);
    apart = now;
  });
  for (const end of ["pointerup", "pointercancel"]) stage.addEventListener(end, (event) => held.delete(event.pointerId));
  stage.addEventListener("dblclick", () => (zoom > fit * 1.1 ? fitted() : zoomBy(2)));
  if (pages.length) open(0);
  document.querySelectorAll("#correction, #refuse").forEach((part) => part.addEventListener("toggle", () => {
    if (part.open) { part.querySelector("input:not([type=hidden]), textarea").focus(); part.scrollIntoView({ block: "nearest" }); }
  }));
})();
