// What only a script can do for the window: files, storage, work between frames. No line of it sends anything anywhere.
"use strict";
const spanscopePage = (() => {
  const PREFIX = "spanscope:";
  // A slice of work, in milliseconds: short while somebody types or points, longer while nobody does.
  const SHORT = 8, LONG = 24, QUIET = 400;
  // From so many milliseconds between two frames on drawing is slow, and while somebody types or points there is one slice a frame: where
  // a processor draws, work would take its time away.
  const SLOW = 25;
  let lastInput = 0, lastDrawn = 0, between = 0, waiting = 0;
  let working = false, wasm = null, tiles = null, timesTaken = 0;
  const turn = new MessageChannel();

  turn.port1.onmessage = () => {
    const quiet = performance.now() - lastInput > QUIET;
    let more = false;
    try {
      more = wasm.work(quiet ? LONG : SHORT);
    } catch (error) {
      stopped(String(error));
    }
    working = more;
    if (!more) return;
    if (!quiet && between > SLOW) waiting = setTimeout(next, 2 * SLOW);
    else turn.port2.postMessage(0);
  };
  function next() {
    clearTimeout(waiting);
    waiting = 0;
    turn.port2.postMessage(0);
  }

  function drawn(frame, settled, keys) {
    const now = performance.now();
    between += 0.2 * (Math.min(now - lastDrawn, 4 * SLOW) - between);
    lastDrawn = now;
    if (waiting) next();
    if (frame === 2) {
      document.getElementById("note")?.remove();
      spanscopePage.times.drawn = performance.now();
    }
    // For whoever drives the page: a test, or a page around it.
    Object.assign(document.documentElement.dataset, { frames: frame, settled, keys });
    if (!working && wasm) {
      working = true;
      turn.port2.postMessage(0);
    }
  }

  let over = false;
  function stopped(why) {
    console.error(why);
    if (over) return;
    over = true;
    wasm = { work: () => false };
    const note = document.createElement("pre");
    note.id = "note";
    note.textContent = "The window has stopped, by a defect or for want of memory. Reload the page to go on.\n\n" + why;
    document.getElementById("note")?.remove();
    document.body.append(note);
  }

  async function unpacked(base64) {
    const packed = Uint8Array.from(atob(base64.trim()), (c) => c.charCodeAt(0));
    const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Uint8Array(await new Response(stream).arrayBuffer());
  }

  // A script beside the page brings one file: so it comes over file:// as well.
  const coming = new Map();
  function bring(name, base64) {
    coming.get(name)?.(base64);
    coming.delete(name);
  }
  function script(name, source) {
    return new Promise((came, failed) => {
      coming.set(name, came);
      const script = document.createElement("script");
      script.onerror = () => failed(new Error(source + " is not there"));
      script.src = source;
      document.head.append(script);
    });
  }
  // A page in one file has what it needs within.
  function beside(name) {
    const within = [...document.scripts].find((script) => script.dataset.file === name);
    if (within) return Promise.resolve(within.textContent);
    if (document.getElementById("wasm")) return Promise.reject(new Error(name + " is not in this page"));
    return script(name, name + ".js");
  }
  function fetchFile(name) {
    beside(name).then(unpacked).then(
      (bytes) => wasm.came(name, bytes),
      () => wasm.failed(name),
    );
  }

  async function give(files, picked) {
    const folder = wasm.taking();
    for (const file of files) {
      const question = wasm.question(file.name, file.size);
      if (!wasm.fits(file.name, file.size) || (question && !confirm(question))) continue;
      wasm.take(folder, file.name, new Uint8Array(await file.arrayBuffer()));
    }
    wasm.taken(folder, picked);
    document.documentElement.dataset.taken = ++timesTaken;
  }

  function pick(endings) {
    const input = document.createElement("input");
    input.type = "file";
    input.multiple = true;
    input.id = "pick";
    input.hidden = true;
    // Endings are a proposal: what has another one may be picked all the same.
    if (!/iPhone|iPad|Android/.test(navigator.userAgent)) input.accept = endings + ",*/*";
    const done = (files) => {
      input.remove();
      give(files, true);
    };
    input.onchange = () => done([...input.files]);
    input.oncancel = () => done([]);
    document.getElementById("pick")?.remove();
    document.body.append(input);
    input.click();
  }

  async function entries(entry) {
    if (entry.isFile) return [await new Promise((done, failed) => entry.file(done, failed))];
    const reader = entry.createReader(), all = [];
    for (;;) {
      const some = await new Promise((done, failed) => reader.readEntries(done, failed));
      if (!some.length) break;
      for (const inner of some) if (inner.isFile) all.push(...(await entries(inner)));
    }
    return all;
  }
  async function dropped(event) {
    event.preventDefault();
    const roots = [...event.dataTransfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
    const plain = [...event.dataTransfer.files];
    if (!roots.some((root) => root.isDirectory)) return give(plain, false);
    const all = [];
    for (const root of roots) all.push(...(await entries(root)));
    give(all, false);
  }

  const TYPES = { csv: "text/csv", json: "application/json", svg: "image/svg+xml", pdf: "application/pdf", png: "image/png" };
  function download(name, bytes) {
    const type = TYPES[name.split(".").pop().toLowerCase()] ?? "application/octet-stream";
    const url = URL.createObjectURL(new Blob([bytes.slice()], { type }));
    const link = document.createElement("a");
    link.href = url;
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(url), 60000);
  }

  // In a frame of another page, or with storage turned off, nothing is kept.
  function storage() {
    try {
      return window.localStorage;
    } catch {
      return null;
    }
  }
  function keep(name, text) {
    try {
      if (text === undefined || text === null) storage()?.removeItem(PREFIX + name);
      else storage()?.setItem(PREFIX + name, text);
    } catch (error) {
      console.warn("not kept: " + name + " (" + error + ")");
    }
  }
  function kept() {
    const all = [], from = storage();
    for (let i = 0; from && i < from.length; i++) {
      const key = from.key(i);
      if (key.startsWith(PREFIX)) all.push(key.slice(PREFIX.length), from.getItem(key));
    }
    return all;
  }

  async function begin() {
    const canvas = document.getElementById("window");
    const input = () => (lastInput = performance.now());
    for (const kind of ["keydown", "pointermove", "pointerdown", "wheel", "touchmove"])
      addEventListener(kind, input, { capture: true, passive: true });
    document.addEventListener("dragover", (event) => event.preventDefault());
    document.addEventListener("drop", dropped, true);
    const times = (spanscopePage.times = { begun: performance.now() });
    try {
      const inside = document.getElementById("wasm"), run = document.getElementById("run");
      let module;
      if (inside) module = await unpacked(inside.textContent);
      else if (location.protocol === "file:") module = await unpacked(await script("wasm", "spanscope.wasm.js"));
      else module = "spanscope.wasm";
      times.unpacked = performance.now();
      const { memory } = await wasm_bindgen({ module_or_path: module });
      tiles = spanscopeTiles.over(memory);
      if (tiles) wasm_bindgen.bring_tiles();
      times.compiled = performance.now();
      const bytes = run ? await unpacked(run.textContent) : undefined;
      wasm = wasm_bindgen;
      // The window smooths its edges itself, and nothing shines through it. Made first, for what asks later gets this one.
      const options = { antialias: false, alpha: false, depth: false, stencil: false, preserveDrawingBuffer: true };
      const gl = canvas.getContext("webgl2", options);
      if (gl) spanscopePage.repaint = spanscopeRepaint.over(gl, canvas);
      await wasm.start(canvas, run?.dataset.name, bytes);
      times.started = performance.now();
      canvas.focus();
    } catch (error) {
      stopped("It could not begin: " + error);
    }
  }

  const tile = (rows, left, rowStep, step, depth, right, rightStep, out, outStep, columns, adds) =>
    tiles[rows](left, rowStep, step, depth, right, rightStep, out, outStep, columns, adds);

  return { begin, bring, download, drawn, fetch: fetchFile, keep, kept, pick, stopped, tile };
})();
