// Who is here, for the organiser: taps are kept on this phone until they are with us, sent in order, and each counts once.
const box = document.getElementById("room"), words = box?.dataset ?? {};
const part = (id) => document.getElementById(id);
const live = (text) => { part("live").textContent = text; };
const name = (what) => `session:${what}:${words.who}:${location.pathname}`;
const memory = {}; // where a browser keeps nothing
const load = (what) => { try { return JSON.parse(localStorage.getItem(name(what)) || "[]"); } catch { return memory[what] || []; } };
const save = (what, list) => { try { localStorage.setItem(name(what), JSON.stringify(list)); } catch { memory[what] = list; } };
const key = () => [...crypto.getRandomValues(new Uint32Array(4))].map((one) => one.toString(36)).join("");

let state = "", shown = ""; // "", "none" or "stuck"
const show = () => {
  const count = load("kept").length;
  const text = [state && words[state], count && (state ? (count > 1 ? words.kept.replace("{n}", count) : words.one) : words.sending)].filter(Boolean).join(" ");
  part("signal").hidden = !text;
  part("signal").firstElementChild.textContent = text;
  const said = state && text; // what goes through at once is not worth a word
  if (said !== shown) live(said || words.back);
  shown = said;
  const refused = load("refused"), list = part("refused");
  if (list.dataset.shows == refused.length) return;
  list.dataset.shows = refused.length;
  list.hidden = !refused.length;
  list.querySelector("ul").replaceChildren(...refused.map((line) => Object.assign(document.createElement("li"), { textContent: line })));
  if (refused.length) live(`${list.querySelector("h2").textContent}: ${refused.at(-1)}`);
};
const ask = async (options) => {
  const given = new AbortController(), late = setTimeout(() => given.abort(), 8000);
  try { return await fetch(location.href, { redirect: "manual", signal: given.signal, ...options }); } finally { clearTimeout(late); }
};
let sending;
const send = async () => {
  if (sending) return;
  sending = 1;
  let sent = 0;
  try {
    for (let tap; (tap = load("kept")[0]);) {
      const body = new URLSearchParams(tap.body);
      body.set("csrf_token", box.querySelector("[name=csrf_token]").value);
      const answer = await ask({ method: "POST", body, headers: { "X-Tap": "1" } });
      const { status } = answer, plain = /^text\/plain/.test(answer.headers.get("Content-Type"));
      if (status === 409 && plain) save("refused", [...load("refused"), `${tap.said}: ${await answer.text()}`]);
      else if (status !== 204) { state = status >= 500 || status === 429 ? "none" : "stuck"; return; }
      state = "";
      sent++;
      save("kept", load("kept").filter((one) => one.key !== tap.key)); // read anew: another tab may have added some
    }
    if (sent) await draw();
  } catch { state = "none"; } finally { sending = 0; show(); }
};
// the list as it is with us, once nothing is left here
const draw = async () => {
  const answer = await ask({});
  if (answer.status !== 200 || load("kept").length) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("people");
  if (!fresh) return location.reload();
  const focus = document.activeElement?.id, inside = part("people").contains(document.activeElement);
  part("people").replaceWith(fresh);
  live(part("roll").textContent);
  if (inside) (part(focus) || part("roll")).focus({ preventScroll: true });
};
box?.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches("[data-tap]")) return;
  event.preventDefault();
  const body = new URLSearchParams(new FormData(form)), id = key();
  if (form.matches("[data-clear]") && !(body.get("member") || body.get("name") || "").trim()) return form.querySelector("input:not([type=hidden])").focus();
  body.delete("csrf_token");
  body.set("once", id);
  const said = event.submitter?.dataset.say || body.get("name") || body.get("member");
  save("kept", [...load("kept"), { key: id, body: String(body), said }]);
  seems(form, event.submitter, said);
  show();
  send();
});
// what a tap will bring about, until it is with us
const seems = (form, button, said) => {
  if (form.matches("[data-toggle]")) {
    const act = form.elements.act;
    button.setAttribute("aria-pressed", act.value === "here");
    act.value = act.value === "here" ? "away" : "here";
  } else if (form.matches("[data-clear]")) {
    if (form.matches("[data-guest]")) {
      part("guest-list").append(Object.assign(document.createElement("li"), { textContent: `${said} (${words.unsaid})` }));
      part("guest-card").hidden = false;
    }
    const field = form.querySelector("input:not([type=hidden])");
    field.value = "";
    field.focus();
    live(`${said} (${words.unsaid})`);
  } else { button.disabled = true; button.textContent += ` (${words.unsaid})`; }
};
part("refused")?.querySelector("button").addEventListener("click", () => { save("refused", []); show(); part("roll")?.focus(); });
if (box) {
  setInterval(() => { if (load("kept").length) send(); }, 2000);
  addEventListener("online", send);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) send(); });
  // taps of before the page was loaded again are shown as they will be
  for (const { body } of load("kept")) {
    const tap = new URLSearchParams(body), button = part(`p-${tap.get("member")}`);
    if (button && /^(here|away)$/.test(tap.get("act"))) {
      button.setAttribute("aria-pressed", tap.get("act") === "here");
      button.form.elements.act.value = tap.get("act") === "here" ? "away" : "here";
    }
  }
  show();
  send();
}
