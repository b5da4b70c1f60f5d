// Runs before the page does. Notes when rows are first seen, and what keeps the page from answering for more than 50 ms.

var measured = { rows: null, tasks: [], frames: [], seen: null };
const ROWS = ".windowed tbody tr:not(.gap)";

new PerformanceObserver((list) => {
  for (const { startTime, duration } of list.getEntries()) measured.tasks.push([startTime, duration]);
}).observe({ type: "longtask", buffered: true });

// The frame after rows are in the page is the one in which they are seen.
(function look() {
  if (document.querySelectorAll(ROWS).length >= 10) requestAnimationFrame((now) => (measured.rows = now));
  else requestAnimationFrame(look);
})();

// Scrolls through the whole table, a few rows in each frame, as a person does who drags its bar. Resolves to the frames that took.
function scrollThrough(pixels) {
  const box = document.querySelector(".windowed");
  return new Promise((done) => {
    let frames = 0;
    (function on() {
      frames += 1;
      const before = box.scrollTop;
      box.scrollTop += pixels;
      if (box.scrollTop === before) done(frames);
      else requestAnimationFrame(on);
    })();
  });
}

// Notes when a machine's row shows a text.
function expectRow(name, text) {
  measured.seen = null;
  (function look() {
    const row = [...document.querySelectorAll(ROWS)].find((one) => one.querySelector("th a")?.textContent === name);
    if (row?.textContent.includes(text)) requestAnimationFrame(() => (measured.seen = Date.now()));
    else requestAnimationFrame(look);
  })();
}
