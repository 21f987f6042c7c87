// Kindling's own script: everything here makes a working page kinder, and nothing works only here.
const live = (text) => { const place = document.getElementById("live"); if (place) place.textContent = text; };

// a second tap sends nothing twice; the server's own guard stands behind this one
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.dataset.sent) { event.preventDefault(); return; }
  if (form.method === "post") { form.dataset.sent = "1"; setTimeout(() => delete form.dataset.sent, 8000); }
});
addEventListener("pageshow", () => document.querySelectorAll("form[data-sent]").forEach((form) => delete form.dataset.sent));

// characters left, said once typing pauses
for (const area of document.querySelectorAll("textarea[data-most]")) {
  const note = document.createElement("p");
  note.className = "govuk-hint";
  note.setAttribute("aria-live", "polite");
  area.after(note);
  let wait;
  const say = () => { const left = area.dataset.most - [...area.value].length; note.textContent = left < 300 ? area.dataset.left.replace("{n}", left) : ""; };
  area.addEventListener("input", () => { clearTimeout(wait); wait = setTimeout(say, 400); });
  say();
}

// quarter-hour chips beside a box for hours
for (const box of document.querySelectorAll("input[data-chips]")) {
  const row = document.createElement("div");
  row.className = "chips";
  for (const text of box.dataset.chips.split("|")) {
    const chip = document.createElement("button");
    chip.type = "button";
    chip.className = "govuk-button govuk-button--secondary";
    chip.textContent = text;
    chip.addEventListener("click", () => { box.value = text; box.dispatchEvent(new Event("input", { bubbles: true })); live(text); });
    row.append(chip);
  }
  box.before(row);
}

// photos made small on the phone; anything unexpected is sent as it is
for (const input of document.querySelectorAll("input[type=file][data-shrink]")) {
  input.addEventListener("change", async () => {
    const file = input.files[0];
    if (!file || !file.type.startsWith("image/") || file.size < 300000) return;
    try {
      const picture = await createImageBitmap(file, { imageOrientation: "from-image" });
      const scale = Math.min(1, input.dataset.shrink / Math.max(picture.width, picture.height));
      const canvas = document.createElement("canvas");
      canvas.width = Math.round(picture.width * scale);
      canvas.height = Math.round(picture.height * scale);
      canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
      const small = await new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.82));
      if (!small || small.size >= file.size) return;
      const list = new DataTransfer();
      list.items.add(new File([small], "photo.jpg", { type: "image/jpeg" }));
      input.files = list.files;
    } catch { /* the server can read it too */ }
  });
}

// drafts: saved a moment after typing stops; kept here while the network is away
for (const form of document.querySelectorAll("form[data-draft]")) {
  const note = form.querySelector("[data-saved]"), key = "draft:" + location.pathname;
  const words = (text) => { if (note) note.textContent = text; };
  const fields = () => new URLSearchParams([...new FormData(form)].filter(([name, value]) => typeof value === "string" && name !== "csrf_token" && name !== "once"));
  let wait, started = fields().toString();
  try {
    const kept = sessionStorage.getItem(key);
    if (kept && kept !== started && note) {
      for (const [name, value] of new URLSearchParams(kept)) {
        const field = form.elements[name];
        if (field && "value" in field && field.type !== "hidden") field.value = value;
      }
      words(note.dataset.restored);
    }
  } catch { /* private windows have no storage */ }
  const save = async () => {
    const now = fields().toString();
    if (now === started || form.dataset.sent) return;
    try {
      const body = new FormData(form);
      for (const input of form.querySelectorAll("input[type=file]")) body.delete(input.name);
      const answer = await fetch(form.action, { method: "POST", body, headers: { "X-Draft": "1" }, redirect: "manual" });
      if (answer.status === 204) {
        const version = answer.headers.get("X-Version");
        if (version && form.elements.version) form.elements.version.value = version;
        started = now;
        sessionStorage.removeItem(key);
        words(note.dataset.saved.replace("{t}", new Date().toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" })));
      } else if (answer.status === 409) words(note.dataset.conflict);
      else throw 0;
    } catch {
      try { sessionStorage.setItem(key, now); } catch { /* as above */ }
      words(note.dataset.kept);
    }
  };
  form.addEventListener("input", () => { clearTimeout(wait); wait = setTimeout(save, 1500); });
  form.addEventListener("submit", () => { clearTimeout(wait); try { sessionStorage.removeItem(key); } catch { /* as above */ } });
}

// buttons that only make sense with a script appear with it
for (const button of document.querySelectorAll("[data-print],[data-copy]")) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    if ("print" in button.dataset) return print();
    if (navigator.share) await navigator.share({ url: button.dataset.copy }).catch(() => {});
    else { await navigator.clipboard.writeText(button.dataset.copy); live(button.dataset.done || ""); }
  });
}
if ("serviceWorker" in navigator && isSecureContext) navigator.serviceWorker.register("/sw.js").catch(() => {});
