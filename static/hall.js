// A panel in a hall. Taps are kept on this device until they are with us; page and big screen follow by polling; the time is the server's.
const box = document.getElementById("room"), words = box.dataset, own = words.who;
const part = (id) => document.getElementById(id);
let rang = { at: 0 }; // what the clock said by word: what follows at once stands before it, not in its place
const live = (text) => { part("live").textContent = Date.now() - rang.at < 3000 ? `${text}. ${rang.text}` : text; };
const name = (what) => `hall:${what}:${own}:${location.pathname}`;
const memory = {}; // where a browser keeps nothing
const load = (what) => { try { return JSON.parse(localStorage.getItem(name(what)) || "[]"); } catch { return memory[what] || []; } };
const save = (what, list) => { try { localStorage.setItem(name(what), JSON.stringify(list)); } catch { memory[what] = list; } };
const key = () => [...crypto.getRandomValues(new Uint32Array(4))].map((part) => part.toString(36)).join("");

// --- the signal, and what is kept ---
let state = ""; // "", "none" or "stuck"
let shown = "";
const show = () => {
  const kept = own ? load("kept") : [], count = kept.length;
  const text = [state && words[state], count && (state ? (count > 1 ? words.kept.replace("{n}", count) : words.one) : words.sending)].filter(Boolean).join(" ");
  part("signal").hidden = !text;
  part("signal").firstElementChild.textContent = text;
  // said when it changes; what goes through at once is not worth a word
  const said = state && text;
  if (own && said !== shown) live(said || words.back);
  shown = said;
  const refused = own ? load("refused") : [], list = part("refused");
  if (!list || list.dataset.shows == refused.length) return;
  list.dataset.shows = refused.length;
  list.hidden = !refused.length;
  list.querySelector("ul").replaceChildren(...refused.map((line) => Object.assign(document.createElement("li"), { textContent: line })));
  if (refused.length) live(`${list.querySelector("h2").textContent}: ${refused.at(-1)}`);
};
const ask = async (url, options) => {
  const given = new AbortController(), late = setTimeout(() => given.abort(), 8000), sent = Date.now();
  try {
    const answer = await fetch(url, { redirect: "manual", signal: given.signal, ...options });
    const now = Number(answer.headers.get("X-Now")), took = Date.now() - sent;
    if (now && took <= best) { best = took; ahead = now - sent - took / 2; }
    return { status: answer.status, plain: /^text\/plain/.test(answer.headers.get("Content-Type")), text: answer.status === 204 ? "" : await answer.text() };
  } finally { clearTimeout(late); }
};
let sending;
const send = async () => {
  if (sending) return;
  sending = 1;
  try {
    for (let tap; (tap = load("kept")[0]);) {
      const body = new URLSearchParams(tap.body);
      body.set("csrf_token", box.querySelector("[name=csrf_token]").value);
      body.set("age", Math.max(0, Math.round((Date.now() - tap.at) / 1000)));
      const { status, plain, text } = await ask(location.pathname, { method: "POST", body, headers: { "X-Tap": "1" } });
      if (status === 409 && plain) save("refused", [...load("refused"), `${tap.said}: ${text}`]);
      else if (status !== 204) { state = status >= 500 || status === 429 ? "none" : "stuck"; return; }
      else if (load("kept").length === 1) live(tap.said);
      state = "";
      save("kept", load("kept").filter((one) => one.key !== tap.key)); // read anew: another tab may have added some
    }
  } catch { state = "none"; } finally { sending = 0; show(); }
  poll();
};
box.addEventListener("submit", (event) => {
  const form = event.target, button = event.submitter;
  if (!form.matches("[data-tap]")) return;
  event.preventDefault();
  const body = new URLSearchParams(new FormData(form)), id = key();
  if (button?.name) body.set(button.name, button.value);
  body.delete("csrf_token");
  body.set("once", id);
  const said = [button?.dataset.say || button?.textContent, body.get("minutes"), body.get("reason")].filter(Boolean).join(" ");
  save("kept", [...load("kept"), { key: id, body: String(body), said, at: Date.now() }]);
  part("hall").dataset.stamp = ""; // drawn anew when this is settled, whichever way
  seems(form, button, body, said);
  show();
  send();
});
part("refused")?.querySelector("button").addEventListener("click", () => { save("refused", []); show(); part("room").querySelector("h2[tabindex]")?.focus(); });

// what a tap will bring about, until the server says it
const seems = (form, button, body, said) => {
  const act = body.get("act"), time = part("clock")?.dataset;
  const press = (row) => {
    for (const one of row.querySelectorAll(".chip")) one.setAttribute("aria-pressed", one.value === body.get("choice"));
    row.querySelector("[data-state]").textContent = words.unsaid;
  };
  if (act === "put") { // no hand may be written down for an idea that is not the one before them
    const table = part("table"), column = table.closest("section").parentElement;
    table.textContent = said;
    table.after(Object.assign(document.createElement("p"), { className: "govuk-body", textContent: words.comes }));
    for (const one of [...column.children].slice(1)) one.hidden = true;
    for (const one of [...table.parentElement.children]) one.hidden = one !== table && one !== table.nextElementSibling;
    table.focus();
  } else if (act === "hands" && body.has("person")) press(form.closest("[data-hand]"));
  else if (act === "hands") for (const row of box.querySelectorAll("[data-waits]")) press(row);
  else if (act === "came" || act === "went") {
    for (const one of form.dataset.toggle ? [form] : box.querySelectorAll("[data-toggle]")) {
      one.querySelector(".chip").setAttribute("aria-pressed", act === "came");
      one.elements.act.value = act === "came" ? "went" : "came";
    }
  } else if (time && /^(start|pause|reset)$/.test(act)) {
    const runs = act === "start";
    time.left = act === "reset" ? time.length : left(time);
    time.ends = runs ? Date.now() + ahead + time.left * 1000 : "";
    tick(); // it stands at what was left when it was pressed
    part("time-said").textContent = words.unsaid;
    const turn = [...box.querySelectorAll("form[data-tap]")].find(({ elements: { act } }) => /^(start|pause)$/.test(act.value));
    if (!turn) return;
    turn.elements.act.value = runs ? "pause" : "start";
    turn.querySelector("button").textContent = words[turn.elements.act.value];
  }
};

// --- page and screen follow ---
let best = Infinity, ahead = part("hall").dataset.now - Date.now(); // the server's clock beside ours, by the quickest answer
let polling;
const poll = async () => {
  if (document.hidden || polling || (own && load("kept").length)) return;
  polling = 1;
  try {
    const { status, text } = await ask(location.href, { headers: { "HX-Request": "true", "If-None-Match": `"${part("hall").dataset.stamp}"` } });
    if (status === 404) return location.reload();
    state = status === 200 || status === 204 ? "" : status >= 500 || status === 429 ? "none" : "stuck";
    if (status === 200 && !(own && load("kept").length)) swap(text);
  } catch { state = "none"; } finally { polling = 0; show(); }
};
const swap = (html) => {
  const holder = document.createElement("template"), before = part("hall"), focus = document.activeElement;
  holder.innerHTML = html;
  const fresh = holder.content.querySelector("#hall"), same = fresh.dataset.on === before.dataset.on;
  if (same) {
    for (const one of before.querySelectorAll("details[open]")) fresh.querySelector("#" + one.id)?.setAttribute("open", "");
    for (const one of before.querySelectorAll("input[id]")) {
      const again = fresh.querySelector("#" + one.id);
      if (again && one.value !== one.defaultValue) again.value = one.value;
    }
  }
  const inside = before.contains(focus), [from, to] = [focus.selectionStart, focus.selectionEnd];
  before.replaceWith(fresh);
  if (!inside) return tick();
  const next = part(focus.id) || part(same ? "hands" : "table") || part("table");
  next?.focus({ preventScroll: same && next.id === focus.id }); // where it had to move, the page goes along
  if (from != null && next?.setSelectionRange) next.setSelectionRange(from, to);
  tick();
};

// --- the time ---
const left = ({ ends, left }) => (ends ? Math.max(0, Math.ceil((ends - Date.now() - ahead) / 1000)) : Number(left));
let was;
const tick = () => {
  const clock = part("clock");
  if (!clock) { was = undefined; return; }
  const seconds = left(clock.dataset), on = part("hall").dataset.on;
  const now = seconds ? (clock.dataset.ends && seconds <= 60 ? "last" : "") : "up";
  const text = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
  if (clock.textContent !== text) clock.textContent = text;
  clock.dataset.state = now;
  const said = part("time-said"), anew = was !== on + now;
  if (now && (anew || !said.textContent || said.querySelector(".still"))) said.textContent = words[now]; // also on a page that was drawn anew
  if (anew && now && was !== undefined && was.startsWith(on)) { // by word, once
    live(words[now]);
    rang = { text: words[now], at: Date.now() };
  }
  was = on + now;
};

setInterval(tick, 200);
setInterval(() => { if (own && load("kept").length) send(); else poll(); }, 2000);
addEventListener("online", send);
document.addEventListener("visibilitychange", () => { if (!document.hidden) { awake(); poll(); } });
const awake = () => { if (!own) navigator.wakeLock?.request("screen").catch(() => {}); }; // the big screen does not fall asleep
awake();
tick();
show();
if (own) send(); else poll();
