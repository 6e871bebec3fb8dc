// Keeps the parts marked data-refresh up to date: the stream says that the book has moved, the part is fetched anew.
// Also: keys shown on buttons (data-key), the notice when the connection is cut, and no form sent twice.
"use strict";
(() => {
  const SILENCE_MS = 16000;  // three beats of the server missed
  const PAUSE_MS = 1000;     // a part is fetched at most once a second
  const parts = [...document.querySelectorAll("[data-refresh]")];
  let heardAt = Date.now(), source = null, head = null, fetching = false, wanted = false, fetchedAt = 0;

  function busy(part) {  // never under the hands of somebody who types or has something open
    const at = document.activeElement;
    return part.contains(at) && (at.matches("input, select, textarea") || part.querySelector("details[open]"));
  }

  async function refresh() {
    if (fetching) { wanted = true; return; }
    fetching = true; wanted = false;
    const wait = fetchedAt + PAUSE_MS - Date.now();
    if (wait > 0) await new Promise((done) => setTimeout(done, wait));
    fetchedAt = Date.now();
    try {
      for (const part of parts) {
        if (busy(part)) continue;
        const answer = await fetch(part.dataset.refresh, { headers: { "X-Refresh": "1" } });
        if (answer.status === 401) { location.reload(); return; }
        if (!answer.ok) continue;
        const text = await answer.text();
        if (part.dataset.shown !== text && !busy(part)) {
          const links = [...part.querySelectorAll("a, button")], at = links.indexOf(document.activeElement);
          part.innerHTML = text;  // our own page, escaped by the server
          part.dataset.shown = text;
          if (at >= 0) [...part.querySelectorAll("a, button")][at]?.focus();
        }
      }
    } catch { /* the stream's silence says it */ }
    fetching = false;
    if (wanted) refresh();
  }

  function cut(is) { document.body.classList.toggle("is-cut", is); }

  function follow() {
    source = new EventSource(document.body.dataset.live);
    const heard = () => { heardAt = Date.now(); cut(false); };
    source.addEventListener("beat", heard);
    source.onmessage = (event) => {
      heard();
      const now = JSON.parse(event.data).head;
      if (head !== null && now !== head) refresh();
      head = now;
    };
    source.onerror = () => {
      heardAt = Math.min(heardAt, Date.now() - SILENCE_MS + 3000);  // said in 3 s unless it is back by then
      if (source.readyState === EventSource.CLOSED) { source = null; setTimeout(() => { if (!source && !document.hidden) { refresh(); follow(); } }, 3000); }
    };
  }

  if (document.body.dataset.live && parts.length) {
    follow();
    setInterval(() => { if (!document.hidden && Date.now() - heardAt > SILENCE_MS) cut(true); }, 1000);
    for (const part of parts) if (part.dataset.every) setInterval(() => { if (!document.hidden) refresh(); }, part.dataset.every * 1000);
    // A page that nobody sees gives its place in the stream to others.
    document.addEventListener("visibilitychange", () => {
      if (document.hidden) { source?.close(); source = null; }
      else if (!source) { heardAt = Date.now(); head = null; follow(); refresh(); }
    });
  }

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
    const typing = event.target.matches("input, select, textarea");
    if (typing && !/^(F\d+|Escape)$/.test(event.key)) return;
    const named = document.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
    if (named) { event.preventDefault(); named.click(); }
  });
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.dataset.sent) { event.preventDefault(); return; }
    form.dataset.sent = "1";
    setTimeout(() => delete form.dataset.sent, 4000);
  });
})();
