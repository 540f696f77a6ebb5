// Without this script the page is the whole graph, in a window that scrolls, with titles on boxes.
(() => {
  "use strict";
  const main = document.querySelector("main");
  const views = [...main.querySelectorAll(":scope > svg")];
  const tools = document.getElementById("tools");
  const search = document.getElementById("search");
  const count = document.getElementById("count");
  const aside = document.querySelector("aside");
  document.querySelectorAll(".script").forEach((it) => { it.hidden = false; });
  main.classList.add("live");

  const number = (element, name) => Number(element.dataset[name]);
  let svg, size, box, nodes, edges, chosen = null;

  // Which part of the graph fills the window: a box in the units of the graph.
  const draw = () => svg.setAttribute("viewBox", `${box.x} ${box.y} ${box.width} ${box.height}`);
  const fit = () => {
    const width = Math.max(main.clientWidth, 1), height = Math.max(main.clientHeight, 1);
    const scale = Math.max(size.width / width, size.height / height, 0.6);
    box = { width: width * scale, height: height * scale };
    box.x = (size.width - box.width) / 2;
    box.y = (size.height - box.height) / 2;
    draw();
  };
  // At first, and where all would be too small to be read: what is wanted, and what is near to it.
  const begin = () => {
    fit();
    const scale = box.width / Math.max(main.clientWidth, 1);
    const root = svg.querySelector(".node.root");
    if (scale <= 2.5 || root === null) return;
    box = { width: main.clientWidth * 1.3, height: main.clientHeight * 1.3 };
    box.x = number(root, "x") - box.width * 0.15;
    box.y = number(root, "y") - box.height / 2;
    draw();
  };
  const zoom = (factor, x = main.clientWidth / 2, y = main.clientHeight / 2) => {
    const scale = box.width / Math.max(main.clientWidth, 1);
    const next = Math.min(Math.max(scale * factor, 0.1), Math.max(size.width, size.height, 1000) / 100);
    box.x += x * (scale - next);
    box.y += y * (scale - next);
    box.width = main.clientWidth * next;
    box.height = main.clientHeight * next;
    draw();
  };
  const show = () => {
    const with_tools = tools !== null && tools.checked;
    svg = views[with_tools ? views.length - 1 : 0];
    views.forEach((it) => it.toggleAttribute("hidden", it !== svg));
    size = { width: number(svg, "width"), height: number(svg, "height") };
    nodes = new Map([...svg.querySelectorAll(".node")].map((it) => [it.dataset.id, it]));
    edges = [...svg.querySelectorAll(".edge")];
    begin();
    find();
    choose(chosen !== null && nodes.has(chosen) ? chosen : null);
  };

  // Everything that leads to a package, and everything that it needs.
  const reach = (id, from, to) => {
    const next = new Map();
    edges.forEach((it) => {
      const key = it.dataset[from];
      if (!next.has(key)) next.set(key, []);
      next.get(key).push(it);
    });
    const seen = new Set([id]), ways = new Set(), open = [id];
    while (open.length > 0) {
      for (const edge of next.get(open.pop()) || []) {
        ways.add(edge);
        if (!seen.has(edge.dataset[to])) {
          seen.add(edge.dataset[to]);
          open.push(edge.dataset[to]);
        }
      }
    }
    return { seen, ways };
  };
  const choose = (id) => {
    chosen = id;
    svg.classList.toggle("some", id !== null);
    nodes.forEach((it) => it.classList.remove("on"));
    edges.forEach((it) => it.classList.remove("on"));
    aside.querySelectorAll("section").forEach((it) => { it.hidden = it.id !== `about-${id}`; });
    aside.hidden = id === null;
    if (id === null) return;
    for (const part of [reach(id, "from", "to"), reach(id, "to", "from")]) {
      part.seen.forEach((it) => nodes.get(it).classList.add("on"));
      part.ways.forEach((it) => it.classList.add("on"));
    }
  };
  const center = (id) => {
    const node = nodes.get(id);
    box.x = number(node, "x") - box.width / 2;
    box.y = number(node, "y") - box.height / 2;
    draw();
  };
  const find = () => {
    const text = search.value.trim().toLowerCase();
    const found = [];
    nodes.forEach((it, id) => {
      const is = text !== "" && it.dataset.words.includes(text);
      it.classList.toggle("found", is);
      if (is) found.push(id);
    });
    count.textContent = text === "" ? "" : `${found.length} found`;
    return found;
  };

  let held = new Map(), moved = false;
  main.addEventListener("pointerdown", (it) => {
    held.set(it.pointerId, it);
    moved = false;
  });
  main.addEventListener("pointermove", (it) => {
    const before = held.get(it.pointerId);
    if (before === undefined) return;
    const scale = box.width / Math.max(main.clientWidth, 1);
    const other = [...held.values()].find((one) => one.pointerId !== it.pointerId);
    if (other !== undefined) {
      const far = (one) => Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY);
      const rect = main.getBoundingClientRect();
      zoom(far(before) / Math.max(far(it), 1), other.clientX - rect.left, other.clientY - rect.top);
      moved = true;
    } else {
      const [dx, dy] = [it.clientX - before.clientX, it.clientY - before.clientY];
      if (!moved && Math.hypot(dx, dy) < 4) return;
      if (!moved) main.setPointerCapture(it.pointerId);
      moved = true;
      main.classList.add("held");
      box.x -= dx * scale;
      box.y -= dy * scale;
      draw();
    }
    held.set(it.pointerId, it);
  });
  const release = (it) => {
    held.delete(it.pointerId);
    main.classList.remove("held");
  };
  main.addEventListener("pointerup", release);
  main.addEventListener("pointercancel", release);
  main.addEventListener("click", (it) => {
    if (moved) return;
    const node = it.target.closest(".node");
    choose(node === null ? null : node.dataset.id);
  });
  main.addEventListener("wheel", (it) => {
    it.preventDefault();
    const rect = main.getBoundingClientRect();
    zoom(Math.exp(it.deltaY * (it.deltaMode === 1 ? 0.05 : 0.0015)), it.clientX - rect.left, it.clientY - rect.top);
  }, { passive: false });
  aside.addEventListener("click", (it) => {
    const link = it.target.closest("a");
    if (link === null) return;
    it.preventDefault();
    choose(link.dataset.id);
    center(link.dataset.id);
  });
  search.addEventListener("input", find);
  search.addEventListener("keydown", (it) => {
    const found = it.key === "Enter" ? find() : [];
    if (found.length === 0) return;
    const id = found[(found.indexOf(chosen) + 1) % found.length];
    choose(id);
    center(id);
  });
  document.addEventListener("keydown", (it) => {
    if (it.key === "Escape") { search.value = ""; find(); choose(null); }
    if (it.target === search || it.ctrlKey || it.metaKey || it.altKey) return;
    if (it.key === "/") { it.preventDefault(); search.focus(); }
    if (it.key === "+") zoom(0.8);
    if (it.key === "-") zoom(1.25);
    if (it.key === "0") fit();
  });
  document.getElementById("in").addEventListener("click", () => zoom(0.8));
  document.getElementById("out").addEventListener("click", () => zoom(1.25));
  document.getElementById("fit").addEventListener("click", fit);
  if (tools !== null) tools.addEventListener("change", show);
  window.addEventListener("resize", begin);
  show();
})();
