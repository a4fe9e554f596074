// The page in a browser: opened from file://, given a run and a text, its numbers held against the command line's.
//   node crates/spanscope-web/tests/page.mjs DIR SPANSCOPE PICTURES
// DIR is what packaging/web.sh made, SPANSCOPE the program. It needs playwright-core (in NODE_PATH or target/web/tools) and Chromium.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { extname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const [dir, program, pictures] = process.argv.slice(2).map((path) => resolve(path));
const tools = resolve(process.env.SPANSCOPE_WEB_TOOLS ?? "target/web/tools", "node_modules/x.js");
const { chromium } = createRequire(tools)("playwright-core");
const browserPath = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(existsSync);
assert(browserPath, "there is no Chromium");
mkdirSync(pictures, { recursive: true });
const work = mkdtempSync(join(tmpdir(), "spanscope-page-"));
const at = (name) => join(work, name);
const run = (...args) => execFileSync(program, args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });

const SAMPLE = resolve("sample_models/shakespeare_adaptive.safetensors");
const TEXT = "Before we proceed any further, hear me speak. Speak, speak: you are all resolved rather to die than to famish?";
writeFileSync(at("text.txt"), TEXT);
run("record", SAMPLE, "--text", at("text.txt"), "-o", at("run.safetensors"));
run("record", SAMPLE, "--text", at("text.txt"), "-o", at("run.html"), "--web", dir);

// The numbers of two files of CSV agree to so much of their size, or of one. Where the browser has fused multiply-add they are the same.
const AGREES = 1e-6;
function same(here, there, what) {
  const rows = (text) => text.trim().split(/\r?\n/).filter((line) => !line.startsWith("#"));
  const [a, b] = [rows(here), rows(there)];
  assert(b.length > 3, `${what}: the command line gives numbers`);
  assert.equal(a.length, b.length, `${what}: as many rows`);
  let numbers = 0, most = 0;
  for (const [i, line] of a.entries()) {
    const [left, right] = [line.split(","), b[i].split(",")];
    assert.equal(left.length, right.length, `${what}: row ${i}`);
    left.forEach((cell, column) => {
      const [x, y] = [Number(cell), Number(right[column])];
      if (cell === right[column]) numbers += Number.isFinite(x) && cell !== "";
      else {
        const apart = Math.abs(x - y) / Math.max(1, Math.abs(y));
        assert(apart <= AGREES, `${what}: row ${i}: ${line} / ${b[i]}`);
        most = Math.max(most, apart);
        numbers++;
      }
    });
  }
  assert(numbers > 10, `${what}: ${numbers} numbers`);
  console.log(`${what}: ${numbers} numbers agree with the command line's, ${most.toExponential(1)} apart at most`);
}

const launched = (...args) =>
  chromium.launch({
    executablePath: browserPath,
    // The last two: a browser ends itself where drawing takes long, as on a machine that is busy with other things.
    args: [
      "--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--ignore-gpu-blocklist",
      "--disable-gpu-watchdog", "--disable-hang-monitor", ...args,
    ],
  });
const browser = await launched();

/** A page at `url`; whatever it asks for must begin with one of `allowed`. */
async function open(url, allowed, { within = browser, ...options } = {}) {
  const context = await within.newContext({ viewport: { width: 1280, height: 800 }, acceptDownloads: true, ...options });
  const page = await context.newPage();
  const asked = [];
  page.on("request", (request) => asked.push(request.url()));
  page.on("websocket", (socket) => asked.push(socket.url()));
  page.on("console", (message) => ["error", "warning"].includes(message.type()) && console.log(`  page: ${message.text()}`));
  page.on("pageerror", (error) => console.log(`  page: ${error}`));
  const begun = Date.now();
  await page.goto(url, LONG);
  const noRequestLeft = () => {
    const left = asked.filter((to) => ![...allowed, "blob:", "data:"].some((begin) => to.startsWith(begin)));
    assert.deepEqual(left, [], "no request leaves the page");
  };
  await settled(page);
  console.log(`${url.split("/").pop()}: settled after ${Date.now() - begun} ms, ${JSON.stringify(await page.evaluate(() => spanscopePage.times))}`);
  return { page, context, noRequestLeft, asked };
}

// Machines are slow at times: what is waited for is a state, never a time, and this is when to give up, in milliseconds.
const LONG = { timeout: 240000 };

/** Waits until the window has drawn what came to it so far: until animation frames pass in which nothing is drawn, or, where something
    moves all the time, twenty of them. */
function drawn(page) {
  return page.evaluate(() => new Promise((done) => {
    const frames = () => document.documentElement.dataset.frames;
    let last = frames(), still = 0, passed = 0;
    const look = () => {
      still = frames() === last ? still + 1 : 0;
      last = frames();
      if (still >= 4 || ++passed >= 20) done();
      else requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
  }));
}

/** Waits until all that was asked for is computed and drawn. */
async function settled(page) {
  await page.waitForFunction(() => document.documentElement.dataset.frames >= 2, undefined, LONG);
  await drawn(page);
  await page.waitForFunction(() => document.documentElement.dataset.settled === "true", undefined, LONG);
  await drawn(page);
  assert.equal(await page.locator("pre#note").count(), 0, "the window goes on");
}

/** Waits until typed letters go to the text (`text`), or to another field (`field`). */
const keysGo = (page, where) =>
  page.waitForFunction(
    (where) => document.documentElement.dataset.keys === where && document.activeElement instanceof HTMLInputElement,
    where,
    LONG,
  );

/** Waits until `what()` is true. */
async function until(what, words) {
  const end = Date.now() + LONG.timeout;
  while (!(await what())) {
    assert(Date.now() < end, words);
    await new Promise((done) => setTimeout(done, 50));
  }
}

/** Does something that the window answers, and waits until it has drawn the answer. */
async function answered(page, act) {
  await act();
  await drawn(page);
}
const press = (page, key) => answered(page, () => page.keyboard.press(key));
const type = (page, text) => answered(page, () => page.keyboard.type(text));

async function command(page, words) {
  await press(page, "Control+p");
  await keysGo(page, "field");
  await type(page, words);
  await press(page, "Enter");
  await settled(page);
}

let exports = 0;
/** Exports a figure, and returns the bytes of the file. */
async function written(page, figure, ending) {
  await command(page, `Export ${figure}`);
  await keysGo(page, "field");
  await press(page, "Control+a");
  const name = `figure${++exports}.${ending}`;
  await type(page, `/downloads/${name}`);
  await picture(page, "before-an-export");
  const coming = page.waitForEvent("download", LONG);
  coming.catch(() => picture(page, "without-a-download").catch(() => {}));
  await page.keyboard.press("Enter");
  const download = await coming;
  assert.equal(download.suggestedFilename(), name);
  const bytes = readFileSync(await download.path());
  await settled(page);
  return bytes;
}
/** Exports a figure's numbers, and returns them. */
const exported = async (page, figure) => (await written(page, figure, "csv")).toString("utf8");

async function drop(page, path) {
  const taken = () => page.evaluate(() => Number(document.documentElement.dataset.taken ?? 0));
  const before = await taken();
  const bytes = readFileSync(path).toString("base64");
  const data = await page.evaluateHandle(
    ([bytes, name]) => {
      const array = Uint8Array.from(atob(bytes), (c) => c.charCodeAt(0));
      const transfer = new DataTransfer();
      transfer.items.add(new File([array], name));
      return transfer;
    },
    [bytes, path.split("/").pop()],
  );
  await page.dispatchEvent("canvas", "drop", { dataTransfer: data });
  await until(async () => (await taken()) > before, `${path} is read`);
  await settled(page);
}

const picture = (page, name) => page.screenshot({ path: join(pictures, `${name}.png`) });

try {
  const folder = pathToFileURL(dir).href;
  {
    // A sample, types, exports; light and dark.
    const { page, context, noRequestLeft, asked } = await open(`${folder}/index.html`, [folder], { colorScheme: "light" });
    await picture(page, "sample-light");
    // The tour of a first visit ends, and the text has the keys.
    await press(page, "Escape");
    await answered(page, () => page.mouse.click(900, 690));
    await keysGo(page, "text");
    await press(page, "Control+a");
    await type(page, TEXT);
    await settled(page);
    await picture(page, "typed-light");
    run("figure", "surprisal", SAMPLE, "--text", at("text.txt"), "-o", at("surprisal.csv"));
    same(await exported(page, "surprisal"), readFileSync(at("surprisal.csv"), "utf8"), "surprisal of a typed text");
    await command(page, "L1H2");
    run("figure", "profile", SAMPLE, "--text", at("text.txt"), "--head", "1.2", "-o", at("profile.csv"));
    same(await exported(page, "weight by distance"), readFileSync(at("profile.csv"), "utf8"), "weights of a selected head");
    // Drawings: what begins as such files do.
    for (const [ending, begin] of [["svg", "<svg"], ["pdf", "%PDF-"], ["png", "\x89PNG\r\n"]]) {
      const bytes = await written(page, "surprisal", ending);
      assert(bytes.subarray(0, 200).toString("latin1").includes(begin) && bytes.length > 2000, `a figure as ${ending}`);
      writeFileSync(join(pictures, `figure.${ending}`), bytes);
    }
    // Fonts of other scripts come once they are needed, and no others.
    const fonts = () => asked.filter((url) => url.includes("/fonts/")).map((url) => url.split("/").pop()).sort();
    assert.deepEqual(fonts(), [], "no font is fetched for English");
    await command(page, "Edit the text");
    await keysGo(page, "text");
    await press(page, "Control+End");
    await type(page, " 漢字 한글 ไทย");
    await settled(page);
    const wanted = ["NotoSansKR-Subset.otf.js", "NotoSansSC-Subset.otf.js", "NotoSansThai-Subset.ttf.js"];
    await until(() => fonts().length >= wanted.length, "fonts come");
    await settled(page);
    assert.deepEqual(fonts(), wanted);
    await picture(page, "other-scripts");
    await page.emulateMedia({ colorScheme: "dark" });
    await settled(page);
    await picture(page, "typed-dark");
    // A run is dropped.
    await drop(page, at("run.safetensors"));
    await command(page, "L1H2");
    same(await exported(page, "weight by distance"), readFileSync(at("profile.csv"), "utf8"), "weights in a dropped run");
    await picture(page, "dropped-run-dark");
    // What is not there is told, and a text is read.
    writeFileSync(at("other.txt"), "All the world's a stage, and all the men and women merely players.");
    await drop(page, at("other.txt"));
    await picture(page, "dropped-text");
    // A checkpoint is dropped.
    await drop(page, resolve("sample_models/wikitext_all_attention.safetensors"));
    await picture(page, "dropped-checkpoint");
    run("figure", "spans", resolve("sample_models/wikitext_all_attention.safetensors"), "--effective", "--text", at("other.txt"), "-o", at("spans.csv"));
    // The same command, of what stands in the window now.
    same(await exported(page, "span chart"), readFileSync(at("spans.csv"), "utf8"), "spans of a dropped checkpoint");
    // Kept: the next visit begins where this one was.
    await command(page, "Dark theme");
    const settings = () => page.evaluate(() => localStorage.getItem("spanscope:settings.json"));
    await until(async () => /"theme": "dark"/.test((await settings()) ?? ""), "settings are kept");
    await page.reload();
    await settled(page);
    await picture(page, "next-visit");
    assert.match((await settings()) ?? "", /"theme": "dark"/, "settings are kept");
    noRequestLeft();
    await context.close();
  }
  {
    // A page of a run, without a network.
    const url = pathToFileURL(at("run.html")).href;
    const { page, context, noRequestLeft } = await open(url, [url], { offline: true, colorScheme: "dark" });
    assert.match(await page.title(), /run\.safetensors/);
    await command(page, "L1H2");
    same(await exported(page, "weight by distance"), readFileSync(at("profile.csv"), "utf8"), "weights in a page");
    await picture(page, "page-of-a-run");
    noRequestLeft();
    await context.close();
  }
  {
    // The same page in a frame of another, as a notebook shows it; and on a phone.
    const frame = `<!doctype html><p>Before</p><iframe src="${pathToFileURL(at("run.html")).href}" width="100%" height="600" sandbox="allow-scripts allow-downloads"></iframe>`;
    writeFileSync(at("around.html"), frame);
    const context = await browser.newContext({ viewport: { width: 1000, height: 720 } });
    const page = await context.newPage();
    await page.goto(pathToFileURL(at("around.html")).href);
    const inner = page.frames()[1];
    await inner.waitForFunction(() => document.documentElement.dataset.settled === "true", undefined, LONG);
    await drawn(inner);
    await picture(page, "in-a-frame");
    await context.close();
    // Of a display with two pixels to a point; the size of pixels that a browser only plays is not told to a canvas.
    const small = await launched("--force-device-scale-factor=2", "--window-size=500,960", "--touch-events=enabled");
    const url = pathToFileURL(at("run.html")).href;
    const phone = await open(url, [url], { within: small, viewport: null });
    const [pixels, points] = await phone.page.evaluate(() => {
      const canvas = document.querySelector("canvas");
      return [canvas.width, canvas.clientWidth];
    });
    assert.equal(pixels, 2 * points, "as sharp as the display");
    await picture(phone.page, "on-a-phone");
    await command(phone.page, "Heads");
    await picture(phone.page, "on-a-phone-heads");
    await small.close();
  }
  {
    // From a web server.
    const types = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".wasm": "application/wasm" };
    const server = createServer((request, answer) => {
      const path = join(dir, new URL(request.url, "http://x").pathname.replace(/\/$/, "/index.html"));
      if (!path.startsWith(dir) || !existsSync(path)) return answer.writeHead(404).end();
      answer.writeHead(200, { "content-type": types[extname(path)] ?? "application/octet-stream" }).end(readFileSync(path));
    });
    await new Promise((done) => server.listen(0, "127.0.0.1", done));
    const url = `http://127.0.0.1:${server.address().port}/`;
    const { page, context, noRequestLeft } = await open(url, [url], { locale: "zh-CN" });
    await picture(page, "from-a-server");
    // The clipboard, which a page has from a server alone.
    await context.grantPermissions(["clipboard-read", "clipboard-write"]);
    await page.locator("canvas").click({ position: { x: 640, y: 14 } });
    await command(page, "Copy data (CSV): surprisal");
    const readText = () => page.evaluate(() => navigator.clipboard.readText());
    await until(async () => (await readText()).includes(","), "data in the clipboard");
    const copied = await readText();
    assert(copied.split("\n").length > 10 && copied.includes(","), `data in the clipboard: ${copied.slice(0, 80)}`);
    await command(page, "Copy picture: surprisal");
    const kinds = () => page.evaluate(async () => (await navigator.clipboard.read()).flatMap((item) => item.types));
    await until(async () => (await kinds()).includes("image/png"), "a picture in the clipboard");
    // The window in Chinese.
    await command(page, "Language: Chinese");
    await picture(page, "in-chinese");
    await press(page, "Control+p");
    await picture(page, "in-chinese-palette");
    await press(page, "Escape");
    noRequestLeft();
    await context.close();
    // With a finger: a tap chooses what is under it.
    for (const [name, width, height] of [["tablet", 820, 1180], ["phone", 390, 844]]) {
      const touched = await open(url, [url], { hasTouch: true, viewport: { width, height } });
      await picture(touched.page, name);
      await press(touched.page, "Escape");
      await answered(touched.page, () => touched.page.touchscreen.tap(Math.min(300, width / 2), 110));
      await picture(touched.page, `${name}-touched`);
      // A tap into the text brings the caret, and with it the keyboard of the device.
      // Beside the list of heads on a tablet, beside the notice on a phone.
      const left = name === "tablet" ? width / 2 : 60;
      await answered(touched.page, () => touched.page.touchscreen.tap(left, height - 100));
      await keysGo(touched.page, "text");
      touched.noRequestLeft();
      await touched.context.close();
    }
    server.close();
  }
  console.log("the page: all well");
} finally {
  await browser.close();
  rmSync(work, { recursive: true, force: true });
}
