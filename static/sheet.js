// The table of a paper sheet: Enter goes down, cells pasted from a spreadsheet land in cells, and there is always one more row.
const table = document.querySelector("[data-sheet]");
const columns = table.dataset.sheet.split(" ");
const most = Number(table.dataset.limit);
const body = table.tBodies[0];
const pattern = body.querySelector("tr[data-row]").cloneNode(true);
const rows = () => body.querySelectorAll("tr[data-row]");
const cell = (place, column) => document.getElementById(`${column}-${place}`);

function addRow() {
  const place = rows().length;
  if (place >= most) return;
  const row = pattern.cloneNode(true);
  row.querySelector("th").textContent = place + 1;
  for (const input of row.querySelectorAll("input")) {
    input.id = input.name = `${input.name.split("-")[0]}-${place}`;
    input.value = "";
    input.className = input.className.replace(/\S+--error/, "");
    input.removeAttribute("aria-describedby");
    input.setAttribute("aria-label", input.getAttribute("aria-label").replace(/\d+/, place + 1));
  }
  body.append(row);
}

const placeOf = (input) => Number(input.name.split("-")[1]);
const isCell = ({ name = "" }) => /^[a-z]+-\d+$/.test(name) && columns.includes(name.split("-")[0]);

table.addEventListener("input", ({ target }) => {
  if (isCell(target) && placeOf(target) === rows().length - 1) addRow();
});
table.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.isComposing || !isCell(event.target)) return;
  event.preventDefault(); // a sheet is sent by its button, never by the way
  const place = placeOf(event.target) + (event.shiftKey ? -1 : 1);
  if (place === rows().length) addRow();
  cell(place, event.target.name.split("-")[0])?.focus();
});
table.addEventListener("paste", (event) => {
  const text = event.clipboardData.getData("text").replace(/\r\n?/g, "\n").replace(/\n$/, "");
  if (!isCell(event.target) || !/[\t\n]/.test(text)) return;
  event.preventDefault();
  const first = placeOf(event.target), from = columns.indexOf(event.target.name.split("-")[0]);
  const lines = text.split("\n");
  const heads = [...table.tHead.rows[0].cells].map((each) => each.textContent.trim().toLowerCase());
  if (first + lines.length > most || lines[0].split("\t").some((each) => heads.includes(each.trim().toLowerCase()))) {
    const box = document.getElementById("paste"); // which knows headings, and says what is too much
    box.closest("details").open = true;
    box.value = text;
    box.focus();
    document.getElementById("live").textContent = table.dataset.boxed;
    return;
  }
  lines.forEach((line, down) => {
    if (first + down >= rows().length) addRow();
    line.split("\t").forEach((value, right) => {
      const input = columns[from + right] && cell(first + down, columns[from + right]);
      if (input) input.value = value.trim();
    });
  });
  if (first + lines.length >= rows().length) addRow();
  document.getElementById("live").textContent = table.dataset.pasted.replace("{n}", lines.length);
  cell(Math.min(first + lines.length, rows().length - 1), columns[from])?.focus();
});
