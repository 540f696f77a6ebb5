"use strict";
// Everything works without this; it adds a filter and buttons that copy.
for (const button of document.querySelectorAll("button[data-copy]")) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    const text = button.dataset.copy;
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      // Browsers refuse the clipboard to files; a selection they do not.
      const area = document.createElement("textarea");
      area.value = text;
      document.body.append(area);
      area.select();
      document.execCommand("copy");
      area.remove();
    }
    button.textContent = "copied";
    setTimeout(() => { button.textContent = "copy"; }, 1200);
  });
}
const search = document.getElementById("search");
if (search) {
  const items = [...document.querySelectorAll("[data-words]")];
  const count = document.getElementById("count");
  const all = count.textContent;
  const filter = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const item of items) {
      const hit = words.every((word) => item.dataset.words.includes(word));
      item.hidden = !hit;
      if (hit) shown += 1;
    }
    for (const part of document.querySelectorAll("section[data-list]")) {
      part.hidden = !part.querySelector("[data-words]:not([hidden])");
    }
    count.textContent = words.length ? (shown === 1 ? "1 is like that" : shown + " are like that") : all;
    history.replaceState(null, "", words.length ? "#q=" + encodeURIComponent(search.value) : location.pathname);
  };
  search.closest("form").hidden = false;
  search.closest("form").addEventListener("submit", (event) => {
    event.preventDefault();
    const first = items.find((item) => !item.hidden);
    if (first && search.value) location.href = first.querySelector("a").href;
  });
  search.addEventListener("input", filter);
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && document.activeElement !== search) { event.preventDefault(); search.focus(); }
    if (event.key === "Escape" && document.activeElement === search) { search.value = ""; filter(); }
  });
  if (location.hash.startsWith("#q=")) { search.value = decodeURIComponent(location.hash.slice(3)); filter(); }
}
