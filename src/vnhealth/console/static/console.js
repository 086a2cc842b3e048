// Parts of a page that are marked with data-live are fetched again while somebody looks at them.
"use strict";
const PAUSE = 2500;
function watch(place) {
  let shown = place.innerHTML;
  setInterval(async () => {
    if (document.hidden || place.contains(document.activeElement) || String(getSelection())) return;
    try {
      const answer = await fetch(place.dataset.live, { credentials: "same-origin", redirect: "error" });
      if (!answer.ok) return;
      const text = await answer.text();
      if (text !== shown) {
        place.innerHTML = shown = text;
      }
    } catch {
      return;
    }
  }, PAUSE);
}
document.querySelectorAll("[data-live]").forEach(watch);
