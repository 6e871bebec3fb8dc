// The hall board: shows the state that the stream carries, flashes what is new, and speaks one call after another.
"use strict";
(() => {
  const SILENCE_MS = 12000;
  const body = document.body, at = (id) => document.getElementById(id);
  const offset = Number(body.dataset.now) - Date.now();  // the server's clock is the hall's
  let heardAt = Date.now(), newest = null, spokenUpTo = null, shown = "";

  function element(tag, className, text) {
    const made = document.createElement(tag);
    if (className) made.className = className;
    if (text !== undefined) made.textContent = text;
    return made;
  }

  function show(state) {
    const text = JSON.stringify([state.calls, state.waiting]);
    if (text !== shown) { shown = text; showCalls(state.calls); showWaiting(state.waiting); }
    speak(state.speak);
  }

  function showCalls(calls) {
    const now = at("now"), call = calls[0];
    now.classList.toggle("quiet", !call);
    if (call) {
      at("ticket").textContent = call.ticket;
      const to = at("to");
      to.replaceChildren(element("span", "arrow", "→"));
      if (call.place) to.append(element("span", "place", call.place), element("span", "place", ` ${call.window}号`));
      else to.append(element("span", "window", call.window), element("span", "place", "号窗口"));
      const sub = at("sub"), english = element("span", "en", call.english);
      english.lang = "en";
      sub.replaceChildren(call.pickup ? "请领取办理结果" : "请办理业务", english);
      if (newest !== null && call.counter !== newest) {
        now.classList.remove("flash"); void now.offsetWidth; now.classList.add("flash");
      }
      newest = call.counter;
    } else newest = newest ?? 0;
    at("recent").replaceChildren(...calls.slice(1, 8).map((each) => {
      const line = element("li"), window = element("span", "window");
      window.append(element("b", "", each.window), "号窗口");
      if (each.pickup) window.append(" ", element("span", "purpose", "取件"));
      line.append(element("span", "ticket", each.ticket), window, element("time", "", each.at));
      return line;
    }));
  }

  function showWaiting(groups) {
    at("waiting").replaceChildren(...groups.map((group) => {
      const box = element("div"), name = element("dt"), count = element("dd", "", group.count);
      name.append(element("b", "", group.letter), group.name, element("span", "en", "Waiting"));
      count.append(element("small", "", "人等候"));
      box.append(name, count);
      return box;
    }));
  }

  // The voice: a queue, so that calls never overlap; what has expired meanwhile is left out.
  const queue = [];
  let speaking = false;
  const player = new Audio();

  function speak(calls) {
    if (spokenUpTo === null) spokenUpTo = Math.max(0, ...calls.map((call) => call.counter));  // opened now: only what comes
    for (const call of [...calls].reverse()) {
      if (call.counter > spokenUpTo) { spokenUpTo = call.counter; queue.push(call); }
    }
    next();
  }

  async function next() {
    if (speaking || at("voice").getAttribute("aria-pressed") !== "true") { if (!speaking) queue.length = 0; return; }
    const call = queue.shift();
    if (!call) return;
    if (call.expires < Date.now() + offset) { next(); return; }
    speaking = true;
    body.dataset.speaking = call.counter;
    await play(body.dataset.voice.replace("/0.wav", `/${call.counter}.wav`));
    body.dataset.spoken = `${body.dataset.spoken ?? ""} ${call.counter}`.trim().slice(-200);
    delete body.dataset.speaking;
    speaking = false;
    next();
  }

  function play(url) {
    return new Promise((done) => {
      const late = setTimeout(end, 30000);
      function end() { clearTimeout(late); player.onended = player.onerror = null; done(); }
      player.onended = player.onerror = end;
      player.src = url;
      player.play().catch(end);
    });
  }

  at("voice").addEventListener("click", () => {
    const on = at("voice").getAttribute("aria-pressed") !== "true";
    at("voice").setAttribute("aria-pressed", on);
    at("voice").firstChild.textContent = on ? "关闭语音 " : "开启语音 ";
    at("voice").querySelector(".en").textContent = on ? "Voice off" : "Voice on";
    if (!on) { queue.length = 0; player.pause(); player.onended?.(); }
  });

  // Live, with a plain word when it is cut; what was called meanwhile stands in the next state.
  function heard() { heardAt = Date.now(); body.classList.remove("is-cut"); }

  function follow() {
    const source = new EventSource(body.dataset.live);
    source.addEventListener("beat", heard);
    source.onmessage = (event) => { heard(); show(JSON.parse(event.data)); };
    source.onerror = () => {
      heardAt = Math.min(heardAt, Date.now() - SILENCE_MS + 3000);  // said in 3 s unless it is back by then
      if (source.readyState !== EventSource.CLOSED) return;
      fetch(body.dataset.state).then((answer) => answer.json()).then((state) => { heard(); show(state); }).catch(() => {});
      setTimeout(follow, 3000);
    };
  }

  const date = new Intl.DateTimeFormat("zh-CN", { timeZone: body.dataset.zone, month: "long", day: "numeric", weekday: "long" });
  const clock = new Intl.DateTimeFormat("zh-CN", { timeZone: body.dataset.zone, hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false });
  function tick() {
    const now = new Date(Date.now() + offset);
    at("clock").textContent = clock.format(now);
    at("date").textContent = date.format(now);
    body.classList.toggle("is-cut", Date.now() - heardAt > SILENCE_MS);
  }

  show(JSON.parse(body.dataset.first));
  tick();
  setInterval(tick, 1000);
  follow();
})();
