// The keys of the review's buttons. FiftyOne's Python operators have no keys of their own.
"use strict";
(() => {
  const acts = {
    k: "keep", d: "drop", l: "relabel_suggested", c: "ask", s: "skip", n: "next", u: "undo", p: "progress",
  };
  const writes = (element) => element?.closest?.("input, textarea, select, [contenteditable=true], [role=dialog] form");
  window.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey || event.repeat || writes(event.target)) return;
    // A sample that an operator opened does not close by itself on Escape; the grid is to show what was decided.
    const closes = event.key === "Escape" && document.querySelector("#modal.modalon") && !document.querySelector("[role=dialog]");
    const act = closes ? "close" : acts[event.key];
    if (!act || !window.__foo__) return;
    // FiftyOne has meanings of its own for some letters while a sample is open.
    event.stopImmediatePropagation();
    event.preventDefault();
    window.__foo__.executeOperator(`@dataprep/review/${act}`, {});
  }, true);
})();
