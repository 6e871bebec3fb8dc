// A scan lands in the box wherever the focus was: the gun types and ends with Enter.
"use strict";
(() => {
  const box = document.getElementById("asked");
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.target.matches("input, select, textarea")) return;
    if (/^[0-9A-Za-z-]$/.test(event.key)) { box.focus(); box.select(); }
  });
  box.select();
})();
