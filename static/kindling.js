// Kindling's own script: makes working pages kinder; nothing works only here.
const all = (what, where = document) => where.querySelectorAll(what);
const live = (text) => { document.getElementById("live").textContent = text; };
const store = (act, ...what) => { try { return sessionStorage[act + "Item"](...what); } catch { return null; } };

// chips fill the box for hours below them
for (const row of all(".chips[hidden]")) {
  const box = row.nextElementSibling;
  const show = () => { for (const chip of row.children) chip.setAttribute("aria-pressed", chip.textContent === box.value); };
  row.hidden = false;
  row.addEventListener("click", ({ target }) => {
    if (target === row) return;
    box.value = target.textContent;
    box.dispatchEvent(new Event("input", { bubbles: true }));
  });
  box.addEventListener("input", show);
  show();
}

// rows come and go without a new page, numbered anew
for (const list of all("[data-rows]")) {
  const form = list.closest("form"), sum = form.querySelector("[data-sum]"), rows = list.children;
  const number = (row, n) => {
    for (const part of all("*", row)) {
      if (part.closest("[data-said]")) continue; // what others did with this row has no number of ours
      for (const { name, value } of part.attributes) if (/^(id|for|name|aria-.*)$/.test(name)) part.setAttribute(name, value.replace(/\d+/, n));
      if (/^(remove|wish)$/.test(part.name)) part.value = n;
      if (!part.children.length) part.textContent = part.textContent.replace(/\d+/, n + 1);
    }
  };
  const total = () => {
    let pounds = 0;
    for (const cost of all("[inputmode]", list)) pounds += Number(cost.value.replace(/[£,\s]/g, "")) || 0;
    sum.textContent = sum.dataset.sum.replace("{sum}", "£" + pounds.toFixed(2));
  };
  form.addEventListener("change", total);
  form.addEventListener("click", (event) => {
    const { name, value } = event.target, most = rows.length;
    let n = Number(value);
    if (name === "add" && most < list.dataset.rows) {
      const row = rows[0].cloneNode(true);
      for (const part of all("*", row)) {
        if (part.id.endsWith("-error") || part.matches("[data-said]")) part.remove();
        part.className = part.className.replace(/\S+--error/, "");
        part.removeAttribute("aria-describedby");
        if ("value" in part) part.value = "";
      }
      number(row, n = most);
      list.append(row);
    } else if (name === "remove" && most > 1) {
      rows[n].remove();
      [...rows].forEach(number);
    } else return;
    event.preventDefault();
    live(list.dataset[name].replace("{n}", n + 1));
    (rows[n] || rows[n - 1]).querySelector("input").focus();
    form.dispatchEvent(new Event("input"));
    total();
  });
}

// drafts: saved as one types, kept here without signal
const last = store("get", "sent"); // this page answers a form, unless it is the offline page
if (last && !document.querySelector("[data-offline]")) store("remove", last);
store("remove", "sent");
for (const form of all("form[data-draft]")) {
  const note = form.querySelector("[data-saved]"), words = note.dataset, key = "draft:" + location.pathname;
  const typed = () => new URLSearchParams([...new FormData(form)].filter(([name, value]) => value.trim && form.elements[name]?.type !== "hidden")).toString();
  const say = (text) => { note.textContent = text; live(text); };
  const keep = () => { store("set", key, typed()); say(words.kept); };
  let saved = typed(), wait, busy, told;
  const send = async (now, keepalive) => {
    const body = new FormData(form);
    for (const input of all("[type=file]", form)) body.delete(input.name);
    try {
      const { status, headers } = await fetch(form.action, { method: "POST", body, headers: { "X-Draft": "1" }, redirect: "manual", keepalive });
      if (status === 409) return say(words.conflict);
      if (status !== 204) return keep();
      form.elements.version.value = headers.get("X-Version");
      saved = now;
      store("remove", key);
      note.textContent = words.saved.replace("{t}", new Date().toTimeString().slice(0, 5));
    } catch { keep(); }
  };
  // one at a time, for the version
  const save = (leaving) => {
    clearTimeout(wait);
    const now = typed();
    if (busy || now === saved || form.dataset.sent) return;
    busy = send(now, leaving).finally(() => { busy = 0; if (typed() !== now) later(); });
  };
  const later = () => { clearTimeout(wait); wait = setTimeout(save, 1500); };
  form.addEventListener("input", later);
  document.addEventListener("visibilitychange", () => { if (document.hidden) save(true); });
  form.addEventListener("submit", (event) => {
    clearTimeout(wait);
    if (busy) {
      event.preventDefault();
      busy.finally(() => form.requestSubmit(event.submitter));
    } else if (!navigator.onLine && !told) {
      event.preventDefault();
      told = 1;
      keep();
    } else {
      store("set", key, typed());
      store("set", "sent", key);
    }
  });
  const kept = store("get", key);
  if (kept && kept !== saved) {
    const values = new URLSearchParams(kept);
    for (const name of values.keys()) if (!form.elements[name]) form.querySelector("[name=add]")?.click();
    for (const field of form.elements) {
      const { name, type, value } = field;
      if (/radio|checkbox/.test(type)) field.checked = values.getAll(name).includes(value);
      else if (values.has(name) && type !== "hidden") field.value = values.get(name);
    }
    say(words.restored);
    later();
  }
}

// a second tap sends nothing twice; the server guards too
addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented) return;
  if (form.dataset.sent) event.preventDefault();
  else if (form.method === "post") { form.dataset.sent = 1; setTimeout(() => delete form.dataset.sent, 8000); }
});
addEventListener("pageshow", ({ persisted }) => {
  if (persisted && navigator.onLine) location.reload(); // from memory a draft has an old version
});

// characters left, said when typing pauses
for (const area of all("[data-most]")) {
  const { most, left, over } = area.dataset;
  let wait;
  const say = () => {
    const n = most - [...area.value].length;
    area.nextElementSibling.textContent = n < 0 ? over.replace("{n}", -n) : n < 300 ? left.replace("{n}", n) : "";
  };
  area.addEventListener("input", () => { clearTimeout(wait); wait = setTimeout(say, 400); });
  say();
}

// photos made small on the phone, or sent as they are
for (const input of all("[data-shrink]")) {
  input.addEventListener("change", async () => {
    const file = input.files[0];
    if (!file || file.size < 300000) return;
    try {
      const picture = await createImageBitmap(file, { imageOrientation: "from-image" });
      const scale = Math.min(1, input.dataset.shrink / Math.max(picture.width, picture.height));
      const canvas = document.createElement("canvas");
      canvas.width = picture.width * scale;
      canvas.height = picture.height * scale;
      canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
      const small = await new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.82));
      if (small.size >= file.size || input.files[0] !== file) return;
      const list = new DataTransfer();
      list.items.add(new File([small], "photo.jpg", { type: "image/jpeg" }));
      input.files = list.files;
    } catch { /* as it is */ }
  });
}

// buttons that need a script
for (const button of all("[data-print], [data-copy]")) {
  const { copy, done } = button.dataset;
  button.hidden = copy && !navigator.share && !navigator.clipboard;
  button.addEventListener("click", async () => {
    if (!copy) print();
    else if (navigator.share) await navigator.share({ url: copy }).catch(() => {});
    else { await navigator.clipboard.writeText(copy); live(done); }
  });
}

// islands: no polling while hidden, but a tap just before the telephone is put away is sent; what a person's own act brings is said
addEventListener("htmx:beforeRequest", (event) => { if (document.hidden && event.detail.requestConfig.verb === "get") event.preventDefault(); });
addEventListener("htmx:afterSettle", ({ target, detail }) => {
  if (!detail.requestConfig.triggeringEvent) return;
  const said = target.closest("[data-say]") || target.querySelector("[data-say]");
  if (said) live(said.dataset.say);
  target.querySelector("[data-focus]")?.focus();
});

if (isSecureContext) navigator.serviceWorker?.register("/sw.js").catch(() => {});
