// Paints of a frame only what differs from the frame before: without a graphics card every pixel costs, and most frames change few.
//
// The window hands WebGL a frame as a list of meshes (clear, then for each mesh: scissor, vertices, indices, texture, draw). They are held
// back until the list is whole, compared with the list before, and painted inside the rectangles in which the two differ. The context
// must keep its picture (preserveDrawingBuffer).
const spanscopeRepaint = (() => {
  "use strict";

  // Words of a vertex: place (two numbers, in points), place in the texture (two), colour.
  const WORDS = 5;
  // Pixels around what differs, for edges that are smoothed.
  const AROUND = 2;
  // More rectangles than these are joined.
  const MOST = 4;

  const area = (r) => Math.max(0, r[2] - r[0]) * Math.max(0, r[3] - r[1]);
  const around = (a, b) => [Math.min(a[0], b[0]), Math.min(a[1], b[1]), Math.max(a[2], b[2]), Math.max(a[3], b[3])];
  const inside = (a, b) => [Math.max(a[0], b[0]), Math.max(a[1], b[1]), Math.min(a[2], b[2]), Math.min(a[3], b[3])];

  /** Adds a rectangle (left, bottom, right, top) to a list; those that overlap become one, and the nearest ones where there are too many. */
  function add(list, more) {
    if (area(more) === 0) return;
    for (;;) {
      const touches = list.findIndex((r) => area(inside(r, more)) > 0);
      if (touches < 0) break;
      more = around(more, list.splice(touches, 1)[0]);
    }
    list.push(more);
    while (list.length > MOST) {
      let best = [Infinity, 0, 1];
      for (let i = 0; i < list.length; i++)
        for (let j = i + 1; j < list.length; j++) {
          const grows = area(around(list[i], list[j])) - area(list[i]) - area(list[j]);
          if (grows < best[0]) best = [grows, i, j];
        }
      const [other] = list.splice(best[2], 1);
      const [one] = list.splice(best[1], 1);
      add(list, around(one, other));
    }
  }

  /** Whether two lists of words are the same. */
  function same(a, b) {
    if (a.length !== b.length) return false;
    for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
    return true;
  }

  /** The rectangle of the triangles `of` a mesh, in pixels from the lower left, no larger than where the mesh may paint. */
  function bounds(mesh, of, { scale, height }) {
    const { places, indices, scissor } = mesh;
    let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
    for (let i = 0; i < indices.length; i += 3) {
      if (!of(i)) continue;
      for (let j = i; j < i + 3; j++) {
        const x = places[WORDS * indices[j]], y = places[WORDS * indices[j] + 1];
        if (x < left) left = x;
        if (x > right) right = x;
        if (y < top) top = y;
        if (y > bottom) bottom = y;
      }
    }
    if (!(right >= left)) return [0, 0, 0, 0];
    const box = [
      Math.floor(left * scale) - AROUND, Math.floor(height - bottom * scale) - AROUND,
      Math.ceil(right * scale) + AROUND, Math.ceil(height - top * scale) + AROUND,
    ];
    return inside(box, scissor);
  }
  const whole = () => true;

  /** Adds to `list` where two meshes with the same texture and scissor differ: the triangles that only one of them has. */
  function differences(list, a, b, screen) {
    const [va, vb] = [a.vertices, b.vertices];
    const [na, nb] = [va.length / WORDS, vb.length / WORDS];
    let first = 0, last = 0;
    const least = Math.min(na, nb);
    const equal = (i, j) => {
      for (let k = 0; k < WORDS; k++) if (va[WORDS * i + k] !== vb[WORDS * j + k]) return false;
      return true;
    };
    while (first < least && equal(first, first)) first++;
    while (last < least - first && equal(na - 1 - last, nb - 1 - last)) last++;
    // Triangles at either end that are the same, those at the end by vertices counted from the end.
    const [ia, ib] = [a.indices, b.indices];
    const shift = nb - na, fewest = Math.min(ia.length, ib.length);
    let begin = 0, end = 0;
    while (begin < fewest && ia[begin] === ib[begin]) begin++;
    while (end < fewest - begin && ia[ia.length - 1 - end] + shift === ib[ib.length - 1 - end]) end++;
    const changed = ({ indices }, n) => (i) => {
      if (i + 3 > begin && i < indices.length - end) return true;
      for (let j = i; j < i + 3; j++) if (indices[j] >= first && indices[j] < n - last) return true;
      return false;
    };
    add(list, bounds(a, changed(a, na), screen));
    add(list, bounds(b, changed(b, nb), screen));
  }

  /** Where two frames differ: rectangles. */
  function between(before, after, screen) {
    const list = [];
    const alike = (a, b) =>
      a.texture === b.texture && a.version === b.version && a.scissor.every((edge, i) => edge === b.scissor[i]);
    const equal = (a, b) => alike(a, b) && same(a.vertices, b.vertices) && same(a.indices, b.indices);
    let begin = 0, end = 0;
    const least = Math.min(before.length, after.length);
    while (begin < least && equal(before[begin], after[begin])) begin++;
    while (end < least - begin && equal(before[before.length - 1 - end], after[after.length - 1 - end])) end++;
    const [old, now] = [before.slice(begin, before.length - end), after.slice(begin, after.length - end)];
    if (old.length === now.length) {
      for (const [i, a] of old.entries()) {
        if (alike(a, now[i])) differences(list, a, now[i], screen);
        else for (const mesh of [a, now[i]]) add(list, bounds(mesh, whole, screen));
      }
    } else for (const mesh of [...old, ...now]) add(list, bounds(mesh, whole, screen));
    return list;
  }

  /** Holds back what is painted with `gl` on `canvas`; returns a function after which the next frame is painted whole. */
  function over(gl, canvas) {
    const call = {};
    const names = [
      "clear", "clearColor", "scissor", "bufferData", "bindTexture", "drawElements", "bindVertexArray", "texImage2D", "texSubImage2D",
      "uniform2f", "viewport",
    ];
    for (const name of names) call[name] = gl[name].bind(gl);
    const versions = new WeakMap();
    let shown = null, frame = null, texture = null, fonts = null;
    let scissor = [0, 0, 0, 0], vertices = null, indices = null, points = 1, ground = "", looks = "";

    gl.clearColor = (...color) => {
      ground = color.join();
      call.clearColor(...color);
    };
    gl.clear = () => (frame = []);
    gl.uniform2f = (at, x, y) => {
      points = x;
      call.uniform2f(at, x, y);
    };
    gl.scissor = (x, y, w, h) => {
      if (frame) scissor = [x, y, x + w, y + h];
      else call.scissor(x, y, w, h);
    };
    gl.bindTexture = (target, of) => {
      texture = of;
      if (!frame) call.bindTexture(target, of);
    };
    gl.bufferData = (target, data, usage) => {
      if (!frame) return call.bufferData(target, data, usage);
      // The window's memory is written again before this is painted.
      const kept = new Uint32Array(data.slice().buffer);
      if (target === gl.ARRAY_BUFFER) vertices = kept;
      else indices = kept;
    };
    gl.drawElements = (...all) => {
      if (!frame) return call.drawElements(...all);
      const places = new Float32Array(vertices.buffer);
      frame.push({ scissor, vertices, places, indices, texture, version: versions.get(texture) });
    };
    gl.texImage2D = (...all) => {
      fonts ??= texture;
      versions.set(texture, (versions.get(texture) ?? 0) + 1);
      call.texImage2D(...all);
    };
    gl.texSubImage2D = (...all) => {
      // New glyphs stand where there were none.
      if (texture !== fonts) versions.set(texture, (versions.get(texture) ?? 0) + 1);
      call.texSubImage2D(...all);
    };
    gl.bindVertexArray = (of) => {
      if (!of && frame) {
        const now = frame;
        frame = null;
        paint(now);
      }
      call.bindVertexArray(of);
    };

    function paint(now) {
      const [width, height] = [canvas.width, canvas.height];
      const screen = { scale: width / points, height };
      const look = [width, height, points, ground].join();
      const all = [0, 0, width, height];
      const rects = !shown || looks !== look ? [all] : between(shown, now, screen).map((r) => inside(r, all));
      [shown, looks] = [now, look];
      for (const [left, bottom, right, top] of rects) {
        call.scissor(left, bottom, right - left, top - bottom);
        call.clear(gl.COLOR_BUFFER_BIT);
      }
      for (const mesh of now) {
        const of = rects.map((r) => inside(r, mesh.scissor)).filter((r) => area(r) > 0);
        if (!of.length) continue;
        call.bufferData(gl.ARRAY_BUFFER, mesh.vertices, gl.STREAM_DRAW);
        call.bufferData(gl.ELEMENT_ARRAY_BUFFER, mesh.indices, gl.STREAM_DRAW);
        call.bindTexture(gl.TEXTURE_2D, mesh.texture);
        for (const [left, bottom, right, top] of of) {
          call.scissor(left, bottom, right - left, top - bottom);
          call.drawElements(gl.TRIANGLES, mesh.indices.length, gl.UNSIGNED_INT, 0);
        }
      }
    }

    return () => (shown = null);
  }

  return { between, over };
})();
