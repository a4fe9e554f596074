// Register tiles of matrix products by fused multiply-add, which not every browser has: a second, small program, put together here,
// that works in the memory of the first. A file that holds such instructions does not start where they are not known, so the first
// holds none; without the second it computes with its own tiles, a little slower.
"use strict";
const spanscopeTiles = (() => {
  const I32 = 0x7f, V128 = 0x7b, NOTHING = 0x40;
  // The rows of a tile, one of these numbers. Each row takes two vectors, of four numbers each.
  const ROWS = [5, 4, 2, 1];

  const number = (n) => {
    const bytes = [];
    for (; n > 127; n >>>= 7) bytes.push((n & 127) | 128);
    return [...bytes, n];
  };
  const list = (items) => [...number(items.length), ...items.flat()];
  const text = (words) => list([...words].map((c) => c.charCodeAt(0)));
  const part = (id, bytes) => [id, ...number(bytes.length), ...bytes];

  const get = (local) => [0x20, ...number(local)];
  const set = (local) => [0x21, ...number(local)];
  const constant = (n) => [0x41, n];
  const plus = [0x6a], minus = [0x6b], times = [0x6c];
  const simd = (code, ...rest) => [0xfd, ...number(code), ...rest];
  const load = (offset) => simd(0, 2, ...number(offset));
  const splat = simd(9, 2, 0);
  const store = (offset) => simd(11, 2, ...number(offset));
  const zero = simd(12, ...new Array(16).fill(0));
  const add = simd(0xe4);
  const fused = simd(0x105);
  const move = (local, by) => [...get(local), ...by, ...plus, ...set(local)];
  // Repeats `body` until `count` has come down to nothing.
  const repeat = (count, by, body) => [
    0x03, NOTHING, ...body, ...get(count), ...constant(by), ...minus, 0x22, ...number(count), 0x0d, 0, 0x0b,
  ];

  // out (+)= left · right, of `rows` rows, by steps of eight columns. Steps are in bytes: from row to row and from number to number on
  // the left, from row to row on the right and in the result.
  function tile(rows) {
    const [left, rowStep, step, depth, right, rightStep, out, outStep, columns, adds] = Array.from({ length: 10 }, (_, i) => i);
    const [at, to, left4, first] = [10, 11, 12, 13];
    const row = (i) => first + i;
    const [b0, b1] = [first + rows, first + rows + 1];
    const sum = (i, half) => b1 + 1 + 2 * i + half;
    const each = (what) => Array.from({ length: rows }, (_, i) => what(i)).flat();
    const inner = [
      ...get(at), ...load(0), ...set(b0), ...get(at), ...load(16), ...set(b1),
      ...each((i) => {
        const by = (half) => [...get(row(i)), ...splat, ...get(half ? b1 : b0), ...get(sum(i, half)), ...fused, ...set(sum(i, half))];
        return [...by(0), ...by(1), ...move(row(i), get(step))];
      }),
      ...move(at, get(rightStep)),
    ];
    const put = (half) => (i) => [...get(to), ...get(sum(i, half)), ...store(16 * half)];
    const added = (half) => (i) => [...get(to), ...get(to), ...load(16 * half), ...get(sum(i, half)), ...add, ...store(16 * half)];
    const results = (how) => [
      ...get(out), ...set(to), ...each((i) => [...how(0)(i), ...how(1)(i), ...move(to, get(outStep))]),
    ];
    const body = repeat(columns, 8, [
      ...each((i) => [...get(left), ...get(rowStep), ...constant(i), ...times, ...plus, ...set(row(i))]),
      ...each((i) => [...zero, ...set(sum(i, 0)), ...zero, ...set(sum(i, 1))]),
      ...get(right), ...set(at), ...get(depth), ...set(left4),
      ...repeat(left4, 1, inner),
      ...get(adds), 0x04, NOTHING, ...results(added), 0x05, ...results(put), 0x0b,
      ...move(right, constant(32)), ...move(out, constant(32)),
    ]);
    const locals = list([[...number(3 + rows), I32], [...number(2 + 2 * rows), V128]]);
    const code = [...locals, ...body, 0x0b];
    return [...number(code.length), ...code];
  }

  const program = () =>
    new Uint8Array([
      0, 0x61, 0x73, 0x6d, 1, 0, 0, 0,
      ...part(1, list([[0x60, ...list(new Array(10).fill(I32)), ...list([])]])),
      ...part(2, list([[...text("page"), ...text("memory"), 2, 0, 1]])),
      ...part(3, list(ROWS.map(() => 0))),
      ...part(7, list(ROWS.map((rows, i) => [...text(String(rows)), 0, i]))),
      ...part(10, list(ROWS.map(tile))),
    ]);

  // The tiles by their rows, or nothing where the browser does not know the instruction.
  function over(memory) {
    try {
      const bytes = program();
      if (!WebAssembly.validate(bytes)) return null;
      const tiles = new WebAssembly.Instance(new WebAssembly.Module(bytes), { page: { memory } }).exports;
      return [null, tiles[1], tiles[2], null, tiles[4], tiles[5]];
    } catch {
      return null;
    }
  }
  return { over, program };
})();
