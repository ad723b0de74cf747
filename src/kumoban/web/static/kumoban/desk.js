// Small comforts; every page works without them.

// A pill and the text beside it answer the same question: the one touched last counts.
document.addEventListener("change", (event) => {
  const text = document.getElementById(event.target.dataset?.clears);
  if (text && event.target.checked) text.value = "";
});
document.addEventListener("input", (event) => {
  const name = event.target.dataset?.unchecks;
  if (!name || !event.target.value) return;
  for (const pill of document.querySelectorAll(`input[type=radio][name="${CSS.escape(name)}"]`)) pill.checked = false;
});

// Fields that only some answers ask for are there only then; without this, all are.
const fitFields = () => {
  for (const field of document.querySelectorAll("fieldset[data-only-for]")) {
    const chosen = document.querySelector(`input[name="${CSS.escape(field.dataset.onlyFor)}"]:checked`)?.value;
    field.hidden = field.disabled = Boolean(chosen) && !field.dataset.values.split(" ").includes(chosen);
  }
};
fitFields();
document.addEventListener("change", fitFields);

// Narrowing happens while typing, so its button goes and Enter there asks for nothing.
const hideButtons = () => {
  for (const button of document.querySelectorAll("[data-without-script]")) button.hidden = button.disabled = true;
};
hideButtons();
document.addEventListener("htmx:afterSwap", hideButtons);
document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && event.target.matches?.("[data-narrow]")) event.preventDefault();
  const typing = event.target.matches?.("input, textarea, select, [contenteditable]");
  if (event.key !== "/" || typing || event.ctrlKey || event.metaKey || event.altKey) return;
  const search = document.querySelector(".search input");
  if (!search) return;
  event.preventDefault();
  search.focus();
  search.select();
});

// Printing: the browser's own menu does it without this.
for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
}

// Copying: the text can be selected without this, so the button only appears with it.
const offerCopies = () => {
  for (const button of document.querySelectorAll("[data-copy][hidden]")) button.hidden = !navigator.clipboard;
};
offerCopies();
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
  button.querySelector("span").textContent = button.dataset.copied;
});

// What moves is swapped only when it changed; what a person opened or closed stays so, and the state is said once.
let folds = new Map();
document.addEventListener("htmx:beforeSwap", () => {
  folds = new Map([...document.querySelectorAll("main details[id]")].map((fold) => [fold.id, fold.open]));
});
document.addEventListener("htmx:afterSettle", () => {
  for (const [id, open] of folds) {
    const fold = document.getElementById(id);
    if (fold) fold.open = open;
  }
  offerCopies();
  const told = document.getElementById("told");
  const now = document.getElementById("live-top")?.dataset.told;
  if (told && now && told.dataset.last !== now) {
    if (told.dataset.last) told.textContent = now;
    told.dataset.last = now;
  }
});
const told = document.getElementById("told");
if (told) told.dataset.last = document.getElementById("live-top")?.dataset.told ?? "";
